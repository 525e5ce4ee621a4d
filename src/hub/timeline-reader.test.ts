import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { audioTrack, videoTrack } from "../../test/support/hub-fixtures.ts";
import type { ReadEntry, ReadFrom } from "./timeline-reader.ts";
import { TimelineReader } from "./timeline-reader.ts";
import { MAX_MARKS, Timeline } from "./timeline.ts";

const generation = { id: 1, tracks: [videoTrack, audioTrack], metadata: {} };

/** A timeline of video every 40 ms with a key frame every second. */
function begun(retention = { beforeNewestStart: 2000, maxBytes: 1e9 }): { timeline: Timeline; add: (from: number, to: number) => void } {
  const timeline = new Timeline(retention);
  timeline.discontinuity({ reason: "start", utcOffset: 0 });
  timeline.generation(generation);
  const add = (from: number, to: number): void => {
    for (let dts = from; dts < to; dts += 40) {
      const data = new Uint8Array(10);
      timeline.frame({ track: 1, dts, pts: dts, sap: dts % 1000 === 0 ? 1 : 0, discardable: false, arrived: dts * 1000, data });
    }
  };
  return { timeline, add };
}

function readAll(reader: TimelineReader): ReadEntry[] {
  const entries: ReadEntry[] = [];
  for (let entry = reader.read(); entry !== undefined; entry = reader.read()) entries.push(entry);
  return entries;
}

/** `K1000` for a key frame, `v1040` for another, else its kind. */
function words(entries: readonly ReadEntry[]): string {
  return entries
    .map((entry) => {
      if (entry.kind !== "frame") return entry.kind === "skip" ? `skip(${entry.missed})` : entry.kind;
      return `${entry.frame.sap === 0 ? "v" : "K"}${entry.frame.dts}`;
    })
    .join(" ");
}

const noop = (): void => undefined;

test("a reader begins with what is in force at the newest random-access point, the oldest, or the next", () => {
  const { timeline, add } = begun();
  add(0, 2080);
  const open = (from: ReadFrom): TimelineReader => new TimelineReader(timeline, from, noop);
  const [newest, oldest, next] = [open("newest"), open("oldest"), open("next")];
  assert.equal(words(readAll(newest)), "discontinuity generation K2000 v2040");
  assert.match(words(readAll(oldest)), /^discontinuity generation K0 v40 .* v1960 K2000 v2040$/);
  assert.equal(words(readAll(next)), "");
  add(2080, 3080);
  assert.equal(words(readAll(next)), "discontinuity generation K3000 v3040");
  assert.match(words(readAll(newest)), /^v2080 .* K3000 v3040$/);
  assert.equal(newest.skips + oldest.skips + next.skips, 0);
});

test("who lost its place goes on at the newest random-access point, is told so, and of what changed meanwhile", () => {
  const { timeline, add } = begun({ beforeNewestStart: 0, maxBytes: 1e9 });
  add(0, 80);
  const reader = new TimelineReader(timeline, "newest", noop);
  readAll(reader);
  add(80, 1000);
  timeline.generation({ ...generation, id: 2, metadata: { title: "new" } });
  add(1000, 3040);
  assert.equal(reader.lag, 3000 - 40);
  assert.equal(words(readAll(reader)), "skip(74) generation K3000");
  assert.equal(reader.skips, 1);
  assert.equal(reader.lag, 0);
  add(3040, 3120);
  assert.equal(words(readAll(reader)), "v3040 v3080");
  assert.equal(reader.skips, 1);
});

test("a group of pictures larger than the ring: nothing is read before there is a random-access point again", () => {
  const { timeline, add } = begun({ beforeNewestStart: 2000, maxBytes: 100 });
  const reader = new TimelineReader(timeline, "newest", noop);
  add(0, 960);
  assert.equal(words(readAll(reader)), "", "the key frame is gone from a ring of 10 frames");
  add(960, 1040);
  assert.equal(words(readAll(reader)), "discontinuity generation K1000");
  add(1040, 1960);
  assert.equal(words(readAll(reader)), "");
  add(1960, 2080);
  assert.equal(words(readAll(reader)), "skip(24) K2000 v2040");
});

test("what was appended before the end is read after it, and the ring is kept no longer than somebody reads", () => {
  const { timeline, add } = begun();
  add(0, 120);
  const reader = new TimelineReader(timeline, "newest", noop);
  const other = new TimelineReader(timeline, "newest", noop);
  timeline.end();
  assert.equal(reader.over, false);
  assert.equal(words(readAll(reader)), "discontinuity generation K0 v40 v80");
  assert.equal(reader.over, true);
  reader.close();
  assert.equal(timeline.bytes, 30, "the other has not read");
  other.close();
  assert.equal(timeline.bytes, 0);
  assert.equal(timeline.entry(timeline.firstSequence), undefined);
  const late = new TimelineReader(timeline, "newest", noop);
  assert.equal(late.read(), undefined);
  assert.equal(late.over, true);
});

test("a reader is woken by every entry and by the end, and by nothing once it is closed", () => {
  const { timeline, add } = begun();
  let woken = 0;
  const reader = new TimelineReader(timeline, "newest", () => (woken += 1));
  add(0, 80);
  timeline.generation({ ...generation, id: 2 });
  assert.equal(woken, 3);
  timeline.end();
  assert.equal(woken, 4);
  reader.close();
  assert.equal(reader.read(), undefined);
});

test("what is in force at the oldest frame stays in the ring with it; entries that are no frames are bounded too", () => {
  const { timeline, add } = begun({ beforeNewestStart: 0, maxBytes: 1e9 });
  add(0, 1000);
  assert.equal(timeline.firstSequence, 0, "the discontinuity and the generation before the first frame are there");
  add(1000, 1040);
  assert.equal(timeline.entry(timeline.firstSequence)?.kind, "frame");
  for (let id = 2; id < 3 * MAX_MARKS; id++) timeline.generation({ ...generation, id });
  assert.ok(timeline.endSequence - timeline.firstSequence <= MAX_MARKS + 1);
});

test("property: whatever the paces, frames come in order, once, and none is missed without a skip", () => {
  const step = fc.record({ append: fc.integer({ min: 1, max: 120 }), read: fc.integer({ min: 0, max: 120 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 50, max: 2000 }), (steps, maxBytes) => {
      const { timeline, add } = begun({ beforeNewestStart: 200, maxBytes });
      const reader = new TimelineReader(timeline, "newest", noop);
      let at = 0;
      let last = -40;
      let skipped = true;
      for (const { append, read } of steps) {
        add(at, (at += append * 40));
        for (let i = 0; i < read; i++) {
          const entry = reader.read();
          if (entry === undefined) break;
          if (entry.kind === "skip") skipped = true;
          if (entry.kind !== "frame") continue;
          if (skipped) assert.ok(entry.frame.dts > last && entry.frame.sap === 1);
          else assert.equal(entry.frame.dts, last + 40);
          skipped = false;
          last = entry.frame.dts;
        }
      }
    }),
  );
});
