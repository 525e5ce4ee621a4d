import assert from "node:assert/strict";
import { test } from "node:test";
import { PlayerState, stateText } from "./states.ts";

test("every state that stops the viewer says what to do", () => {
  for (const state of Object.values(PlayerState)) {
    const { title, hint } = stateText(state, "");
    if (state === PlayerState.idle || state === PlayerState.playing || state === PlayerState.paused || state === PlayerState.connecting)
      continue;
    assert.notEqual(title, "", state);
    // What a browser lacks is only known with the stream.
    if (state !== PlayerState.unsupported) assert.match(hint, /\.$/, state);
  }
});

test("the server's words become sentences", () => {
  assert.match(stateText(PlayerState.refused, "the link has run out").hint, /^The link has run out\. Ask/);
  assert.match(stateText(PlayerState.refused, "No!").hint, /^No! Ask/);
  assert.equal(stateText(PlayerState.error, "no URL").hint, "No URL");
});
