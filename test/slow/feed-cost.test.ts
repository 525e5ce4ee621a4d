/** What keeping feeds costs: fifty at 2 Mb/s stay under a fifth of a core, write little more than the media, and never hold the event loop up. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemScheduler } from "../../src/hub/scheduler.ts";
import { Timeline } from "../../src/hub/timeline.ts";
import { FeedKeeper } from "../../src/server/feeds/feed-keeper.ts";
import { thisProcess } from "../../src/server/feeds/feed-lock.ts";
import { silentLog } from "../../src/server/log.ts";
import { nodeDisk } from "../../src/server/storage/disk.ts";
import { audioTrack, videoTrack } from "../support/hub-fixtures.ts";

const feeds = 50;
const seconds = 10;
/** Of one core, of the bytes of frames; in milliseconds, the longest delay, which is a garbage collection's as well, and that of 99 in 100 turns. */
const [mostCore, mostBytes, mostDelay, mostOften] = [0.2, 1.1, 40, 15];
/** 2 Mb/s: 25 pictures and 47 packets of sound. */
const [pictureLength, soundLength] = [9400, 320];

/** Appends to timelines in real time, as publishers do whose pictures come at times of their own. @returns the bytes appended */
async function publish(timelines: readonly Timeline[]): Promise<number> {
  const [picture, sound] = [new Uint8Array(pictureLength).fill(7), new Uint8Array(soundLength).fill(9)];
  const begun = performance.now();
  const next = timelines.map((_, index) => ({ picture: -index, sound: -index }));
  let bytes = 0;
  for (let now = 0; now < seconds * 1000; now = performance.now() - begun) {
    for (const [index, timeline] of timelines.entries()) {
      const due = next[index]!;
      const common = { discardable: false, arrived: Math.round(now * 1000) };
      for (; due.picture <= now; due.picture += 40, bytes += pictureLength) {
        const dts = due.picture + 100;
        timeline.frame({ ...common, track: 1, dts, pts: dts, sap: (due.picture + index) % 2000 === 0 ? 1 : 0, data: picture });
      }
      for (; due.sound <= now; due.sound += 21.3, bytes += soundLength) {
        const dts = Math.round(due.sound + 100);
        timeline.frame({ ...common, track: 2, dts, pts: dts, sap: 1, data: sound });
      }
    }
    await delay(10);
  }
  return bytes;
}

function begin(): Timeline {
  const timeline = new Timeline({ beforeNewestStart: 2000, maxBytes: 64 * 1024 * 1024 });
  timeline.discontinuity({ reason: "start", utcOffset: Date.now() });
  timeline.generation({ id: 1, tracks: [videoTrack, audioTrack], metadata: { encoder: "none" } });
  return timeline;
}

/** What it took of a core, and the longest time the loop was held up, in milliseconds. */
async function measured(task: () => Promise<number>): Promise<{ core: number; longest: number; often: number; bytes: number }> {
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  const [begun, before] = [performance.now(), process.cpuUsage()];
  const bytes = await task();
  const { user, system } = process.cpuUsage(before);
  loop.disable();
  return { core: (user + system) / 1000 / (performance.now() - begun), longest: loop.max / 1e6, often: loop.percentile(99) / 1e6, bytes };
}

test("fifty feeds", { timeout: 120_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-feeds-"));
  t.after(() => rm(folder, { recursive: true }));
  await measured(() => publish([begin()])); // for the compiler
  const without = await measured(() => publish(Array.from({ length: feeds }, begin)));
  const keepers = await Promise.all(
    Array.from({ length: feeds }, async (_, index) => {
      const keeper = new FeedKeeper({
        name: `live/${index}`,
        path: join(folder, `${index}.ring`),
        maxSize: 64 * 1024 * 1024,
        truncate: false,
        disk: nodeDisk,
        scheduler: systemScheduler,
        log: silentLog(),
        process: thisProcess(),
        onState: ({ reason }) => assert.fail(reason),
      });
      await keeper.open();
      return keeper;
    }),
  );
  const timelines = keepers.map((keeper) => {
    const timeline = begin();
    keeper.follow(timeline);
    return timeline;
  });
  const kept = await measured(() => publish(timelines));
  for (const timeline of timelines) timeline.end();
  await Promise.all(keepers.map((keeper) => keeper.close(10_000)));
  const written = keepers.reduce((sum, { health }) => sum + health.written, 0);
  const lost = keepers.reduce((sum, { health }) => sum + health.lost, 0);
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  t.diagnostic(
    `${percent(kept.core)} of a core with files, ${percent(without.core)} without; ${(written / kept.bytes).toFixed(3)} of the bytes written; ` +
      `the loop held up ${kept.longest.toFixed(1)} ms at most, ${kept.often.toFixed(1)} in 99 of 100 turns; ${without.longest.toFixed(1)} and ${without.often.toFixed(1)} without`,
  );
  assert.ok(kept.bytes > feeds * seconds * 240_000, "as much was published as was meant");
  assert.equal(lost, 0);
  assert.ok(kept.core - without.core < mostCore);
  assert.ok(written >= kept.bytes && written <= kept.bytes * mostBytes);
  assert.ok(kept.longest <= Math.max(mostDelay, without.longest * 2), "files do not hold the loop up");
  assert.ok(kept.often <= Math.max(mostOften, without.often * 2), "files do not hold the loop up now and then");
});
