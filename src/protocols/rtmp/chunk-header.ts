import type { Writer } from "../../bytes/writer.ts";

/** A timestamp field of this value is followed by 32 bits more (RTMP 1.0 section 5.3.1.3). */
export const extendedMark = 0xffffff;

/** The longest chunk header: 3 bytes of basic header, 11 of message header, 4 of extended timestamp. */
export const longestHeader = 18;

/** Bytes of the message header by chunk format (section 5.3.1.2). */
export const messageHeaderLength = [11, 7, 3, 0] as const;

/** What a chunk header of some format says. Fields that the format leaves out are ignored on writing. */
export interface ChunkHeader {
  /** 0: all; 1: no message stream id; 2: time delta only; 3: nothing. */
  readonly format: 0 | 1 | 2 | 3;
  /** 2 to 65599. */
  readonly chunkStreamId: number;
  /** Format 0: the time; 1 and 2: the delta. 32 bits; on format 3 the value is repeated if it is extended. */
  readonly time: number;
  /** Bytes of the whole message. */
  readonly length: number;
  readonly type: number;
  readonly streamId: number;
}

/** Writes the basic header: format and chunk stream id in one to three bytes (section 5.3.1.1). */
export function writeBasicHeader(to: Writer, format: number, chunkStreamId: number): void {
  if (chunkStreamId < 64) {
    to.u8((format << 6) | chunkStreamId);
  } else if (chunkStreamId < 320) {
    to.u8(format << 6).u8(chunkStreamId - 64);
  } else {
    to.u8((format << 6) | 1).u16le(chunkStreamId - 64);
  }
}

/** Writes a whole chunk header, with the extended timestamp where the time needs it. */
export function writeChunkHeader(to: Writer, header: ChunkHeader): void {
  const { format, time } = header;
  const extended = time >= extendedMark;
  writeBasicHeader(to, format, header.chunkStreamId);
  if (format < 3) to.u24(extended ? extendedMark : time);
  if (format < 2) to.u24(header.length).u8(header.type);
  if (format === 0) to.u32le(header.streamId);
  if (extended) to.u32(time);
}

/** The basic header at an offset, or undefined where the bytes end too early. */
export function basicHeaderLength(data: Uint8Array, at: number): number {
  const low = data[at]! & 0x3f;
  return low === 0 ? 2 : low === 1 ? 3 : 1;
}

/** Reads the chunk stream id of a basic header that is there in full. */
export function readChunkStreamId(data: Uint8Array, at: number): number {
  const low = data[at]! & 0x3f;
  if (low === 0) return data[at + 1]! + 64;
  if (low === 1) return data[at + 1]! + data[at + 2]! * 256 + 64;
  return low;
}
