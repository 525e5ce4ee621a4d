import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import type { StreamFrame } from "../hub/frames.ts";
import { Refusal } from "../hub/refusal.ts";
import { type ComposedServer, createServer } from "../server/server.ts";
import { FakeClock } from "./fake-clock.ts";
import { frameHash } from "./frame-hash.ts";
import { publishTestClip } from "./test-clip.ts";

const run = promisify(execFile);
const clipFile = new URL("../../assets/demo.flv", import.meta.url).pathname;

/** Reads a stream from its beginning to its end. */
async function readAll(frames: AsyncIterable<StreamFrame>): Promise<StreamFrame[]> {
  const all: StreamFrame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

test("sent once as fast as possible, every frame of it is on the stream, with its time and payload", async () => {
  await using server = createServer();
  const reading = readAll(server.stream("live/cam").frames());
  await using clip = await publishTestClip(server, "/live/cam", { speed: Infinity });
  assert.equal(clip.stream, "live/cam");
  assert.equal(await clip.finished, "unpublished");
  const got = await reading;
  assert.equal(clip.sent, clip.frames.length);
  assert.deepEqual(
    got.map(({ track, dts, pts, data }) => [track.kind, dts, pts, frameHash(data)]),
    clip.frames.map(({ kind, dts, pts, hash }) => [kind, dts, pts, hash]),
  );
  assert.equal(server.stream("live/cam").state, "offline");
});

test("what it says of its frames is what FFmpeg reads in the file", async () => {
  await using server = createServer();
  await using clip = await publishTestClip(server, "live/cam");
  for (const [kind, map] of [
    ["video", "0:v"],
    ["audio", "0:a"],
  ] as const) {
    const { stdout } = await run("ffmpeg", ["-v", "error", "-i", clipFile, "-map", map, "-c", "copy", "-f", "framehash", "-"]);
    const rows = stdout.split("\n").filter((line) => /^\d/.test(line));
    const own = clip.frames.filter((frame) => frame.kind === kind);
    assert.deepEqual(
      own.map(({ size, hash }) => `${size} ${hash}`),
      rows.map((line) => line.split(/,\s*/).slice(4).join(" ")),
    );
  }
  assert.deepEqual(
    [Math.round(clip.duration), clip.frames.filter(({ randomAccess, kind }) => randomAccess && kind === "video").length],
    [8000, 8],
  );
});

test("it follows the server's clock, in a loop, at the speed that was asked for", async () => {
  const clock = new FakeClock();
  await using server = createServer({ clock });
  await using clip = await publishTestClip(server, "live/cam");
  const perSecond = clip.frames.length / 8;
  await clock.advance(4000);
  assert.ok(Math.abs(clip.sent - 4 * perSecond) < 4, `${clip.sent} frames after 4 s`);
  await clock.advance(16_000);
  assert.ok(Math.abs(clip.sent - 20 * perSecond) < 4, `${clip.sent} frames after 20 s`);
  await using fast = await publishTestClip(server, "live/fast", { speed: 4, kind: "audio" });
  assert.deepEqual([...new Set(fast.frames.map(({ kind }) => kind))], ["audio"]);
  assert.deepEqual(
    server.stream("live/fast").tracks.map(({ kind }) => kind),
    ["audio"],
  );
  await clock.advance(4000);
  assert.ok(Math.abs(fast.sent - 2 * fast.frames.length) < 8, `${fast.sent} frames after two rounds in 4 s`);
});

test("a clip that is cut off is waited for, and one that comes back is the same stream", async () => {
  const clock = new FakeClock();
  await using server = createServer({ clock, streams: { gracePeriod: "20s" } });
  const heard: string[] = [];
  for (const name of ["live", "lost", "ended"] as const)
    server.on(name, (event) => heard.push(`${name} ${"reason" in event ? event.reason : ""}`));
  const stream = server.stream("live/cam");
  const first = await publishTestClip(server, "live/cam");
  await clock.advance(1000);
  await first.stop("lost");
  await clock.advance(19_000);
  assert.equal(stream.state, "reconnecting");
  const second = await publishTestClip(server, "live/cam");
  assert.equal(stream.state, "live");
  await second.stop("lost");
  await clock.advance(19_999);
  assert.equal(stream.state, "reconnecting");
  await clock.advance(1);
  assert.equal(stream.state, "offline");
  assert.deepEqual(heard, ["live start", "lost lost", "live reconnect", "lost lost", "ended "]);
  assert.equal(await second.finished, "lost");
});

test("a file of one's own", async () => {
  const options = { encoding: "buffer", maxBuffer: 1 << 24 } as const;
  const source = ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "libmp3lame", "-f", "flv", "-"];
  const { stdout } = await run("ffmpeg", ["-v", "error", ...source], options);
  await using server = createServer();
  await using clip = await publishTestClip(server, "live/cam", { flv: stdout, loop: false });
  assert.deepEqual(
    server.stream("live/cam").tracks.map(({ codec }) => codec),
    ["mp3"],
  );
  assert.ok(clip.frames.length > 30, `${clip.frames.length} frames`);
});

test("what cannot be done is said", async () => {
  await using server = createServer();
  await using clip = await publishTestClip(server, "live/cam");
  await assert.rejects(publishTestClip(server, "live/cam"), (error) => error instanceof Refusal && error.code === "busy");
  await assert.rejects(publishTestClip(server, "api/cam"), (error) => error instanceof Refusal && error.code === "name-refused");
  await assert.rejects(publishTestClip(server, "live/x", { speed: 0 }), TypeError);
  await assert.rejects(publishTestClip(server, "live/x", { speed: Infinity, loop: true }), TypeError);
  await assert.rejects(publishTestClip(Object.create(null) as ComposedServer, "live/x"), /createServer/);
  await assert.rejects(publishTestClip(server, "live/x", { flv: new Uint8Array(20) }), /not FLV/);
  await server.close();
  assert.equal(await clip.finished, "closing");
  await clip.stop();
  await assert.rejects(publishTestClip(server, "live/cam"), (error) => error instanceof Refusal && error.code === "closing");
});
