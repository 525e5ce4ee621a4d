/** What `npm pack` yields, installed into a project that has nothing else: what is in it, its types, and that it runs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build, transform } from "esbuild";
import { npmScript, root } from "../../tools/node-program.ts";
import { packageVersion } from "../../src/server/version.ts";
import { makeClip } from "../support/clip.ts";
import { packInto, Project } from "../support/package-project.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start } from "../support/program.ts";

/** Bytes of the tarball; the demo clip is most of it. */
const mostBytes = 2_500_000;
/** What the compilers and checkers are, exactly: their answers are part of the test. */
const checkers = ["typescript@5.9.3", "publint@0.3.25", "@arethetypeswrong/cli@0.18.5", "vitest@5.1.1"];
const patience = () => AbortSignal.timeout(30_000);

let project: Project;
let checking: Project;
let tarball: string;
let size: number;
const manifest = () => readFileSync(join(root, "package.json"), "utf8");
const manifestBefore = manifest();

before(async () => {
  project = new Project("empty");
  checking = new Project("checkers");
  ({ tarball, size } = await packInto(checking.folder));
  await Promise.all([project.npm("install", tarball), checking.npm("install", tarball, ...checkers)]);
});
after(() => {
  project[Symbol.dispose]();
  checking[Symbol.dispose]();
});

/** The file of a package in the project. */
function installed(...parts: readonly string[]): string {
  return project.path("node_modules", ...parts);
}

test("the clone is as before, also where packing fails", async () => {
  assert.equal(manifest(), manifestBefore);
  await assert.rejects(packInto(project.path("missing")), /ENOENT/);
  assert.equal(manifest(), manifestBefore);
});

test("the tarball holds what runs, its types, its docs, and no more", (t) => {
  t.diagnostic(`${size} bytes`);
  assert.ok(size <= mostBytes, `${size} bytes`);
  const files = globSync("**/*.*", { cwd: installed("millrace"), exclude: (name) => name === "node_modules" });
  const top = new Set(files.map((path) => path.split(/[/\\]/)[0]!).filter((name) => name !== "package.json"));
  assert.deepEqual([...top].sort(), ["CHANGELOG.md", "README.md", "assets", "bin", "dist", "docs"]);
  for (const file of [
    "LICENSE",
    "bin/millrace",
    "dist/index.js",
    "dist/cli.js",
    "dist/web/watch.html",
    "dist/web/player.js",
    "assets/demo.flv",
  ])
    assert.ok(existsSync(installed("millrace", file)), file);
  const strange = files.filter((file) => /(?<!\.d)\.ts$|\.(test|fixture)\.|\.node$|\.tgz$/.test(file));
  assert.deepEqual(strange, []);
  const published = JSON.parse(readFileSync(installed("millrace/package.json"), "utf8")) as object;
  for (const key of ["scripts", "workspaces", "devDependencies", "optionalDependencies", "private"])
    assert.ok(!(key in published), `package.json has ${key}`);
});

