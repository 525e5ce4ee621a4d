import assert from "node:assert/strict";
import { test } from "node:test";
import { Pacer } from "./pacer.ts";

function setUp(): { clock: { now: number }; pacer: Pacer } {
  const clock = { now: 5000 };
  return { clock, pacer: new Pacer(() => clock.now) };
}

test("the first is due at once, the others as much later as their times say", () => {
  const { clock, pacer } = setUp();
  assert.equal(pacer.wait(70_000), 0);
  assert.equal(pacer.wait(70_040), 40);
  clock.now += 30;
  assert.equal(pacer.wait(70_040), 10);
  assert.equal(pacer.wait(70_020), 0, "a track a little behind the others is due");
  clock.now += 10;
  assert.equal(pacer.wait(70_080), 40);
});

test("a delay of up to a second is caught up, a longer one let go", () => {
  const { clock, pacer } = setUp();
  pacer.wait(0);
  clock.now += 900;
  assert.equal(pacer.wait(40), 0);
  assert.equal(pacer.wait(1000), 100);
  clock.now += 60_000;
  assert.equal(pacer.wait(1040), 0);
  assert.equal(pacer.wait(1080), 40);
});

test("a cut in the times is no wait, and no rush", () => {
  const { pacer } = setUp();
  pacer.wait(100_000);
  assert.equal(pacer.wait(0), 0, "back to the start");
  assert.equal(pacer.wait(40), 40);
  assert.equal(pacer.wait(9000), 9000, "a hole in the media is one");
  assert.equal(pacer.wait(50_000), 0);
  assert.equal(pacer.wait(50_040), 40);
});

test("what may come ahead of its time waits for what is more than that", () => {
  const clock = { now: 5000 };
  const pacer = new Pacer(() => clock.now, { ahead: 3000, cut: 5000 });
  assert.equal(pacer.wait(1000), 0);
  assert.equal(pacer.wait(4000), 0);
  assert.equal(pacer.wait(4500), 500);
  clock.now += 500;
  assert.equal(pacer.wait(4500), 0);
});

test("the first may have been due before it came: what was kept from coming meanwhile is not too early", () => {
  const clock = { now: 5000 };
  const pacer = new Pacer(() => clock.now, { ahead: 1000, cut: 5000, tolerance: 10_000, since: 2000 });
  assert.equal(pacer.wait(0), 0);
  assert.equal(pacer.wait(4000), 0);
  assert.equal(pacer.wait(4100), 100);
});

test("a clock that is a little faster than ours makes nobody wait for long", () => {
  const clock = { now: 0 };
  const pacer = new Pacer(() => clock.now, { ahead: 3000, cut: 5000, tolerance: 10_000 });
  let longest = 0;
  for (let time = 0; time < 100_000_000; time += 1000) {
    clock.now = Math.max(clock.now, time * (1 - 0.0002));
    longest = Math.max(longest, pacer.wait(time));
  }
  assert.ok(longest < 2, `${longest} ms`);
});
