/** The example plug-in for key frames, loaded by the command from its settings' file: what it answers is what FFmpeg published. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { makeClip } from "../support/clip.ts";
import { run, start } from "../support/program.ts";
import { type ServerProgram, startServerWith } from "../support/server-program.ts";

const example = fileURLToPath(new URL("../../examples/plugins/key-frames.ts", import.meta.url));
const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url));

let folder: string;

/** Settings beside a copy of the plug-in: it needs nothing of ours at run time. */
async function settings(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-plugin-"));
  await copyFile(example, join(folder, "key-frames.ts"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** The checksums of the pictures in H.264. */
async function pictures(h264: Uint8Array): Promise<string[]> {
  const args = ["-v", "error", "-f", "h264", "-i", "-", "-f", "framemd5", "-"];
  const { stdout } = await run("ffmpeg", args, { input: h264 });
  return [...stdout.toString().matchAll(/^0,.*, *([0-9a-f]{32})$/gm)].map(([, md5]) => md5!);
}

describe("the newest key frame", () => {
  let server: ServerProgram;
  const path = (rest: string): string => `http://127.0.0.1:${server.http}/plugins/key-frames/${rest}`;

  before(async () => {
    const file = await settings("millrace.yaml", "plugins:\n  - module: ./key-frames.ts\n    options:\n      quality: 3\n");
    server = await startServerWith({ cwd: tmpdir() }, "--no-auth", "--config", file);
  });
  after(() => server[Symbol.asyncDispose]());

  it("as it was coded, and as a picture", async (t) => {
    const clip = await makeClip({ seconds: 4, gop: 25 });
    const url = `rtmp://127.0.0.1:${server.rtmp}/live/cam`;
    const publishing = start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", url], {
      signal: t.signal,
    });
    await server.program.said(/"msg":"on air"/);
    const coded = await fetch(path("live/cam.h264"));
    assert.deepEqual([coded.status, coded.headers.get("content-type")], [200, "video/h264"]);
    const unit = new Uint8Array(await coded.arrayBuffer());
    const elementary = await run("ffmpeg", ["-v", "error", "-i", clip, "-c", "copy", "-an", "-f", "h264", "-"]);
    const all = await pictures(elementary.stdout);
    const [picture, ...more] = await pictures(unit);
    assert.deepEqual(more, [], "one picture and no more");
    assert.equal(all.indexOf(picture!) % 25, 0, "a key frame of the clip, pixel for pixel");

    const jpeg = await fetch(path("live/cam.jpg"), { method: "GET" });
    assert.deepEqual([jpeg.status, jpeg.headers.get("content-type")], [200, "image/jpeg"]);
    const probed = await run("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", "-"], {
      input: new Uint8Array(await jpeg.arrayBuffer()),
    });
    assert.equal(probed.stdout.toString().trim(), "mjpeg,320,180");
    const shown = Date.parse(jpeg.headers.get("x-picture-time")!);
    assert.ok(Math.abs(shown - Date.now()) < 5000, "the time of the picture is the time of day");
    const head = await fetch(path("live/cam.jpg"), { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-type"), await head.text()], [200, "image/jpeg", ""]);
    await publishing.stop();
  });

  it("what is not there is told as everywhere", async () => {
    const offline = await fetch(path("live/nobody.jpg"));
    assert.deepEqual([offline.status, await offline.text()], [404, 'Nobody is publishing "live/nobody".\n']);
    assert.equal((await fetch(path("api/x.jpg"))).status, 400);
    assert.equal((await fetch(path("live/cam.gif"))).status, 404);
    assert.equal((await fetch(path("live/cam.jpg"), { method: "POST" })).status, 405);
    assert.equal((await fetch(path("live/cam.jpg"), { method: "POST", body: "x" })).status, 405);
  });
});

describe("the settings of plug-ins", () => {
  async function check(text: string, ...more: readonly string[]): Promise<string> {
    const file = await settings("wrong.yaml", text);
    const { code, stdout, stderr } = await start(process.execPath, [cli, "check", file, ...more], { cwd: folder }).finished;
    return `${code}\n${stdout.toString()}${stderr.replaceAll(folder, "FOLDER")}`;
  }

  it("mistakes are told with file, line and column, all of them", async () => {
    await writeFile(join(folder, "broken.js"), "export default {\n");
    await writeFile(join(folder, "nothing.js"), "export const plugin = {};\n");
    await writeFile(join(folder, "bare.js"), 'export default { name: "bare", setup() {} };\n');
    const text = `# plug-ins
plugins:
  - module: ./key-frames.ts
    options:
      quality: 44
  - ./missing.js
  - ./broken.js
  - ./nothing.js
  - bare.js
  - module: ./bare.js
    options: { a: 1 }
  - ./bare.js
  - ./bare.js
`;
    const lines = (await check(text)).split("\n");
    assert.equal(lines[0], "2");
    const expected = [
      /wrong\.yaml:6:5: plugins\.1: there is no file FOLDER\/missing\.js$/,
      /wrong\.yaml:7:5: plugins\.2: \.\/broken\.js cannot be loaded: SyntaxError: Unexpected end of input$/,
      /wrong\.yaml:8:5: plugins\.3: \.\/nothing\.js has no default export/,
      /wrong\.yaml:9:5: plugins\.4: there is no package bare\.js .*; the file is written \.\/bare\.js$/,
      /wrong\.yaml:5:16: plugins\.0\.options\.quality: must be 2 to 31$/,
      /wrong\.yaml:11:14: plugins\.5\.options: the plug-in "bare" takes no options$/,
      /wrong\.yaml:12:5: plugins\.6: a second plug-in "bare", besides plugins\.5$/,
      /wrong\.yaml:13:5: plugins\.7: a second plug-in "bare", besides plugins\.5$/,
    ];
    for (const [index, pattern] of expected.entries()) assert.match(lines[index + 1] ?? "", pattern);
  });

  it("a plug-in that cannot be set up, or cannot start, keeps the server from starting, and says whose fault it is", async () => {
    await writeFile(join(folder, "setup.js"), 'export default { name: "setup", setup() { throw new Error("no licence"); } };\n');
    await writeFile(
      join(folder, "start.js"),
      'export default { name: "start", setup(context) { context.onStart(async () => { throw new Error("no disk"); }); } };\n',
    );
    const ports = ["--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--no-auth"];
    for (const [name, words] of [
      ["setup", /^millrace: the plug-in "setup" failed in its setup: no licence\nError: no licence\n +at .*setup\.js:1:/m],
      ["start", /^millrace: the plug-in "start" failed to start: no disk\nError: no disk\n +at .*start\.js:1:/m],
    ] as const) {
      const { code, stderr } = await start(process.execPath, [cli, ...ports, "--plugins", `./${name}.js`], { cwd: folder }).finished;
      assert.equal(code, 1);
      assert.match(stderr, words);
    }
  });

  it("what is no list of modules is told like any other setting", async () => {
    assert.match(await check("plugins: ./key-frames.ts\n"), /wrong\.yaml:1:10: plugins: must be a list, not "\.\/key-frames\.ts"/);
    assert.match(await check("plugins:\n  - path: ./x.js\n"), /wrong\.yaml:2:5: plugins\.0: must be the file or package of a plug-in/);
  });

  it("options are shown nowhere, flags and variables name files of the working directory", async () => {
    const secret = "plugins: [{ module: ./secret.js, options: { password: hunter22 } }]\n";
    await writeFile(join(folder, "secret.js"), 'export default { name: "secret", options: { parse: (value) => value }, setup() {} };\n');
    const shown = await check(secret);
    assert.match(shown, /^0\nok\n[^]*\nplugins +\["\.\/secret\.js"\] +\S+wrong\.yaml:1:10\n/);
    assert.ok(!shown.includes("hunter22"));
    assert.match(
      await check("", "--plugins", "./bare.js,./missing.js"),
      /^2\nmillrace: --plugins: there is no file FOLDER\/missing\.js\n$/,
    );
    const file = await settings("empty.yaml", "");
    const variable = { MILLRACE_PLUGINS: "./missing.js" };
    const { stderr } = await start(process.execPath, [cli, "check", file], { cwd: folder, env: variable }).finished;
    assert.match(stderr, /MILLRACE_PLUGINS: there is no file/);
  });
});
