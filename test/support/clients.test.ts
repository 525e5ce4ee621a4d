import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { makeClip } from "./clip.ts";
import { played, playWithNodeAv, publishWithNodeAv } from "./node-av.ts";
import { framePts, packetsOf, streamHash } from "./packets.ts";
import type { RunningProgram } from "./program.ts";
import { freePort, run, start } from "./program.ts";

const soon = (): AbortSignal => AbortSignal.timeout(20_000);

test("a program that fails says why", async () => {
  await assert.rejects(run("ffmpeg", ["-v", "error", "-i", "no-such-file"]), /ffmpeg ended with code 1; it said:\n.*No such file/s);
  await assert.rejects(run("no-such-program", []), /no-such-program is not in tools\/programs\.ts/);
});

test("a program is heard while it runs, and ended with its test", async () => {
  let program: RunningProgram | undefined;
  {
    await using idle = start(process.execPath, ["-e", "console.log('ready'); setInterval(() => {}, 1000);"]);
    program = idle;
    await idle.said(/ready/, soon());
    await assert.rejects(idle.said(/never/, AbortSignal.abort()), /did not say \/never\/ in time/);
  }
  assert.equal((await program.finished).signal, "SIGINT");
  await assert.rejects(program.said(/never/), /ended without saying/);
});

test("a program that ignores its end is killed", async () => {
  await using deaf = start(process.execPath, ["-e", "process.on('SIGINT', () => {}); console.log('ready'); setInterval(() => {}, 1000);"]);
  await deaf.said(/ready/, soon());
  assert.equal((await deaf.stop()).signal, "SIGKILL");
});

test("an abort ends a program", async () => {
  const controller = new AbortController();
  await using idle = start(process.execPath, ["-e", "setInterval(() => {}, 1000);"], { signal: controller.signal, stopSignal: "SIGTERM" });
  controller.abort();
  assert.equal((await idle.finished).signal, "SIGTERM");
});

if (process.getuid !== undefined) {
  test("a program can be run as nobody, where we are root", async () => {
    const { stdout } = await run("/usr/bin/id", ["-u"], { unprivileged: true });
    assert.equal(Number(stdout.toString()), process.getuid?.() || 65534);
  });
}

test("a frozen program says nothing until it is resumed", async () => {
  await using echo = start(process.execPath, ["-e", "process.stdout.write('ready'); setTimeout(() => console.log('late'), 100);"]);
  await echo.said(/ready/, soon());
  echo.pause();
  await assert.rejects(echo.said(/late/, AbortSignal.timeout(300)), /in time/);
  echo.resume();
  await echo.said(/late/, soon());
});

test("clips have what was asked for and are made once", async () => {
  const clip = await makeClip({ seconds: 1, gop: 10 });
  const packets = await packetsOf(clip);
  const video = packets.filter(({ kind }) => kind === "video");
  assert.equal(video.length, 25);
  assert.deepEqual(
    video.flatMap(({ isKey }, at) => (isKey ? [at] : [])),
    [0, 10, 20],
  );
  assert.ok(
    video.some(({ ptsMicros, dtsMicros }) => ptsMicros !== dtsMicros),
    "B-frames",
  );
  assert.ok(packets.some(({ kind }) => kind === "audio"));
  assert.equal((await framePts(clip)).length, 25);
  assert.equal((await streamHash(clip)).length, 2);
  assert.equal(await makeClip({ seconds: 1, gop: 10 }), clip);
  assert.ok(existsSync(clip));
});

const codecs = [
  { video: "h264", audio: "aac" },
  { video: "h264-zerolatency", audio: "mp3" },
  { video: "hevc", audio: "aac" },
  { video: "av1", audio: "opus" },
  { video: "vp9", audio: "flac" },
  { video: false, audio: "ac3" },
] as const;

for (const { video, audio } of codecs) {
  test(`FFmpeg 8.1 publishes ${video || "no video"} and ${audio} over RTMP and reads the same`, async () => {
    const clip = await makeClip({ video, audio, seconds: 1 });
    await using file = playWithNodeAv(clip);
    const url = `rtmp://127.0.0.1:${await freePort()}/live/x`;
    await using server = playWithNodeAv(url, { options: { listen: "1" } });
    await publishOnceItListens(clip, url, server);
    await Promise.all([server.succeeded(), file.succeeded()]);
    const [sent, got] = [played(file), played(server)];
    assert.deepEqual(
      got.tracks.map(({ codec }) => codec),
      sent.tracks.map(({ codec }) => codec),
    );
    assert.deepEqual(payloads(got), payloads(sent));
  });
}

test("FFmpeg 8.1 plays what FFmpeg 5.1 serves over RTMP", async () => {
  const clip = await makeClip({ seconds: 1 });
  const url = `rtmp://127.0.0.1:${await freePort()}/live/x`;
  await using server = start("ffmpeg", ["-v", "error", "-nostdin", "-i", clip, "-c", "copy", "-f", "flv", "-listen", "1", url]);
  const got = await once(server, async () => {
    await using player = playWithNodeAv(url, { signal: soon() });
    return (await player.finished).code === 0 ? played(player) : undefined;
  });
  await using file = playWithNodeAv(clip);
  await file.succeeded();
  assert.deepEqual(got.packets, played(file).packets);
});

/** FFmpeg does not say when it listens, so a client comes again until it is let in. */
async function once<T>(server: RunningProgram, visit: () => Promise<T | undefined>): Promise<T> {
  const signal = soon();
  let isOver = false;
  void server.finished.then(() => (isOver = true));
  while (!isOver && !signal.aborted) {
    const result = await visit();
    if (result !== undefined) return result;
  }
  throw new Error(`${server.name} let nobody in; it said:\n${server.stderr}`);
}

async function publishOnceItListens(clip: string, url: string, server: RunningProgram): Promise<void> {
  await once(server, async () => {
    await using publisher = publishWithNodeAv(clip, url, { pace: 0, options: { rtmp_enhanced_codecs: "hvc1,av01,vp09" } });
    const { code, stderr } = await publisher.finished;
    if (code !== 0 && !stderr.includes("Connection refused")) throw new Error(stderr);
    return code === 0 ? true : undefined;
  });
}

/** Payload hashes track by track: how tracks interleave is the container's affair. */
function payloads({ tracks, packets }: ReturnType<typeof played>): string[][] {
  return tracks.map((_, track) => packets.filter((packet) => packet.track === track).map(({ md5 }) => md5));
}
