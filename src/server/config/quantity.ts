import { z } from "zod";
import { decimalPattern, decimalRange, fractionDigits, thousandths } from "./decimal-range.ts";

/** A duration as it is written: a number and a unit, "10s", "350ms", "1.5m". */
export type DurationText = `${number}${"ms" | "s" | "m" | "h"}`;
/** A size as it is written: a number and a unit, "64MiB". */
export type SizeText = `${number}${"B" | "KiB" | "MiB" | "GiB"}`;

type Units = Readonly<Record<string, bigint>>;

const unitMs: Units = { ms: 1n, s: 1000n, m: 60_000n, h: 3_600_000n };
const unitBytes: Units = { B: 1n, KiB: 1024n, MiB: 1024n ** 2n, GiB: 1024n ** 3n };

/** A duration with its unit, read as milliseconds and kept within `[from, to]`. */
export function duration(from: DurationText, to: DurationText) {
  return quantity<DurationText>(unitMs, from, to, "a duration with its unit, like 500ms, 10s or 2m");
}

/** A size with its unit, read as bytes and kept within `[from, to]`. */
export function size(from: SizeText, to: SizeText) {
  return quantity<SizeText>(unitBytes, from, to, "a size with its unit, like 512KiB or 64MiB");
}

function quantity<Text extends string>(units: Units, from: Text, to: Text, form: string) {
  const least = measure(from, units)!;
  const most = measure(to, units)!;
  const range = `${from} to ${to}`;
  return z
    .custom<Text>((value) => typeof value === "string", { error: `must be ${form}` })
    .transform((text, context) => {
      const value = measure(text, units);
      if (value !== undefined && value >= least && value <= most) return Math.round(Number(value) / Number(thousandths));
      const message = value === undefined ? `"${text}" is not ${form}` : `${text} is out of range: ${range}`;
      context.issues.push({ code: "custom", message, input: text });
      return z.NEVER;
    })
    .meta({
      form: `\`${from}\` to \`${to}\``,
      jsonSchema: { type: "string", pattern: pattern(units, least, most), patternErrorMessage: `${range}, ${form}`, examples: [from, to] },
    });
}

const written = new RegExp(`^(${decimalPattern})\\s?([A-Za-z]+)$`, "u");

/** The value in thousandths of the smallest unit, exactly; undefined where the text is none. */
function measure(text: string, units: Units): bigint | undefined {
  const [, number, name] = written.exec(text) ?? [];
  if (number === undefined || name === undefined || !Object.hasOwn(units, name)) return undefined;
  const [whole, rest = ""] = number.split(".") as [string, string?];
  return BigInt(whole + rest.padEnd(fractionDigits, "0")) * units[name]!;
}

/** The same as a regular expression, for editors that know only the JSON schema. */
function pattern(units: Units, least: bigint, most: bigint): string {
  const choices = Object.entries(units).flatMap(([name, unit]) => {
    const range = decimalRange((least + unit - 1n) / unit, most / unit);
    return range === undefined ? [] : [`${range}\\s?${name}`];
  });
  return `^(?:${choices.join("|")})$`;
}
