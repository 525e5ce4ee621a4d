import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCode } from "../../src/protocols/http-publish/close-code.ts";
import { publishOutcome } from "../../web/pages/publish-outcome.ts";

test("every code of the server has words; the server's own come first", () => {
  for (const code of Object.values(CloseCode)) assert.ok(publishOutcome(code, "").words.length > 10, String(code));
  assert.equal(publishOutcome(CloseCode.busy, "Another publisher has taken over.").words, "Another publisher has taken over.");
});

test("what may be better in a while is tried again, and what is somebody's decision is not", () => {
  const again = Object.values(CloseCode).filter((code) => publishOutcome(code, "").again);
  assert.deepEqual(
    again.toSorted((a, b) => a - b),
    [CloseCode.goingAway, CloseCode.failed, CloseCode.full, CloseCode.stalled],
  );
  assert.equal(publishOutcome(1006, "").again, true);
});

test("a key that is missing or wrong is told apart", () => {
  assert.equal(publishOutcome(CloseCode.denied, "").isKey, true);
  assert.equal(publishOutcome(CloseCode.refused, "").isKey, false);
});
