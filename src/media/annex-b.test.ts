import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { annexBUnits, joinAnnexB } from "./annex-b.ts";
import { MAX_NAL_UNITS } from "./nal.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

describe("NAL units behind start codes", () => {
  it("come out in order, with zeros before, between and behind them left out", () => {
    const units = [hex("0910"), hex("6742001e"), hex("65000003")];
    for (const data of [
      "000001 0910 000001 6742001e 000001 65000003",
      "00000001 0910 00000001 6742001e 00000001 65000003",
      "0000000001 0910 00000000000001 6742001e 000001 65000003 00000000",
      "000001 000001 0910 000001 00000001 6742001e 000001 65000003 000001",
    ])
      assert.deepEqual(annexBUnits(hex(data)), units, data);
    for (const data of ["", "00", "0000", "000001", "00000001"]) assert.deepEqual(annexBUnits(hex(data)), [], data);
  });

  it("begin with a start code", () => {
    for (const data of ["01", "000002", "0910 000001 65", "65"]) assert.throws(() => annexBUnits(hex(data)), code("malformed"), data);
  });

  it("are limited in number", () => {
    const unit = hex("000001 09");
    const flood = new Uint8Array(4 * (MAX_NAL_UNITS + 1)).map((_, i) => unit[i % 4]!);
    assert.throws(() => annexBUnits(flood), code("limit"));
    assert.equal(annexBUnits(flood.subarray(4)).length, MAX_NAL_UNITS);
  });

  it("come apart as they were joined", () => {
    // Bytes that emulation prevention lets stand, ending as a NAL unit ends.
    const byte = fc.oneof(fc.constant(0), fc.constant(1), fc.nat(255));
    const unit = fc.array(byte, { minLength: 1, maxLength: 60 }).map((bytes) => {
      const out: number[] = [];
      for (const each of bytes) {
        if (each <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
        out.push(each);
      }
      return Uint8Array.from([...out, 0x80]);
    });
    fc.assert(fc.property(fc.array(unit, { maxLength: 20 }), (units) => assert.deepEqual(annexBUnits(joinAnnexB(units)), units)));
  });

  it("of any bytes are found or refused, nothing else", () => {
    const bytes = fc.array(fc.oneof(fc.constant(0), fc.constant(1), fc.nat(255)), { maxLength: 80 });
    fc.assert(
      fc.property(bytes, (data) => {
        try {
          for (const unit of annexBUnits(Uint8Array.from(data))) {
            const text = Buffer.from(unit).toString("hex");
            assert.ok(unit.length > 0 && unit.at(-1) !== 0 && !/^(..)*?000001/.test(text), text);
          }
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
    );
  });
});
