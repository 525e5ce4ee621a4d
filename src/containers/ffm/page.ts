/** The pages of FFM (FFmpeg's ffserver): what follows the header, each of the same size, with a run of the stream of frames in it. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";

/** Bytes of every page, those of the header included. The format has a field for it, and nobody ever wrote another number. */
export const PAGE_SIZE = 4096;
/** Bytes of a page before its payload. */
export const PAGE_HEADER = 14;

/** The characters `fm`. */
export const PAGE_SYNC = 0x666d;
const DISCONTINUITY = 0x8000;

/** What a page says of itself. */
export interface FfmPage {
  /** Microseconds: decoding time of the first frame whose header starts here; where none does, that of the page before. */
  readonly dts: number;
  /** Offset from the start of the page of the first frame header that starts in it; 0 where none does. */
  readonly firstFrame: number;
  /** The writer began anew here: what the pages before left unfinished stays so. */
  readonly discontinuity: boolean;
  /** Bytes at the end of the page that mean nothing. */
  readonly fill: number;
}

/**
 * Reads the first 14 bytes of a page.
 *
 * @throws ProtocolError("malformed") where they are none, or contradict themselves
 */
export function readPage(page: Uint8Array): FfmPage {
  const reader = new Reader(page);
  if (reader.u16() !== PAGE_SYNC) throw new ProtocolError("malformed", "FFM: a page does not begin with fm");
  const fill = reader.u16();
  const dts = reader.i64();
  const place = reader.u16();
  const firstFrame = place & ~DISCONTINUITY;
  if (fill > PAGE_SIZE - PAGE_HEADER) throw new ProtocolError("malformed", `FFM: a page with ${fill} bytes of filling`);
  if (firstFrame !== 0 && (firstFrame < PAGE_HEADER || firstFrame >= PAGE_SIZE - fill))
    throw new ProtocolError("malformed", `FFM: the first frame of a page at ${firstFrame}, which is outside its payload`);
  return { dts, firstFrame, discontinuity: (place & DISCONTINUITY) !== 0, fill };
}

/** A whole page; what the payload does not fill is filled with zeros. */
export function writePage({ dts, firstFrame, discontinuity }: Omit<FfmPage, "fill">, payload: readonly Uint8Array[]): Uint8Array {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const writer = new Writer(PAGE_SIZE);
  writer
    .u16(PAGE_SYNC)
    .u16(PAGE_SIZE - PAGE_HEADER - length)
    .u64(dts);
  writer.u16(firstFrame | (discontinuity ? DISCONTINUITY : 0));
  for (const part of payload) writer.bytes(part);
  return writer.zeros(PAGE_SIZE - writer.length).done();
}

/** Offsets of a part of a file, the end not included. */
export interface FileRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Where the pages of a ring file of ffserver lie, oldest first: it is written to round and round behind its header.
 *
 * @param writeIndex as the header has it: where the next page would have gone; 0 for a file that is no ring
 * @param header bytes of the header's pages
 * @throws ProtocolError("malformed") for an index where no page begins
 */
export function ringOrder(writeIndex: number, header: number, fileSize: number): FileRange[] {
  const end = fileSize - (fileSize % PAGE_SIZE);
  if (writeIndex === 0) return end > header ? [{ from: header, to: end }] : [];
  if (writeIndex < PAGE_SIZE || writeIndex > end || writeIndex % PAGE_SIZE !== 0)
    throw new ProtocolError("malformed", `FFM: a write index of ${writeIndex} in a file of ${fileSize} bytes`);
  return [
    { from: Math.max(writeIndex, header), to: end },
    { from: header, to: writeIndex },
  ].filter(({ from, to }) => from < to);
}
