import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { Access } from "./frame.ts";
import { hevcAccess, hevcConfigFrom, hevcTemporalLayers, parseHevcConfig, withHevcLengthSizeFour } from "./hevc.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** Records that libx265 made by way of ffmpeg 5.1 (its SEI array left out), and what ffprobe says of the streams. */
const RECORDS = {
  "main, cropped": {
    hvcC:
      "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d959809a10001002c4201010160000003009000" +
      "0003000003005da00280802d1d565959a4932bc05a020000030002000003003c10a2000100074401c172b46240",
    is: { width: 1278, height: 718, frameRate: 30, codecString: "hvc1.1.6.L93.90", bitDepthLuma: 8, reorderFrames: 2 },
  },
  "main 10": {
    hvcC:
      "0102200000009000000000003cf000fcfdfafa00000f03a00001001840010c01ffff02200000030090000003000003003c959809a10001002a4201010220000003009000" +
      "0003000003003ca00a080b9f6d96566924caf0168080000003008000000f04a2000100074401c172b46240",
    is: { width: 320, height: 180, frameRate: 30, codecString: "hvc1.2.4.L60.90", bitDepthLuma: 10, bitDepthChroma: 10 },
  },
  "4:4:4": {
    hvcC:
      "0104080000009e08000000003cf000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300003c959809a10001002b4201010408000003009e0800" +
      "000300003c90014901739ef2cacd24995e02d0100000030010000003019080a2000100084401c172860c4624",
    is: { width: 322, height: 182, frameRate: 25, codecString: "hvc1.4.10.L60.9E.8", chromaFormat: 3 },
  },
  "two temporal layers, HRD": {
    hvcC:
      "0101600000009000000000003cf000fcfdf8f800001303a00001001c40010c02ffff01600000030090000003000003003c00009598acc048a10001003f42010201600000" +
      "030090000003000003003c0000a00a080b9f7965662b349265780b40400000030040000006580523178003d090007a12e000f424001e8488a2000100074401c172b46240",
    is: { width: 320, height: 180, frameRate: 25, codecString: "hvc1.1.6.L60.90", temporalLayers: 2, temporalIdNested: false },
  },
  "high tier, scaling lists": {
    hvcC:
      "01216000000090000000000099f000fcfdf8f800000f03a00001001840010c01ffff216000000300900000030000030099959809a10001002b4201012160000003009000" +
      "00030000030099a00502016965959a49395e02d0100000030010000003032080a2000100074401c172b46240",
    is: { width: 640, height: 360, frameRate: 50, codecString: "hvc1.1.6.H153.90" },
  },
} as const;
const MAIN = RECORDS["main, cropped"].hvcC;

describe("hvcC", () => {
  for (const [name, { hvcC, is }] of Object.entries(RECORDS)) {
    it(`of libx265, ${name}, says what ffprobe says, and is built again from its parameter sets`, () => {
      const config = parseHevcConfig(hex(hvcC));
      for (const [key, value] of Object.entries(is)) assert.equal(config[key as keyof typeof config], value, key);
      assert.equal(config.lengthSize, 4);
      assert.deepEqual(hevcConfigFrom(config.vps, config.sps, config.pps), hex(hvcC));
      assert.equal(hevcTemporalLayers(hex(hvcC)), config.temporalLayers);
    });
  }

  it("spells profile spaces, compatibility flags and constraints as the standard does", () => {
    const record = hex(MAIN);
    assert.equal(parseHevcConfig(record).codecString, "hvc1.1.6.L93.90");
    record.set(hex("01 60000000 b00000000000 5d"), 1);
    assert.equal(parseHevcConfig(record).codecString, "hvc1.1.6.L93.B0");
    record.set(hex("61 00000001 000000000000 78"), 1);
    assert.equal(parseHevcConfig(record).codecString, "hvc1.A1.80000000.H120");
    record.set(hex("c4 ffffffff 900000000001 78"), 1);
    assert.equal(parseHevcConfig(record).codecString, "hvc1.C4.FFFFFFFF.L120.90.0.0.0.0.1");
  });

  it("may hold SEI and incomplete arrays, which change nothing", () => {
    const record = hex(`${MAIN} 27 0001 0004 4e01 0180`);
    record[22] = 4;
    record[23] = 0x20;
    assert.equal(parseHevcConfig(record).width, 1278);
  });

  it("gives its average frame rate where the SPS has no VUI that can be read", () => {
    const record = hex(MAIN);
    const { sps } = parseHevcConfig(record);
    const cut = sps[0]!.subarray(0, 36);
    const built = hevcConfigFrom([], [cut], []);
    assert.deepEqual([parseHevcConfig(built).frameRate, parseHevcConfig(built).width], [0, 1278]);
    built.set([25, 128], 19);
    assert.equal(parseHevcConfig(built).frameRate, 25.5);
  });

  it("is rewritten for lengths of 4 bytes", () => {
    const short = hex(MAIN);
    short[21] = 0x0d;
    assert.equal(parseHevcConfig(short).lengthSize, 2);
    assert.deepEqual(withHevcLengthSizeFour(short), hex(MAIN));
    const four = hex(MAIN);
    assert.equal(withHevcLengthSizeFour(four), four);
    assert.throws(() => withHevcLengthSizeFour(new Uint8Array(21)), code("truncated"));
  });

  it("that is cut anywhere is refused", () => {
    const whole = hex(MAIN);
    for (let length = 0; length < whole.length; length++) assert.throws(() => parseHevcConfig(whole.subarray(0, length)), ProtocolError);
  });

  it("of another version, without an SPS, or with a flood of empty units is refused", () => {
    const record = hex(MAIN);
    record[0] = 2;
    assert.throws(() => parseHevcConfig(record), code("malformed"));
    assert.throws(() => parseHevcConfig(Uint8Array.from([...hex(MAIN).subarray(0, 22), 0])), code("malformed"));
    const flood = Uint8Array.from([...hex(MAIN).subarray(0, 22), 1, 0x20, 0xff, 0xff, ...new Uint8Array(131070)]);
    assert.throws(() => parseHevcConfig(flood), code("limit"));
    assert.throws(() => hevcConfigFrom([], [], []), code("malformed"));
    assert.throws(() => hevcConfigFrom([], [], Array<Uint8Array>(129).fill(hex("4401"))), code("limit"));
  });

  it("with an absurd SPS is refused", () => {
    const { sps } = parseHevcConfig(hex(MAIN));
    const bytes = sps[0]!;
    const edited = (at: number, ...values: number[]) => {
      const copy = bytes.slice();
      copy.set(values, at);
      return () => hevcConfigFrom([], [copy], []);
    };
    assert.throws(edited(0, 0x44), code("malformed"), "not an SPS");
    assert.throws(edited(2, 0x0f), code("malformed"), "8 sub-layers");
    assert.throws(edited(18, 0xa0, 0, 0, 0, 0, 0), code("malformed"), "Exp-Golomb overflow");
    assert.throws(edited(18, 0xa0, 0x00, 0x10), code("malformed"), "width beyond the limit");
  });
});

