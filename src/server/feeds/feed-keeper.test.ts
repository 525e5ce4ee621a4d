import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRead, FeedBench, feedPath, readAll } from "../../../test/support/feed-bench.ts";
import { RecordedDisk } from "../../../test/support/recorded-disk.ts";

test("what was on a timeline is in the file a second later, and comes back", async () => {
  const bench = await new FeedBench(new RecordedDisk()).open();
  assert.equal(bench.keeper.archive.oldest, undefined);
  assert.equal(bench.keeper.archive.find({ utc: 0 }), undefined);
  bench.begin();
  await bench.feed(3000);
  await bench.pass(800);
  const { archive } = bench.keeper;
  const entries = await readAll(archive.open(archive.oldest!));
  const { first, last, missed } = checkRead(entries, bench.given);
  assert.deepEqual([first, last, missed], [2, bench.timeline!.endSequence - 1, 0]);
  assert.equal(archive.oldest!.utc, bench.clock.wallClock() - 3800);
});

test("a time is found to the random-access point before it", async () => {
  const bench = await new FeedBench(new RecordedDisk(), { maxSize: 16 * 1024 * 1024 }).open();
  bench.begin();
  await bench.feed(10_000, 100); // many random-access points in each block
  await bench.pass(1000);
  const { archive } = bench.keeper;
  const begun = bench.clock.wallClock() - 11_000;
  const startOf = async (time: { micros: number } | { utc: number }): Promise<number> => {
    const [, , start] = (await archive.open(archive.find(time)!).read())!;
    assert.ok(start && "entry" in start && start.entry.kind === "frame");
    return start.entry.micros / 1000;
  };
  assert.equal(await startOf({ micros: 5_500_000 }), 5000);
  assert.equal(await startOf({ micros: 6_000_000 }), 6000);
  assert.equal(await startOf({ utc: begun + 7999 }), 7000);
  assert.equal(await startOf({ utc: begun + 1e9 }), 9000);
  assert.equal(await startOf({ utc: 0 }), 0, "the oldest where all are later");
});

test("a server that comes back goes on with what it had", async () => {
  const disk = new RecordedDisk();
  const first = await new FeedBench(disk).open();
  first.begin();
  await first.feed(2500);
  await first.close();
  assert.equal(disk.opened, 0);
  assert.deepEqual(await disk.readdir("/feeds"), ["cam.ring"], "the lock is gone");
  await first.pass(5000);
  const second = await new FeedBench(disk, {}, first).open();
  const { archive } = second.keeper;
  checkRead(await readAll(archive.open(archive.oldest!)), first.given);
  const { origin } = second.keeper;
  assert.equal(origin!.sequence, first.timeline!.endSequence);
  assert.ok(origin!.micros >= 2_500_000 && origin!.micros < 2_600_000);
  assert.ok(origin!.generation > 1, "no generation's id comes again");
  const timeline = second.begin();
  assert.equal(timeline.firstSequence, first.timeline!.endSequence);
  await second.feed(1500);
  await second.pass(800);
  const past = archive.find({ utc: second.clock.wallClock() - 9000 });
  const entries = await readAll(archive.open(past!));
  const { first: from, last, missed } = checkRead(entries, second.given);
  assert.deepEqual([missed, last], [0, timeline.endSequence - 1]);
  assert.ok(from < first.timeline!.endSequence);
  await second.close();
});

test("the oldest is after a restart what it was before, with many random-access points in each block", async () => {
  const disk = new RecordedDisk();
  const settings = { maxSize: 16 * 1024 * 1024 };
  const first = await new FeedBench(disk, settings).open();
  first.begin();
  await first.feed(20_000, 300);
  await first.pass(1000);
  const { oldest } = first.keeper.archive;
  await first.close();
  const second = await new FeedBench(disk, settings, first).open();
  assert.equal(second.keeper.archive.oldest!.sequence, oldest!.sequence);
  await second.close();
});

test("streams of one name, one after the other, are one past", async () => {
  const bench = await new FeedBench(new RecordedDisk()).open();
  bench.begin();
  await bench.feed(1000);
  bench.timeline!.end();
  const [first, end] = [bench.timeline!, bench.timeline!.endSequence];
  // The next publisher comes before the end of the last one is written.
  const second = bench.begin();
  assert.equal(second.firstSequence, end);
  await bench.feed(1000);
  await bench.pass(1000);
  assert.equal(first.bytes, 0, "the timeline that ended is let go of");
  const { archive } = bench.keeper;
  const { last, missed } = checkRead(await readAll(archive.open(archive.oldest!)), bench.given);
  assert.deepEqual([last, missed], [second.endSequence - 1, 0]);
});

