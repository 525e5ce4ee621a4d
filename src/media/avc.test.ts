import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { avcAccess, avcConfigFrom, parseAvcConfig, withAvcLengthSizeFour } from "./avc.ts";
import { Access } from "./frame.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** Records that libx264 made by way of ffmpeg 5.1, and what ffprobe says of the streams. */
const RECORDS = {
  baseline: {
    avcC: "0142c00cffe100196742c00cd901419f9f011000000300100000030320f142a48001000568cb83cb20",
    is: { width: 320, height: 180, frameRate: 25, codecString: "avc1.42c00c", reorderFrames: 0, interlaced: false },
  },
  high: {
    avcC: "0164001fffe100186764001facd9405005bb011000003e90000ea600f183196001000668ebe3cb22c0fdf8f800",
    is: { width: 1280, height: 720, frameRate: 30000 / 1001, codecString: "avc1.64001f", reorderFrames: 2, chromaFormat: 1 },
  },
  "high 10, cropped": {
    avcC: "016e000dffe1001b676e000da6cd941519e2223011000003000100000300300f14299601000668ebe3cb22c0fdfafa00",
    is: { width: 322, height: 178, frameRate: 24, codecString: "avc1.6e000d", bitDepthLuma: 10, bitDepthChroma: 10 },
  },
  "high 4:2:2": {
    avcC: "017a000cffe1001a677a000cbcd941419f8dc044000003000400000300c03c50a65801000668ebe3cb22c0fef8f800",
    is: { width: 320, height: 180, frameRate: 24, codecString: "avc1.7a000c", chromaFormat: 2 },
  },
  "high 4:4:4": {
    avcC: "01f4000cffe1001967f4000c919b282833f1f808800000030080000018078a14cb01000668ebe3c44844fff8f800",
    is: { width: 320, height: 178, frameRate: 24, codecString: "avc1.f4000c", chromaFormat: 3 },
  },
  monochrome: {
    avcC: "0164000cffe100196764000cf36505067e37016c800000030080000019078a14cb01000668ebe3cb22c0fcf8f800",
    is: { width: 320, height: 180, frameRate: 25, codecString: "avc1.64000c", chromaFormat: 0 },
  },
  interlaced: {
    avcC: "0164001effe100186764001eacd940b424d8088000000300800000190f8a14cb01000668fba3cb22c0fdf8f800",
    is: { width: 720, height: 576, frameRate: 25, codecString: "avc1.64001e", interlaced: true },
  },
  "with HRD and colours": {
    avcC: "0164002affe1002a6764002aacd940780227e5c05a808080a0000003002000000f0c080002625a0001312d49a700f183196001000668ebe3cb22c0fdf8f800",
    is: { width: 1920, height: 1080, frameRate: 60, codecString: "avc1.64002a", reorderFrames: 2 },
  },
  "with scaling lists": {
    avcC: "0164000cffe1001a6764000cacd941419f9f011000000300100000030320f142996001000768ebe3cb3002c0fdf8f800",
    is: { width: 320, height: 180, frameRate: 25, codecString: "avc1.64000c" },
  },
} as const;

describe("avcC", () => {
  for (const [name, { avcC, is }] of Object.entries(RECORDS)) {
    it(`of libx264, ${name}, says what ffprobe says, and is built again from its parameter sets`, () => {
      const config = parseAvcConfig(hex(avcC));
      for (const [key, value] of Object.entries(is)) assert.equal(config[key as keyof typeof config], value, key);
      assert.equal(config.lengthSize, 4);
      assert.deepEqual(avcConfigFrom(config.sps, config.pps), hex(avcC));
    });
  }

  it("may lack the fields behind the PPS, or have reserved bits cleared", () => {
    const whole = hex(RECORDS.high.avcC);
    assert.equal(parseAvcConfig(whole.subarray(0, -4)).width, 1280);
    const cleared = whole.slice();
    cleared[4] = 3;
    cleared[5] = 1;
    assert.equal(parseAvcConfig(cleared).width, 1280);
  });

  it("is rewritten for lengths of 4 bytes", () => {
    const short = hex(RECORDS.high.avcC);
    short[4] = 0xfd;
    assert.equal(parseAvcConfig(short).lengthSize, 2);
    assert.deepEqual(withAvcLengthSizeFour(short), hex(RECORDS.high.avcC));
    assert.equal(short[4], 0xfd);
    const four = hex(RECORDS.high.avcC);
    assert.equal(withAvcLengthSizeFour(four), four);
    assert.throws(() => withAvcLengthSizeFour(new Uint8Array(4)), code("truncated"));
  });

  it("that is cut anywhere before the end of the PPS is refused", () => {
    const whole = hex(RECORDS.high.avcC);
    for (let length = 0; length < whole.length - 4; length++) assert.throws(() => parseAvcConfig(whole.subarray(0, length)), ProtocolError);
  });

  it("of another version, with 3-byte lengths, or without an SPS is refused", () => {
    for (const bad of ["00640028ffe1", "0164001ffee1", "0164001fffe000"]) assert.throws(() => parseAvcConfig(hex(bad)), code("malformed"));
    assert.throws(() => avcConfigFrom([], []), code("malformed"));
    assert.throws(() => avcConfigFrom(Array<Uint8Array>(32).fill(hex("67")), []), code("limit"));
  });
});

