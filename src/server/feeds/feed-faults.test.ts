import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkRead, FeedBench, feedPath, readAll } from "../../../test/support/feed-bench.ts";
import type { Loss } from "../../../test/support/recorded-disk.ts";
import { RecordedDisk, seeded } from "../../../test/support/recorded-disk.ts";
import { nodeDisk } from "../storage/disk.ts";
import { FeedFileError } from "./feed-file-error.ts";

/** A feed that has run for three seconds. */
async function running(disk = new RecordedDisk()): Promise<FeedBench> {
  const bench = await new FeedBench(disk).open();
  bench.begin();
  await bench.feed(3000);
  return bench;
}

/** Breaks a disk for ten seconds, mends it, and looks at what is kept. */
async function breakFor(bench: FeedBench, hurt: () => void, mend: () => void): Promise<void> {
  hurt();
  await bench.feed(10_000);
  assert.deepEqual(
    bench.states.map(({ failing }) => failing),
    [true],
    "told once",
  );
  assert.match(bench.states[0]!.reason!, /^the feed file \/feeds\/cam\.ring /);
  assert.ok(bench.timeline!.bytes < 10 * 250_000, "what cannot be written is not held");
  mend();
  await bench.feed(9000);
  await bench.pass(1000);
  assert.deepEqual(
    bench.states.map(({ failing }) => failing),
    [true, false],
  );
  assert.ok(bench.keeper.health.lost > 0);
  const { archive } = bench.keeper;
  const { last } = checkRead(await readAll(archive.open(archive.oldest!)), bench.given);
  assert.equal(last, bench.timeline!.endSequence - 1);
}

for (const [fault, hurt, mend] of [
  ["full", (disk: RecordedDisk) => void (disk.free = 1000), (disk: RecordedDisk) => void (disk.free = Infinity)],
  ["failing", (disk: RecordedDisk) => void (disk.failing = true), (disk: RecordedDisk) => void (disk.failing = false)],
] as const) {
  test(`a disk that is ${fault} costs the feed what falls into that time, and is told as missing`, async () => {
    const disk = new RecordedDisk();
    const bench = await new FeedBench(disk, { maxSize: 16 * 1024 * 1024 }).open();
    bench.begin();
    await bench.feed(3000);
    const { archive } = bench.keeper;
    const reader = archive.open(archive.oldest!);
    await readAll(reader);
    await breakFor(
      bench,
      () => hurt(disk),
      () => mend(disk),
    );
    const entries = await readAll(archive.open(archive.oldest!));
    const { first, missed } = checkRead(entries, bench.given);
    assert.ok(first < 10, "what was kept before is kept");
    assert.ok(missed > 200 && missed < 1200, `${missed} missing`);
    const later = await readAll(reader);
    assert.equal(later.filter((entry) => "skip" in entry).length, 1, "who reads on is told");
  });
}

test("a folder that goes away and comes back holds a new file", async () => {
  const disk = new RecordedDisk();
  const bench = await running(disk);
  await breakFor(
    bench,
    () => disk.removeFolder("/feeds"),
    () => void disk.mkdir("/feeds"),
  );
  assert.deepEqual((await disk.readdir("/feeds")).sort(), ["cam.ring", "cam.ring.lock"]);
});

test("a slow disk that stalls loses nothing as long as memory has it", async () => {
  const disk = new RecordedDisk();
  const bench = await new FeedBench(disk).open();
  disk.slow = { bytesPerSecond: 10_000_000, stall: 2000, wait: (ms) => new Promise((resolve) => void bench.clock.after(ms, resolve)) };
  bench.begin({ beforeNewestStart: 4000, maxBytes: 64 * 1024 * 1024 });
  await bench.feed(12_000);
  disk.slow = undefined;
  await bench.pass(5000);
  await bench.pass(1000);
  assert.deepEqual([bench.states.length, bench.keeper.health.lost], [0, 0]);
  const { archive } = bench.keeper;
  assert.equal(checkRead(await readAll(archive.open(archive.oldest!)), bench.given).missed, 0);
});

