import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusalCode } from "../../hub/refusal.ts";
import { closeCodeOfRefusal, closeOfEnd } from "./close-code.ts";

test("every refusal and every end has a code that a server may send", () => {
  for (const code of Object.values(RefusalCode)) assert.ok(mayBeSent(closeCodeOfRefusal(code)), code);
  for (const end of ["ended", "new-tracks", "not-carried", "no-start", "stalled", "closing", "left"] as const)
    assert.ok(mayBeSent(closeOfEnd(end)[0]), end);
});

/** RFC 6455 7.4.1, 7.4.2 and the registry. */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 4000 && code <= 4999);
}
