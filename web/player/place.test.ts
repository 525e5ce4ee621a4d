import assert from "node:assert/strict";
import { test } from "node:test";
import { Place } from "./place.ts";

const base = "http://host/";

/** A viewer of a stream that goes a minute back. */
function placeOf(src = "/live/cam"): Place {
  const place = new Place(src, base);
  const now = Date.now();
  place.past.described(
    JSON.stringify({ type: "past", now: new Date(now).toISOString(), oldest: new Date(now - 60_000).toISOString(), keeps: null }),
  );
  return place;
}
const near = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 0.5, `${actual} is not ${expected}`);

test("live, back, on from what was shown, and live again", () => {
  const place = placeOf();
  assert.deepEqual([place.isPast, place.behind, place.beginning], [false, 0, undefined]);
  assert.ok(place.moveTo(place.before(10)));
  assert.ok(place.isMoving);
  near(place.behind, 10);
  place.arrived();
  const shown = place.past.now() - 12_000;
  place.saw(shown);
  place.reconnect();
  assert.equal(place.beginning, shown);
  place.saw(undefined);
  assert.equal(place.shown, shown, "what was shown last is known until something else is shown");
  assert.ok(place.moveTo(place.before(-12)));
  assert.deepEqual([place.isPast, place.behind, place.beginning], [false, 0, "live"]);
});

test("no further back than there is, and nowhere where there is no past", () => {
  const place = placeOf();
  place.moveTo(place.before(3600));
  near(place.behind, 60);
  const without = new Place("/live/cam", base);
  assert.equal(without.moveTo(without.before(10)), false);
  assert.equal(without.isPast, false);
});

test("live stays live", () => {
  const place = placeOf();
  assert.equal(place.moveTo(Infinity), false);
  assert.equal(place.moveTo(place.before(1)), false);
});

test("src begins in the past: connections that follow go on from what was shown", () => {
  const place = placeOf("/live/cam?buffer=30");
  assert.equal(place.isPast, true);
  place.reconnect();
  assert.equal(place.beginning, undefined, "nothing was shown");
  place.saw(place.past.now() - 30_000);
  place.reconnect();
  near((place.past.now() - Number(place.beginning)) / 1000, 30);
});

test("all was seen: live from then on", () => {
  const place = placeOf();
  place.moveTo(place.before(10));
  place.ended();
  assert.deepEqual([place.isPast, place.beginning], [false, "live"]);
});
