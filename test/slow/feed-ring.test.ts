/** A ring of 64 MB on a real disk, fed with ten times that: bounded, advancing, and true to those who are overtaken. */
import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeDisk } from "../../src/server/storage/disk.ts";
import { checkRead, FeedBench, readAll } from "../support/feed-bench.ts";

const maxSize = 64 * 1024 * 1024;
/** Bytes of a picture, of which there are 25 a second. */
const picture = 50_000;

test("a ring of 64 MB fed with ten times that", { timeout: 300_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-ring-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "cam.ring");
  let bench = await new FeedBench(nodeDisk, { path, maxSize }).open();
  bench.begin({ beforeNewestStart: 60_000, maxBytes: 512 * 1024 * 1024 });
  /** Feeds some seconds, and waits for the disk, which the clock knows nothing of. */
  const feed = async (seconds: number): Promise<void> => {
    await bench.feed(seconds * 1000, picture);
    while (bench.keeper.health.written < bench.payload) await bench.pass(100);
  };
  await feed(10);
  const { archive } = bench.keeper;
  const [slow, live] = [archive.open(archive.oldest!), archive.open(archive.oldest!)];
  const [got, all] = [[...(await slow.read())!], await readAll(live)];
  let oldest = archive.oldest!.utc;
  while (bench.payload < 10 * maxSize) {
    await feed(10);
    all.push(...(await readAll(live)));
    // It advances once the ring is full: never back, and not by more than what came.
    assert.ok(archive.oldest!.utc >= oldest && archive.oldest!.utc <= oldest + 15_000);
    oldest = archive.oldest!.utc;
    const { size } = await stat(path);
    assert.ok(size <= maxSize && (bench.payload < maxSize || size > 0.98 * maxSize));
  }
  const reach = bench.timeline!.lastMicros / 1000 - archive.oldest!.micros / 1000;
  assert.ok(reach > 45_000 && reach < 56_000, `${reach} ms are kept`);
  assert.equal(bench.keeper.health.lost, 0);
  assert.equal(checkRead(all, bench.given).missed, 0, "who keeps up misses nothing");
  got.push(...(await readAll(slow)));
  const { missed, last } = checkRead(got, bench.given);
  assert.equal(got.filter((entry) => "skip" in entry).length, 1, "who is overtaken is moved on once, and told");
  assert.ok(missed > 0 && last === bench.timeline!.endSequence - 1);
  await bench.close();
  const started = performance.now();
  bench = await new FeedBench(nodeDisk, { path, maxSize }, bench).open();
  const took = performance.now() - started;
  assert.equal(bench.keeper.archive.oldest!.utc >= oldest, true);
  assert.equal(checkRead(await readAll(bench.keeper.archive.open(bench.keeper.archive.oldest!)), bench.given).missed, 0);
  t.diagnostic(`opened again in ${took.toFixed(0)} ms`);
  assert.ok(took < 1000);
  await bench.close();
});
