import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { Access } from "./frame.ts";
import {
  parseVp8KeyFrame,
  parseVp9KeyFrame,
  parseVpcConfig,
  vp8Access,
  vp9Access,
  vp9CodecString,
  vpcBody,
  vpcConfigFrom,
  vpcConfigFromKeyFrame,
} from "./vp9.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

describe("vpcC", () => {
  it("is read with and without the version and flags of its box", () => {
    const body = hex("000b820202020000");
    const config = { profile: 0, level: 11, bitDepth: 8, chroma: 1, fullRange: false, primaries: 2, transfer: 2, matrix: 2 };
    assert.deepEqual(parseVpcConfig(body), config);
    assert.deepEqual(parseVpcConfig(hex("01000000 000b820202020000")), config);
    assert.deepEqual(vpcBody(hex("01000000 000b820202020000")), body);
    assert.equal(vpcBody(body), body);
    assert.deepEqual(vpcConfigFrom(config), body);
  });

  it("gives the codec string that ffmpeg and Chromium know", () => {
    const of = (record: string) => vp9CodecString(parseVpcConfig(hex(record)));
    assert.equal(of("000b820202020000"), "vp09.00.11.08");
    assert.equal(of("0000820202020000"), "vp09.00.10.08");
    assert.equal(of("021fa20910090000"), "vp09.02.31.10.01.09.16.09.00");
    assert.equal(of("030ba60202020000"), "vp09.03.11.10.03.02.02.02.00");
    assert.equal(of("010b870202000000"), "vp09.01.11.08.03.02.02.00.01");
  });

  it("that is cut or says what cannot be is refused", () => {
    for (let length = 0; length < 8; length++)
      assert.throws(() => parseVpcConfig(hex("000b820202020000").subarray(0, length)), code("truncated"));
    assert.throws(() => parseVpcConfig(hex("000b82020202ffff")), code("truncated"));
    assert.throws(() => parseVpcConfig(hex("040b820202020000")), code("malformed"));
    assert.throws(() => parseVpcConfig(hex("000b920202020000")), code("malformed"));
  });
});

describe("VP9 frames of libvpx", () => {
  const KEYS = {
    "8 bit": [
      "824983420013f00b160638241c184a00",
      { profile: 0, bitDepth: 8, chroma: 1, fullRange: false, matrix: 2, width: 320, height: 178 },
    ],
    "BT.2020": [
      "82498342a013f00b360438241c184a00",
      { profile: 0, bitDepth: 8, chroma: 1, fullRange: false, matrix: 9, width: 320, height: 180 },
    ],
    "10 bit 4:4:4": [
      "b124c1a100009f8059b031c120e0c2c0",
      { profile: 3, bitDepth: 10, chroma: 3, fullRange: false, matrix: 2, width: 320, height: 180 },
    ],
    RGB: ["a2498342e013f00b360438241c184a00", { profile: 1, bitDepth: 8, chroma: 3, fullRange: true, matrix: 0, width: 320, height: 180 }],
  } as const;

  for (const [name, [bytes, expected]] of Object.entries(KEYS)) {
    it(`tell key frames and their size, ${name}`, () => {
      assert.deepEqual(parseVp9KeyFrame(hex(bytes)), expected);
      assert.equal(vp9Access(hex(bytes)), Access.closed);
      const record = vpcConfigFrom(vpcConfigFromKeyFrame(expected));
      assert.equal(parseVpcConfig(record).bitDepth, expected.bitDepth);
    });
  }

  it("tell frames that others refer to from those that may be left out", () => {
    assert.equal(parseVp9KeyFrame(hex("86004092f121400000")), undefined);
    assert.equal(vp9Access(hex("86004092f121400000")), Access.none);
    assert.equal(vp9Access(hex("86000092f121400000")), Access.discardable);
    assert.equal(vp9Access(hex("86000092f1214000c0")), Access.none, "one of a superframe");
    assert.equal(vp9Access(hex("88")), Access.discardable, "shows a frame again");
    assert.equal(vp9Access(hex("84 8930684020")), Access.none, "intra-only");
    assert.equal(vp9Access(new Uint8Array()), Access.none);
  });

  it("that are broken are refused", () => {
    assert.throws(() => vp9Access(hex("00")), code("malformed"));
    assert.throws(() => parseVp9KeyFrame(hex("8249834300")), code("malformed"));
    assert.throws(() => parseVp9KeyFrame(hex("82498342e0")), code("malformed"));
    assert.throws(() => parseVp9KeyFrame(hex("824983420013")), code("truncated"));
    assert.throws(() => vp9Access(hex("86")), code("truncated"));
  });
});

describe("VP8 frames of libvpx", () => {
  it("tell key frames and their size", () => {
    const key = hex("1065009d012a4001b2000007088585889984880202b434fd");
    assert.deepEqual(parseVp8KeyFrame(key), { width: 320, height: 178 });
    assert.equal(vp8Access(key), Access.closed);
    assert.equal(parseVp8KeyFrame(hex("f110001d11fc0018")), undefined);
    assert.equal(vp8Access(hex("f110001d11fc0018")), Access.none);
    assert.equal(vp8Access(new Uint8Array()), Access.none);
  });

  it("that are broken are refused", () => {
    assert.throws(() => parseVp8KeyFrame(hex("1065009d012b4001b200")), code("malformed"));
    assert.throws(() => parseVp8KeyFrame(hex("1065009d012a4001")), code("truncated"));
  });
});

describe("garbage", () => {
  it("only ever throws ProtocolError", () => {
    const start = fc.constantFrom("", "82498342", "b124c1a1", "86", "84", "b4");
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 30 }), (head, tail) => {
        const data = Uint8Array.from([...hex(head), ...tail]);
        for (const read of [parseVpcConfig, parseVp9KeyFrame, vp9Access, parseVp8KeyFrame, vp8Access]) {
          try {
            read(data);
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is never made of records: they come back as they were built", () => {
    const byte = fc.nat(255);
    const record = fc.record({
      profile: fc.nat(3),
      level: byte,
      bitDepth: fc.constantFrom(8, 10, 12),
      chroma: fc.nat(7),
      fullRange: fc.boolean(),
      primaries: byte,
      transfer: byte,
      matrix: byte,
    });
    fc.assert(fc.property(record, (config) => assert.deepEqual({ ...parseVpcConfig(vpcConfigFrom(config)) }, { ...config })));
  });
});
