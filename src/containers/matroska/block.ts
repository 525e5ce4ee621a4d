/** Blocks: SimpleBlock, and Block in a BlockGroup (RFC 9559 10). */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { elements, readSignedVint, readVint, unsigned, writeHead } from "./ebml.ts";
import { ElementId } from "./ids.ts";

/** What a block says, apart from what its codec says. */
export interface Block {
  /** TrackNumber. */
  readonly track: number;
  /** Ticks of the segment after the cluster's timestamp; may be negative. */
  readonly time: number;
  readonly isKey: boolean;
  /** Only SimpleBlocks say so. */
  readonly discardable: boolean;
  /** Ticks of the segment that all frames together last; undefined where it is not said. */
  readonly duration: number | undefined;
  /** Views; more than one where there is lacing. */
  readonly frames: readonly Uint8Array[];
}

const Flag = { key: 0x80, lacing: 0x06, discardable: 0x01 } as const;
const Lacing = { none: 0, xiph: 0x02, fixed: 0x04, ebml: 0x06 } as const;

/** The body of a SimpleBlock. */
export function readSimpleBlock(data: Uint8Array): Block {
  const { flags, ...block } = readBody(data);
  return { ...block, isKey: (flags & Flag.key) !== 0, discardable: (flags & Flag.discardable) !== 0, duration: undefined };
}

/** The body of a BlockGroup: a key frame is one that refers to no other block. Undefined where there is no block in it. */
export function readBlockGroup(data: Uint8Array): Block | undefined {
  let body: Uint8Array | undefined;
  let duration: number | undefined;
  let isKey = true;
  for (const { id, data: value } of elements(data)) {
    if (id === ElementId.block) body = value;
    if (id === ElementId.blockDuration) duration = unsigned(value);
    if (id === ElementId.referenceBlock) isKey = false;
  }
  if (body === undefined) return undefined;
  const { flags: _, ...block } = readBody(body);
  return { ...block, isKey, discardable: false, duration };
}

function readBody(data: Uint8Array): Pick<Block, "track" | "time" | "frames"> & { readonly flags: number } {
  const reader = new Reader(data);
  const track = readVint(reader);
  if (track === undefined) throw new ProtocolError("malformed", "Matroska: a block without a track number");
  const time = reader.i16();
  const flags = reader.u8();
  return { track, time, flags, frames: readFrames(reader, flags & Flag.lacing) };
}

/** What is left of a block, cut into frames (10.3). */
function readFrames(reader: Reader, lacing: number): Uint8Array[] {
  if (lacing === Lacing.none) return [reader.rest()];
  const others = reader.u8();
  if (lacing === Lacing.fixed) return equalFrames(reader, others + 1);
  const sizes = lacing === Lacing.xiph ? xiphSizes(reader, others) : ebmlSizes(reader, others);
  return [...sizes.map((size) => reader.bytes(size)), reader.rest()];
}

function equalFrames(reader: Reader, count: number): Uint8Array[] {
  if (reader.left % count !== 0) throw new ProtocolError("malformed", `Matroska: ${reader.left} bytes are no ${count} equal frames`);
  const size = reader.left / count;
  return Array.from({ length: count }, () => reader.bytes(size));
}

/** Each size is a sum that goes on while the summand is 255. */
function xiphSizes(reader: Reader, count: number): number[] {
  return Array.from({ length: count }, () => {
    let size = 0;
    let byte: number;
    do {
      byte = reader.u8();
      size += byte;
    } while (byte === 255);
    return size;
  });
}

/** The first size as it is, each other as its difference from the one before. */
function ebmlSizes(reader: Reader, count: number): number[] {
  const sizes: number[] = [];
  for (let i = 0; i < count; i++) {
    const size = i === 0 ? (readVint(reader) ?? -1) : sizes[i - 1]! + readSignedVint(reader);
    if (size < 0) throw new ProtocolError("malformed", "Matroska: a laced frame of negative size");
    sizes.push(size);
  }
  return sizes;
}

/** Track numbers that take one byte in a block: we write no others. */
export const MAX_TRACK_NUMBER = 126;

/** Bytes of a block's body before its frame, where its track number takes one. */
const FIXED = 4;

/** All of a SimpleBlock but its one frame. `time` within 16 signed bits. */
export function simpleBlockHead(block: Pick<Block, "track" | "time" | "isKey" | "discardable">, frameLength: number): Uint8Array {
  const out = new Writer(12);
  writeHead(out, ElementId.simpleBlock, FIXED + frameLength);
  out.u8(0x80 | block.track).u16(block.time);
  return out.u8((block.isKey ? Flag.key : 0) | (block.discardable ? Flag.discardable : 0)).done();
}
