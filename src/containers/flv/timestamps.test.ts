import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TimestampUnwrapper, WRAP_WINDOW } from "./timestamps.ts";

const moduli = [2 ** 32, 2 ** 31, 2 ** 24];

test("each counter's wrap is undone", () => {
  for (const modulus of moduli) {
    const clock = new TimestampUnwrapper();
    assert.equal(clock.unwrap(1, modulus - 40), modulus - 40);
    assert.equal(clock.unwrap(1, 0), modulus);
    assert.equal(clock.unwrap(1, 40), modulus + 40);
    assert.equal(clock.unwrap(1, modulus - 5), modulus - 5, "one stamp out of order over the wrap");
    assert.equal(clock.unwrap(1, 80), modulus + 80);
  }
});

test("restarts and jumps are no wraps", () => {
  const clock = new TimestampUnwrapper();
  for (const raw of [3_600_000, 0, 40, 5_000_000, 2 ** 24 + 40, 0, 2 ** 31, 0, 2 ** 32 - WRAP_WINDOW - 1, 0, 2 ** 31 - 1]) {
    assert.equal(clock.unwrap(1, raw), raw);
  }
});

test("a stream that passes 2^24 and 2^31 without wrapping just goes on", () => {
  const clock = new TimestampUnwrapper();
  for (const raw of [2 ** 24 - 20, 2 ** 24 + 20, 2 ** 31 - 20, 2 ** 31 + 20, 2 ** 32 - 20]) assert.equal(clock.unwrap(1, raw), raw);
});

test("stamps below 0 at the start keep audio and video together", () => {
  for (const order of [
    [1, 2],
    [2, 1],
  ] as const) {
    const clock = new TimestampUnwrapper();
    const first = new Map<number, number>();
    for (const track of order) first.set(track, clock.unwrap(track, track === 1 ? 2 ** 32 - 80 : 0));
    assert.equal(first.get(2)! - first.get(1)!, 80);
    assert.equal(clock.unwrap(1, 0), first.get(2));
  }
});

test("a track that paused over a wrap comes back where the others are", () => {
  const clock = new TimestampUnwrapper();
  clock.unwrap(2, 2 ** 31 - 15_000);
  for (const time of [-8000, -2000, 4000, 10_000]) clock.unwrap(1, (2 ** 31 + time) % 2 ** 31);
  assert.equal(clock.unwrap(2, 10_010), 2 ** 31 + 10_010);
});

test("clocks that are far apart are left apart, and wrap on their own", () => {
  const clock = new TimestampUnwrapper();
  assert.equal(clock.unwrap(1, 2 ** 31 - 30), 2 ** 31 - 30);
  assert.equal(clock.unwrap(2, 500_000), 500_000);
  assert.equal(clock.unwrap(1, 10), 2 ** 31 + 10);
  assert.equal(clock.unwrap(2, 500_040), 500_040);
});

const start = fc.oneof(
  fc.nat(2 ** 25),
  fc.constantFrom(...moduli).chain((modulus) => fc.integer({ min: Math.max(0, modulus - 30_000), max: modulus + 30_000 })),
);
const steps = fc.array(fc.record({ track: fc.integer({ min: 1, max: 3 }), step: fc.integer({ min: 0, max: 3000 }) }), {
  minLength: 2,
  maxLength: 60,
});

test("whatever the counter and the start, differences come out as they were, within and across tracks", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...moduli),
      start,
      steps,
      fc.tuple(fc.nat(2500), fc.nat(2500), fc.nat(2500)),
      (modulus, from, list, skews) => {
        const clock = new TimestampUnwrapper();
        let time = from + 3000;
        let base: number | undefined;
        for (const { track, step } of list) {
          time += step;
          const stamp = time - skews[track - 1]!;
          const got = clock.unwrap(track, stamp % modulus);
          base ??= got - stamp;
          assert.equal(got - stamp, base);
        }
      },
    ),
    { numRuns: 100000 },
  );
});

test("any stamps at all come out as whole numbers that a next stamp follows", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(2 ** 32 - 1)), { maxLength: 60 }), (list) => {
      const clock = new TimestampUnwrapper();
      for (const [track, raw] of list) assert.ok(Number.isSafeInteger(clock.unwrap(track, raw)));
    }),
  );
});
