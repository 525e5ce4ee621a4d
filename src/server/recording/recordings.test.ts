import assert from "node:assert/strict";
import { test } from "node:test";
import { picture, readMp4, RecordingBench, sound, turns } from "../../../test/support/recording-bench.ts";
import { seeded } from "../../../test/support/recorded-disk.ts";
import { repairFile } from "./scan-file.ts";

const stamps = (from: number, to: number): number[] => Array.from({ length: (to - from) / 40 }, (_, i) => from + i * 40);

test("a stream that the settings name is recorded from its first frame to its last, times from 0", async () => {
  const bench = new RecordingBench();
  bench.publish();
  await bench.live(3000);
  bench.publication.close("unpublished");
  await turns(20);
  const [path] = bench.paths();
  assert.match(path!, /^live\/cam\/2023-11-14-22-13-2\d-1\.mp4$/);
  const { video, audio } = bench.read(path!);
  assert.deepEqual(
    video.map(({ stamp }) => stamp),
    stamps(0, 3000),
  );
  assert.deepEqual(
    video.map(({ dts }) => dts),
    stamps(0, 3000),
  );
  assert.ok(video.every(({ dts, pts }) => pts === dts + 40));
  assert.equal(audio.length, 75);
  const { state, duration, size, start, end, tracks } = bench.files.get(path!)!;
  assert.equal(state, "complete");
  assert.equal(size, bench.disk.contents(`/rec/${path}`).length);
  assert.deepEqual([duration, end - start, tracks.length], [3000, 3000, 2]);
  assert.equal(bench.disk.opened, 0);
  assert.equal(bench.recordings.pendingBytes, 0);
  assert.equal(bench.told.at(-1)?.ended, bench.clock.wallClock());
});

test("streams that no pattern names are not recorded", async () => {
  const bench = new RecordingBench();
  bench.publish("other/cam");
  await bench.live(1000);
  assert.equal(bench.recordings.running.size, 0);
});

for (const [what, settings, files] of [
  ["time", { cutTime: "2s" }, 3],
  ["key frame", { cutAtKeyFrames: true }, 6],
  ["size", { cutSize: "2KiB" }, 2],
] as const) {
  test(`cut by ${what}: every file begins with a key frame and none is lost between them`, async () => {
    const bench = new RecordingBench({ recording: { ...settings, template: "{n}.{ext}" } });
    bench.publish();
    await bench.live(6000, 32);
    bench.publication.close("unpublished");
    await turns(40);
    assert.deepEqual(
      bench.paths(),
      Array.from({ length: files }, (_, i) => `${i + 1}.mp4`),
    );
    const read = bench.paths().map((path) => bench.read(path));
    assert.deepEqual(
      read.flatMap(({ video }) => video.map(({ stamp }) => stamp)),
      stamps(0, 6000),
    );
    assert.equal(read.flatMap(({ audio }) => audio).length, 150);
    for (const { video } of read) {
      assert.equal(video[0]!.stamp % 1000, 0);
      assert.equal(video[0]!.dts, 0);
    }
    const rows = [...bench.files.values()];
    rows.slice(1).forEach(({ start, timeline }, i) => {
      assert.equal(start, rows[i]!.end);
      assert.equal(timeline, rows[i]!.timeline + rows[i]!.duration);
    });
  });
}

test("another configuration is another file; other metadata is not", async () => {
  const bench = new RecordingBench({ recording: { template: "{n}.{ext}" } });
  bench.publish();
  await bench.live(1000);
  bench.publication.metadata({ title: "x" });
  await bench.live(1000);
  bench.publication.track({ ...picture, config: new Uint8Array([1, 100, 0, 40, 255, 224, 0, 0]) });
  await bench.live(1000);
  bench.publication.close("unpublished");
  await turns(40);
  assert.deepEqual(bench.paths(), ["1.mp4", "2.mp4"]);
  assert.deepEqual([bench.read("1.mp4").video.length, bench.read("2.mp4").video.length], [50, 25]);
  assert.equal(new Set([...bench.files.values()].map(({ recording }) => recording)).size, 1);
});

