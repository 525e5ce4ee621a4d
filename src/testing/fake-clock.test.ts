import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.ts";

test("it stands still until it is moved, and timers fire in order, each at its own time", async () => {
  const clock = new FakeClock(1_000_000);
  const fired: string[] = [];
  const note = (name: string) => () => void fired.push(`${name} at ${clock.now()}`);
  clock.after(30, note("c"));
  clock.after(10, note("a"));
  clock.after(10, note("b"));
  const callOff = clock.after(20, note("never"));
  clock.after(50, note("later"));
  callOff();
  assert.deepEqual([clock.now(), clock.wallClock(), clock.pending], [0, 1_000_000, 4]);
  await clock.advance(40);
  assert.deepEqual(fired, ["a at 10", "b at 10", "c at 30"]);
  assert.deepEqual([clock.now(), clock.wallClock(), clock.pending], [40, 1_000_040, 1]);
});

test("what a timer sets off has happened before the next one: promises, turns, timers of its own", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  clock.after(10, () => {
    void Promise.resolve().then(() => seen.push(`promise ${clock.now()}`));
    clock.immediate(() => seen.push(`turn ${clock.now()}`));
    clock.after(5, () => seen.push(`timer ${clock.now()}`));
  });
  clock.after(15, () => seen.push(`older timer ${clock.now()}`));
  await clock.advance(20);
  assert.deepEqual(seen, ["promise 10", "turn 10", "older timer 15", "timer 15"]);
});

test("the last turns are waited for, one after another", async () => {
  const clock = new FakeClock();
  let turns = 0;
  const go = (): void => {
    turns += 1;
    if (turns < 100) clock.immediate(go);
  };
  clock.after(1, go);
  await clock.advance(1);
  assert.equal(turns, 100);
});

test("moves do not overlap, and one that fails does not stop those after it", async () => {
  const clock = new FakeClock();
  const at: number[] = [];
  clock.after(5, () => {
    throw new Error("broken");
  });
  clock.after(10, () => at.push(clock.now()));
  const [failed, , moved] = await Promise.allSettled([clock.advance(6), clock.advance(2), clock.advance(10)]);
  assert.equal(failed.status === "rejected" && (failed.reason as Error).message, "broken");
  assert.equal(moved.status, "fulfilled");
  assert.deepEqual(at, [10]);
  assert.equal(clock.now(), 17);
});

test("time goes forward by finite steps only", async () => {
  for (const ms of [-1, Number.NaN, Infinity]) await assert.rejects(new FakeClock().advance(ms), RangeError);
  const clock = new FakeClock(new Date("2030-01-02T03:04:05Z"));
  assert.equal(new Date(clock.wallClock()).toISOString(), "2030-01-02T03:04:05.000Z");
});
