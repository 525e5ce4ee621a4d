import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import {
  MAX_NAL_UNITS,
  MAX_PARAMETER_SET_LENGTH,
  SEI_RECOVERY_POINT,
  findSei,
  joinNalUnits,
  nalLengthSize,
  nalUnits,
  withFourByteLengths,
  withoutEmulationPrevention,
} from "./nal.ts";
import type { NalLengthSize } from "./nal.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

describe("NAL units behind lengths", () => {
  it("come out in order, empty ones left out", () => {
    const data = hex("00000002 0910 00000000 00000001 65");
    assert.deepEqual([...nalUnits(data)], [hex("0910"), hex("65")]);
    assert.deepEqual([...nalUnits(hex("02 0910 01 65"), 1)], [hex("0910"), hex("65")]);
    assert.deepEqual([...nalUnits(hex("0002 0910"), 2)], [hex("0910")]);
    assert.deepEqual([...nalUnits(new Uint8Array())], []);
  });

  it("may not lie about what is left", () => {
    for (const data of ["00000003 0910", "ffffffff 00", "000000", "00000001 65 00"]) {
      assert.throws(() => [...nalUnits(hex(data))], code("truncated"));
      assert.throws(() => withFourByteLengths(hex(data), 4), code("truncated"));
    }
    assert.throws(() => withFourByteLengths(hex("02 09"), 1), code("truncated"));
  });

  it("are limited in number, empty ones too", () => {
    const flood = new Uint8Array(4 * (MAX_NAL_UNITS + 1));
    assert.throws(() => [...nalUnits(flood)], code("limit"));
    assert.throws(() => withFourByteLengths(flood, 4), code("limit"));
    assert.throws(() => withFourByteLengths(flood, 1), code("limit"));
    assert.equal(withFourByteLengths(flood.subarray(4), 4).length, 4 * MAX_NAL_UNITS);
  });

  it("with 4-byte lengths are not copied", () => {
    const data = hex("00000002 0910");
    assert.equal(withFourByteLengths(data, 4), data);
    assert.deepEqual(withFourByteLengths(hex("02 0910 00 01 65"), 1), hex("00000002 0910 00000000 00000001 65"));
  });

  it("have 1, 2 or 4 bytes of length", () => {
    assert.deepEqual([0, 1, 3, 0xff].map(nalLengthSize), [1, 2, 4, 4]);
    assert.throws(() => nalLengthSize(2), code("malformed"));
  });

  it("survive a change of length size, and come apart as they were joined", () => {
    const units = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 });
    fc.assert(
      fc.property(units, fc.constantFrom<NalLengthSize>(1, 2), (list, size) => {
        const short = Uint8Array.from(list.flatMap((unit) => (size === 1 ? [unit.length, ...unit] : [0, unit.length, ...unit])));
        assert.deepEqual(withFourByteLengths(short, size), joinNalUnits(list));
        assert.deepEqual([...nalUnits(joinNalUnits(list))], list);
      }),
    );
  });

  it("of random bytes only ever throw ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom<NalLengthSize>(1, 2, 4), (data, size) => {
        try {
          assert.equal([...nalUnits(withFourByteLengths(data, size))].length, [...nalUnits(data, size)].length);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});

/** What an encoder does: a 3 is put before any byte up to 3 that follows two zeros. */
function withEmulationPrevention(data: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of data) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

describe("emulation prevention", () => {
  it("goes away", () => {
    assert.deepEqual(withoutEmulationPrevention(hex("67 000003 01 000003 000003 05")), hex("67 0000 01 0000 0000 05"));
    assert.deepEqual(withoutEmulationPrevention(hex("67 000300 03")), hex("67 000300 03"));
    const plain = hex("6742c00c");
    assert.equal(withoutEmulationPrevention(plain), plain);
    assert.throws(() => withoutEmulationPrevention(new Uint8Array(MAX_PARAMETER_SET_LENGTH + 1)), code("limit"));
  });

  it("is undone exactly", () => {
    const byte = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (list) => {
        const data = Uint8Array.from(list);
        assert.deepEqual(withoutEmulationPrevention(withEmulationPrevention(data)), data);
      }),
    );
  });
});

describe("SEI messages", () => {
  it("are found behind others and past emulation prevention", () => {
    assert.equal(findSei(hex("06 06 01 c4 80"), 1, SEI_RECOVERY_POINT), 0xc4);
    assert.equal(findSei(hex("06 0104 00000301 00 0601 44 80"), 1, SEI_RECOVERY_POINT), 0x44);
    assert.equal(findSei(hex("06 0102 aabb 80"), 1, SEI_RECOVERY_POINT), undefined);
    const long = Uint8Array.from([6, 5, 0xff, 10, ...Array<number>(265).fill(0xaa), 6, 1, 0x80, 0x80]);
    assert.equal(findSei(long, 1, SEI_RECOVERY_POINT), 0x80);
  });

  it("that lie about their size end the search", () => {
    assert.equal(findSei(hex("06 05ffffffff 0601c480"), 1, SEI_RECOVERY_POINT), undefined);
    assert.equal(findSei(hex("06"), 1, SEI_RECOVERY_POINT), undefined);
    assert.equal(findSei(hex(""), 1, SEI_RECOVERY_POINT), undefined);
  });

  it("never throw", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (nal) => void findSei(nal, 1, SEI_RECOVERY_POINT)));
  });
});