test("a publisher that is lost and comes back goes on in the same file; the time between is a gap", async () => {
  const bench = new RecordingBench();
  bench.publish();
  await bench.live(1000);
  bench.publication.close("lost");
  await bench.pass(5000);
  bench.publish();
  await bench.live(1000);
  bench.publication.close("unpublished");
  await turns(40);
  const [row, ...others] = [...bench.files.values()];
  assert.equal(others.length, 0);
  const [gap] = row!.gaps;
  assert.deepEqual([gap?.reason, gap?.from], ["publisher", 1000]);
  assert.ok(gap!.to > 5500 && gap!.to < 6500, String(gap?.to));
  const { video } = bench.read(row!.path);
  assert.equal(video.length, 50);
  assert.equal(video[25]!.dts, gap!.to);
  assert.equal(bench.told.at(-1)!.lost, 0);
});

test("never is more than a second unwritten, and after a loss of power all but a second of it plays", async () => {
  const bench = new RecordingBench();
  bench.publish();
  /** How long the log was when so many milliseconds had been published. */
  const logged: { readonly log: number; readonly time: number }[] = [];
  for (let i = 1; i <= 200; i++) {
    await bench.live(40);
    logged.push({ log: bench.disk.log.length, time: i * 40 });
  }
  const random = seeded(5);
  const path = bench.paths()[0]!;
  for (let at = 0; at <= bench.disk.log.length; at++) {
    const time = Math.max(0, ...logged.filter(({ log }) => log <= at).map((each) => each.time));
    for (const loss of ["lost", "torn", "reordered"] as const) {
      const after = bench.disk.cut(at, loss, random);
      const exists = await after.stat(`/rec/${path}`).catch(() => undefined);
      const scanned = exists && (await repairFile(after, "/rec", path, "mp4"));
      const { video } = scanned?.facts === undefined ? { video: [] } : readMp4(after.contents(`/rec/${path}`));
      const whole = video.length * 40;
      assert.ok(scanned === undefined || Math.abs(scanned.duration - whole) <= 80, `${scanned?.duration} told of ${whole}`);
      assert.ok(time - whole <= 1000, `${loss} at ${time} ms leaves ${whole} ms`);
      assert.deepEqual(
        video.map(({ stamp }) => stamp),
        stamps(0, whole),
      );
    }
  }
  assert.ok(bench.disk.syncs.length > 12, "it was synced about each second");
});

test("FLV and MPEG-TS are whole after every write too", async () => {
  for (const format of ["flv", "mpegts"] as const) {
    const bench = new RecordingBench({ recording: { format } });
    bench.publish("live/cam", [picture, sound]);
    await bench.live(3000);
    const size = bench.disk.contents(`/rec/${bench.paths()[0]}`).length;
    assert.ok(size > 50 * 16);
    if (format === "mpegts") assert.equal(size % 188, 0);
    bench.publication.close("unpublished");
    await turns(40);
    assert.equal([...bench.files.values()][0]!.state, "complete");
  }
});

test("a codec that the container does not carry ends the recording in words, and nothing else", async () => {
  const bench = new RecordingBench();
  bench.publish("live/cam", [{ ...picture, codec: "h263", codecString: "" }]);
  await bench.live(2000);
  assert.equal(bench.recordings.running.size, 0);
  assert.match(bench.told.at(-1)!.error!, /MP4 cannot carry/);
  assert.equal(bench.hub.streams.size, 1);
  assert.equal(bench.disk.opened, 0);
});

test("a file of that name is never overwritten", async () => {
  const bench = new RecordingBench({ recording: { template: "one.{ext}" } });
  bench.disk.put("/rec/one.mp4", new Uint8Array([1, 2, 3]));
  bench.publish();
  await bench.live(1000);
  bench.publication.close("unpublished");
  await turns(20);
  assert.deepEqual(bench.paths(), ["one~2.mp4"]);
  assert.deepEqual(bench.disk.contents("/rec/one.mp4"), new Uint8Array([1, 2, 3]));
});
