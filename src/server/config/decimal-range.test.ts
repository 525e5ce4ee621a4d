import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decimalPattern, decimalRange, fractionDigits, thousandths } from "./decimal-range.ts";

/** A number in thousandths as people write it, with some of the zeros it may end in. */
function text(value: bigint, zeros: number): string {
  const whole = value / thousandths;
  const rest = String(value % thousandths).padStart(fractionDigits, "0");
  const short = rest.replace(/0+$/, "");
  const written = (short + "0".repeat(fractionDigits)).slice(0, Math.min(fractionDigits, short.length + zeros));
  return written === "" ? String(whole) : `${whole}.${written}`;
}

test("the expression of a range matches the numbers in it and no other", () => {
  const number = fc.oneof(
    fc.bigInt({ min: 0n, max: 3n * thousandths }),
    fc.bigInt({ min: 0n, max: 5000n }).map((whole) => whole * thousandths),
    fc.bigInt({ min: 0n, max: 10n ** 17n }),
  );
  const near = fc.bigInt({ min: -2n, max: 2n });
  fc.assert(
    fc.property(number, number, number, near, fc.nat({ max: 6 }), (one, other, far, step, zeros) => {
      const [low, high] = one < other ? [one, other] : [other, one];
      const range = new RegExp(`^${decimalRange(low, high)}$`, "u");
      for (const value of [low, high, low + step, high + step, (low / thousandths) * thousandths, far, (low + high) / 2n]) {
        if (value < 0n) continue;
        assert.equal(range.test(text(value, zeros)), low <= value && value <= high, `${text(value, zeros)} in ${low} to ${high}: ${range}`);
      }
    }),
    { numRuns: 3000 },
  );
});

test("what is no number is in no range", () => {
  const range = new RegExp(`^${decimalRange(0n, 20n * thousandths)}$`, "u");
  const decimal = new RegExp(`^${decimalPattern}$`, "u");
  for (const written of ["", ".", "1.", ".5", "01", "1.0000", "-1", "1e1", " 1", "1.5.5"]) {
    assert.ok(!range.test(written), written);
    assert.ok(!decimal.test(written), written);
  }
  assert.equal(decimalRange(2n, 1n), undefined);
});