describe("garbage", () => {
  const survives = (hvcC: Uint8Array) => {
    try {
      const config = parseHevcConfig(hvcC);
      assert.ok(config.width > 0 && config.height > 0 && config.width <= 16384 && config.height <= 16384);
      assert.ok(config.frameRate >= 0 && config.frameRate <= 1000);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  };

  it("in a record that was good only ever throws ProtocolError", () => {
    const records = Object.values(RECORDS).map((record) => record.hvcC);
    const edits = fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...records), edits, (record, list) => {
        const bytes = hex(record);
        for (const [at, value] of list) bytes[at % bytes.length] = value;
        survives(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("behind a good start of an SPS only ever throws ProtocolError", () => {
    const start = parseHevcConfig(hex(MAIN)).sps[0]!.subarray(0, 30);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        const sps = Uint8Array.from([...start, ...tail]);
        survives(Uint8Array.from([...hex(MAIN).subarray(0, 22), 1, 0xa1, 0, 1, sps.length >> 8, sps.length & 255, ...sps]));
      }),
      { numRuns: 500 },
    );
  });

  it("as a frame only ever throws ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(7), (data, layers) => {
        try {
          hevcAccess(data, layers);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});

describe("hevcAccess", () => {
  /** A frame of one slice: NAL unit type and temporal id. */
  const slice = (type: number, temporalId = 0, layer = 0) =>
    Uint8Array.from([0, 0, 0, 3, (type << 1) | (layer >> 5), ((layer & 31) << 3) | (temporalId + 1), 0x80]);

  it("knows the random-access pictures", () => {
    const kinds = [16, 17, 18, 19, 20, 21].map((type) => hevcAccess(slice(type), 1));
    assert.deepEqual(kinds, [Access.open, Access.leading, Access.closed, Access.leading, Access.closed, Access.open]);
    assert.equal(hevcAccess(hex("00000003 460150 00000004 4001 0c01 00000003 2801af"), 1), Access.closed);
  });

  it("calls a picture discardable when none of the highest sub-layer needs it", () => {
    assert.equal(hevcAccess(slice(0), 1), Access.discardable);
    assert.equal(hevcAccess(slice(8), 1), Access.discardable);
    assert.equal(hevcAccess(slice(1), 1), Access.none);
    assert.equal(hevcAccess(slice(0), 2), Access.none);
    assert.equal(hevcAccess(slice(0, 1), 2), Access.discardable);
    assert.equal(hevcAccess(slice(0), 0), Access.none);
    assert.equal(hevcAccess(hex("00000003 460150"), 1), Access.none);
  });

  it("takes a recovery point for a random-access point", () => {
    assert.equal(hevcAccess(Uint8Array.from([...hex("00000006 4e01 0601 c480"), ...slice(1)]), 1), Access.open);
    assert.equal(hevcAccess(Uint8Array.from([...hex("00000006 4e01 0601 4480"), ...slice(0)]), 1), Access.gradual);
  });

  it("passes over other layers and units too short to have a header", () => {
    assert.equal(hevcAccess(slice(20, 0, 1), 1), Access.none);
    assert.equal(hevcAccess(slice(20, 0, 32), 1), Access.none);
    assert.equal(hevcAccess(hex("00000000 00000001 28 00000003 0201d0"), 1), Access.none);
  });

  it("checks lengths", () => {
    for (const bad of ["00000004 0201d0", "00000001", "000000"]) assert.throws(() => hevcAccess(hex(bad), 1), code("truncated"));
  });
});
