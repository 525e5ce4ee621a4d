import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";

/**
 * NAL units as MP4, FLV and RTMP store them: each behind its length, ISO/IEC 14496-15 4.3.3. Shared by AVC and HEVC.
 */

/** NAL units in one frame. Streams with a slice per macroblock row stay far below. */
export const MAX_NAL_UNITS = 8192;
/** Bytes of a parameter set that we read. Real ones have less than 200. */
export const MAX_PARAMETER_SET_LENGTH = 8192;

/** How many bytes hold the length of a NAL unit. */
export type NalLengthSize = 1 | 2 | 4;

/** The size of length fields from `lengthSizeMinusOne`, of which 2 is not allowed. */
export function nalLengthSize(lengthSizeMinusOne: number): NalLengthSize {
  switch (lengthSizeMinusOne & 3) {
    case 0:
      return 1;
    case 1:
      return 2;
    case 3:
      return 4;
    default:
      throw new ProtocolError("malformed", "NAL unit lengths of 3 bytes");
  }
}

/** Reads one length field. */
function readLength(reader: Reader, lengthSize: NalLengthSize): number {
  switch (lengthSize) {
    case 1:
      return reader.u8();
    case 2:
      return reader.u16();
    case 4:
      return reader.u32();
  }
}

/**
 * The NAL units of a frame, as views. Empty ones, which some encoders write, are left out.
 *
 * Throws `ProtocolError` when it comes to a length that is more than what is left, not before.
 */
export function* nalUnits(data: Uint8Array, lengthSize: NalLengthSize = 4): Generator<Uint8Array, void, undefined> {
  const reader = new Reader(data);
  for (let count = 0; reader.left > 0; count++) {
    if (count === MAX_NAL_UNITS) throw new ProtocolError("limit", `more than ${MAX_NAL_UNITS} NAL units in a frame`);
    const unit = reader.bytes(readLength(reader, lengthSize));
    if (unit.length > 0) yield unit;
  }
}

/** Checks every length of a frame and returns how many NAL units it has. */
function countNalUnits(data: Uint8Array, lengthSize: NalLengthSize): number {
  const reader = new Reader(data);
  let count = 0;
  while (reader.left > 0) {
    if (++count > MAX_NAL_UNITS) throw new ProtocolError("limit", `more than ${MAX_NAL_UNITS} NAL units in a frame`);
    reader.skip(readLength(reader, lengthSize));
  }
  return count;
}

/**
 * The frame with lengths of 4 bytes, the form all our frames have. Every length is checked. Where they have 4 bytes
 * already, the result is `data` itself; else it is a copy, at most 4 times as long.
 */
export function withFourByteLengths(data: Uint8Array, lengthSize: NalLengthSize): Uint8Array {
  const count = countNalUnits(data, lengthSize);
  if (lengthSize === 4) return data;
  const writer = new Writer(data.length + count * (4 - lengthSize));
  const reader = new Reader(data);
  while (reader.left > 0) {
    const length = readLength(reader, lengthSize);
    writer.u32(length).bytes(reader.bytes(length));
  }
  return writer.done();
}

/** NAL units, in order, each behind 4 bytes of length; in memory of their own, no more than they need. */
export function joinNalUnits(units: readonly Uint8Array[]): Uint8Array {
  const writer = new Writer(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  for (const unit of units) writer.u32(unit.length).bytes(unit);
  return writer.done();
}

/**
 * A parameter set without its emulation prevention bytes, H.264 7.4.1 and H.265 7.4.2: `00 00 03` becomes `00 00`.
 * The result is `nal` itself where there are none.
 */
export function withoutEmulationPrevention(nal: Uint8Array): Uint8Array {
  if (nal.length > MAX_PARAMETER_SET_LENGTH) throw new ProtocolError("limit", `parameter set of ${nal.length} bytes`);
  let out: Uint8Array | undefined;
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      out ??= new Uint8Array(nal); // slice() of a Buffer would be a view
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    if (out !== undefined) out[length] = byte;
    length++;
  }
  return out === undefined ? nal : out.subarray(0, length);
}

/**
 * Walks the messages of one SEI NAL unit, H.264 7.3.2.3.1 and H.265 7.3.5, stepping over emulation prevention, without a copy.
 *
 * @param start offset of the first message, behind the NAL unit's header
 * @returns the first byte of the payload of the first message of that type; undefined where there is none, or the unit is damaged
 */
export function findSei(nal: Uint8Array, start: number, type: number): number | undefined {
  let at = start;
  let zeros = 0;
  const next = (): number => {
    if (zeros >= 2 && nal[at] === 3) {
      zeros = 0;
      at++;
    }
    const byte = nal[at++] ?? -1;
    zeros = byte === 0 ? zeros + 1 : 0;
    return byte;
  };
  const sum = (): number => {
    let value = 0;
    let byte = next();
    for (; byte === 0xff; byte = next()) value += byte;
    return value + byte;
  };
  // The unit ends with a stop bit, so that a last byte alone is no message.
  while (at < nal.length - 2) {
    const found = sum();
    const size = sum();
    if (found === type && size > 0) {
      const byte = next();
      return byte < 0 ? undefined : byte;
    }
    for (let i = 0; i < size && at < nal.length; i++) next();
  }
  return undefined;
}

/** SEI payload type of a recovery point, the same in both standards. */
export const SEI_RECOVERY_POINT = 6;
