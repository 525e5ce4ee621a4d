import assert from "node:assert/strict";
import { test } from "node:test";
import { playerQuery } from "./player-query.ts";

test("options of the player are taken out of the query, the rest goes to the stream", () => {
  assert.deepEqual(playerQuery(""), { muted: false, controls: true, rest: "" });
  assert.deepEqual(playerQuery("?muted"), { muted: true, controls: true, rest: "" });
  assert.deepEqual(playerQuery("?muted=0&controls=OFF"), { muted: false, controls: false, rest: "" });
  assert.deepEqual(playerQuery("?token=a%26b&muted=1&x"), { muted: true, controls: true, rest: "?token=a%26b&x=" });
});