test("the file stays as large as it may be, its oldest time advances, who is overtaken is moved on", async () => {
  const disk = new RecordedDisk();
  const bench = await new FeedBench(disk).open();
  bench.begin();
  await bench.feed(3000);
  await bench.pass(800);
  const { archive } = bench.keeper;
  const slow = archive.open(archive.oldest!);
  const got = [...(await slow.read())!];
  let oldest = archive.oldest!.utc;
  for (let i = 0; i < 10; i++) {
    await bench.feed(4000);
    assert.ok(disk.contents(feedPath).length <= 1024 * 1024);
    assert.ok(archive.oldest!.utc > oldest);
    oldest = archive.oldest!.utc;
  }
  await bench.pass(800);
  got.push(...(await readAll(slow)));
  const { last, missed } = checkRead(got, bench.given);
  assert.equal(last, bench.timeline!.endSequence - 1);
  assert.ok(missed > 1000);
  assert.ok(got.filter((entry) => "skip" in entry).length === 1);
  assert.ok(disk.written < 43 * 250_000 * 1.1, `${disk.written} bytes`);
});

test("nothing is kept of a stream that is not published, and nothing is written", async () => {
  const disk = new RecordedDisk();
  const bench = await new FeedBench(disk).open();
  const before = disk.contents(feedPath);
  await bench.pass(60_000);
  assert.deepEqual(disk.contents(feedPath), before);
  await bench.close();
});

test("a picture that is too large is left out with what depends on it", async () => {
  const bench = await new FeedBench(new RecordedDisk()).open();
  bench.begin();
  await bench.feed(1000);
  bench.frame(1, 1000, 300 * 1024, true);
  bench.frame(1, 1040, 100, false);
  bench.frame(1, 1080, 100, true);
  await bench.pass(1000);
  const { archive } = bench.keeper;
  const entries = await readAll(archive.open(archive.oldest!));
  assert.equal(checkRead(entries, bench.given).missed, 2);
  assert.equal(bench.keeper.health.lost, 2);
});

for (const [words, maxSize, least] of [
  ["larger", 8 * 1024 * 1024, 3000],
  ["smaller", 600 * 1024, 1000],
] as const) {
  test(`a file whose size was changed is copied into a ${words} one`, async () => {
    const disk = new RecordedDisk();
    const first = await new FeedBench(disk).open();
    first.begin();
    await first.feed(6000);
    await first.close();
    const second = await new FeedBench(disk, { maxSize }, first).open();
    assert.deepEqual((await disk.readdir("/feeds")).sort(), ["cam.ring", "cam.ring.lock"]);
    second.begin();
    await second.feed(500);
    await second.pass(800);
    const { archive } = second.keeper;
    const { last, missed } = checkRead(await readAll(archive.open(archive.oldest!)), second.given);
    assert.deepEqual([last, missed], [second.timeline!.endSequence - 1, 0]);
    assert.ok(second.clock.wallClock() - archive.oldest!.utc >= least);
    assert.ok(disk.contents(feedPath).length <= maxSize);
    await second.close();
    assert.equal(disk.opened, 0);
  });
}

test("a feed that is emptied by each publisher keeps the last one's stream", async () => {
  const disk = new RecordedDisk();
  const bench = await new FeedBench(disk, { truncate: true }).open();
  bench.begin();
  await bench.feed(1500);
  bench.timeline!.end();
  await bench.pass(1000);
  const { archive } = bench.keeper;
  const reader = archive.open(archive.oldest!);
  const got = [...(await readAll(reader))];
  const second = bench.begin();
  const from = second.firstSequence;
  await bench.feed(1500);
  await bench.pass(800);
  assert.ok(archive.oldest!.sequence >= from);
  got.push(...(await readAll(reader)));
  assert.equal(checkRead(got, bench.given).last, second.endSequence - 1, "who reads goes on with it");
  await bench.close();
  const again = await new FeedBench(disk, { truncate: true }, bench).open();
  const kept = again.keeper.archive;
  assert.ok(kept.oldest!.sequence >= from, "what was forgotten does not come back");
  assert.equal(checkRead(await readAll(kept.open(kept.oldest!)), bench.given).last, second.endSequence - 1);
});
