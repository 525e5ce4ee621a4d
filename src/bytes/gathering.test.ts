import assert from "node:assert/strict";
import { test } from "node:test";
import { Gathering } from "./gathering.ts";

test("pieces come out as one, and it begins again", () => {
  const gathering = new Gathering();
  const pieces = Array.from({ length: 5 }, (_, i) => new Uint8Array(50_000).fill(i));
  for (const piece of pieces) gathering.add(piece, 250_000);
  assert.equal(gathering.length, 250_000);
  const whole = gathering.take();
  assert.deepEqual([whole.length, whole[0], whole[49_999], whole[50_000], whole[249_999]], [250_000, 0, 0, 1, 4]);
  assert.equal(gathering.length, 0);
  gathering.add(Uint8Array.of(9), 1);
  assert.deepEqual(gathering.take(), Uint8Array.of(9));
  assert.equal(whole[0], 0, "what was taken is the caller's");
});

test("memory follows what has come, not what is promised", () => {
  const gathering = new Gathering();
  gathering.add(Uint8Array.of(1), 16_000_000);
  assert.equal(gathering.view.buffer.byteLength, 64 * 1024);
  gathering.add(new Uint8Array(64 * 1024), 16_000_000);
  assert.equal(gathering.view.buffer.byteLength, 128 * 1024);
});
