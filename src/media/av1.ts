import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import { parseAv1Sequence } from "./av1-sequence.ts";
import type { Av1Sequence } from "./av1-sequence.ts";
import { Access } from "./frame.ts";
import type { FrameAccess } from "./frame.ts";

/** OBU types that we tell apart, AV1 specification 6.2.2. */
export const Av1ObuType = { sequenceHeader: 1, temporalDelimiter: 2, frameHeader: 3, frame: 6 } as const;

/** OBUs in one temporal unit. Streams with a tile group per tile stay far below. */
export const MAX_OBUS = 8192;

/** A parsed av1C record. */
export interface Av1Config {
  readonly profile: number;
  readonly level: number;
  readonly highTier: boolean;
  readonly bitDepth: 8 | 10 | 12;
  /** From the sequence header in the record, which may be missing; 0 then. */
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** Undefined where the record has none: it is in the key frames then. */
  readonly sequence: Av1Sequence | undefined;
  /** `av01.` and what follows, AV1-ISOBMFF 5. */
  readonly codecString: string;
}

/** One open bitstream unit, as views of the data. */
interface Obu {
  readonly type: number;
  /** The whole unit, header and size included. */
  readonly whole: Uint8Array;
  readonly payload: Uint8Array;
  readonly hasSize: boolean;
}

/** AV1 specification 4.10.5: at most 8 bytes, at most 32 bits of value. */
function leb128(reader: Reader): number {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = reader.u8();
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) {
      if (value > 0xffff_ffff) break;
      return value;
    }
  }
  throw new ProtocolError("malformed", "AV1 size beyond 32 bits");
}

/** AV1 specification 5.3. Without a size field the unit ends where the data does. */
function readObu(reader: Reader): Obu {
  const start = reader.at;
  const header = reader.u8();
  if ((header & 0x80) !== 0) throw new ProtocolError("malformed", "AV1: forbidden bit of an OBU is set");
  if ((header & 4) !== 0) reader.skip(1);
  const hasSize = (header & 2) !== 0;
  const payload = reader.bytes(hasSize ? leb128(reader) : reader.left);
  return { type: (header >> 3) & 15, whole: reader.data.subarray(start, reader.at), payload, hasSize };
}

/** Parses an AV1CodecConfigurationRecord, AV1-ISOBMFF 2.3.3. */
export function parseAv1Config(av1C: Uint8Array): Av1Config {
  const reader = new Reader(av1C);
  const marker = reader.u8();
  if (marker !== 0x81) throw new ProtocolError("malformed", `av1C starts with ${marker}`);
  const first = reader.u8();
  const second = reader.u8();
  reader.skip(1);
  const sequence = findSequence(reader);
  const twelve = (second & 0x20) !== 0;
  const stated = {
    profile: first >> 5,
    level: first & 31,
    highTier: (second & 0x80) !== 0,
    bitDepth: (second & 0x40) === 0 ? 8 : twelve ? 12 : 10,
  } as const;
  const width = sequence?.width ?? 0;
  const height = sequence?.height ?? 0;
  const frameRate = sequence?.frameRate ?? 0;
  const codecString = sequence === undefined ? shortCodecString(stated) : av1CodecString(sequence);
  return { ...stated, width, height, frameRate, sequence, codecString };
}

/** The first sequence header among OBUs. */
function findSequence(reader: Reader): Av1Sequence | undefined {
  for (let count = 0; reader.left > 0; count++) {
    if (count === MAX_OBUS) throw new ProtocolError("limit", `more than ${MAX_OBUS} OBUs`);
    const obu = readObu(reader);
    if (obu.type === Av1ObuType.sequenceHeader) return parseAv1Sequence(obu.payload);
  }
  return undefined;
}

const twoDigits = (value: number) => value.toString().padStart(2, "0");

function shortCodecString(of: Pick<Av1Config, "profile" | "level" | "highTier" | "bitDepth">): string {
  return `av01.${of.profile}.${twoDigits(of.level)}${of.highTier ? "H" : "M"}.${twoDigits(of.bitDepth)}`;
}

/** The long form where a colour description or a chroma format other than 4:2:0 says more than the defaults. */
function av1CodecString(sequence: Av1Sequence): string {
  const { colour } = sequence;
  const short = shortCodecString({ ...sequence, bitDepth: colour.bitDepth });
  const isDefault = (value: number) => value === 1 || value === 2;
  const plain = !colour.monochrome && colour.subsamplingY && !colour.fullRange;
  if (plain && isDefault(colour.primaries) && isDefault(colour.transfer) && isDefault(colour.matrix)) return short;
  const chroma = `${Number(colour.subsamplingX)}${Number(colour.subsamplingY)}${colour.samplePosition}`;
  const points = [colour.primaries, colour.transfer, colour.matrix].map(twoDigits).join(".");
  return `${short}.${Number(colour.monochrome)}.${chroma}.${points}.${Number(colour.fullRange)}`;
}

