import assert from "node:assert/strict";
import { test } from "node:test";

test("importing the player in Node does nothing and fails in nothing", async () => {
  const player = await import("./index.ts");
  assert.equal(typeof player.MillracePlayer, "function");
  player.definePlayer();
});
