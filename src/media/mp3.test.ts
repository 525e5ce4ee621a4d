import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { parseMpegAudioHeader } from "./mp3.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** Rate, channels, samples, kbit/s, bytes, codec string. The first five are frames of libmp3lame and ffmpeg's mp2. */
const HEADERS = {
  fffb5064: [44100, 2, 1152, 64, 208, "mp3"],
  fff370c4: [22050, 1, 576, 56, 182, "mp3"],
  ffe338c4: [8000, 1, 576, 24, 216, "mp3"],
  fffde000: [44100, 2, 1152, 384, 1253, "mp4a.40.33"],
  fffb9264: [44100, 2, 1152, 128, 418, "mp3"],
  fffb94c4: [48000, 1, 1152, 128, 384, "mp3"],
  ffff9004: [44100, 2, 384, 288, 312, "mp4a.40.32"],
  fffb0064: [44100, 2, 1152, 0, 0, "mp3"],
} as const;

describe("MPEG audio headers", () => {
  for (const [header, expected] of Object.entries(HEADERS)) {
    it(`${header} is ${expected.join(", ")}`, () => {
      const is = parseMpegAudioHeader(hex(header));
      assert.deepEqual([is.sampleRate, is.channels, is.samplesPerFrame, is.bitrate, is.size, is.codecString], expected);
    });
  }

  it("that are none, or have reserved values, are refused", () => {
    for (const bad of ["49443304", "fffbf064", "fffb5c64", "ffeb5064", "fff95064"])
      assert.throws(() => parseMpegAudioHeader(hex(bad)), code("malformed"));
    assert.throws(() => parseMpegAudioHeader(hex("fffb50")), code("truncated"));
  });

  it("made of garbage only ever throw ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (tail) => {
        try {
          const is = parseMpegAudioHeader(Uint8Array.from([0xff, ...tail]));
          assert.ok(is.sampleRate >= 8000 && is.samplesPerFrame >= 384 && Number.isInteger(is.size));
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
