import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { describeAudio, describeAudioFrame, describeVideo, frameAccess } from "./describe.ts";
import { Access } from "./frame.ts";
import { Codec } from "./track.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const EMPTY = new Uint8Array();

const AVC = hex("0142c00cffe100196742c00cd901419f9f011000000300100000030320f142a48001000568cb83cb20");
const HEVC = hex(
  "0102200000009000000000003cf000fcfdfafa00000f03a00001001840010c01ffff02200000030090000003000003003c959809a10001002a4201010220000003009000" +
    "0003000003003ca00a080b9f6d96566924caf0168080000003008000000f04a2000100074401c172b46240",
);
const FLAC = hex("1200120000040700050a0ac442f0000056228eb4f38c6d95c20efdc6beee632a277b");

describe("describeVideo", () => {
  const of = (codec: Codec, config: Uint8Array) => {
    const { width, height, frameRate, codecString } = describeVideo(codec, config);
    return [width, height, frameRate, codecString];
  };

  it("reads the records it knows, and nothing more than it promises", () => {
    assert.deepEqual(of(Codec.avc, AVC), [320, 180, 25, "avc1.42c00c"]);
    assert.deepEqual(Object.keys(describeVideo(Codec.avc, AVC)), ["width", "height", "frameRate", "codecString"]);
    assert.deepEqual(of(Codec.hevc, HEVC), [320, 180, 30, "hvc1.2.4.L60.90"]);
    assert.deepEqual(of(Codec.av1, hex("81000c000a0b000000043d06d4daf90040")), [322, 182, 0, "av01.0.00M.08"]);
    assert.deepEqual(of(Codec.vp9, hex("000b820202020000")), [0, 0, 0, "vp09.00.11.08"]);
    assert.deepEqual(of(Codec.vp9, EMPTY), [0, 0, 0, ""]);
    assert.deepEqual(of(Codec.vp8, EMPTY), [0, 0, 0, "vp8"]);
  });

  it("says nothing of what it does not parse", () => {
    for (const codec of [Codec.h263, Codec.screen, Codec.vp6, Codec.vvc, Codec.mpeg4, Codec.mjpeg, Codec.aac, Codec.amf0])
      assert.deepEqual(of(codec, hex("ff")), [0, 0, 0, ""]);
  });

  it("refuses records that are missing where there must be one", () => {
    for (const codec of [Codec.avc, Codec.hevc, Codec.av1]) assert.throws(() => describeVideo(codec, EMPTY), ProtocolError);
  });
});

