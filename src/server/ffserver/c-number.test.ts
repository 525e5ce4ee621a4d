import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decimal, integer, leadingNumber } from "./c-number.ts";

test("integers are decimal, hexadecimal or octal, and nothing else is", () => {
  const read = { "0": 0, "12": 12, "-7": -7, "+7": 7, "0x1F": 31, "010": 8, "-0x10": -16, "00": 0 };
  for (const [text, value] of Object.entries(read)) assert.equal(integer(text), value, text);
  for (const text of ["", "x", "08", "1.5", "12k", "0x", "--1", " 1", "1e3", "9".repeat(30)]) assert.equal(integer(text), undefined, text);
});

test("any integer is read back from its three forms", () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (value, negative) => {
      const sign = negative ? "-" : "";
      const expected = (negative ? -value : value) + 0;
      for (const text of [`${value}`, `0x${value.toString(16)}`, `0${value.toString(8)}`]) assert.equal(integer(sign + text), expected);
    }),
  );
});

test("numbers with what stands behind them", () => {
  assert.deepEqual(leadingNumber("1.5M"), { value: 1.5, rest: "M" });
  assert.deepEqual(leadingNumber(".5"), { value: 0.5, rest: "" });
  assert.deepEqual(leadingNumber("-2e3x"), { value: -2000, rest: "x" });
  assert.equal(leadingNumber("M"), undefined);
  assert.equal(decimal("96.5"), 96.5);
  for (const text of ["96.5k", "", "e5", "1e999"]) assert.equal(decimal(text), undefined, text);
});
