/** What a container with a read-only root file system sees: Node's permission model refuses every write that is not allowed. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeClip } from "./support/clip.ts";
import { packetsOf } from "./support/packets.ts";
import { start } from "./support/program.ts";
import { startServerWith } from "./support/server-program.ts";

const readOnly = ["--permission", "--allow-fs-read=*"];

let root: string;
before(async () => (root = await mkdtemp(join(tmpdir(), "millrace-read-only-"))));
after(() => rm(root, { recursive: true }));

/** Folders that a program likes to write to, all empty, with the environment that names them. */
async function surroundings(name: string) {
  const folder = (part: string) => join(root, name, part);
  const env = { HOME: folder("home"), TMPDIR: folder("tmp"), XDG_CACHE_HOME: folder("cache") };
  for (const part of ["home", "tmp", "cache", "work", "data"]) await mkdir(folder(part), { recursive: true });
  const strays = async () =>
    (await readdir(join(root, name), { recursive: true })).filter((path) => path.includes("/") && !path.startsWith("data/"));
  return { env, cwd: folder("work"), data: folder("data"), strays };
}

async function streams(node: readonly string[], name: string): Promise<void> {
  const { env, cwd, data, strays } = await surroundings(name);
  const clip = await makeClip({ seconds: 2 });
  await using server = await startServerWith(
    { node: [...readOnly, ...node.map((flag) => flag.replace("DATA", data))], env, cwd },
    "--data",
    data,
    "--demo",
  );
  const watching = packetsOf(`http://127.0.0.1:${server.http}/live/cam.flv`);
  const [key] = await server.program.said(/mr_[a-z2-9]{24}/);
  await using publisher = start("ffmpeg", [
    ...["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", `rtmp://127.0.0.1:${server.rtmp}/live/cam?key=${key}`],
  ]);
  const [got, sent] = [await watching, await packetsOf(clip)];
  await publisher.succeeded();
  const payloads = (packets: typeof sent) => packets.map(({ kind, md5 }) => `${kind} ${md5}`).toSorted();
  assert.deepEqual(payloads(got), payloads(sent));
  const page = await fetch(`http://127.0.0.1:${server.http}/watch/live/demo`);
  assert.equal(page.status, 200);
  const ended = await server.program.stop();
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(await strays(), []);
}

test("the flags used here do refuse a write that is not allowed", async () => {
  const write = `require("node:fs").writeFileSync(${JSON.stringify(join(root, "stray"))}, "")`;
  const { code, stderr } = await start(process.execPath, [...readOnly, "-e", write]).finished;
  assert.notEqual(code, 0);
  assert.match(stderr, /ERR_ACCESS_DENIED/);
});

test("with only the data folder writable it starts and streams, and writes nothing elsewhere", async () => {
  await streams(["--allow-fs-write=DATA"], "data");
});

test("with nothing writable at all it starts and streams", async () => {
  await streams([], "nothing");
});
