import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { parseAv1Sequence } from "./av1-sequence.ts";
import { MAX_OBUS, av1Access, av1ConfigFrom, av1HasSequence, av1Sample, parseAv1Config } from "./av1.ts";
import { Access } from "./frame.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** Records that libaom made by way of ffmpeg 5.1, and what ffprobe and ffmpeg's DASH muxer say of the streams. */
const RECORDS = {
  "main, odd size": { av1C: "81000c000a0b000000043d06d4daf90040", width: 322, height: 182, bitDepth: 8, codecString: "av01.0.00M.08" },
  "main, 10 bit": { av1C: "81004c000a0b000000043cfeccdaf94040", width: 320, height: 180, bitDepth: 10, codecString: "av01.0.00M.10" },
  "high, BT.709": {
    av1C: "812000000a0d200000043cfeccdaf920202022",
    width: 320,
    height: 180,
    bitDepth: 8,
    codecString: "av01.1.00M.08.0.000.01.01.01.0",
  },
} as const;

describe("av1C", () => {
  for (const [name, { av1C, ...is }] of Object.entries(RECORDS)) {
    it(`of libaom, ${name}, says what ffmpeg says, and is built again from its sequence header`, () => {
      const config = parseAv1Config(hex(av1C));
      for (const [key, value] of Object.entries(is)) assert.equal(config[key as keyof typeof config], value, key);
      assert.deepEqual(av1ConfigFrom(hex(av1C).subarray(4)), hex(av1C));
      assert.equal(av1HasSequence(hex(av1C)), true);
    });
  }

  it("may lack the sequence header, and then has no size", () => {
    const config = parseAv1Config(hex("81 28 c0 00"));
    assert.deepEqual([config.width, config.height, config.sequence, config.codecString], [0, 0, undefined, "av01.1.08H.10"]);
    assert.equal(parseAv1Config(hex("81 48 60 00")).bitDepth, 12);
    assert.equal(av1HasSequence(hex("81280c00")), false);
  });

  it("of another version, cut, or with units that lie is refused", () => {
    assert.throws(() => parseAv1Config(hex("82000c00")), code("malformed"));
    assert.throws(() => parseAv1Config(hex("81000c")), code("truncated"));
    const whole = hex(RECORDS["main, odd size"].av1C);
    for (let length = 5; length < whole.length; length++) assert.throws(() => parseAv1Config(whole.subarray(0, length)), code("truncated"));
    assert.throws(() => parseAv1Config(hex("81000c00 8a00")), code("malformed"));
    assert.throws(() => parseAv1Config(hex("81000c00 0a 8080808080808080 00")), code("malformed"));
    assert.throws(() => parseAv1Config(hex("81000c00 0a ffffffff7f")), code("malformed"));
    assert.throws(() => av1ConfigFrom(hex("1200")), code("malformed"));
  });
});

/** Bits as bytes: each field a text of bits or [width, value]. */
function bitsOf(...fields: (string | readonly [number, number])[]): Uint8Array {
  const bits = fields.map((field) => (typeof field === "string" ? field : field[1].toString(2).padStart(field[0], "0"))).join("");
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0").match(/.{8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
}

describe("AV1 sequence header", () => {
  const size = [
    [4, 10],
    [4, 10],
    [11, 1919],
    [11, 1079],
  ] as const;
  const tools = ["0", "000", "0000", "1", "00", "1", "1", "000", "000"] as const;

  it("with timing, decoder model and two operating points", () => {
    const points = ["1", [32, 1001], [32, 30000], "1", "1", "1", [5, 9], [32, 1], [5, 9], [5, 9], "1", [5, 1]] as const;
    const first = [[12, 0x101], [5, 12], "1", "1", [21, 0], "1", [4, 3]] as const;
    const second = [[12, 0x103], [5, 5], "0", "0"] as const;
    const colour = ["1", "0", "1", [8, 9], [8, 16], [8, 9], "0", "01", "0"] as const;
    const parsed = parseAv1Sequence(bitsOf("000", "0", "0", ...points, ...first, ...second, ...size, ...tools, ...colour));
    assert.deepEqual([parsed.width, parsed.height, parsed.frameRate, parsed.level, parsed.highTier], [1920, 1080, 30000 / 1001, 12, true]);
    assert.deepEqual([parsed.colour.bitDepth, parsed.colour.primaries, parsed.colour.samplePosition], [10, 9, 1]);
  });

  it("in the reduced form, in 12 bits, monochrome or sRGB", () => {
    const still = (profile: string, ...colour: (string | readonly [number, number])[]) =>
      parseAv1Sequence(bitsOf(profile, "1", "1", [5, 4], ...size, "000", "000", ...colour)).colour;
    assert.deepEqual(still("010", "1", "1", "0", "0", "1", "0", "0").bitDepth, 12);
    const mono = still("000", "0", "1", "0", "1");
    assert.deepEqual([mono.monochrome, mono.fullRange, mono.primaries], [true, true, 2]);
    const rgb = still("001", "0", "1", [8, 1], [8, 13], [8, 0], "0");
    assert.deepEqual([rgb.subsamplingX, rgb.subsamplingY, rgb.fullRange], [false, false, true]);
    const half = still("010", "0", "0", "0", "0", "0");
    assert.deepEqual([half.subsamplingX, half.subsamplingY], [true, false]);
  });

  it("spells what is not the default in the codec string", () => {
    const header = bitsOf(
      "000",
      "0",
      "0",
      "0",
      "0",
      [5, 0],
      [12, 0],
      [5, 13],
      "1",
      ...size,
      ...tools,
      "1",
      "0",
      "1",
      [8, 9],
      [8, 16],
      [8, 9],
      "0",
      "10",
    );
    const record = av1ConfigFrom(Uint8Array.from([0x08, ...header]));
    assert.equal(parseAv1Config(record).codecString, "av01.0.13H.10.0.112.09.16.09.0");
    assert.deepEqual(record.subarray(0, 6), Uint8Array.from([0x81, 13, 0xce, 0, 0x0a, header.length]));
  });

  it("of an unknown profile or an absurd size is refused", () => {
    assert.throws(() => parseAv1Sequence(hex("60000000")), code("malformed"));
    assert.throws(() => parseAv1Sequence(bitsOf("000", "1", "1", [5, 4], [4, 15], [4, 15], [16, 65535], [16, 0], [32, 0])), code("limit"));
  });
});

