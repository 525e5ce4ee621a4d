import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readDate } from "./replay-date.ts";

const now = Date.UTC(2026, 2, 14, 15, 9, 26, 535);
const iso = (text: string): string | undefined => {
  const utc = readDate(text, now);
  return utc === undefined ? undefined : new Date(utc).toISOString();
};

test("dates with a zone, in the forms of ISO 8601 and of ffserver", () => {
  const at = "2026-03-14T13:05:00.000Z";
  for (const text of [
    "2026-03-14T13:05:00Z",
    "2026-03-14T13:05Z",
    "2026-03-14 13:05:00Z",
    "2026-03-14t13:05:00z",
    "20260314T130500Z",
    "20260314T1305Z",
    "20260314130500Z",
    "2026-03-14T130500Z",
    "2026-03-14T14:05:00+01:00",
    "2026-03-14T14:05:00+0100",
    "2026-03-14T14:05:00+01",
    "2026-03-14T14:05:00 01:00",
    "2026-03-14 09:35:00 -03:30",
    "13:05:00Z",
    "T13:05:00Z",
    "14:05+01:00",
  ]) {
    assert.equal(iso(text), at, text);
  }
  assert.equal(iso("2026-03-14T13:05:00.25Z"), "2026-03-14T13:05:00.250Z");
  assert.equal(iso("2026-03-14T13:05:00,123456789Z"), "2026-03-14T13:05:00.123Z");
  assert.equal(iso("2026-03-13T24:00Z"), "2026-03-14T00:00:00.000Z");
  assert.equal(readDate("now", now), now);
});

test("without a zone it is the machine's own, without a date today", () => {
  assert.equal(readDate("2026-03-14T13:05:00", now), new Date(2026, 2, 14, 13, 5).getTime());
  assert.equal(readDate("2026-03-14", now), new Date(2026, 2, 14).getTime());
  assert.equal(readDate("20260314", now), new Date(2026, 2, 14).getTime());
  const day = new Date(now);
  const today = (h: number, m: number, s: number) => new Date(day.getFullYear(), day.getMonth(), day.getDate(), h, m, s).getTime();
  assert.equal(readDate("01:02:03", now), today(1, 2, 3));
  assert.equal(readDate("010203", now), today(1, 2, 3));
});

test("today is that of the zone", () => {
  const late = Date.UTC(2026, 2, 14, 23, 30);
  assert.equal(readDate("01:00+02:00", late), Date.UTC(2026, 2, 14, 23));
});

test("what is no date", () => {
  for (const text of [
    "",
    "yesterday",
    "2026-13-01",
    "2026-02-30T00:00:00Z",
    "2026-3-1",
    "25:00:00",
    "24:00:01",
    "12:60",
    "12",
    "1:2:3",
    "2026-03-14T",
    "2026-03-14T13:05:00+24",
    "2026-03-14T13:05:00Zulu",
    "-1",
    "1773493766",
    "2026-03-14T13:05:00Z; 1",
  ]) {
    assert.equal(readDate(text, now), undefined, text);
  }
});

test("property: any text is a date or none, at once; what JavaScript writes is read back", () => {
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => Number.isFinite(readDate(text, now) ?? 0)));
  fc.assert(fc.property(fc.integer({ min: 0, max: 4e12 }), (utc) => assert.equal(readDate(new Date(utc).toISOString(), now), utc)));
});