describe("describeAudio", () => {
  const of = (codec: Codec, config: Uint8Array) => {
    const { sampleRate, channels, samplesPerFrame, codecString } = describeAudio(codec, config);
    return [sampleRate, channels, samplesPerFrame, codecString];
  };

  it("reads the records it knows, and nothing more than it promises", () => {
    assert.deepEqual(of(Codec.aac, hex("1190")), [48000, 2, 1024, "mp4a.40.2"]);
    assert.deepEqual(Object.keys(describeAudio(Codec.aac, hex("1190"))), ["sampleRate", "channels", "samplesPerFrame", "codecString"]);
    assert.deepEqual(of(Codec.opus, hex("4f70757348656164 01 02 3801 80bb0000 0000 00")), [48000, 2, 0, "opus"]);
    assert.deepEqual(of(Codec.flac, FLAC), [44100, 2, 4608, "flac"]);
    assert.deepEqual(of(Codec.ac3, hex("103de0")), [48000, 6, 1536, "ac-3"]);
    assert.deepEqual(of(Codec.eac3, hex("0e00200f00")), [48000, 6, 0, "ec-3"]);
  });

  it("leaves to the frames what no record says", () => {
    assert.deepEqual(of(Codec.mp3, EMPTY), [0, 0, 0, "mp3"]);
    assert.deepEqual(of(Codec.mp2, EMPTY), [0, 0, 0, "mp4a.40.33"]);
    assert.deepEqual(of(Codec.vorbis, hex("02")), [0, 0, 0, "vorbis"]);
    assert.deepEqual(of(Codec.ac3, EMPTY), [0, 0, 0, "ac-3"]);
    assert.deepEqual(of(Codec.eac3, EMPTY), [0, 0, 0, "ec-3"]);
    const mp3 = describeAudioFrame(Codec.mp3, hex("fffb5064"));
    assert.deepEqual(mp3, { sampleRate: 44100, channels: 2, samplesPerFrame: 1152, codecString: "mp3", config: EMPTY });
    const mp2 = describeAudioFrame(Codec.mp2, hex("fffd8404"));
    assert.deepEqual(mp2, { sampleRate: 48000, channels: 2, samplesPerFrame: 1152, codecString: "mp4a.40.33", config: EMPTY });
    const ac3 = describeAudioFrame(Codec.ac3, hex("0b77d0f81e40ebf8403eff99"));
    assert.deepEqual(ac3, { sampleRate: 48000, channels: 6, samplesPerFrame: 1536, codecString: "ac-3", config: hex("103de0") });
    const eac3 = new Uint8Array(1792);
    eac3.set(hex("0b77037f3f87c00020f82000"));
    const expected = { sampleRate: 48000, channels: 6, samplesPerFrame: 1536, codecString: "ec-3", config: hex("0e00200f00") };
    assert.deepEqual(describeAudioFrame(Codec.eac3, eac3), expected);
  });

  it("says nothing of what it does not parse", () => {
    for (const codec of [Codec.pcmAlaw, Codec.pcmMulaw, Codec.pcmLe, Codec.adpcm, Codec.nellymoser, Codec.speex, Codec.wmav2, Codec.avc]) {
      assert.deepEqual(of(codec, hex("ff")), [0, 0, 0, ""]);
    }
  });

  it("refuses records that are missing where there must be one", () => {
    for (const codec of [Codec.aac, Codec.opus, Codec.flac]) assert.throws(() => describeAudio(codec, EMPTY), ProtocolError);
  });
});

describe("frameAccess", () => {
  it("asks each codec, with its record where that matters", () => {
    assert.equal(frameAccess(Codec.avc, AVC, hex("00000003 658884")), Access.closed);
    assert.equal(frameAccess(Codec.hevc, HEVC, hex("00000003 0001d0")), Access.discardable);
    assert.equal(frameAccess(Codec.hevc, EMPTY, hex("00000003 0001d0")), Access.none);
    assert.equal(frameAccess(Codec.av1, hex("81000c000a0b000000043d06d4daf90040"), hex("3203 181400")), Access.closed);
    assert.equal(frameAccess(Codec.av1, hex("81000c00"), hex("3203 181400")), Access.none);
    assert.equal(frameAccess(Codec.vp9, EMPTY, hex("824983420013f00b1606")), Access.closed);
    assert.equal(frameAccess(Codec.vp8, EMPTY, hex("1065009d012a4001b200")), Access.closed);
  });

  it("takes all audio and data for closed, and leaves opaque video to its container", () => {
    for (const codec of [Codec.aac, Codec.opus, Codec.mp3, Codec.mp2, Codec.speex, Codec.mjpeg, Codec.amf0])
      assert.equal(frameAccess(codec, EMPTY, hex("00")), Access.closed);
    for (const codec of [Codec.h263, Codec.screen, Codec.vp6, Codec.vvc, Codec.mpeg4])
      assert.equal(frameAccess(codec, EMPTY, hex("00")), undefined);
  });
});

describe("garbage", () => {
  it("in any codec only ever throws ProtocolError", () => {
    const codec = fc.constantFrom(...Object.values(Codec));
    fc.assert(
      fc.property(codec, fc.uint8Array({ maxLength: 60 }), (of, data) => {
        const calls = [() => describeVideo(of, data), () => describeAudio(of, data), () => frameAccess(of, data, data)];
        if (of === Codec.mp3 || of === Codec.mp2 || of === Codec.ac3 || of === Codec.eac3) calls.push(() => describeAudioFrame(of, data));
        for (const call of calls) {
          try {
            call();
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
