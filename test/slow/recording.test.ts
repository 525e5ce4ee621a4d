/** Recordings over long times and rough ends: 50 kills, 24 hours, more than 4 GB. */
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setTimeout as delay } from "node:timers/promises";
import { RtmpClient } from "../support/rtmp-client.ts";
import { makeLoopClip } from "../support/loop-clip.ts";
import { packetsOf } from "../support/packets.ts";
import { RecordingBench } from "../support/recording-bench.ts";
import { run } from "../support/program.ts";
import { sendFrames, sendHeaders } from "../support/rtmp-media.ts";
import { startServer } from "../support/server-program.ts";
import { seeded } from "../support/recorded-disk.ts";
import { ViewDisk } from "../support/view-disk.ts";
import { DiskTurns } from "../../src/server/recording/disk-turns.ts";
import { makeFaststart } from "../../src/server/recording/faststart.ts";
import { scanFile } from "../../src/server/recording/scan-file.ts";
import { type AudioTrack, type VideoTrack } from "../../src/media/track.ts";
import type { Disk } from "../../src/server/storage/disk.ts";

const kills = 50;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test(
  `${kills} kills while recording: FFmpeg reads every file to its end, and no more than a second is missing`,
  { timeout: 600_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-kills-"));
    const random = seeded(7);
    const formats = ["mp4", "flv", "mpegts"] as const;
    try {
      for (let i = 0; i < kills; i++) {
        const format = formats[i % formats.length]!;
        const own = join(folder, String(i));
        await using server = await startServer("--config", await settings(own, format));
        using client = await RtmpClient.connect(server.rtmp);
        const streamId = await client.publish("live", "cam");
        sendHeaders(client, streamId);
        const until = 1200 + random() * 1500;
        const begun = performance.now();
        let sent = 0;
        while (performance.now() - begun < until) {
          const due = Math.floor((performance.now() - begun) / 40);
          if (due > sent) sendFrames(client, streamId, sent, due - sent);
          sent = Math.max(sent, due);
          await delay(5);
        }
        server.program.kill();
        await server.program.finished;
        const file = (await readdir(own, { recursive: true })).find((name) => /\.(mp4|flv|ts)$/.test(name));
        assert.ok(file !== undefined, `nothing was recorded of ${sent * 40} ms`);
        const packets = await packetsOf(join(own, file));
        const pictures = packets.filter(({ kind }) => kind === "video");
        const missing = (sent - pictures.length) * 40;
        assert.ok(missing <= 1000, `kill ${i}, ${format}: ${missing} ms of ${sent * 40} are missing`);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

async function settings(folder: string, format: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, "millrace.yaml");
  await writeFile(file, `recording:\n  folder: ${folder}\n  format: ${format}\n  streams: ["**"]\n`);
  return file;
}

test("24 hours of a stream: memory is flat, and the index of the file is right", { timeout: 900_000 }, async () => {
  const disk = new ViewDisk(64);
  const bench = new RecordingBench({ disk, recording: { template: "{n}.{ext}" } });
  bench.publish();
  const sizes: number[] = [];
  for (let hour = 0; hour < 24; hour++) {
    for (let minute = 0; minute < 60; minute++) await bench.liveFast(60_000);
    collect();
    sizes.push(process.memoryUsage().heapUsed);
  }
  bench.publication.close("unpublished");
  for (let i = 0; i < 100; i++) await delay(0);
  const [row] = [...bench.files.values()];
  assert.equal(row!.duration, 86_400_000);
  assert.equal(row!.end - row!.start, 86_400_000);
  assert.equal(row!.state, "complete");
  const growth = (sizes.at(-1)! - sizes[3]!) / 1024 / 1024;
  assert.ok(growth < 16, `${growth} MiB more after 24 hours than after 4`);
  const end = disk.files.get("/rec/1.mp4")!;
  const tail = new Uint8Array(4);
  end.read(tail, end.size - 4);
  const length = new DataView(tail.buffer).getUint32(0);
  const index = new Uint8Array(8);
  end.read(index, end.size - length);
  assert.equal(new TextDecoder().decode(index.subarray(4)), "mfra");
});

test("a recording of more than 4 GB plays and seeks, with its index at the end and in front", { timeout: 900_000 }, async () => {
  const clip = await makeLoopClip({ seconds: 2, gop: 2, size: "320x180" });
  const disk = new ViewDisk();
  const bench = new RecordingBench({ disk, recording: { template: "{n}.{ext}" } });
  const tracks = clip.tracks as readonly (VideoTrack | AudioTrack)[];
  bench.publish("live/big", tracks);
  // Filler data (H.264 7.3.2.7) makes each picture as large as a test wants it; all share it.
  const filler = new Uint8Array(1_000_000).fill(0xff);
  new DataView(filler.buffer).setUint32(0, filler.length - 4);
  filler[4] = 12;
  filler[filler.length - 1] = 0x80;
  const frames = clip.frames.map((frame) => {
    if (tracks.find(({ id }) => id === frame.track)!.kind !== "video") return frame;
    return { ...frame, data: Buffer.concat([frame.data, filler]) };
  });
  const seconds = 180;
  for (let round = 0; round < seconds / clip.seconds; round++) {
    for (const frame of frames) {
      const offset = round * clip.seconds * tracks.find(({ id }) => id === frame.track)!.timescale;
      bench.publication.frame({ ...frame, dts: frame.dts + offset, pts: frame.pts + offset });
    }
    bench.clock.advance(clip.seconds * 1000);
    for (let i = 0; i < 20; i++) await delay(0);
  }
  bench.publication.close("unpublished");
  for (let i = 0; i < 100; i++) await delay(0);
  const [row] = [...bench.files.values()];
  assert.ok(row!.size > 4.4e9, String(row!.size));
  assert.equal((await scanFile(disk, "/rec", "1.mp4", "mp4")).size, row!.size);
  await seeks(disk, "/rec/1.mp4", seconds);
  const size = await makeFaststart(disk, new DiskTurns(2), "/rec", "1.mp4");
  assert.ok(size > 4.4e9);
  await seeks(disk, "/rec/1.mp4", seconds);
});

/** FFmpeg decodes pictures near the end of a file, asked for over HTTP with ranges. */
async function seeks(disk: Disk, path: string, seconds: number): Promise<void> {
  const { size } = await disk.stat(path);
  const file = await disk.open(path, "read");
  const server = createHttpServer((request, response) => {
    const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
    const end = Math.min(size - 1, to === "" ? size - 1 : Number(to));
    response.writeHead(206, {
      "Content-Range": `bytes ${from}-${end}/${size}`,
      "Content-Length": end - Number(from) + 1,
      "Accept-Ranges": "bytes",
    });
    response.setMaxListeners(0);
    void (async () => {
      for (let at = Number(from); at <= end && !response.destroyed;) {
        const piece = new Uint8Array(Math.min(1 << 20, end - at + 1));
        at += await file.read(piece, at);
        if (!response.write(piece)) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
      }
      response.end();
    })();
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/big.mp4`;
    const { stdout } = await run("ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", url]);
    assert.ok(Math.abs(Number(stdout.toString()) - seconds) < 1, stdout.toString());
    const at = String(seconds - 5);
    const decoded = await run("ffmpeg", [
      "-v",
      "error",
      "-nostdin",
      "-ss",
      at,
      "-copyts",
      "-i",
      url,
      "-map",
      "0:v",
      "-frames:v",
      "5",
      "-f",
      "framemd5",
      "-",
    ]);
    const times = [...decoded.stdout.toString().matchAll(/^0, *\d+, *(\d+),/gm)].map(([, time]) => Number(time));
    assert.equal(times.length, 5);
    assert.ok(times[0]! / 25 >= seconds - 6, decoded.stdout.toString());
  } finally {
    server.closeAllConnections();
    server.close();
    await file.close();
  }
}
