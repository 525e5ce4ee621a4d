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
