import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { Discontinuity } from "../../media/muxer.ts";
import type { Generation } from "../../media/track.ts";
import { decodeGeneration, encodeGeneration } from "./generation-text.ts";
import { decodeDiscontinuity, encodeDiscontinuity } from "./record.ts";

/** CRC-32 (ISO 3309), going on from an earlier one: `crc32` of `node:zlib` is one. */
export type Checksum = (data: Uint8Array, value?: number) => number;

/** What the tracks and times of a frame mean. */
export interface InForce {
  readonly discontinuity: Discontinuity;
  readonly generation: Generation;
}

/** A random-access point by its number and its times. */
export interface RingPoint {
  readonly sequence: number;
  readonly micros: number;
  readonly utc: number;
}

/** What stands before the batches of a block. docs/ring-file.md has the bytes. */
export interface BlockHeader {
  /** Drawn anew for every block that is begun; its batches repeat it, so that none of an earlier block at this place is taken for its own. */
  readonly tag: number;
  /** Number of the block since the file was made. */
  readonly block: number;
  /** Number of the first entry that begins in it, or, where none does, of the first to begin after it. */
  readonly sequence: number;
  /** Bytes at its beginning that belong to an entry begun before it; where they are more than it holds, all of it does. */
  readonly continued: number;
  /** Time of the first frame that has bytes in it: decoding time in microseconds, and Unix milliseconds. */
  readonly micros: number;
  readonly utc: number;
  /** The newest random-access point before its first entry, if any: tells without reading further where viewers can start. */
  readonly start: RingPoint | undefined;
  /** What stands in blocks before it is none of the past any more. */
  readonly forgets: boolean;
  /** What is in force at its first entry; undefined at the very beginning of a timeline. */
  readonly inForce: InForce | undefined;
}

/** Bytes of a header without what is in force, and of that at most: half of the smallest block. */
export const BLOCK_HEAD = 80;
export const MAX_IN_FORCE = 32 * 1024;
const MAGIC = 0x4d52_424b; // "MRBK"
const Flag = { hasStart: 1, forgets: 2 } as const;
const allFlags = Flag.hasStart | Flag.forgets;

/** @param file the file's id, which its blocks' checksums begin with */
export function encodeBlockHeader(header: BlockHeader, file: number, checksum: Checksum): Uint8Array {
  const { start, inForce } = header;
  const preamble = inForce === undefined ? new Uint8Array(0) : encodeInForce(inForce);
  const writer = new Writer(BLOCK_HEAD + preamble.length);
  writer.u32(MAGIC).u32(header.tag).u64(header.block).u64(header.sequence).u32(header.continued).u32(preamble.length);
  writer.u64(header.micros).f64(header.utc);
  writer
    .u64(start?.sequence ?? 0)
    .u64(start?.micros ?? 0)
    .f64(start?.utc ?? 0);
  writer
    .u32((start === undefined ? 0 : Flag.hasStart) | (header.forgets ? Flag.forgets : 0))
    .u32(0)
    .bytes(preamble);
  const bytes = writer.done();
  writer.patchU32(BLOCK_HEAD - 4, headerChecksum(bytes, file, checksum));
  return bytes;
}

export function encodeInForce({ discontinuity, generation }: InForce): Uint8Array {
  return new Writer(64).bytes(encodeDiscontinuity(discontinuity)).bytes(encodeGeneration(generation)).done();
}

/** Bytes of the header that begins here, for a reader that has only its first BLOCK_HEAD. @throws {ProtocolError} */
export function blockHeaderLength(bytes: Uint8Array): number {
  const reader = new Reader(bytes);
  if (reader.u32() !== MAGIC) throw new ProtocolError("malformed", "no block of a ring file");
  reader.skip(24);
  return BLOCK_HEAD + reader.u32();
}

/** @returns the header and its length. @throws {ProtocolError} where anything in it is not as it was written */
export function decodeBlockHeader(
  bytes: Uint8Array,
  file: number,
  checksum: Checksum,
): { readonly header: BlockHeader; readonly length: number } {
  const length = blockHeaderLength(bytes);
  const whole = new Reader(bytes).bytes(length);
  const reader = new Reader(whole);
  reader.skip(4);
  const head = { tag: reader.u32(), block: reader.u64(), sequence: reader.u64(), continued: reader.u32() };
  reader.skip(4);
  const times = { micros: reader.i64(), utc: reader.f64() };
  const start = { sequence: reader.u64(), micros: reader.i64(), utc: reader.f64() };
  const flags = reader.u32();
  if (reader.u32() !== headerChecksum(whole, file, checksum)) throw new ProtocolError("malformed", "a block of a ring file is damaged");
  const numbers = [head.block, head.sequence, times.micros, start.sequence, start.micros];
  if (flags > allFlags || !numbers.every(Number.isSafeInteger) || !Number.isFinite(times.utc) || !Number.isFinite(start.utc)) {
    throw new ProtocolError("unsupported", "a block of a ring file has an unknown header");
  }
  const inForce = reader.left === 0 ? undefined : decodeInForce(reader);
  const told = { start: (flags & Flag.hasStart) === 0 ? undefined : start, forgets: (flags & Flag.forgets) !== 0 };
  return { header: { ...head, ...times, ...told, inForce }, length };
}

function decodeInForce(reader: Reader): InForce {
  const discontinuity = decodeDiscontinuity(reader);
  return { discontinuity, generation: decodeGeneration(reader.rest()) };
}

/** Over all of it but the checksum itself. */
function headerChecksum(bytes: Uint8Array, file: number, checksum: Checksum): number {
  return checksum(bytes.subarray(BLOCK_HEAD), checksum(bytes.subarray(0, BLOCK_HEAD - 4), file));
}

/** Bytes before a batch's payload. */
export const BATCH_HEAD = 12;

/** Puts the head before a payload that was written behind room for it. */
export function sealBatch(bytes: Uint8Array, tag: number, checksum: Checksum): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, bytes.length - BATCH_HEAD);
  view.setUint32(4, tag);
  view.setUint32(8, batchChecksum(bytes, checksum));
}

/** Bytes of the batch that begins here as its head says, head included; undefined where none of that block begins. */
export function batchLength(head: Uint8Array, tag: number): number | undefined {
  if (head.length < BATCH_HEAD) return undefined;
  const reader = new Reader(head);
  const length = reader.u32();
  return length > 0 && reader.u32() === tag ? BATCH_HEAD + length : undefined;
}

/** The payload of a whole batch, a view. @throws {ProtocolError} where anything in it is not as it was written */
export function batchPayload(bytes: Uint8Array, tag: number, checksum: Checksum): Uint8Array {
  const length = batchLength(bytes, tag);
  if (length !== bytes.length || new Reader(bytes.subarray(8)).u32() !== batchChecksum(bytes, checksum)) {
    throw new ProtocolError("malformed", "a batch of a ring file is damaged");
  }
  return bytes.subarray(BATCH_HEAD);
}

function batchChecksum(bytes: Uint8Array, checksum: Checksum): number {
  return checksum(bytes.subarray(BATCH_HEAD), checksum(bytes.subarray(0, 8)));
}
