import assert from "node:assert/strict";
import { test } from "node:test";
import { Past } from "./past.ts";

const noon = Date.UTC(2030, 0, 1, 12);
const told = (oldest: number | null, keeps: number | null): string =>
  JSON.stringify({
    type: "past",
    now: new Date(noon).toISOString(),
    oldest: oldest === null ? null : new Date(oldest).toISOString(),
    keeps,
  });

test("nothing is told: no past, and this machine's clock", () => {
  const past = new Past();
  past.described('{"type":"config","tracks":[]}', 0);
  past.described("no JSON", 0);
  past.described("null", 0);
  assert.equal(past.seconds(0), 0);
  assert.ok(Math.abs(past.now() - Date.now()) < 1000);
});

test("the past grows up to what is kept", () => {
  const past = new Past();
  past.described(told(null, 20), 1000);
  assert.equal(past.now(1000), noon);
  assert.equal(past.seconds(4000), 0, "three seconds are not worth a bar");
  assert.equal(past.seconds(11_000), 10);
  assert.equal(past.seconds(61_000), 20);
});

test("a past without an end that is known, and a newer word on it", () => {
  const past = new Past();
  past.described(told(noon - 60_000, null), 0);
  assert.equal(past.seconds(30_000), 90);
  past.described(told(noon - 10_000, null), 0);
  assert.equal(past.seconds(0), 10);
});

test("messages that mean nothing change nothing", () => {
  const past = new Past();
  past.described(told(noon - 60_000, null), 0);
  past.described('{"type":"past","now":"never"}', 0);
  past.described('{"type":"past"}', 0);
  assert.equal(past.seconds(0), 60);
});
