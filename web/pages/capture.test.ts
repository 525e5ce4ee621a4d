import assert from "node:assert/strict";
import { test } from "node:test";
import { captureTrouble, whyNoDevices } from "./capture.ts";

test("a page that gets no camera says what would help", () => {
  const url = new URL("http://192.168.1.5:8080/publish/live/cam?x");
  assert.equal(whyNoDevices({ isSecure: true, hasDevices: true, url }), undefined);
  assert.match(whyNoDevices({ isSecure: false, hasDevices: false, url })!, /https alone.*http:\/\/localhost:8080\/publish\/live\/cam\.$/);
  assert.match(whyNoDevices({ isSecure: true, hasDevices: false, url })!, /neither camera nor microphone/);
});

test("every refusal of the browser has words", () => {
  assert.match(captureTrouble("NotAllowedError", "camera"), /not allowed to use the camera or microphone/);
  assert.match(captureTrouble("NotFoundError", "sound"), /No microphone was found/);
  assert.match(captureTrouble("NotReadableError", "camera"), /another program/);
  assert.match(captureTrouble("TypeError", "screen"), /The screen cannot be used \(TypeError\)/);
});
