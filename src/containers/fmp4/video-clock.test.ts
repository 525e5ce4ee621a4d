import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VideoClock } from "./video-clock.ts";
import type { VideoPlace } from "./video-clock.ts";

interface Stamp {
  /** Milliseconds. */
  readonly dts: number;
  readonly pts: number;
  readonly isKey: boolean;
}

function place(stamps: readonly Stamp[], frameRate: number): VideoPlace[] {
  const clock = new VideoClock(frameRate);
  return stamps.map((stamp) => clock.place(stamp.dts * 90, stamp.pts * 90, stamp.isKey));
}

/** What must hold of any stream. */
function assertSound(stamps: readonly Stamp[], places: readonly VideoPlace[]): void {
  let end: number | undefined;
  for (const [i, each] of places.entries()) {
    const stamp = stamps[i]!;
    assert.equal(each.start + each.compositionOffset, stamp.pts * 90, "presentation time is exact");
    assert.ok(each.duration >= 1 && Number.isInteger(each.start));
    if (end !== undefined && stamp.isKey) assert.ok(each.start >= end, "no step back");
    if (end !== undefined && !stamp.isKey) assert.equal(each.start, end, "no step inside a GOP");
    end = each.start + each.duration;
  }
}

function regular(count: number, interval: number, gop: number, reorder = 0): Stamp[] {
  return Array.from({ length: count }, (_, i) => {
    const dts = Math.round(i * interval);
    return { dts, pts: dts + Math.round(reorder * interval), isKey: i % gop === 0 };
  });
}

test("any stamps: presentation exact, no step inside a GOP, never a step back", () => {
  const frames = fc.array(
    fc.record({ step: fc.integer({ min: 1, max: 4000 }), offset: fc.integer({ min: -200, max: 500 }), isKey: fc.boolean() }),
  );
  fc.assert(
    fc.property(frames, fc.constantFrom(0, 24, 60, 1e9), (steps, frameRate) => {
      let dts = 0;
      const stamps = steps.map(({ step, offset, isKey }) => ({ dts: (dts += step), pts: dts + offset, isKey }));
      assertSound(stamps, place(stamps, frameRate));
    }),
  );
});

test("hours of milliseconds do not drift, whatever the frame rate", () => {
  for (const rate of [30_000 / 1001, 60]) {
    const stamps = regular(Math.round(rate * 7200), 1000 / rate, 250);
    const places = place(stamps, 0);
    assertSound(stamps, places);
    const usual = 90_000 / rate;
    for (let i = 100; i < places.length; i++) {
      const lag = stamps[i]!.dts * 90 - places[i]!.start;
      if (lag < 0 || lag > usual) assert.fail(`frame ${i} lags ${lag}`);
      if (Math.abs(places[i]!.duration - usual) > 180) assert.fail(`frame ${i} lasts ${places[i]!.duration}`);
    }
  }
});

test("jitter below a third of a frame never brings the decoding time past a presentation time", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 50, maxLength: 200 }), (jitter) => {
      const stamps = jitter.map((each, i) => ({ dts: 20 + i * 40 + each, pts: 20 + i * 40 + each, isKey: i % 50 === 0 }));
      const places = place(stamps, 25);
      assertSound(stamps, places);
      for (const each of places.slice(2)) assert.ok(each.compositionOffset >= 0);
    }),
  );
});

test("lost frames are made up for in a few frames, and no duration reaches far past the picture", () => {
  const stamps = regular(100, 40, 50).filter(({ dts }) => dts < 1000 || dts >= 1200);
  const places = place(stamps, 25);
  assertSound(stamps, places);
  const after = stamps.findIndex(({ dts }) => dts === 1200);
  assert.ok(Math.max(...places.map((each) => each.duration)) <= 2 * 3600);
  assert.ok(stamps[after + 8]!.dts * 90 - places[after + 8]!.start <= 3600);
});

test("a long pause inside a GOP is made up for, and a key frame ends it at once", () => {
  const pause = (stamp: Stamp): Stamp => (stamp.dts < 1000 ? stamp : { ...stamp, dts: stamp.dts + 10_000, pts: stamp.pts + 10_000 });
  const stamps = regular(200, 40, 125).map(pause);
  const places = place(stamps, 25);
  assertSound(stamps, places);
  assert.ok(Math.max(...places.map((each) => each.duration)) < 1.5 * 90_000);
  const key = stamps.findIndex((stamp, i) => stamp.isKey && i > 0);
  assert.ok(stamps[key - 1]!.dts * 90 - places[key - 1]!.start < 90_000);
  assert.ok(stamps[key]!.dts * 90 - places[key]!.start <= 1800);
});

test("a frame rate that varies without end keeps the lag bounded", () => {
  const stamps: Stamp[] = [];
  for (let i = 0, dts = 0; i < 5000; i++) stamps.push({ dts: (dts += i % 5 === 0 ? 500 : 33), pts: dts, isKey: i === 0 });
  const places = place(stamps, 30);
  assertSound(stamps, places);
  for (const [i, each] of places.entries()) assert.ok(Math.abs(stamps[i]!.dts * 90 - each.start) < 2 * 90_000);
});

test("times begin where the stamps do", () => {
  const [first] = place(
    regular(3, 40, 50).map((stamp) => ({ ...stamp, dts: stamp.dts + 5000, pts: stamp.pts + 5000 })),
    25,
  );
  assert.deepEqual(first, { start: 5000 * 90 - 1800, duration: 3600, compositionOffset: 1800 });
});