const SEQUENCE = "0a0b000000043d06d4daf90040";

describe("av1Access", () => {
  it("takes a shown key frame with a sequence header for closed", () => {
    assert.equal(av1Access(hex(`${SEQUENCE} 3203 181400`), false), Access.closed);
    assert.equal(av1Access(hex(`1200 ${SEQUENCE} 1a02 1814`), false), Access.closed);
    assert.equal(av1Access(hex("3203 181400"), true), Access.closed);
    assert.equal(av1Access(hex("3203 181400"), false), Access.none);
    assert.equal(av1Access(hex(`${SEQUENCE.replace("0a0b00", "0a0b18")} 3203 e01400`), false), Access.closed);
  });

  it("does not take other frames, or hidden ones, for an access point", () => {
    assert.equal(av1Access(hex(`${SEQUENCE} 3203 301400`), false), Access.none);
    assert.equal(av1Access(hex(`${SEQUENCE} 3203 081400`), false), Access.none);
    assert.equal(av1Access(hex(`${SEQUENCE} 1a01 90`), false), Access.none);
    assert.equal(av1Access(hex(`${SEQUENCE} 3200`), false), Access.none);
    assert.equal(av1Access(hex("1200"), true), Access.none);
    assert.equal(av1Access(new Uint8Array(), true), Access.none);
  });

  it("checks sizes", () => {
    for (const bad of ["3204 181400", "32", "0a80", "36"]) assert.throws(() => av1Access(hex(bad), true), code("truncated"));
    assert.throws(() => av1Access(hex("b200"), true), code("malformed"));
  });
});

describe("av1Sample", () => {
  it("takes temporal delimiters off and gives the last unit its size", () => {
    assert.deepEqual(av1Sample(hex(`1200 ${SEQUENCE} 3203 181400`)), hex(`${SEQUENCE} 3203 181400`));
    assert.deepEqual(av1Sample(hex(`1200 ${SEQUENCE} 30 181400`)), hex(`${SEQUENCE} 3203 181400`));
    assert.deepEqual(av1Sample(hex("34 08 1814")), hex("36 08 02 1814"));
    const long = new Uint8Array(301).fill(0x18);
    long[0] = 0x30;
    assert.deepEqual(av1Sample(long).subarray(0, 4), hex("32 ac02 18"));
  });

  it("copies nothing where nothing has to change", () => {
    const data = hex(`${SEQUENCE} 3203 181400`);
    assert.equal(av1Sample(data), data);
  });

  it("refuses units that lie, or too many", () => {
    assert.throws(() => av1Sample(hex(`${SEQUENCE} 3204 181400`)), code("truncated"));
    const flood = new Uint8Array(2 * (MAX_OBUS + 1)).map((_, i) => (i % 2 === 0 ? 0x7a : 0));
    assert.throws(() => av1Sample(flood), code("limit"));
    assert.throws(() => av1Access(flood, true), code("limit"));
  });
});

describe("garbage", () => {
  const survives = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  };

  it("only ever throws ProtocolError, and a sample made once stays as it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (data) => {
        survives(() => parseAv1Config(Uint8Array.from([0x81, 0, 0, 0, ...data])));
        survives(() => av1Access(data, true));
        survives(() => parseAv1Sequence(data));
        survives(() => {
          const sample = av1Sample(data);
          assert.equal(av1Sample(sample), sample);
        });
      }),
      { numRuns: 500 },
    );
  });

  it("in a record that was good only ever throws ProtocolError", () => {
    const edits = fc.array(fc.tuple(fc.nat(20), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(RECORDS)), edits, ({ av1C }, list) => {
        const bytes = hex(av1C);
        for (const [at, value] of list) bytes[at % bytes.length] = value;
        survives(() => parseAv1Config(bytes));
      }),
      { numRuns: 500 },
    );
  });
});
