import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editDistance, nearest } from "./nearest.ts";

const flags = ["--config", "--rtmp", "--http", "--data", "--demo", "--log-level", "--version", "--help"];

test("finds what was probably meant", () => {
  const cases: [string, string | undefined][] = [
    ["--rtpm", "--rtmp"],
    ["--loglevel", "--log-level"],
    ["--log_level", "--log-level"],
    ["--conf", "--config"],
    ["--Http", "--http"],
    ["--dmeo", "--demo"],
    ["--verison", "--version"],
    ["--bitrate", undefined],
    ["--x", undefined],
  ];
  for (const [typed, expected] of cases) assert.equal(nearest(typed, flags), expected, typed);
});

test("edits are a distance: none to itself, the same both ways, never more than the longer word", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      assert.equal(editDistance(a, a), 0);
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});
