import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Sap } from "../../media/frame.ts";
import type { VideoTrack } from "../../media/track.ts";
import type { Codec } from "../../media/track.ts";
import { MAX_TRACKS_PER_MESSAGE, type Signalling } from "./enhanced.ts";
import { readVideoTag, videoCodecId, videoConfigParts, videoEndParts, videoFrameParts } from "./video-tag.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"));
const joined = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString("hex");
const read = (text: string): unknown[] => readVideoTag(hex(text)).map((item) => ({ ...item }));

function track(codec: Codec, config = "0102"): VideoTrack {
  const none = { width: 0, height: 0, frameRate: 0, codecString: "" };
  return { kind: "video", id: 1, codec, config: hex(config), timescale: 1000, isDefault: true, ...none };
}

const frame = { kind: "frame", trackId: 0, compositionTime: 0, nanoseconds: 0 };

test("legacy H.264: configuration, frames with signed composition time, end", () => {
  assert.deepEqual(read("17 00 000000 0164"), [{ kind: "config", trackId: 0, codec: "avc", config: hex("0164") }]);
  assert.deepEqual(read("17 01 000050 aa"), [{ ...frame, codec: "avc", frameType: 1, compositionTime: 80, data: hex("aa") }]);
  assert.deepEqual(read("27 01 ffffd8 aa"), [{ ...frame, codec: "avc", frameType: 2, compositionTime: -40, data: hex("aa") }]);
  assert.deepEqual(read("17 02 000000"), [{ kind: "end", trackId: 0, codec: "avc" }]);
  assert.deepEqual(read("17 02"), [{ kind: "end", trackId: 0, codec: "avc" }]);
  assert.deepEqual(read("57 00"), [{ kind: "command", command: 0 }]);
});

test("legacy ids of HEVC, AV1 and VVC have the layout of H.264", () => {
  for (const [id, codec] of [
    ["c", "hevc"],
    ["d", "av1"],
    ["e", "vvc"],
  ]) {
    assert.deepEqual(read(`2${id} 01 000001 aa`), [{ ...frame, codec, frameType: 2, compositionTime: 1, data: hex("aa") }]);
  }
});

test("H.263, Screen Video and VP6 travel whole", () => {
  for (const [first, codec] of [
    ["22", "h263"],
    ["13", "screen"],
    ["44", "vp6"],
    ["35", "vp6"],
    ["16", "screen"],
  ]) {
    const [item] = readVideoTag(hex(`${first} 010203`));
    assert.deepEqual({ ...item }, { ...frame, codec, frameType: Number(first![0]), data: hex(`${first} 010203`) });
    assert.equal(
      joined(videoFrameParts(track(codec as Codec), { sap: Sap.none, discardable: false, data: hex(`${first}01`) }, 0, "enhanced")),
      `${first}01`,
    );
  }
});

test("enhanced v1: configuration, coded frames with and without time, AV1, VP9 with either form of record", () => {
  assert.deepEqual(read("90 68766331 0102"), [{ kind: "config", trackId: 0, codec: "hevc", config: hex("0102") }]);
  assert.deepEqual(read("91 68766331 000050 aa"), [{ ...frame, codec: "hevc", frameType: 1, compositionTime: 80, data: hex("aa") }]);
  assert.deepEqual(read("a3 68766331 aa"), [{ ...frame, codec: "hevc", frameType: 2, data: hex("aa") }]);
  assert.deepEqual(read("a1 61763031 aa"), [{ ...frame, codec: "av1", frameType: 2, data: hex("aa") }]);
  assert.deepEqual(read("91 61766331 fffffe aa"), [{ ...frame, codec: "avc", frameType: 1, compositionTime: -2, data: hex("aa") }]);
  const record = { kind: "config", trackId: 0, codec: "vp9", config: hex("0114870202000000") };
  assert.deepEqual(read("90 76703039 0114870202000000"), [record]);
  assert.deepEqual(read("90 76703039 01000000 0114870202000000"), [record]);
  assert.deepEqual(read("92 61763031"), [{ kind: "end", trackId: 0, codec: "av1" }]);
  assert.deepEqual(read("84 68766331 02"), [{ kind: "metadata", trackId: 0, codec: "hevc", data: hex("02") }]);
  assert.deepEqual(read("95 61763031 80"), [{ kind: "ignored", packetType: 5 }]);
  assert.deepEqual(read("d1 01"), [{ kind: "command", command: 1 }]);
});

test("ModEx adds nanoseconds, however often and large", () => {
  const expected = [{ ...frame, codec: "hevc", frameType: 1, compositionTime: 80, nanoseconds: 100_000, data: hex("aa") }];
  assert.deepEqual(read("97 02 0186a0 01 68766331 000050 aa"), expected);
  assert.deepEqual(read("97 00 55 17 02 0186a0 01 68766331 000050 aa"), expected);
  assert.deepEqual(read(`97 ff 0101 ${"00".repeat(258)} 17 02 0186a0 01 68766331 000050 aa`), expected);
  assert.throws(() => read(`97${"00 55 17".repeat(100)}`), ProtocolError);
});

