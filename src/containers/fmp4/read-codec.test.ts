import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { readBoxes } from "./box-reader.ts";
import { esds, readEsds } from "./esds.ts";
import { fmp4Init } from "./init.ts";
import type { MediaTrack } from "./init.ts";
import { codecStringOf } from "./read-codec.ts";
import { readMoov } from "./read-moov.ts";
import { aacTrack, avcTrack, opusHead, streamInfo } from "./tracks.fixture.ts";

function codecOf(track: MediaTrack): string | undefined {
  const [read] = readMoov(readBoxes(fmp4Init([track]))[1]!.payload).tracks;
  return codecStringOf(read!);
}

test("the codecs parameter can be read back from the bytes", () => {
  const none = new Uint8Array(0);
  assert.equal(codecOf(avcTrack()), "avc1.64001f");
  assert.equal(codecOf(avcTrack({ codec: "vp8", config: none })), "vp08.00.10.08");
  assert.equal(codecOf(avcTrack({ codec: "vp9", config: Uint8Array.of(0, 21, 0x82, 1, 1, 1, 0, 0) }))?.slice(0, 13), "vp09.00.21.08");
  assert.equal(codecOf(aacTrack()), "mp4a.40.2");
  assert.equal(codecOf(aacTrack({ codec: "mp3", config: none, sampleRate: 44_100 })), "mp4a.6B");
  assert.equal(codecOf(aacTrack({ codec: "mp3", config: none, sampleRate: 16_000 })), "mp4a.69");
  assert.equal(codecOf(aacTrack({ codec: "opus", config: opusHead })), "opus");
  assert.equal(codecOf(aacTrack({ codec: "flac", config: streamInfo })), "flac");
  assert.equal(codecOf(aacTrack({ codec: "ac3", config: Uint8Array.of(0x10, 0x11, 0xc0) })), "ac-3");
  assert.equal(codecOf(aacTrack({ codec: "eac3", config: Uint8Array.of(7, 0, 0x20, 0xf, 0) })), "ec-3");
});

test("esds reads back as it was written", () => {
  fc.assert(
    fc.property(fc.nat(255), fc.uint8Array({ maxLength: 300 }), (objectType, config) => {
      const read = readEsds(esds({ objectType, config }).subarray(8));
      assert.deepEqual([read.objectType, [...read.config]], [objectType, [...config]]);
    }),
  );
});

test("esds with one-byte lengths and optional fields is read too", () => {
  const bytes = [0, 0, 0, 0, 3, 26, 0, 1, 0xe0, 0, 2, 1, 0x61, 0, 3, 4, 15, 0x40, 0x15, ...Array(11).fill(0), 5, 2, 0x11, 0x90];
  bytes[5] = bytes.length - 6;
  bytes[16] = bytes.length - 17;
  assert.deepEqual([...readEsds(Uint8Array.from(bytes)).config], [0x11, 0x90]);
});

test("a damaged esds throws ProtocolError and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readEsds(bytes);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
  );
});
