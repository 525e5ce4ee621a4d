import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Reader } from "../../bytes/reader.ts";
import type { Writer } from "../../bytes/writer.ts";

/** Whole numbers in as few bytes as they need: seven bits a byte, lowest first, the top bit set in all but the last (LEB128). */
export const MAX_VARINT = Number.MAX_SAFE_INTEGER;
/** The same with a sign in the lowest bit: 0, -1, 1, -2 … */
export const MAX_SIGNED_VARINT = 2 ** 52 - 1;

/** @param value a whole number from 0 to MAX_VARINT */
export function writeVarint(writer: Writer, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${value} is no whole number that can be written`);
  let rest = value;
  while (rest >= 0x80) {
    writer.u8((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  writer.u8(rest);
}

/** @throws {ProtocolError} where it is longer or larger than we write it */
export function readVarint(reader: Reader): number {
  let value = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = reader.u8();
    value += (byte & 0x7f) * scale;
    if (value > MAX_VARINT) throw new ProtocolError("limit", "a number of a ring file is beyond 2^53");
    if (byte < 0x80) {
      if (byte === 0 && scale > 1) throw new ProtocolError("malformed", "a number of a ring file is longer than it needs to be");
      return value;
    }
  }
}

export function writeSigned(writer: Writer, value: number): void {
  if (Math.abs(value) > MAX_SIGNED_VARINT) throw new Error(`${value} is no whole number that can be written`);
  writeVarint(writer, value < 0 ? -value * 2 - 1 : value * 2);
}

export function readSigned(reader: Reader): number {
  const value = readVarint(reader);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
