import assert from "node:assert/strict";
import { test } from "node:test";
import { recordingType } from "./recording-type.ts";

const only =
  (...patterns: readonly RegExp[]) =>
  (type: string) =>
    patterns.some((pattern) => pattern.test(type));

test("H.264 first, and of its containers one that is written without waiting", () => {
  assert.equal(recordingType(true, () => true)?.mimeType, "video/x-matroska;codecs=avc1,opus");
  assert.deepEqual(recordingType(true, only(/mp4/, /vp9/)), {
    mimeType: "video/mp4;codecs=avc1.42E01F,mp4a.40.2",
    codecs: "H.264 and AAC",
    isPrompt: false,
    caveat: "",
  });
});

test("without H.264 whoever publishes is told what that means", () => {
  assert.match(recordingType(true, only(/vp9/, /vp8/))!.caveat, /no H\.264/);
  assert.match(recordingType(true, only(/vp8/))!.caveat, /VP8 only/);
});

test("sound alone, and nothing at all", () => {
  assert.equal(recordingType(false, () => true)?.codecs, "Opus");
  assert.equal(recordingType(true, only(/^audio/)), undefined);
});
