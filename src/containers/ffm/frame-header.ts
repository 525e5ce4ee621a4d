/** What stands before the payload of a frame in the stream that FFM's pages carry; it may lie across two pages. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";

/** Bytes of a header whose frame is shown when it is decoded. */
export const FRAME_HEADER = 16;
/** Bytes of the others, at the end of which the delay stands. */
export const LONG_FRAME_HEADER = 20;
/** Bytes of a frame's payload: the field has 24 bits. */
export const MAX_FRAME = 0xff_ffff;

const KEY = 1;
const HAS_DELAY = 2;
const MAX_DURATION = 0xff_ffff;

/** Times and durations are microseconds; with an encoder's wall clock since 1970. */
export interface FfmFrameHeader {
  /** Index of its stream in the header. */
  readonly stream: number;
  readonly isKey: boolean;
  readonly dts: number;
  readonly pts: number;
  /** 0 where unknown; only the low 24 bits are kept. */
  readonly duration: number;
  /** Bytes of the payload. */
  readonly size: number;
}

/** How many bytes a header has, told by its second byte. */
export function frameHeaderSize(flags: number): number {
  return (flags & HAS_DELAY) === 0 ? FRAME_HEADER : LONG_FRAME_HEADER;
}

/** @param bytes as many as `frameHeaderSize` says. @throws ProtocolError for times that no clock has */
export function readFrameHeader(bytes: Uint8Array): FfmFrameHeader {
  const reader = new Reader(bytes);
  const stream = reader.u8();
  const flags = reader.u8();
  const size = reader.u24();
  const duration = reader.u24();
  const pts = reader.i64();
  // FFmpeg writes a picture that is shown before it is decoded, which only a broken encoder makes, as a delay below 0.
  const delay = (flags & HAS_DELAY) === 0 ? 0 : reader.i32();
  if (!Number.isSafeInteger(pts)) throw new ProtocolError("malformed", "FFM: a frame without a time stamp");
  return { stream, isKey: (flags & KEY) !== 0, dts: pts - delay, pts, duration, size };
}

export function writeFrameHeader({ stream, isKey, dts, pts, duration, size }: FfmFrameHeader): Uint8Array {
  const delay = pts - dts;
  const writer = new Writer(LONG_FRAME_HEADER).u8(stream).u8((isKey ? KEY : 0) | (delay === 0 ? 0 : HAS_DELAY));
  writer.u24(size).u24(Math.min(duration, MAX_DURATION)).u64(pts);
  return delay === 0 ? writer.done() : writer.u32(delay >>> 0).done();
}
