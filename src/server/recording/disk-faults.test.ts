/** Disks that are full, slow, broken or gone: live goes on untouched, the recording says what it lost and goes on by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CollectingSink, textContainer } from "../../../test/support/hub-fixtures.ts";
import { RecordedDisk } from "../../../test/support/recorded-disk.ts";
import { RecordingBench, turns } from "../../../test/support/recording-bench.ts";
import { bareFraming } from "../../hub/framing.ts";

/** A bench with somebody who watches: what is told of the recording must not have been told of the viewer. */
async function setUp(
  settings: NonNullable<ConstructorParameters<typeof RecordingBench>[0]> = {},
): Promise<{ bench: RecordingBench; viewer: CollectingSink }> {
  const bench = new RecordingBench({ ...settings, recording: { template: "{n}.{ext}", ...settings.recording } });
  bench.publish();
  await bench.live(80);
  const viewer = new CollectingSink();
  (await bench.hub.watch("live/cam", 0)).play(textContainer(), bareFraming, viewer);
  return { bench, viewer };
}

/** What of the stream is in the files, as the stamps of its pictures. */
function recorded(bench: RecordingBench): number[] {
  return bench.paths().flatMap((path) => bench.read(path).video.map(({ stamp }) => stamp));
}

async function end(bench: RecordingBench): Promise<void> {
  bench.publication.close("unpublished");
  await turns(60);
  assert.equal(bench.recordings.running.size, 0);
  assert.equal(bench.recordings.pendingBytes, 0);
  assert.equal(bench.disk.opened, 0);
}

function sawAll(viewer: CollectingSink, ms: number): void {
  const times = [...viewer.text.matchAll(/[Kv](\d+) /g)].map(([, time]) => Number(time));
  assert.deepEqual(times.at(-1), ms - 40);
  assert.deepEqual(
    times,
    Array.from({ length: ms / 40 }, (_, i) => i * 40),
  );
}

test("a full disk: what fits is kept, and when there is room again it goes on in a new file", async () => {
  const { bench, viewer } = await setUp({ recording: { buffer: "1MiB" } });
  await bench.live(3000 - 80, 1000);
  bench.disk.free = 500;
  await bench.live(60_000, 1000);
  const [session] = bench.recordings.running.values();
  assert.equal(session!.state, "failing");
  assert.equal(session!.row.error, "ENOSPC");
  const lostNow = session!.row.lost;
  assert.ok(lostNow > 58_000 && lostNow < 62_000, String(lostNow));
  assert.ok(bench.recordings.pendingBytes <= 1_100_000, "memory is bounded");
  bench.disk.free = Infinity;
  await bench.live(5000, 1000);
  assert.equal(session!.state, "recording");
  await end(bench);
  sawAll(viewer, 68_000);
  const stamps = recorded(bench);
  assert.equal(stamps.at(-1), 67_960);
  assert.deepEqual(
    stamps,
    [...new Set(stamps)].toSorted((a, b) => a - b),
    "in order, none twice",
  );
  const missing = 68_000 / 40 - stamps.length;
  const { lost } = bench.told.at(-1)!;
  assert.ok(Math.abs(lost - missing * 40) <= 200, `${lost} ms told of ${missing * 40}`);
  assert.ok(missing > 0);
  assert.deepEqual(new Set([...bench.files.values()].map(({ state }) => state)), new Set(["cut", "complete"]));
});

test("a short time without room loses no more than what leads to the next key frame", async () => {
  const { bench } = await setUp();
  await bench.live(3000 - 80);
  bench.disk.free = 0;
  await bench.live(10_000);
  bench.disk.free = Infinity;
  await bench.live(5000);
  await end(bench);
  const { lost } = bench.told.at(-1)!;
  assert.ok(lost <= 1700, `${lost} ms were lost of ten seconds`);
  // The picture that waited to know how long it is may be missing too.
  const missing = 18_000 - recorded(bench).length * 40;
  assert.ok(missing - lost >= 0 && missing - lost <= 40, `${lost} told of ${missing}`);
});

test("a slow disk, 10 MB/s and stalls of 2 s: nothing is lost while it waits in memory", async () => {
  const { bench, viewer } = await setUp();
  const { clock, disk } = bench;
  disk.slow = { bytesPerSecond: 10_000_000, stall: 2000, wait: (ms) => new Promise((resolve) => void clock.after(ms, resolve)) };
  await bench.live(20_000 - 80, 20_000);
  sawAll(viewer, 20_000);
  disk.slow = undefined;
  await bench.pass(5000);
  await end(bench);
  assert.equal(recorded(bench).length, 500);
  assert.equal(bench.told.at(-1)!.lost, 0);
});

test("a disk that is too slow for the stream: parts are lost, counted and told, memory stays bounded", async () => {
  const { bench, viewer } = await setUp({ recording: { buffer: "1MiB" } });
  const { clock, disk } = bench;
  disk.slow = { bytesPerSecond: 200_000, stall: 0, wait: (ms) => new Promise((resolve) => void clock.after(ms, resolve)) };
  let most = 0;
  for (let i = 0; i < 60; i++) {
    await bench.live(1000, 20_000);
    most = Math.max(most, bench.recordings.pendingBytes);
  }
  assert.ok(most < 2_000_000, String(most));
  disk.slow = undefined;
  await bench.pass(10_000);
  await bench.live(2000);
  await end(bench);
  assert.match(viewer.text, /v61960/);
  const stamps = recorded(bench);
  const { lost } = bench.told.at(-1)!;
  const missing = (62_080 / 40 - stamps.length) * 40;
  assert.ok(lost > 20_000 && Math.abs(lost - missing) < 2500, `${lost} told of ${missing}`);
  for (const path of bench.paths()) assert.equal(bench.read(path).video[0]!.stamp % 1000, 0, "every file begins with a key frame");
});

test("the folder is removed: it is made again, and the recording goes on there", async () => {
  const { bench, viewer } = await setUp({ recording: { template: "a/{n}.{ext}" } });
  await bench.live(5000 - 80);
  bench.disk.removeFolder("/rec");
  await bench.live(10_000);
  await end(bench);
  sawAll(viewer, 15_000);
  const [, path] = bench.paths();
  assert.equal(path, "a/2.mp4");
  assert.equal(bench.read(path).video.at(-1)!.stamp, 14_960);
  assert.ok(bench.read(path).video.length > 150);
});

test("a disk that fails for good does not keep a recording from being stopped", async () => {
  const { bench } = await setUp();
  await bench.live(2000 - 80);
  bench.disk.failing = true;
  await bench.live(3000);
  const [session] = bench.recordings.running.values();
  const stopped = session!.stop();
  await bench.pass(3000);
  await stopped;
  assert.equal(session!.state, "ended");
  assert.match(session!.row.error!, /EIO/);
  assert.equal(bench.recordings.pendingBytes, 0);
});

test("a disk that never answers holds no more than two of the threads for files", async () => {
  const disk = new RecordedDisk();
  const { bench } = await setUp({ disk, recording: { template: "{stream}.{ext}" } });
  let asked = 0;
  const wait = (): Promise<void> => {
    asked += 1;
    return new Promise(() => undefined);
  };
  disk.slow = { bytesPerSecond: 1e9, stall: 0, wait };
  for (const name of ["live/a", "live/b", "live/c", "live/d"]) {
    bench.publish(name);
    await bench.live(1000);
  }
  assert.ok(asked <= 2, String(asked));
});
