/** Numbers as the C library reads them, which is how they may stand in an ffserver.conf. */

/** The whole of a text as an integer: decimal, `0x` hexadecimal, or octal behind a 0. Undefined where it is none (strtol with base 0). */
export function integer(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const isOctal = /^0\d/.test(digits);
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return Number.isSafeInteger(value) ? (sign === "-" ? -value : value) + 0 : undefined;
}

/** The number that a text begins with, and what stands behind it (strtod). Undefined where it begins with none. */
export function leadingNumber(text: string): { readonly value: number; readonly rest: string } | undefined {
  const [match] = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i.exec(text) ?? [];
  return match === undefined ? undefined : { value: Number(match), rest: text.slice(match.length) };
}

/** The whole of a text as a number; undefined where it is none. */
export function decimal(text: string): number | undefined {
  const number = leadingNumber(text);
  return number?.rest === "" && Number.isFinite(number.value) ? number.value : undefined;
}
