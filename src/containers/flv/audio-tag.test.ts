import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { AudioTrack } from "../../media/track.ts";
import type { Codec } from "../../media/track.ts";
import { audioCodecId, audioConfigParts, audioEndParts, audioFrameParts, carriesAudio, legacySound, readAudioTag } from "./audio-tag.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"));
const joined = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString("hex");
const read = (text: string): unknown[] => readAudioTag(hex(text)).map((item) => ({ ...item }));

function track(codec: Codec, more: Partial<AudioTrack> = {}): AudioTrack {
  const sound = { sampleRate: 48_000, channels: 2, samplesPerFrame: 0, codecString: "" };
  return { kind: "audio", id: 2, codec, config: hex("1190"), timescale: 1000, isDefault: true, ...sound, ...more };
}

const frame = { kind: "frame", trackId: 0, flvHeader: undefined, nanoseconds: 0 };

test("legacy AAC, MP3, G.711 and what travels opaque", () => {
  assert.deepEqual(read("af 00 1190"), [{ kind: "config", trackId: 0, codec: "aac", config: hex("1190") }]);
  assert.deepEqual(read("af 01 aabb"), [{ ...frame, codec: "aac", data: hex("aabb") }]);
  assert.deepEqual(read("af 07 aabb"), [{ kind: "ignored", packetType: 7 }]);
  for (const [first, codec] of [
    ["2f", "mp3"],
    ["72", "pcm-alaw"],
    ["82", "pcm-mulaw"],
    ["b6", "speex"],
    ["5a", "nellymoser"],
    ["1e", "adpcm"],
    ["3f", "pcm-le"],
    ["0f", "pcm-le"],
  ]) {
    const flvHeader = Number.parseInt(first!, 16);
    assert.deepEqual(read(`${first} aabb`), [{ ...frame, codec, flvHeader, data: hex("aabb") }]);
    assert.equal(joined(audioFrameParts(track(codec as Codec, { flvHeader }), hex("aabb"))), `${first}aabb`, "comes out bit-exact");
    assert.equal(audioCodecId(track(codec as Codec, { flvHeader })), flvHeader >> 4);
  }
});

test("enhanced: Opus, FLAC, AC-3, AAC and MP3", () => {
  assert.deepEqual(read("90 4f707573"), [{ kind: "config", trackId: 0, codec: "opus", config: hex("") }]);
  assert.deepEqual(read("91 4f707573 aa"), [{ ...frame, codec: "opus", data: hex("aa") }]);
  const info = "10".repeat(34);
  for (const body of [`664c6143 80000022 ${info}`, `664c6143 00000022 ${info} 84000000`, `80000022 ${info}`, info]) {
    assert.deepEqual(read(`90 664c6143 ${body}`), [{ kind: "config", trackId: 0, codec: "flac", config: hex(info) }]);
  }
  assert.deepEqual(read("91 61632d33 aa"), [{ ...frame, codec: "ac3", data: hex("aa") }]);
  assert.deepEqual(read("90 6d703461 1190"), [{ kind: "config", trackId: 0, codec: "aac", config: hex("1190") }]);
  assert.deepEqual(read("91 2e6d7033 aa"), [{ ...frame, codec: "mp3", data: hex("aa") }]);
  assert.deepEqual(read("92 4f707573"), [{ kind: "end", trackId: 0, codec: "opus" }]);
  assert.deepEqual(read("94 4f707573 00 02"), [{ kind: "ignored", packetType: 4 }]);
});

test("ModEx and multitrack", () => {
  assert.deepEqual(read("97 02 0186a0 01 4f707573 aa"), [{ ...frame, codec: "opus", nanoseconds: 100_000, data: hex("aa") }]);
  assert.deepEqual(read("95 01 4f707573 03 aa"), [{ ...frame, trackId: 3, codec: "opus", data: hex("aa") }]);
  assert.deepEqual(read("95 21 4f707573 00 000001 aa 61632d33 01 000002 bbcc"), [
    { ...frame, codec: "opus", data: hex("aa") },
    { ...frame, trackId: 1, codec: "ac3", data: hex("bbcc") },
  ]);
});

test("bodies of 0 to 5 bytes are silence, something, or refused", () => {
  assert.deepEqual(read(""), []);
  assert.deepEqual(read("2f"), [{ ...frame, codec: "mp3", flvHeader: 0x2f, data: hex("") }]);
  assert.deepEqual(read("af01"), [{ ...frame, codec: "aac", data: hex("") }]);
  for (const bad of ["af", "90", "914f70", "d0", "c0", "f0", "9178787878", "90664c614380", "97", "95"])
    assert.throws(() => read(bad), ProtocolError, bad);
});

test("AAC and MP3 are written in legacy form, the rest with FourCC", () => {
  const cases: [AudioTrack, string, string, string][] = [
    [track("aac"), "af001190", "af01", ""],
    [track("mp3"), "", "2f", ""],
    [track("mp3", { sampleRate: 22_050, channels: 1 }), "", "2a", ""],
    [track("mp3", { sampleRate: 8000, channels: 1 }), "", "e2", ""],
    [track("pcm-alaw", { sampleRate: 8000, channels: 1 }), "", "72", ""],
    [track("pcm-mulaw", { sampleRate: 8000, channels: 2 }), "", "83", ""],
    [track("speex", { sampleRate: 16_000, channels: 1 }), "", "b6", ""],
    [track("opus"), "904f7075731190", "914f707573", "924f707573"],
    [track("flac"), "90664c6143664c6143800000221190", "91664c6143", "92664c6143"],
    [track("ac3"), "", "9161632d33", "9261632d33"],
    [track("eac3"), "", "9165632d33", "9265632d33"],
  ];
  const data = hex("aabb");
  for (const [one, config, header, end] of cases) {
    assert.ok(carriesAudio(one));
    assert.equal(joined(audioConfigParts(one)), config);
    const parts = audioFrameParts(one, data);
    assert.equal(joined(parts), `${header}aabb`);
    assert.equal(parts.at(-1), data);
    assert.equal(joined(audioEndParts(one)), end);
  }
  assert.equal(carriesAudio(track("pcm-alaw", { sampleRate: 16_000 })), false);
  assert.equal(carriesAudio(track("nellymoser")), false);
});

test("what the first byte says of rate and channels", () => {
  assert.deepEqual(legacySound(0x2f), { sampleRate: 44_100, channels: 2 });
  assert.deepEqual(legacySound(0x7e), { sampleRate: 8000, channels: 1 });
  assert.deepEqual(legacySound(0xb6), { sampleRate: 16_000, channels: 1 });
  assert.deepEqual(legacySound(0x6b), { sampleRate: 22_050, channels: 2 });
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.constantFrom("", "95", "97", "90664c6143", "9521"), fc.uint8Array({ maxLength: 80 }), (start, bytes) => {
      try {
        readAudioTag(Buffer.concat([hex(start), bytes]));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
