/** Digits after the point that a written number may have, and the same as a power of ten. */
export const fractionDigits = 3;
export const thousandths = 10n ** BigInt(fractionDigits);

/** A decimal number as settings have it, without sign and needless zeros in front: `0`, `10`, `1.5`. */
export const decimalPattern = `(?:0|[1-9]\\d{0,11})(?:\\.\\d{1,${fractionDigits}})?`;

/**
 * The regular expression (ECMA-262, for JSON schemas) of the decimal numbers from `low` to `high`, both in thousandths, both
 * included. Undefined where there is none.
 */
export function decimalRange(low: bigint, high: bigint): string | undefined {
  if (low > high) return undefined;
  const [lowest, lowRest] = split(low);
  const [highest, highRest] = split(high);
  if (lowest === highest) return `${lowest}${fraction(lowRest, highRest)}`;
  const parts = [
    `${lowest}${fraction(lowRest, "9".repeat(fractionDigits))}`,
    `${highest}${fraction("0".repeat(fractionDigits), highRest)}`,
  ];
  if (highest - lowest > 1n) parts.push(`${wholeRange(lowest + 1n, highest - 1n)}(?:\\.\\d{1,${fractionDigits}})?`);
  return `(?:${parts.join("|")})`;
}

function split(value: bigint): [whole: bigint, rest: string] {
  return [value / thousandths, String(value % thousandths).padStart(fractionDigits, "0")];
}

/** The digits after the point from `low` to `high`, the point with them; left out altogether where that is in the range. */
function fraction(low: string, high: string): string {
  const written = `\\.(?=\\d)${fractionTail(low, high)}`;
  return isAll("0", low) ? `(?:${written})?` : written;
}

/** Digits that, with zeros put after them to the length of the limits, lie between these. */
function fractionTail(low: string, high: string): string {
  if (low === "") return "";
  if (isAll("0", low) && isAll("9", high)) return upTo(low.length);
  const [a, b] = [Number(low[0]), Number(high[0])];
  const rest = low.length - 1;
  const choices =
    a === b
      ? [`${a}${fractionTail(low.slice(1), high.slice(1))}`]
      : [
          `${a}${fractionTail(low.slice(1), "9".repeat(rest))}`,
          ...(b - a > 1 ? [`${digit(a + 1, b - 1)}${upTo(rest)}`] : []),
          `${b}${fractionTail("0".repeat(rest), high.slice(1))}`,
        ];
  return `(?:${choices.join("|")})${isAll("0", low) ? "?" : ""}`;
}

/** The whole numbers from `low` to `high`. */
function wholeRange(low: bigint, high: bigint): string {
  const parts: string[] = [];
  for (let from = low; from <= high;) {
    const longest = 10n ** BigInt(String(from).length) - 1n;
    const to = longest < high ? longest : high;
    parts.push(sameLength(String(from), String(to)));
    from = to + 1n;
  }
  return `(?:${parts.join("|")})`;
}

/** The same for limits of as many digits. */
function sameLength(low: string, high: string): string {
  if (low === "") return "";
  if (isAll("0", low.slice(1)) && isAll("9", high.slice(1))) {
    return `${digit(Number(low[0]), Number(high[0]))}${digits(low.length - 1)}`;
  }
  const [a, b] = [Number(low[0]), Number(high[0])];
  const rest = low.length - 1;
  if (a === b) return `${a}${sameLength(low.slice(1), high.slice(1))}`;
  const choices = [`${a}${sameLength(low.slice(1), "9".repeat(rest))}`, `${b}${sameLength("0".repeat(rest), high.slice(1))}`];
  if (b - a > 1) choices.push(`${digit(a + 1, b - 1)}${digits(rest)}`);
  return `(?:${choices.join("|")})`;
}

function digit(from: number, to: number): string {
  return from === to ? String(from) : from === 0 && to === 9 ? "\\d" : `[${from}-${to}]`;
}

function digits(count: number): string {
  return count === 0 ? "" : count === 1 ? "\\d" : `\\d{${count}}`;
}

function upTo(count: number): string {
  return count === 0 ? "" : `\\d{0,${count}}`;
}

function isAll(character: string, text: string): boolean {
  return text === character.repeat(text.length);
}
