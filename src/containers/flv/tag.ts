import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";

/** Types of FLV tags that we know; 15 is Enhanced RTMP's. The first two bits of the field are reserved. */
export const TagType = { audio: 8, video: 9, scriptAmf3: 15, script: 18 } as const;
export type TagType = (typeof TagType)[keyof typeof TagType];

/** FLV file header and PreviousTagSize0. */
export const FILE_HEADER_SIZE = 13;
export const TAG_HEADER_SIZE = 11;
/** PreviousTagSize after each tag. */
export const TAG_TRAILER_SIZE = 4;
/** DataSize has 24 bits. */
export const MAX_TAG_BODY = 0xff_ffff;

/** One tag. `body` is what an RTMP message of the same type carries. */
export interface FlvTag {
  /** 8, 9, 15, 18 or whatever else the file has. */
  readonly type: number;
  /** Milliseconds, u32: the 24 bits and the extension put together. */
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/** Video File Format 10.1, E.2: header with version 1 and true flags, then PreviousTagSize0. */
export function fileHeader(has: { readonly audio: boolean; readonly video: boolean }): Uint8Array {
  const flags = (has.audio ? 4 : 0) | (has.video ? 1 : 0);
  return new Writer(FILE_HEADER_SIZE).ascii("FLV").u8(1).u8(flags).u32(9).u32(0).done();
}

/** The fixed fields of a tag, before its body (E.4.1). */
export interface TagHeader {
  readonly type: number;
  readonly size: number;
  readonly timestamp: number;
}

/**
 * @param reader stands at a tag of which 11 bytes are there
 * @throws ProtocolError("unsupported") for an encrypted tag
 */
export function readTagHeader(reader: Reader): TagHeader {
  const first = reader.u8();
  if ((first & 0x20) !== 0) throw new ProtocolError("unsupported", "encrypted FLV tag");
  const size = reader.u24();
  const low = reader.u24();
  const timestamp = reader.u8() * 0x100_0000 + low;
  reader.skip(3); // StreamID, always 0
  return { type: first & 0x1f, size, timestamp };
}

/**
 * A whole tag in pieces: header, the body as it was given, PreviousTagSize.
 *
 * @param timestamp milliseconds, 0 to 2^32 - 1
 */
export function tagParts(type: TagType, timestamp: number, body: readonly Uint8Array[]): Uint8Array[] {
  let size = 0;
  for (const part of body) size += part.length;
  if (size > MAX_TAG_BODY) throw new Error(`FLV tag of ${size} bytes to be written`);
  const frame = new Writer(TAG_HEADER_SIZE + TAG_TRAILER_SIZE)
    .u8(type)
    .u24(size)
    .u24(timestamp & 0xff_ffff)
    .u8(timestamp >>> 24)
    .u24(0)
    .u32(TAG_HEADER_SIZE + size)
    .done();
  return [frame.subarray(0, TAG_HEADER_SIZE), ...body, frame.subarray(TAG_HEADER_SIZE)];
}