test("a disk that does not answer is told of, and again when it does", async () => {
  const disk = new RecordedDisk();
  const bench = await running(disk);
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  disk.slow = { bytesPerSecond: 1e9, stall: 0, wait: () => answered };
  await bench.feed(9000);
  assert.equal(bench.states.length, 0);
  await bench.feed(3000);
  assert.deepEqual(
    bench.states.map(({ failing }) => failing),
    [true],
  );
  assert.match(bench.states[0]!.reason!, /its disk does not answer/);
  disk.slow = undefined;
  answer();
  await bench.feed(3000);
  await bench.pass(1000);
  assert.deepEqual(
    bench.states.map(({ failing }) => failing),
    [true, false],
  );
  const { archive } = bench.keeper;
  assert.equal(checkRead(await readAll(archive.open(archive.oldest!)), bench.given).last, bench.timeline!.endSequence - 1);
});

test("servers that start at one time on a new file do not both make it", async () => {
  for (let turns = 0; turns < 40; turns += 2) {
    const disk = new RecordedDisk();
    // One is so many turns of the disk behind the other.
    let left = turns;
    const late = new FeedBench(disk, { process: { self: { place: "here", pid: 2, started: "2" }, startOf: () => "1" } });
    const first = new FeedBench(disk, { process: { self: { place: "here", pid: 1, started: "1" }, startOf: () => "2" } });
    const one = first.keeper.open().then(
      () => true,
      (error: unknown) => error,
    );
    while (left-- > 0) await Promise.resolve();
    const two = late.keeper.open().then(
      () => true,
      (error: unknown) => error,
    );
    let done = false;
    const both = Promise.all([one, two]).finally(() => (done = true));
    while (!done) await Promise.all([first.pass(100), late.pass(100)]);
    const opened = (await both).filter((result) => result === true);
    assert.ok(opened.length <= 1, "never both");
    const winner = (await one) === true ? first : late;
    if (opened.length === 0) continue;
    winner.begin();
    await winner.feed(500);
    await winner.close();
    const again = await new FeedBench(disk, {}, winner).open();
    assert.ok(again.keeper.archive.oldest !== undefined, "what was written is found");
    await again.close();
  }
});

test("power lost at any sync leaves a file that opens, with all but the last second", async () => {
  const disk = new RecordedDisk();
  const clocked: { readonly length: number; readonly at: number; readonly end: number }[] = [];
  let bench = await new FeedBench(disk).open();
  const note = (): void => void clocked.push({ length: disk.log.length, at: bench.clock.now(), end: bench.timeline!.endSequence });
  for (let run = 0; run < 2; run++) {
    bench.begin();
    for (let i = 0; i < 70; i++) {
      await bench.feed(100);
      note();
    }
    await bench.close();
    bench = await new FeedBench(disk, {}, bench).open();
  }
  assert.ok(disk.syncs.length > 16);
  let cuts = 0;
  for (const at of [...disk.syncs, disk.log.length]) {
    for (const loss of ["lost", "torn", "reordered"] satisfies Loss[]) {
      const left = disk.cut(at, loss, seeded(at));
      const again = await new FeedBench(left, {}, { given: new Map(bench.given), clock: bench.clock }).open();
      const { archive } = again.keeper;
      const reached = archive.oldest === undefined ? -1 : checkRead(await readAll(archive.open(archive.oldest)), bench.given).last;
      const now = clocked.find(({ length }) => length >= at);
      const before = now && clocked.findLast((one) => one.at <= now.at - 1000);
      assert.ok(reached >= (before?.end ?? 0) - 1, `${loss} at ${at}: up to ${reached}`);
      // It goes on from there.
      again.begin();
      await again.feed(200);
      await again.pass(800);
      const from = archive.find({ utc: again.clock.wallClock() - 30_000 })!;
      assert.equal(checkRead(await readAll(archive.open(from)), again.given).last, again.timeline!.endSequence - 1);
      await again.close();
      cuts += 1;
    }
  }
  assert.ok(cuts > 48);
});

async function refused(path: string, words: RegExp): Promise<void> {
  const bench = new FeedBench(nodeDisk, { path });
  await assert.rejects(bench.open(), (error) => {
    assert.ok(error instanceof FeedFileError);
    assert.match(error.message, words);
    assert.ok(error.message.includes(path));
    return true;
  });
}

