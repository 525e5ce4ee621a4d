import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { test } from "node:test";
import { maxLines, violations } from "../tools/architecture.ts";
import { importsOf } from "../tools/imports.ts";
import { tokens } from "../tools/source-tokens.ts";

const root = join(import.meta.dirname, "..");

test("the tree keeps to the layers and the house rules", () => {
  const names = globSync(["{src,web,test,tools,bench}/**/*.ts", "examples/{,plugins/}*.ts"], { cwd: root }).sort();
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  const files = names.map((name) => [name.split(sep).join("/"), readFileSync(join(root, name), "utf8")] as const);
  const found = violations(files, Object.keys(dependencies));
  if (found.length > 0) assert.fail(["", ...found.map(({ file, line, rule }) => `${file}:${line}: ${rule}`)].join("\n"));
  assert.ok(files.length > 100, "the tree was found");
});

test("every kind of import is seen, and nothing that only looks like one", () => {
  const source = `
    import a from "./a.ts";
    import type { B } from './b.ts';
    import { type C, d as e } from "./c.ts"; import * as f from "./d.ts";
    import "./e.ts";
    import g, { h } from "./f.ts";
    export * from "./g.ts";
    export type { I } from "./h.ts";
    export * as j from "./i.ts";
    const k = await import("./j.ts");
    type L = import("./k.ts").L;
    await import(\`./\${a}.ts\`);
    // import "./no.ts";
    /* import "./no.ts"; */
    const m = 'import "./no.ts"', n = \`import "./no.ts" \${\`\${await import("./l.ts")}\`} import "./no.ts"\`;
    const o = /import "\\/no.ts"/, p = [/["'\`]/].length / 2, q = p! / 2 / 3;
    export const from = "./no.ts"; export { m, n };
    export default from;
    import.meta.url; a.import("./no.ts");
    export interface R { from: "./no.ts" }
    import r from "./m.json" with { type: "json" };
  `;
  const found = importsOf(tokens(source)).map((imported) => imported.specifier);
  assert.deepEqual(found, [..."abcdefghijk".split("").map((name) => `./${name}.ts`), undefined, "./l.ts", "./m.json"]);
});

/** A source that keeps every rule, and beside it what the sources below import. */
const sound: readonly (readonly [file: string, source: string])[] = [
  ["src/bytes/reader.ts", "export class Reader {}"],
  ["src/media/frame.ts", 'import type { Reader } from "../bytes/reader.ts";'],
  ["src/containers/flv/tag.ts", 'import "../../media/frame.ts"; import "../../bytes/reader.ts";'],
  ["src/hub/hub.ts", 'import "../media/frame.ts";'],
  ["src/hub/hub.test.ts", 'import "node:test"; import "fast-check"; import "../../test/support/clock.ts"; import "./hub.ts";'],
  [
    "src/protocols/rtmp/session.ts",
    'import "node:net"; import "../../hub/hub.ts"; import "../../containers/flv/tag.ts"; import "./chunk.ts";',
  ],
  ["src/protocols/rtmp/chunk.ts", "for (let at = 0; ; ) { let inner = at; }"],
  ["src/protocols/ws/socket.ts", 'import { WebSocket } from "ws";'],
  ["src/server/server.ts", 'import "../protocols/rtmp/session.ts"; import "@hono/node-server/serve"; import "../../package.json";'],
  ["src/index.ts", 'export * from "./server/server.ts";'],
  ["src/cli.ts", 'import "./index.ts"; import "./server/server.ts";'],
  ["web/player/index.ts", 'import "../../src/containers/flv/tag.ts";'],
  ["web/pages/watch.ts", 'import "../player/index.ts"; import "hls.js";'],
  ["test/support/clock.ts", 'import "../../src/cli.ts"; import "esbuild";'],
];

const planted: readonly (readonly [rule: string, file: string, source: string])[] = [
  ["bytes import nothing", "src/bytes/x.ts", 'import "../media/frame.ts";'],
  ["media import no container", "src/media/x.ts", 'export * from "../containers/flv/tag.ts";'],
  ["containers never import the hub", "src/containers/flv/x.ts", 'import type {} from "../../hub/hub.ts";'],
  ["the hub never imports containers", "src/hub/x.ts", 'await import("../containers/flv/tag.ts");'],
  ["nothing of node: below the protocols", "src/hub/x.ts", 'import "node:events";'],
  ["no package below the protocols", "src/media/x.ts", 'import "zod";'],
  ["tests keep to the layers", "src/hub/x.test.ts", 'import "../protocols/rtmp/chunk.ts";'],
  ["protocols never import one another", "src/protocols/ws/x.ts", 'import "../rtmp/chunk.ts";'],
  ["protocols never import the server", "src/protocols/ws/x.ts", 'import "../../server/server.ts";'],
  ["a protocol has a folder", "src/protocols/x.ts", ""],
  ["only dependencies are imported", "src/server/x.ts", 'import "esbuild";'],
  ["the library never imports the command", "src/server/x.ts", 'import "../cli.ts";'],
  ["the library never imports tests", "src/server/x.ts", 'import "../../test/support/clock.ts";'],
  ["the player knows no hub", "web/player/x.ts", 'import "../../src/hub/hub.ts";'],
  ["the player has no dependencies", "web/player/x.ts", 'import "hls.js";'],
  ["pages import the player only", "web/pages/x.ts", 'import "../../src/bytes/reader.ts";'],
  ["imports end in .ts", "src/bytes/x.ts", 'import "./reader";'],
  ["imports exist", "src/bytes/x.ts", 'import "./writer.ts";'],
  ["imports can be read", "src/server/x.ts", "await import(name);"],
  ["no drawers", "src/server/utils.ts", ""],
  ["no drawer folders", "src/server/Common/x.ts", ""],
  ["files are short", "src/bytes/x.ts", "\n".repeat(maxLines + 1)],
  ["no mutable state of a module", "src/hub/x.ts", "export let count = 0;"],
  ["no test is left out", "src/hub/x.test.ts", 'test.skip("x", () => {});'],
  ["no test is left out by option", "src/hub/x.test.ts", 'test("x", { skip: true }, () => {});'],
];

test("a sound tree breaks no rule", () => {
  assert.deepEqual(violations(sound, ["ws", "@hono/node-server"]), []);
});

for (const [rule, file, source] of planted) {
  test(`a planted violation is found: ${rule}`, () => {
    const found = violations([...sound, [file, source]], ["ws", "@hono/node-server"]);
    assert.deepEqual(
      found.map((violation) => violation.file),
      [file],
    );
  });
}
