import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DecodeTimes } from "./decode-times.ts";

const ms = 1000;

/** Decoding times of pictures 40 ms apart, or of the times given; only the first may be started at. */
function given(depth: number | undefined, pictures: readonly number[], floor = -Infinity, unit = 40): number[] {
  const times = new DecodeTimes(ms);
  times.expect(depth);
  return pictures.map((picture, i) => times.next(picture * unit, i === 0, 40, floor));
}

test("without B-frames, decoding times are presentation times", () => {
  assert.deepEqual(given(0, [0, 1, 2, 5, 6]), [0, 40, 80, 200, 240]);
});

test("with B-frames they are as many frames before as the stream reorders", () => {
  assert.deepEqual(given(1, [0, 3, 1, 2, 6, 4, 5]), [-40, 0, 40, 80, 120, 160, 200]);
  assert.deepEqual(given(2, [0, 4, 2, 1, 3, 8, 6, 5, 7]), [-80, -40, 0, 40, 80, 120, 160, 200, 240]);
  assert.deepEqual(given(undefined, [0, 4, 2, 1, 3, 8, 6, 5, 7]), [-80, -40, 0, 40, 80, 120, 160, 200, 240]);
});

test("the first ones are not before what the stream began with", () => {
  assert.deepEqual(given(2, [0, 4, 2, 1, 3], 0), [-2, -1, 0, 40, 80]);
  assert.deepEqual(given(2, [1, 5, 3, 2, 4], 0), [0, 1, 40, 80, 120]);
});

test("repeated times rise by a tick; a small step back does not stop them", () => {
  assert.deepEqual(given(0, [7, 7, 7, 8, 6], 0, 1), [7, 8, 9, 10, 11]);
});

test("more reordering than was said is learnt", () => {
  const pictures = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
  const times = given(0, pictures);
  assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
  assert.deepEqual(times, [0, 120, 121, 122, 123, 160, 200, 240, 280, 320]);
});

test("a clock that started again takes the times along, at a random-access point alone", () => {
  const times = new DecodeTimes(ms);
  times.expect(1);
  assert.deepEqual(
    [5000, 5120, 5040].map((pts) => times.next(pts, pts === 5000, 40, -Infinity)),
    [4960, 5000, 5040],
  );
  assert.equal(times.next(100, false, 40, -Infinity), 5041);
  assert.equal(times.next(100, true, 40, -Infinity), 60);
  assert.equal(times.next(220, false, 40, -Infinity), 100);
});

/** Groups of pictures in decoding order: each run of B-frames behind the picture that follows it in display, up to `deep` of them upside down. */
const streams = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.boolean()), { minLength: 1, maxLength: 30 }).map((runs) => {
  const order: number[] = [0];
  for (const [count, upsideDown] of runs) {
    const first = order.length;
    const between = Array.from({ length: count }, (_, i) => first + i);
    order.push(first + count, ...(upsideDown ? between.toReversed() : between));
  }
  return order;
});

/** For each picture, how many decoded before it are shown after it; the most of them. */
function depthOf(order: readonly number[]): number {
  return Math.max(...order.map((picture, i) => order.slice(0, i).filter((other) => other > picture).length));
}

test("whatever the order, times rise and come before presentation where the depth is known; presentation in order gives them back", () => {
  fc.assert(
    fc.property(streams, fc.nat(3), (order, more) => {
      const depth = depthOf(order) + more;
      const times = given(depth, order);
      for (const [i, time] of times.entries()) {
        assert.ok(i === 0 || time > times[i - 1]!, "they rise");
        assert.ok(time <= order[i]! * 40, "no picture is decoded after it is shown");
        assert.equal(time, (i - depth) * 40);
      }
    }),
  );
});

test("whatever the order and the depth said, times rise, and lag by the true depth in the end", () => {
  fc.assert(
    fc.property(streams, fc.nat(5), (order, said) => {
      // Twice the same: the first half teaches, the second keeps to it.
      const twice = [...order, ...order.map((picture) => picture + order.length)];
      const times = given(said, twice);
      for (const [i, time] of times.entries()) assert.ok(i === 0 || time > times[i - 1]!, "they rise");
      assert.equal(times.at(-1), (twice.length - 1 - Math.max(said, depthOf(order))) * 40);
    }),
  );
});
