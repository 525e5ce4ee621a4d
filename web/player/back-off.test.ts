import assert from "node:assert/strict";
import { test } from "node:test";
import { BackOff } from "./back-off.ts";

test("delays double up to five seconds and start again after a success", () => {
  const backOff = new BackOff(() => 0);
  assert.deepEqual(
    Array.from({ length: 7 }, () => backOff.next()),
    [250, 500, 1000, 2000, 4000, 5000, 5000],
  );
  assert.equal(backOff.attempts, 7);
  backOff.reset();
  assert.equal(backOff.next(), 250);
});

test("chance only ever shortens a delay, by a quarter at most", () => {
  const backOff = new BackOff(() => 0.999);
  assert.ok(backOff.next() > 187);
});
