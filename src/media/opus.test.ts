import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { dopsFrom, opusHeadFrom, opusPacketSamples, parseDops, parseOpusHead } from "./opus.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** What libopus by way of ffmpeg 5.1 wrote of the same streams into Ogg and MP4. */
const STEREO = { head: "4f70757348656164 01 02 3801 80bb0000 0000 00", dops: "00 02 0138 0000bb80 0000 00" };
const SURROUND = {
  head: "4f70757348656164 01 06 3801 80bb0000 0000 01 04 02 000402010305",
  dops: "00 06 0138 0000bb80 0000 01 04 02 000401020305",
};

describe("Opus records", () => {
  it("of Ogg and MP4 become one another", () => {
    assert.deepEqual(dopsFrom(parseOpusHead(hex(STEREO.head))), hex(STEREO.dops));
    assert.deepEqual(opusHeadFrom(parseDops(hex(STEREO.dops))), hex(STEREO.head));
    assert.deepEqual(opusHeadFrom(parseOpusHead(hex(SURROUND.head))), hex(SURROUND.head));
    assert.deepEqual(dopsFrom(parseDops(hex(SURROUND.dops))), hex(SURROUND.dops));
  });

  it("say channels, pre-skip and gain", () => {
    const surround = parseOpusHead(hex(SURROUND.head));
    assert.deepEqual([surround.channels, surround.preSkip, surround.inputSampleRate, surround.mappingFamily], [6, 312, 48000, 1]);
    assert.equal(parseOpusHead(hex("4f70757348656164 01 01 0000 00000000 00ff 00")).outputGain, -256);
    assert.equal(parseDops(hex("00 01 0000 00000000 ff00 00")).outputGain, -256);
  });

  it("that are cut, of another version, or whose streams make no sense are refused", () => {
    for (const record of [STEREO, SURROUND]) {
      for (let length = 0; length < hex(record.head).length; length++)
        assert.throws(() => parseOpusHead(hex(record.head).subarray(0, length)), ProtocolError);
      for (let length = 0; length < hex(record.dops).length; length++)
        assert.throws(() => parseDops(hex(record.dops).subarray(0, length)), code("truncated"));
    }
    assert.throws(() => parseOpusHead(hex("4f70757354616773 01 02 3801 80bb0000 0000 00")), code("malformed"));
    assert.throws(() => parseOpusHead(hex("4f70757348656164 10 02 3801 80bb0000 0000 00")), code("unsupported"));
    assert.throws(() => parseDops(hex("01 02 0138 0000bb80 0000 00")), code("unsupported"));
    for (const bad of [
      "00 00 0138 0000bb80 0000 00",
      "00 03 0138 0000bb80 0000 00",
      "00 02 0138 0000bb80 0000 01 0000 0001",
      "00 02 0138 0000bb80 0000 01 0102 0001",
    ]) {
      assert.throws(() => parseDops(hex(bad)), code("malformed"));
    }
  });

  it("come back as they were built", () => {
    const base = { preSkip: fc.nat(0xffff), inputSampleRate: fc.nat(0xffffffff), outputGain: fc.integer({ min: -32768, max: 32767 }) };
    const plain = fc.record({
      ...base,
      channels: fc.constantFrom(1, 2),
      mappingFamily: fc.constant(0),
      mappingTable: fc.constant(new Uint8Array()),
    });
    const mapped = fc.integer({ min: 1, max: 255 }).chain((channels) =>
      fc.record({
        ...base,
        channels: fc.constant(channels),
        mappingFamily: fc.constantFrom(1, 2, 255),
        mappingTable: fc.uint8Array({ minLength: channels, maxLength: channels }).map((map) => Uint8Array.from([9, 4, ...map])),
      }),
    );
    const matrix = fc.record({
      ...base,
      channels: fc.constant(4),
      mappingFamily: fc.constant(3),
      mappingTable: fc.uint8Array({ minLength: 40, maxLength: 40 }).map((map) => Uint8Array.from([3, 2, ...map])),
    });
    fc.assert(
      fc.property(fc.oneof(plain, mapped, matrix), (config) => {
        assert.deepEqual(parseOpusHead(opusHeadFrom(config)), { ...config });
        assert.deepEqual(parseDops(dopsFrom(config)), { ...config });
      }),
    );
  });
});

describe("Opus packets", () => {
  it("tell how long they last", () => {
    const samples = (...bytes: number[]) => opusPacketSamples(Uint8Array.from(bytes));
    assert.equal(samples(0xfc), 960, "20 ms of ffmpeg's stereo");
    assert.deepEqual(
      [0, 1, 2, 3].map((c) => samples(c << 3)),
      [480, 960, 1920, 2880],
    );
    assert.deepEqual(
      [12, 13, 14, 15].map((c) => samples(c << 3)),
      [480, 960, 480, 960],
    );
    assert.deepEqual(
      [16, 17, 18, 19, 31].map((c) => samples(c << 3)),
      [120, 240, 480, 960, 960],
    );
    assert.deepEqual([samples(0xf9), samples(0xfa)], [1920, 1920]);
    assert.equal(samples(0xfb, 0x06), 5760);
    assert.equal(samples(0xfb, 0xc3), 2880);
  });

  it("that are empty or last too long are refused", () => {
    assert.throws(() => opusPacketSamples(hex("")), code("truncated"));
    assert.throws(() => opusPacketSamples(hex("fb")), code("truncated"));
    assert.throws(() => opusPacketSamples(hex("fb07")), code("malformed"));
    assert.throws(() => opusPacketSamples(hex("fb00")), code("malformed"));
  });
});

describe("garbage", () => {
  it("only ever throws ProtocolError", () => {
    const head = fc.constantFrom("", "4f70757348656164", "4f7075734865616401");
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 40 }), (start, tail) => {
        for (const read of [parseOpusHead, parseDops, opusPacketSamples]) {
          try {
            read(Uint8Array.from([...hex(start), ...tail]));
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
