import assert from "node:assert/strict";
import { test } from "node:test";
import { MediaClock } from "./media-clock.ts";

test("it runs at its rate, stands, and goes on where it stood", () => {
  let time = 100;
  const clock = new MediaClock(() => time);
  assert.equal(clock.now(), undefined);
  assert.equal(clock.due(1), undefined);
  clock.set(10);
  time = 101;
  assert.equal(clock.now(), 10, "not started");
  clock.run(true);
  time = 103;
  assert.equal(clock.now(), 12);
  assert.equal(clock.due(13), 104);
  clock.setRate(2);
  time = 104;
  assert.equal(clock.now(), 14);
  assert.equal(clock.due(18), 106);
  clock.run(false);
  time = 200;
  assert.equal(clock.now(), 14);
  assert.equal(clock.due(18), undefined);
});

test("another steady clock takes over without a step", () => {
  let [one, other] = [5, 5000];
  const clock = new MediaClock(() => one);
  clock.set(1);
  clock.run(true);
  one = 6;
  clock.follow(() => other);
  assert.equal(clock.now(), 2);
  other = 5001;
  assert.equal(clock.now(), 3);
});