test("what cannot be a feed's file is refused in words, and left as it is", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-feeds-"));
  t.after(() => rm(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  await writeFile(at("notes"), "dear diary");
  await writeFile(at("old.ffm"), "FFM2".padEnd(8192));
  await mkdir(at("folder"));
  await symlink(at("elsewhere"), at("link"));
  await refused(at("notes"), /was not made by Millrace/);
  await refused(at("old.ffm"), /is a feed of ffserver/);
  await refused(at("folder"), /is a folder/);
  await refused(at("link"), /is a symbolic link/);
  await refused(at("notes/below"), /no folder \(ENOTDIR\)/);
  await refused("/proc/feeds/cam.ring", /cannot be used|is not there|may not/);
  assert.equal(await readFile(at("notes"), "utf8"), "dear diary");
  assert.deepEqual((await nodeDisk.readdir(folder)).sort(), ["folder", "link", "notes", "old.ffm"]);
});

test("a header that is damaged is told, one that the power took is made anew", async () => {
  const disk = new RecordedDisk();
  const bench = await running(disk);
  await bench.close();
  const bytes = disk.contents(feedPath);
  bytes[20]! ^= 1;
  const damaged = new RecordedDisk();
  damaged.put(feedPath, bytes);
  await assert.rejects(new FeedBench(damaged).open(), /the header of a ring file is damaged/);
  const fresh = new RecordedDisk();
  fresh.put(feedPath, new Uint8Array(4096));
  const again = await new FeedBench(fresh).open();
  assert.equal(again.keeper.archive.oldest, undefined);
  await again.close();
});

test("blocks that were damaged are passed over, and their entries told as missing", async () => {
  const disk = new RecordedDisk();
  const bench = await running(disk);
  await bench.close();
  const bytes = disk.contents(feedPath);
  for (const at of [4096 + 2 * 65_536 + 10, 4096 + 5 * 65_536 + 30_000]) bytes[at]! ^= 1;
  const damaged = new RecordedDisk();
  damaged.put(feedPath, bytes);
  const again = await new FeedBench(damaged, {}, bench).open();
  const { archive } = again.keeper;
  const entries = await readAll(archive.open(archive.oldest!));
  const { missed, last } = checkRead(entries, bench.given);
  assert.ok(missed > 10 && missed < 150, `${missed} of ${bench.timeline!.endSequence}`);
  assert.equal(last, bench.timeline!.endSequence - 1);
});

test("one server at a time writes a file; what a dead one left is taken over", async () => {
  const disk = new RecordedDisk();
  const alive = new Map([
    [7, "70"],
    [8, "80"],
  ]);
  const as = (place: string, pid: number) => ({
    process: { self: { place, pid, started: `${pid}0` }, startOf: (id: number) => (place === "here" ? alive.get(id) : undefined) },
  });
  const first = await new FeedBench(disk, as("here", 7)).open();
  await assert.rejects(new FeedBench(disk, as("here", 8)).open(), /is being written by process 7; two servers/);
  await assert.rejects(new FeedBench(disk, as("here", 7)).open(), /process 7/, "another server in this process");
  // From elsewhere its process cannot be seen, but its lock is touched.
  const far = new FeedBench(disk, as("there", 7), first);
  await assert.rejects(far.open(), /another machine or container/);
  // Its process is gone.
  const left = disk.cut(disk.log.length, "lost");
  alive.delete(7);
  const second = await new FeedBench(left, as("here", 8)).open();
  second.begin();
  await second.feed(500);
  await second.close();
  // Its machine is gone: nobody touches the lock.
  const lost = disk.cut(disk.log.length, "lost");
  await (await new FeedBench(lost, as("there", 9)).open()).close();
  assert.deepEqual(await lost.readdir("/feeds"), ["cam.ring"]);
  await first.close();
});

test("a lock that somebody took from us ends the writing, and is told", async () => {
  const disk = new RecordedDisk();
  const bench = await running(disk);
  const thief = { place: "there", pid: 3, started: "x", token: "x", beat: 0 };
  await disk.unlink(`${feedPath}.lock`);
  const lock = await disk.open(`${feedPath}.lock`, "create");
  const beat = async (): Promise<void> => {
    thief.beat += 1;
    await lock.write([Buffer.from(JSON.stringify(thief).padEnd(512))], 0);
  };
  for (let i = 0; i < 10; i++) {
    await beat();
    await bench.feed(1000);
  }
  assert.equal(bench.keeper.health.failing, true);
  assert.match(bench.keeper.health.reason!, /is being written by another machine/);
});