/**
 * Builds an av1C record from a temporal unit that has a sequence header, which becomes its only OBU, or from the OBU alone.
 *
 * Throws `ProtocolError("malformed")` where there is none.
 */
export function av1ConfigFrom(temporalUnit: Uint8Array): Uint8Array {
  const reader = new Reader(temporalUnit);
  while (reader.left > 0) {
    const obu = readObu(reader);
    if (obu.type !== Av1ObuType.sequenceHeader) continue;
    const { profile, level, highTier, colour } = parseAv1Sequence(obu.payload);
    const flags = [highTier, colour.bitDepth > 8, colour.bitDepth === 12, colour.monochrome, colour.subsamplingX, colour.subsamplingY];
    const writer = new Writer();
    writer.u8(0x81).u8((profile << 5) | level);
    writer.u8(flags.reduce((bits, flag) => (bits << 1) | Number(flag), 0) * 4 + colour.samplePosition);
    writer.u8(0);
    return writer.bytes(withSize(obu)).done();
  }
  throw new ProtocolError("malformed", "no AV1 sequence header");
}

/** The unit with a size field. */
function withSize(obu: Obu): Uint8Array {
  if (obu.hasSize) return obu.whole;
  const writer = new Writer(obu.whole.length + 5);
  const headerLength = obu.whole.length - obu.payload.length;
  writer.u8((obu.whole[0] ?? 0) | 2).bytes(obu.whole.subarray(1, headerLength));
  let size = obu.payload.length;
  for (; size > 0x7f; size = Math.floor(size / 128)) writer.u8((size & 0x7f) | 0x80);
  return writer.u8(size).bytes(obu.payload).done();
}

/**
 * The temporal unit as MP4 stores it and all our frames are: no temporal delimiters, every unit with its size (AV1-ISOBMFF 2.4).
 * Every size is checked. Where nothing has to change the result is `data` itself.
 */
export function av1Sample(data: Uint8Array): Uint8Array {
  const reader = new Reader(data);
  const kept: Uint8Array[] = [];
  let changed = false;
  for (let count = 0; reader.left > 0; count++) {
    if (count === MAX_OBUS) throw new ProtocolError("limit", `more than ${MAX_OBUS} OBUs in a temporal unit`);
    const obu = readObu(reader);
    changed ||= !obu.hasSize || obu.type === Av1ObuType.temporalDelimiter;
    if (obu.type !== Av1ObuType.temporalDelimiter) kept.push(withSize(obu));
  }
  if (!changed) return data;
  const writer = new Writer(data.length + 5);
  for (const unit of kept) writer.bytes(unit);
  return writer.done();
}

/** Whether an av1C record carries a sequence header for decoders that start. */
export function av1HasSequence(av1C: Uint8Array): boolean {
  return av1C.length > 4;
}

/**
 * What a temporal unit is for someone who starts at it: a closed access point when its first frame is a key frame that is shown, and the unit
 * or the record has the sequence header. A key frame that is shown later by `show_existing_frame` is none, and no frame is called discardable:
 * which frames others refer to stands too deep in their headers.
 *
 * @param configured whether the track's record has a sequence header, `av1HasSequence`
 */
export function av1Access(data: Uint8Array, configured: boolean): FrameAccess {
  const reader = new Reader(data);
  let sequence = configured;
  let reduced = false;
  for (let count = 0; reader.left > 0; count++) {
    if (count === MAX_OBUS) throw new ProtocolError("limit", `more than ${MAX_OBUS} OBUs in a temporal unit`);
    const { type, payload } = readObu(reader);
    if (type === Av1ObuType.sequenceHeader) {
      sequence = true;
      reduced = ((payload[0] ?? 0) & 8) !== 0;
    }
    if (type !== Av1ObuType.frame && type !== Av1ObuType.frameHeader) continue;
    // show_existing_frame 0, frame_type 00 (key), show_frame 1, AV1 specification 5.9.2; with a reduced header all is a key frame.
    const shownKey = ((payload[0] ?? 0) & 0xf0) === 0x10;
    return sequence && (reduced || shownKey) ? Access.closed : Access.none;
  }
  return Access.none;
}
