/** Attribute lists of playlist tags: RFC 8216bis 4.2. */

/** A value written in quotes. */
export interface QuotedString {
  readonly quoted: string;
}

/** Undefined ones are left out. Numbers and names stand as they are. */
export type AttributeValue = string | number | QuotedString | undefined;

/** `BANDWIDTH=1280000,URI="low.m3u8"` */
export function attributeList(attributes: Readonly<Record<string, AttributeValue>>): string {
  const written: string[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) written.push(`${name}=${typeof value === "object" ? `"${unquotable(value.quoted)}"` : value}`);
  }
  return written.join(",");
}

export function quoted(text: string): QuotedString {
  return { quoted: text };
}

/** Seconds as a decimal floating point: microseconds are kept, since differences of stamps are to add up. */
export function seconds(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "");
}

/** A quoted string has no line breaks and no quotes. */
function unquotable(text: string): string {
  return text.replaceAll(/["\r\n]/g, "");
}
