import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, size } from "./quantity.ts";

const durations = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const sizes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const cases = [
  { schema: duration("100ms", "1m"), units: durations, least: 100, most: 60_000 },
  { schema: duration("0s", "1h"), units: durations, least: 0, most: 3_600_000 },
  { schema: duration("1s", "10m"), units: durations, least: 1000, most: 600_000 },
  { schema: size("64KiB", "16MiB"), units: sizes, least: 64 * 1024, most: 16 * 1024 ** 2 },
  { schema: size("1MiB", "4GiB"), units: sizes, least: 1024 ** 2, most: 4 * 1024 ** 3 },
];

test("at its limits, in every unit, a value is in the range if it is, and editors are told the same", () => {
  for (const { schema, units, least, most } of cases) {
    const { pattern } = schema.meta()!["jsonSchema"] as { pattern: string };
    for (const [name, unit] of Object.entries(units)) {
      for (const thousandths of [least, most].flatMap((limit) => [-1, 0, 1, 2].map((step) => Math.floor((limit * 1000) / unit) + step))) {
        if (thousandths < 0) continue;
        const text = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, "0")}${name}`;
        const isIn = thousandths * unit >= least * 1000 && thousandths * unit <= most * 1000;
        const { success, data } = schema.safeParse(text);
        assert.equal(success, isIn, text);
        assert.equal(new RegExp(pattern, "u").test(text), isIn, text);
        if (success) assert.equal(data, Math.round((thousandths * unit) / 1000), text);
      }
    }
  }
});

test("what is written in another way is none", () => {
  const { schema } = cases[1]!;
  const { pattern } = schema.meta()!["jsonSchema"] as { pattern: string };
  for (const text of ["", "5", "s", "5 parsecs", "05s", "5.s", "5.0000s", "-5s", "5  s", "5S", "5s ", "5constructor"]) {
    assert.ok(!schema.safeParse(text).success, text);
    assert.ok(!new RegExp(pattern, "u").test(text), text);
  }
  for (const text of ["5s", "5 s", "5.5s"]) assert.ok(schema.safeParse(text).success && new RegExp(pattern, "u").test(text), text);
});
