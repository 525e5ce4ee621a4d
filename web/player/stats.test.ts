import assert from "node:assert/strict";
import { test } from "node:test";
import { BitrateMeter, LatencyMeter } from "./stats.ts";

test("the bit rate is that of the last three seconds", () => {
  const meter = new BitrateMeter();
  assert.equal(meter.rate(0), 0);
  for (let now = 0; now < 10; now += 0.04) meter.add(now, 5000);
  assert.ok(Math.abs(meter.rate(10) - 1e6) < 5e4, `${meter.rate(10)}`);
  assert.equal(meter.rate(14), 0);
});

test("latency is the wall clock less the position's", () => {
  const meter = new LatencyMeter();
  assert.equal(meter.latency(1, 0), null);
  meter.arrived(1_000_000, 10, 1_010_050);
  assert.ok(Math.abs(meter.latency(9.75, 1_010_050)! - 0.3) < 1e-9);
  assert.equal(meter.latency(undefined, 1_010_050), null);
  meter.arrived(undefined, 11, 1_011_050);
  assert.ok(Math.abs(meter.latency(10.75, 1_011_050)! - 0.3) < 1e-9);
});

test("a clock that is behind is corrected by what cannot be", () => {
  const meter = new LatencyMeter();
  meter.arrived(1_000_000, 10, 1_008_000);
  assert.equal(meter.latency(9.5, 1_008_000), 0.5);
  meter.reset();
  assert.equal(meter.latency(9.5, 1_008_000), null);
});