test("installing it brings no Node, no FFmpeg, no native code and runs no script", () => {
  const programs = globSync("*", { cwd: installed(".bin") });
  assert.deepEqual(
    programs.filter((name) => /^(node|npm|npx|ffmpeg|ffprobe)\b/.test(name)),
    [],
  );
  assert.ok(programs.includes("millrace"), programs.join(" "));
  const { packages } = JSON.parse(readFileSync(installed(".package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly os?: unknown; readonly cpu?: unknown }>>;
  };
  assert.ok("node_modules/ws" in packages, "the list of packages is read");
  const bad = Object.entries(packages).filter(
    ([, { hasInstallScript, os, cpu }]) => hasInstallScript || os !== undefined || cpu !== undefined,
  );
  assert.deepEqual(bad, []);
  assert.deepEqual(globSync("**/*.node", { cwd: installed() }), []);
  if (process.platform !== "win32") assert.ok((statSync(installed("millrace/bin/millrace")).mode & 0o111) === 0o111);
});

/** A program that uses all entry points without a browser, and one with. */
const serverTs = `
import { createServer, type MillraceServer, type ConfigInput, type ServerOptions, AccessDenied, ConfigError, ListenError } from "millrace";
import { FlvReader, TagDemuxer, flvMuxer, decodeAmf0All, type FrameSink, type Track } from "millrace/flv";
import { Fmp4Reader, fmp4Muxer, type Fmp4Event, type MuxerFactory } from "millrace/fmp4";
import { FakeClock, publishTestClip, type TestClip, type ViewedFrame, collectFrames, waitForFrame } from "millrace/testing";
const settings: ConfigInput = { rtmp: { host: "127.0.0.1", port: 0 }, http: { enabled: false }, streams: { gracePeriod: "20s" } };
const options: ServerOptions = { ...settings, auth: false, clock: new FakeClock() };
const server: MillraceServer = createServer(options);
server.onPublish(({ stream, key, signal }) => { if (signal.aborted || key === undefined) throw new AccessDenied("no"); return { as: stream }; });
server.onPlay(async () => true);
const port: number | undefined = server.address("rtmp")?.port;
const tracks: Track[] = [];
const sink: FrameSink = { announce() {}, metadata() {}, track: (track) => void tracks.push(track), frame: ({ dts, data }) => void (dts + data.length) };
new FlvReader({ header() {}, tag: (tag) => new TagDemuxer(sink).tag(tag) }).push(new Uint8Array(0));
const factories: MuxerFactory[] = [fmp4Muxer(), flvMuxer({ signalling: "enhanced" })];
const events: Fmp4Event[] = new Fmp4Reader().push(new Uint8Array(0));
const clip: Promise<TestClip> = publishTestClip(server, "live/cam", { speed: Infinity });
const seen: Promise<ViewedFrame[]> = collectFrames("http://127.0.0.1/live/cam.flv", { count: 1 });
const kind: Promise<string> = waitForFrame(server, "live/cam").then(({ track }) => track.kind);
export const all = [clip, seen, kind, port, factories, events, decodeAmf0All, ConfigError, ListenError];
`;
const requireCts = `
import millrace = require("millrace");
import flv = require("millrace/flv");
const server: millrace.MillraceServer = millrace.createServer({ rtmp: { port: 0 } });
const reader: flv.FlvReader = new flv.FlvReader({ header() {}, tag() {} });
export = { server, reader };
`;
const pageTs = `
import { definePlayer, PlayerState, type MillracePlayer, type PlayerStats } from "millrace/player";
const player = document.createElement("millrace-player");
const same: MillracePlayer = player;
player.src = "/live/cam";
player.latency = 0.5;
player.getToken = async () => "token";
const stats: PlayerStats | null = same.stats();
if (player.state === PlayerState.playing) document.querySelector("millrace-player")?.jumpToLive();
definePlayer("other-player");
export { stats };
`;
/** Each has one mistake, which the types have to find. */
const mistakes = {
  "setting.ts": 'import { createServer } from "millrace";\ncreateServer({ rtmp: { prot: 1935 } });\n',
  "result.ts": 'import { createServer } from "millrace";\nexport const port: string = createServer().address("rtmp")!.port;\n',
};

const compilers = [
  { name: "TypeScript 5.9", tsc: () => checking.path("node_modules/typescript/bin/tsc") },
  { name: "TypeScript 7", tsc: () => npmScript("typescript", "bin/tsc") },
];
const resolutions = [
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];

for (const { name, tsc } of compilers) {
  for (const modules of resolutions) {
    test(`types: ${name}, ${modules.moduleResolution}, strict, libraries checked too`, async () => {
      // No types are included by name: what the declarations need they have to bring.
      const strict = {
        ...modules,
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        target: "es2024",
        types: [],
      };
      const compile = async (kind: string, files: Readonly<Record<string, string>>, lib: readonly string[]) => {
        const folder = `types-${kind}-${modules.moduleResolution}`;
        for (const [file, text] of Object.entries(files)) project.write(`${folder}/${file}`, text);
        project.write(`${folder}/package.json`, '{ "type": "module" }');
        const config = { compilerOptions: { ...strict, lib }, files: Object.keys(files) };
        const { code, stdout } = await start(process.execPath, [
          tsc(),
          "-p",
          project.write(`${folder}/tsconfig.json`, JSON.stringify(config)),
        ]).finished;
        return { code, said: stdout.toString("utf8") };
      };
      const server = { "server.ts": serverTs, ...(modules.module === "nodenext" && { "require.cts": requireCts }) };
      assert.deepEqual(await compile("server", server, ["es2024"]), { code: 0, said: "" });
      assert.deepEqual(await compile("page", { "page.ts": pageTs }, ["es2024", "dom"]), { code: 0, said: "" });
      const { said } = await compile("mistakes", mistakes, ["es2024"]);
      assert.match(said, /setting\.ts\(2,\d+\): error TS2\d+: .*'prot'/);
      assert.match(said, /result\.ts\(2,\d+\): error TS2322: /);
      assert.equal(said.match(/error TS/g)?.length, 2, said);
    });
  }
}

test("publint and Are The Types Wrong find nothing", async () => {
  await checking.node(checking.path("node_modules/publint/src/cli.js"), "run", tarball, "--strict");
  // ES modules only, which Node 24 also takes by require(): what older ones and Node 10's resolution want is not offered.
  await checking.node(checking.path("node_modules/@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "esm-only");
});

/** A program that serves, watches its own stream through `millrace/flv` until ten pictures have come, and ends. */
const watchItself = `
const server = createServer({ rtmp: { host: "127.0.0.1", port: 0 }, http: { host: "127.0.0.1", port: 0 }, auth: false });
async function main() {
  await server.listen();
  console.log("publish to rtmp://127.0.0.1:" + server.address("rtmp").port + "/live/cam");
  const response = await fetch("http://127.0.0.1:" + server.address("http").port + "/live/cam.flv");
  const tracks = new Map();
  let pictures = 0;
  const demuxer = new TagDemuxer({
    announce() {},
    metadata() {},
    track(track) { tracks.set(track.id, track); },
    frame({ track, data }) { if (tracks.get(track).kind === TrackKind.video && data.length > 0) pictures += 1; },
  });
  const reader = new FlvReader({ header() {}, tag(tag) { demuxer.tag(tag); } });
  for await (const piece of response.body) {
    reader.push(piece);
    if (pictures >= 10) break;
  }
  console.log("received " + pictures + " pictures of " + [...tracks.values()].map(({ codec }) => codec).sort().join(" "));
  await server.close();
}
main();
`;

const programs = {
  "import.mjs": `import { createServer } from "millrace";\nimport { FlvReader, TagDemuxer, TrackKind } from "millrace/flv";\n${watchItself}`,
  "require.cjs": `const { createServer } = require("millrace");\nconst { FlvReader, TagDemuxer, TrackKind } = require("millrace/flv");\n${watchItself}`,
};

for (const [file, text] of Object.entries(programs)) {
  test(`${file}: a server starts, FFmpeg publishes, pictures are received, the program ends by itself`, async () => {
    await using program = project.startNode(project.write(file, text));
    const [, url] = await program.said(/publish to (\S+)/, patience());
    await whilePublishing(url!, () => program.said(/received 1\d pictures of aac avc/, patience()));
    const { code, stderr } = await program.finished;
    assert.deepEqual([code, stderr], [0, ""]);
  });
}

/** Has FFmpeg publish a clip in real time while something is done. */
async function whilePublishing<Result>(url: string, work: () => Promise<Result>): Promise<Result> {
  const clip = await makeClip({ seconds: 10 });
  const publisher = start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", url]);
  try {
    return await work();
  } finally {
    await publisher.stop();
  }
}

test("import and require() give the same modules, all of them, and the player does nothing in Node", async () => {
  const script = `
    const assert = require("node:assert/strict");
    const entries = Object.entries(require("millrace/package.json").exports).filter(([, target]) => typeof target === "object");
    const names = entries.map(([path]) => path.replace(".", "millrace"));
    (async () => {
      for (const name of names) assert.equal(require(name), await import(name), name);
      assert.equal(require("millrace/player").definePlayer(), undefined);
      console.log(names.join(" "));
    })();`;
  const { stdout } = await project.node(project.write("same.cjs", script));
  assert.match(stdout.toString("utf8"), /^millrace millrace\/flv millrace\/fmp4 millrace\/player .*\bmillrace\/testing\b/);
});

test("a bundler takes the player, and nothing of Node comes along", async () => {
  const result = await build({
    stdin: { contents: 'import { MillracePlayer } from "millrace/player"; console.log(MillracePlayer.name);', resolveDir: project.folder },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
  });
  assert.ok(result.outputFiles[0]!.text.includes("millrace-player"));
});

test("FLV is read and fragmented MP4 written by the containers alone, and FFmpeg reads every frame of it", async () => {
  const script = `
    import { readFileSync, writeFileSync } from "node:fs";
    import { FlvReader, TagDemuxer } from "millrace/flv";
    import { fmp4Muxer } from "millrace/fmp4";
    const [, , input, output] = process.argv;
    const [tracks, frames, out] = [[], [], []];
    const demuxer = new TagDemuxer({ announce() {}, metadata() {}, track: (track) => tracks.push(track), frame: (frame) => frames.push(frame) });
    new FlvReader({ header() {}, tag: (tag) => demuxer.tag(tag) }).push(readFileSync(input));
    const muxer = fmp4Muxer()({ init: ({ bytes }) => out.push(bytes), chunk: ({ parts }) => out.push(...parts) });
    muxer.discontinuity({ reason: "start", utcOffset: 0 });
    muxer.generation({ id: 1, tracks, metadata: {} });
    for (const frame of frames) muxer.frame({ ...frame, arrived: 0 });
    muxer.flush();
    writeFileSync(output, Buffer.concat(out));`;
  const clip = await makeClip();
  const output = project.path("out.mp4");
  await project.node(project.write("remux.mjs", script), clip, output);
  const [sent, got] = [await packetsOf(clip), await packetsOf(output)];
  for (const kind of ["video", "audio"]) {
    const hashes = (packets: typeof sent) => packets.filter((packet) => packet.kind === kind).map((packet) => packet.md5);
    assert.ok(hashes(sent).length > 50);
    assert.deepEqual(hashes(got), hashes(sent), kind);
  }
});

test("npx millrace says its version, starts, shows its pages, and is gone after SIGTERM", async () => {
  await using version = project.startNpx("millrace", "--version");
  assert.equal((await version.succeeded()).stdout.toString("utf8"), `${packageVersion()}\n`);
  await using key = project.startNpx("millrace", "key", "add", "live/cam", "--data", project.path("keys"));
  assert.match((await key.succeeded()).stdout.toString("utf8"), /Stream Key {3}mr_[a-z2-9]{24} /);
  await using program = project.startNpx("millrace", "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--demo");
  const http = (await program.said(/"port":(\d+),"msg":"listening for HTTP"/, patience()))[1];
  await showsItsPages(`http://127.0.0.1:${http}`);
  // Its output is npx's: the promise is kept when both have ended, however npx ended.
  await program.stop();
  await assert.rejects(fetch(`http://127.0.0.1:${http}/health`));
});

test("where a port is taken, the command that would work is the one that was typed", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  await using program = project.startNpx("millrace", "--rtmp", `127.0.0.1:${port}`, "--http", "127.0.0.1:0");
  const { code, stderr } = await program.finished;
  holder.close();
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^ {2}npx millrace --http 127\.0\.0\.1:0 --rtmp 127\.0\.0\.1:\d+$/m);
});

test("installed for all projects, the command is in the PATH", async () => {
  const prefix = project.path("global");
  await project.npm("install", "--global", "--prefix", prefix, tarball);
  // Windows has a script for its shell there.
  const command = process.platform === "win32" ? join(prefix, "node_modules/millrace/bin/millrace") : join(prefix, "bin/millrace");
  const { stdout } = await project.node(command, "--version");
  assert.equal(stdout.toString("utf8"), `${packageVersion()}\n`);
});

test("the command needs to write nowhere but in the data folder", async () => {
  const data = project.path("data");
  const allowed = ["--permission", "--allow-fs-read=*", `--allow-fs-write=${data}`];
  const flags = ["--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--demo", "--data", data];
  await using program = project.startNode(...allowed, installed("millrace/bin/millrace"), ...flags);
  const http = (await program.said(/"port":(\d+),"msg":"listening for HTTP"/, patience()))[1];
  await showsItsPages(`http://127.0.0.1:${http}`);
  const { code } = await program.stop();
  assert.equal(code, 0);
});

/** The pages with all they name, and the demo clip. */
async function showsItsPages(url: string): Promise<void> {
  const page = await fetch(`${url}/watch/live/demo`);
  assert.equal(page.status, 200);
  const assets = [...(await page.text()).matchAll(/\b(?:src|href)="((?:\.\.?\/)*assets\/[^"]+)"/g)].map(([, path]) => path!);
  assert.ok(assets.length >= 2, assets.join(" "));
  for (const path of assets) {
    const asset = await fetch(new URL(path, `${url}/watch/live/demo`));
    assert.equal(asset.status, 200, path);
    await asset.body?.cancel();
  }
  const media = await fetch(`${url}/live/demo.flv`);
  const { value } = await media.body!.getReader().read();
  assert.equal(Buffer.from(value!.subarray(0, 3)).toString("latin1"), "FLV");
}

test("what the README says about embedding works as it stands", async () => {
  const recipe = recipeOf("README.md", "Embed");
  // As it stands but for the ports, which may be taken here.
  const file = project.write("live.mts", recipe.replaceAll(/\bport: \d+/g, "port: 0"));
  await using program = project.startNode(file);
  const [, url] = await program.said(/(rtmp:\/\/\S+)/, patience());
  const [, page] = await program.said(/(http:\/\/\S+)/, patience());
  const watched = new URL(page!);
  watched.pathname = watched.pathname.replace("/watch/", "/").concat(".flv");
  const probe = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", watched.href];
  const { stdout } = await whilePublishing(url!, () => run("ffprobe", probe));
  assert.deepEqual(stdout.toString("utf8").trim().split("\n").sort(), ["aac", "h264"]);
  await compiles("live.mts");
});

/** A block of TypeScript on a page: the first one under a heading. */
function recipeOf(page: string, heading: string): string {
  const text = readFileSync(join(root, page), "utf8");
  const recipe = /```ts\n([\s\S]*?)```/.exec(text.slice(text.indexOf(`\n## ${heading}\n`)))?.[1];
  assert.ok(recipe, `${page} has a recipe under "${heading}"`);
  return recipe;
}

/** Compiles a file of the project with both compilers. */
async function compiles(file: string): Promise<void> {
  const compilerOptions = {
    ...resolutions[0],
    noEmit: true,
    strict: true,
    target: "es2024",
    lib: ["es2024", "esnext.disposable"],
    types: ["node"],
  };
  const config = project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: [file] }));
  for (const { tsc } of compilers) await project.node(tsc(), "-p", config);
}