test("multitrack: one track, many tracks, many codecs", () => {
  assert.deepEqual(read("96 00 61766331 01 aabb"), [{ kind: "config", trackId: 1, codec: "avc", config: hex("aabb") }]);
  assert.deepEqual(read("96 11 61766331 00 000004 000050aa 02 000004 000000bb"), [
    { ...frame, codec: "avc", frameType: 1, compositionTime: 80, data: hex("aa") },
    { ...frame, trackId: 2, codec: "avc", frameType: 1, data: hex("bb") },
  ]);
  assert.deepEqual(read("a6 21 61766331 00 000004 000050aa 61763031 02 000001 bb"), [
    { ...frame, codec: "avc", frameType: 2, compositionTime: 80, data: hex("aa") },
    { ...frame, trackId: 2, codec: "av1", frameType: 2, data: hex("bb") },
  ]);
  for (const bad of [
    "96 16 61766331",
    "96 31 61766331 00",
    "96 11 61766331 00 0000ff 00",
    `96 11 61766331 ${"00 000000".repeat(MAX_TRACKS_PER_MESSAGE + 1)}`,
  ]) {
    assert.throws(() => read(bad), ProtocolError, bad);
  }
});

test("bodies of 0 to 5 bytes are nothing, something, or refused", () => {
  assert.deepEqual(read(""), []);
  for (const bad of ["17", "1700", "17010000", "90", "9068", "91687663", "57", "18", "19", "9078787878"])
    assert.throws(() => read(bad), ProtocolError, bad);
  assert.deepEqual(read("91 68766331"), [{ ...frame, codec: "hevc", frameType: 1, data: hex("") }]);
  assert.deepEqual(read("22"), [{ ...frame, codec: "h263", frameType: 2, data: hex("") }]);
});

test("H.264 is written in legacy form, HEVC as asked, the others with FourCC, the data untouched", () => {
  const data = hex("aabb");
  const cases: [Codec, Signalling, string, string, string][] = [
    ["avc", "enhanced", "17 00 000000 0102", "17 01 000050", "1702000000"],
    ["avc", "legacy", "17 00 000000 0102", "17 01 000050", "1702000000"],
    ["hevc", "legacy", "1c 00 000000 0102", "1c 01 000050", "1c02000000"],
    ["hevc", "enhanced", "90 68766331 0102", "91 68766331 000050", "9268766331"],
    ["av1", "legacy", "90 61763031 0102", "91 61763031", "9261763031"],
    ["vp9", "enhanced", "90 76703039 01000000 0102", "91 76703039", "9276703039"],
    ["vvc", "enhanced", "90 76766331 0102", "91 76766331 000050", "9276766331"],
  ];
  for (const [codec, signalling, config, header, end] of cases) {
    assert.equal(joined(videoConfigParts(track(codec), signalling)), config.replaceAll(" ", ""));
    const parts = videoFrameParts(track(codec), { sap: Sap.closed, discardable: false, data }, 80, signalling);
    assert.equal(joined(parts), `${header.replaceAll(" ", "")}aabb`);
    assert.equal(parts.at(-1), data);
    assert.equal(joined(videoEndParts(track(codec), signalling)), end);
  }
  const types = [
    { sap: Sap.none, discardable: false, data },
    { sap: Sap.none, discardable: true, data },
    { sap: Sap.gradual, discardable: false, data },
  ].map((one) => videoFrameParts(track("avc"), one, -40, "legacy")[0]);
  assert.deepEqual(
    types.map((one) => joined([one!])),
    ["2701ffffd8", "3701ffffd8", "1701ffffd8"],
  );
});

test("codec ids of onMetaData", () => {
  assert.equal(videoCodecId(track("avc"), "enhanced"), 7);
  assert.equal(videoCodecId(track("hevc"), "legacy"), 12);
  assert.equal(videoCodecId(track("hevc"), "enhanced"), 1_752_589_105);
  assert.equal(videoCodecId(track("av1"), "enhanced"), 1_635_135_537);
});

test("what is written reads the same", () => {
  const codecs = fc.constantFrom<Codec>("avc", "hevc", "av1", "vp9", "vp8", "vvc");
  fc.assert(
    fc.property(
      codecs,
      fc.constantFrom<Signalling>("enhanced", "legacy"),
      fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
      fc.uint8Array(),
      (codec, signalling, time, data) => {
        const composition = ["avc", "hevc", "vvc"].includes(codec) ? time : 0;
        const parts = videoFrameParts(track(codec), { sap: Sap.none, discardable: true, data }, composition, signalling);
        const [item] = readVideoTag(new Uint8Array(Buffer.concat(parts)));
        assert.deepEqual({ ...item }, { ...frame, codec, frameType: 3, compositionTime: composition, data });
      },
    ),
  );
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.constantFrom("", "96", "97", "9668766331", "17", "91"), fc.uint8Array({ maxLength: 80 }), (start, bytes) => {
      try {
        readVideoTag(Buffer.concat([hex(start), bytes]));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