/** Bits as an SPS of Baseline profile. */
function spsOf(...fields: (number | string)[]): Uint8Array {
  const ue = (value: number) => (value + 1).toString(2).replace(/^(1*)(.*)$/, (all) => "0".repeat(all.length - 1) + all);
  const bits = fields.map((field) => (typeof field === "number" ? ue(field) : field)).join("");
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0").match(/.{8}/g) ?? [];
  return Uint8Array.from([0x67, 66, 0, 30, ...bytes.map((byte) => Number.parseInt(byte, 2))]);
}
const withSps = (sps: Uint8Array) => Uint8Array.from([1, 66, 0, 30, 0xff, 0xe1, sps.length >> 8, sps.length & 255, ...sps, 0]);
const parseSps = (...fields: (number | string)[]) => parseAvcConfig(withSps(spsOf(...fields)));

describe("SPS", () => {
  it("with all that is optional left out", () => {
    const config = parseSps(0, 0, 2, 1, "0", 19, 14, "1", "1", "0", "0", "1");
    assert.deepEqual([config.width, config.height, config.frameRate, config.reorderFrames], [320, 240, 0, 0]);
  });

  it("with a picture order count cycle, each entry read", () => {
    const config = parseSps(0, 0, 1, "0", 0, 0, 3, 0, 7, 12, 1, "0", 19, 14, "1", "1", "0", "0", "1");
    assert.equal(config.width, 320);
  });

  it("whose cycle, sizes, cropping or ids are absurd is refused", () => {
    assert.throws(() => parseSps(0, 0, 1, "0", 0, 0, 256), code("malformed"));
    assert.throws(() => parseSps(0, 0, 1, "0", 0, 0, 255, 0, 7), code("truncated"));
    assert.throws(() => parseSps(32), code("malformed"));
    assert.throws(() => parseSps(0, 13), code("malformed"));
    assert.throws(() => parseSps(0, 0, 3), code("malformed"));
    assert.throws(() => parseSps(0, 0, 2, 17), code("malformed"));
    assert.throws(() => parseSps(0, 0, 2, 1, "0", 1024), code("malformed"));
    assert.throws(() => parseSps(0, 0, 2, 1, "0", 19, 2 ** 31), code("malformed"));
    assert.throws(() => parseSps(0, 0, 2, 1, "0", 19, 1023, "0", "0", "1", "0", "0"), code("malformed"));
    assert.throws(() => parseSps(0, 0, 2, 1, "0", 19, 14, "1", "1", "1", 80, 80, 0, 0, "0"), code("malformed"));
    assert.throws(() => parseSps("0".repeat(33), "1", "0".repeat(40)), code("malformed"));
  });

  it("whose VUI is cut short or whose clock is broken has no frame rate", () => {
    const start = [0, 0, 2, 1, "0", 19, 14, "1", "1", "0", "1"] as const;
    const clock = (units: number, scale: number) => units.toString(2).padStart(32, "0") + scale.toString(2).padStart(32, "0") + "1";
    assert.equal(parseSps(...start, "0000", "1", clock(1, 50), "0000", "1").frameRate, 25);
    assert.equal(parseSps(...start, "0000", "1", clock(0, 50), "0000", "1").frameRate, 0);
    assert.equal(parseSps(...start, "0000", "1", clock(1, 90000), "0000", "1").frameRate, 0);
    assert.equal(parseSps(...start, "0000", "1", "0".repeat(20)).frameRate, 0);
    assert.equal(parseSps(...start, "1111111111").width, 320);
  });

  it("must be one", () => {
    assert.throws(() => parseAvcConfig(withSps(hex("68cb83cb20"))), code("malformed"));
  });
});

describe("garbage", () => {
  const survives = (avcC: Uint8Array) => {
    try {
      const config = parseAvcConfig(avcC);
      assert.ok(config.width > 0 && config.height > 0 && config.width <= 16384 && config.height <= 16384);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  };

  it("in an SPS only ever throws ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(66, 100, 244), (tail, profile) =>
        survives(withSps(Uint8Array.from([0x67, profile, 0, 30, ...tail]))),
      ),
      { numRuns: 500 },
    );
  });

  it("in a record that was good only ever throws ProtocolError", () => {
    const records = Object.values(RECORDS).map((record) => record.avcC);
    fc.assert(
      fc.property(
        fc.constantFrom(...records),
        fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (record, edits) => {
          const bytes = hex(record);
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          survives(bytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("as a frame only ever throws ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
        try {
          avcAccess(data);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});

describe("avcAccess", () => {
  it("finds an IDR picture behind delimiter, parameter sets and SEI", () => {
    assert.equal(
      avcAccess(hex("00000002 09f0 00000005 6742c00cd9 00000005 68cb83cb20 00000005 0605 01aa80 00000003 658884")),
      Access.closed,
    );
  });

  it("tells pictures that others refer to from those that may be left out", () => {
    assert.equal(avcAccess(hex("00000003 419a24")), Access.none);
    assert.equal(avcAccess(hex("00000003 019e41 00000003 019e42")), Access.discardable);
    assert.equal(avcAccess(hex("00000003 019e41 00000003 419e42")), Access.none);
    assert.equal(avcAccess(hex("00000002 09f0")), Access.none);
    assert.equal(avcAccess(new Uint8Array()), Access.none);
  });

  it("takes a recovery point for a random-access point, open when recovery takes no frames", () => {
    assert.equal(avcAccess(hex("00000005 0606 01c480 00000003 419a24")), Access.open);
    assert.equal(avcAccess(hex("00000007 0606 03026080 80 00000003 419a24")), Access.gradual);
    assert.equal(avcAccess(hex("00000005 0606 01c480")), Access.none);
  });

  it("checks lengths", () => {
    for (const bad of ["00000004 419a24", "00000001", "000000", "00000005 0606"])
      assert.throws(() => avcAccess(hex(bad)), code("truncated"));
  });
});
