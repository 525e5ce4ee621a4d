/** The examples for web frameworks, each with the package installed: the framework's pages and our streams on one port. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { WebSocket } from "ws";
import { root } from "../../tools/node-program.ts";
import { launchChromium, playerVideo, playsOn } from "../interop/browser.ts";
import { makeClip } from "../support/clip.ts";
import { packInto, Project } from "../support/package-project.ts";
import { start } from "../support/program.ts";

const patience = (): AbortSignal => AbortSignal.timeout(60_000);

let packed: Project;
let tarball: string;
let browser: Browser;

before(async () => {
  packed = new Project("packed");
  ({ tarball } = await packInto(packed.folder));
  browser = await launchChromium();
});
after(async () => {
  packed[Symbol.dispose]();
  await browser.close();
});

/** An example with its dependencies installed, the package among them. */
async function install(name: string): Promise<Project> {
  const folder = join(root, "examples", name);
  const project = new Project(name);
  for (const file of globSync("**/*.*", { cwd: folder })) project.write(file, readFileSync(join(folder, file), "utf8"));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly dependencies: Record<string, string> };
  project.write("package.json", JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, millrace: `file:${tarball}` } }));
  project.write(".env", "PORT=0\nRTMP_PORT=0\nNEXT_TELEMETRY_DISABLED=1\n");
  await project.npm("install", "--no-audit", "--no-fund");
  return project;
}

/** Reads to the end. Rejects where the connection is cut. */
async function drain(body: { read(): Promise<{ readonly done: boolean }> }): Promise<void> {
  for (let over = false; !over;) ({ done: over } = await body.read());
}

for (const name of ["express", "fastify", "nextjs"]) {
  test(`${name}: its pages, our pages, streams and WebSockets below a path, and an end in order`, async () => {
    using project = await install(name);
    await using program = project.startNode("--env-file=.env", "server.mjs");
    const [, url] = await program.said(/open (http:\S+)/, patience());
    const [, ingest] = await program.said(/publish to (\S+)/, patience());
    assert.match(await (await fetch(url!)).text(), /Ours/);
    assert.equal((await fetch(`${url}nothing-here`)).status, 404, "theirs");
    assert.equal(await (await fetch(`${url}media/health`)).text(), "ok\n");

    const clip = await makeClip({ seconds: 30 });
    await using publisher = start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", ingest!]);
    const response = await fetch(`${url}media/live/cam.flv`);
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "video/x-flv"]);
    const body = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value: first } = await body.read();
    assert.equal(Buffer.from(first!).toString("latin1", 0, 3), "FLV");
    const read = drain(body);
    const webSocket = new WebSocket(`${url}media/live/cam.mp4`);
    await once(webSocket, "message");
    const page = await browser.newPage();
    await page.goto(`${url}media/watch/live/cam`);
    await playsOn(page, playerVideo, `framework-${name}`);
    await page.close();

    const farewell = once(webSocket, "close") as Promise<[number]>;
    const { code, signal, stderr } = await program.stop();
    assert.deepEqual([code, signal], [0, null], stderr);
    assert.equal((await farewell)[0], 1001);
    await read; // to its proper end: a connection that was cut would throw
    await publisher.stop();
  });
}
