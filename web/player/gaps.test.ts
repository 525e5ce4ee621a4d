import assert from "node:assert/strict";
import { test } from "node:test";
import { bufferedAhead, jumpTarget, type Range, rangesOf } from "./gaps.ts";

const ranges: readonly Range[] = [
  [10, 12],
  [12.1, 13],
  [15, 15.5],
];

test("media ahead leaves holes out", () => {
  assert.equal(bufferedAhead(ranges, 12.5), 1);
  assert.ok(Math.abs(bufferedAhead(ranges, 11) - 2.4) < 1e-9);
  assert.equal(bufferedAhead(ranges, 16), 0);
  assert.equal(bufferedAhead([], 0), 0);
});

test("inside a range nothing is jumped until its end is near", () => {
  assert.equal(jumpTarget(ranges, 11, 0.05), undefined);
  assert.equal(jumpTarget(ranges, 11.96, 0.05), 12.1);
  assert.equal(jumpTarget(ranges, 12.99, 0.05), 15);
});

test("in a hole, and before all media, the next range is the target", () => {
  assert.equal(jumpTarget(ranges, 12.05, 0.05), 12.1);
  assert.equal(jumpTarget(ranges, 0, 0.05), 10);
  assert.equal(jumpTarget(ranges, 9.9999, 0.05), undefined, "rounding is no hole");
});

test("at the end there is nowhere to go", () => {
  assert.equal(jumpTarget(ranges, 15.49, 0.05), undefined);
  assert.equal(jumpTarget(ranges, 20, 0.05), undefined);
});

test("time ranges become pairs", () => {
  const buffered = { length: 2, start: (index: number) => index * 2, end: (index: number) => index * 2 + 1 };
  assert.deepEqual(rangesOf(buffered), [
    [0, 1],
    [2, 3],
  ]);
});
