import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyController } from "./latency-controller.ts";

/** Plays for some seconds of faked time: media comes in frames, the playhead goes on at the controller's rate. */
function play(controller: LatencyController, state: { now: number; ahead: number }, seconds: number, frame = 0.04) {
  const rates = new Set<number>();
  let seeks = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (const end = state.now + seconds; state.now < end; state.now += frame) {
    state.ahead += frame;
    const { rate, seek } = controller.update(state.now, state.ahead);
    rates.add(rate);
    if (seek) {
      seeks += 1;
      state.ahead = controller.target;
      controller.moved();
    }
    state.ahead -= frame * rate;
    lowest = Math.min(lowest, state.ahead);
  }
  return { rates: [...rates].sort((a, b) => a - b), seeks, lowest };
}

test("at the target the rate stays 1", () => {
  const { rates, seeks } = play(new LatencyController(0.25), { now: 0, ahead: 0.22 }, 60);
  assert.deepEqual(rates, [1]);
  assert.equal(seeks, 0);
});

test("a second behind is caught up by rate alone, in under fifteen seconds", () => {
  const controller = new LatencyController(0.25);
  const state = { now: 0, ahead: 1.25 };
  const { rates, seeks, lowest } = play(controller, state, 15);
  assert.equal(seeks, 0);
  assert.ok(
    rates.every((rate) => rate >= 1 && rate <= 1.15),
    `${rates}`,
  );
  assert.ok(Math.abs(state.ahead - 0.25) < 0.08, `${state.ahead}`);
  assert.ok(lowest > 0.15);
});

test("too small a buffer is filled by playing slower", () => {
  const controller = new LatencyController(0.25);
  const state = { now: 0, ahead: 0.06 };
  const { rates, lowest } = play(controller, state, 15);
  assert.ok(
    rates.every((rate) => rate >= 0.95 && rate <= 1),
    `${rates}`,
  );
  assert.ok(state.ahead > 0.17, `${state.ahead}`);
  assert.ok(lowest > 0.03);
});

test("far behind is one seek", () => {
  const controller = new LatencyController(0.25);
  const state = { now: 0, ahead: 4 };
  assert.equal(play(controller, state, 20).seeks, 1);
  assert.ok(state.ahead < 0.4);
});

test("a burst that lasts a moment is no seek", () => {
  const controller = new LatencyController(0.25);
  const state = { now: 0, ahead: 0.25 };
  play(controller, state, 5);
  state.ahead += 1.2;
  assert.equal(play(controller, state, 20).seeks, 0);
});

test("rates are steps of a hundredth", () => {
  const { rates } = play(new LatencyController(0.25), { now: 0, ahead: 1.5 }, 20);
  for (const rate of rates) assert.ok(Math.abs(rate * 100 - Math.round(rate * 100)) < 1e-6, `${rate}`);
});

test("underruns raise the target, calm brings it back", () => {
  const controller = new LatencyController(0.25);
  controller.update(0, 0.25);
  for (let count = 0; count < 3; count++) controller.underrun(count);
  assert.ok(Math.abs(controller.target - 0.55) < 1e-9);
  for (let now = 3; now < 60; now++) controller.update(now, 0.25);
  assert.equal(controller.target, 0.25);
  for (let count = 0; count < 100; count++) controller.underrun(60);
  assert.ok(controller.target <= 1.75);
});