test("what the docs say about testing works as it stands, under node:test and Vitest", async () => {
  const recipe = recipeOf("docs/embed.md", "Test it");
  const file = project.write("watch.test.mts", recipe);
  const { stdout } = await project.node(file);
  assert.match(stdout.toString("utf8"), /pass 1$/m);
  await compiles("watch.test.mts");
  checking.write("vitest/watch.test.mts", recipe.replace('from "node:test"', 'from "vitest"'));
  const vitest = await checking.node(
    checking.path("node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=tap-flat",
    "--root",
    checking.path("vitest"),
  );
  assert.match(vitest.stdout.toString("utf8"), /^ok 1 - .*members watch/m);
});

test("plug-ins: the examples by file as they are, one from a package, with types that compile", async () => {
  const names = ["wav", "key-frames", "flv-over-tcp"];
  for (const name of names) {
    const text = readFileSync(join(root, "examples/plugins", `${name}.ts`), "utf8");
    project.write(`plugins/${name}.ts`, text.replace('"../../src/index.ts"', '"millrace"'));
    await compiles(`plugins/${name}.ts`);
  }
  project.write("plugins/docs.ts", recipeOf("docs/plugins.md", "A container"));
  await compiles("plugins/docs.ts");
  // For `import` only, as packages are today.
  project.write(
    "node_modules/probe-plugin/package.json",
    '{ "name": "probe-plugin", "type": "module", "exports": { "import": "./index.js" } }',
  );
  const answer = "handle: () => new Response(JSON.stringify(context.options))";
  project.write(
    "node_modules/probe-plugin/index.js",
    `export default () => ({ name: "probe", options: { parse: (value) => value }, setup(context) { context.addRoute({ ${answer} }); } });`,
  );
  const file = project.write(
    "plugins/millrace.yaml",
    `plugins:
  - ./wav.ts
  - ./key-frames.ts
  - { module: ./flv-over-tcp.ts, options: { publishPort: 0, playPort: 0 } }
  - ./docs.ts
  - { module: probe-plugin, options: { answer: 42 } }
`,
  );
  await using check = project.startNpx("millrace", "check", file);
  assert.match((await check.succeeded()).stdout.toString("utf8"), /^ok$/m);
  await using program = project.startNpx("millrace", "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--config", file);
  const http = (await program.said(/"port":(\d+),"msg":"listening for HTTP"/, patience()))[1];
  const probe = await fetch(`http://127.0.0.1:${http}/plugins/probe`);
  assert.deepEqual(await probe.json(), { answer: 42 });
  const { server } = (await (await fetch(`http://127.0.0.1:${http}/api/v1/streams`)).json()) as {
    server: { containers: { name: string }[] };
  };
  const containers = server.containers.map(({ name }) => name);
  assert.ok(containers.includes("wav") && containers.includes("adts"), containers.join(" "));
  await program.stop();
});

/** As in the README's words, and whatever Node says it is of itself. */
const tooOld = /^millrace needs Node\.js 24 or newer, this is \d+\.\d+\.\d+: [^\n]+\n$/;

test("an older Node is told in one line what to do", async () => {
  const pretend = project.write(
    "pretend.cjs",
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "12.22.0" } });',
  );
  await using pretended = project.startNode("--require", pretend, installed("millrace/bin/millrace"), "--version");
  const said = await pretended.finished;
  assert.deepEqual([said.code, said.stdout.length], [1, 0]);
  assert.match(said.stderr, tooOld);
  // What it is meant for has to be able to read it, too: nothing in it is younger than Node 12.
  const source = readFileSync(installed("millrace/bin/millrace"), "utf8");
  const [forAny, forOld] = await Promise.all([
    transform(source, { target: "esnext" }),
    transform(source, { target: "node12", supported: { "dynamic-import": true } }),
  ]);
  assert.equal(forOld.code, forAny.code);
});

const systemNode = ["/usr/bin/node", "/usr/local/bin/node"].find((path) => existsSync(path));
const systemVersion = systemNode === undefined ? undefined : (await run(systemNode, ["--version"])).stdout.toString("utf8").trim();
if (systemVersion !== undefined && Number(/^v(\d+)/.exec(systemVersion)?.[1]) < 24) {
  test(`the system's own Node ${systemVersion} is told in one line what to do`, async () => {
    await using old = start(systemNode!, [installed("millrace/bin/millrace"), "--version"]);
    const { code, stdout, stderr } = await old.finished;
    assert.deepEqual([code, stdout.length], [1, 0]);
    assert.match(stderr, tooOld);
    assert.ok(stderr.includes(systemVersion.slice(1)));
  });
}
