import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseReason, reasonOfCloseCode, reasonOfStatus } from "./close-reason.ts";

const codes: readonly (readonly [code: number, opened: boolean, reason: CloseReason])[] = [
  [1000, true, CloseReason.ended],
  [1001, true, CloseReason.goingAway],
  [1006, true, CloseReason.lost],
  [1006, false, CloseReason.blocked],
  [4403, true, CloseReason.refused],
  [4404, true, CloseReason.notLive],
  [4408, true, CloseReason.tooSlow],
  [4415, true, CloseReason.notCarried],
  [4999, true, CloseReason.lost],
];

for (const [code, opened, reason] of codes) {
  test(`close code ${code}${opened ? "" : " before the connection opened"} is ${reason}`, () => {
    assert.equal(reasonOfCloseCode(code, opened), reason);
  });
}

test("HTTP's statuses say the same things", () => {
  assert.equal(reasonOfStatus(403), CloseReason.refused);
  assert.equal(reasonOfStatus(404), CloseReason.notLive);
  assert.equal(reasonOfStatus(415), CloseReason.notCarried);
  assert.equal(reasonOfStatus(503), CloseReason.goingAway);
  assert.equal(reasonOfStatus(502), CloseReason.lost);
});
