/** PES packets, ISO/IEC 13818-1 2.4.3.6: what an elementary stream is cut into, with its times. */
import { STAMP_TURN } from "./packet.ts";

/** Bytes by which the length of a PES packet is known. */
export const PES_START = 6;
/** Bytes before the optional fields of a header. */
const PES_HEAD = 9;
/** The longest packet whose length is told. */
const MAX_LENGTH = 0xffff;
/** What counts as that long: some muxers stop a little before (VLC after 65500 bytes). */
const FULL_LENGTH = 65_000;

/** stream_id of what we write: table 2-22. */
export const PesStreamId = { privateStream1: 0xbd, audio: 0xc0, video: 0xe0 } as const;

/** stream_ids whose packets have no header beyond the length: program map, padding, private 2, ECM, EMM, DSM-CC, H.222.1 E, directory. */
const HEADLESS: ReadonlySet<number> = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff]);

/** Times of a PES packet, ticks of 90 kHz. */
export interface Stamps {
  readonly pts: number;
  /** The same as `pts` where only that is told. */
  readonly dts: number;
}

export interface PesHeader {
  /** As they are sent, modulo 2^33; undefined where there are none. */
  readonly stamps: Stamps | undefined;
  /** Offset of the first byte of the elementary stream. */
  readonly payload: number;
  /** As long as a packet can tell that it is, or nearly: the access unit may go on in the next one. */
  readonly isFull: boolean;
}

/** Bytes of the whole packet that begins with these, 0 where it does not tell: then it ends where the next one begins. Undefined: no PES packet. */
export function pesLength(start: Uint8Array): number | undefined {
  if (start[0] !== 0 || start[1] !== 0 || start[2] !== 1) return undefined;
  const length = (start[4]! << 8) | start[5]!;
  return length === 0 ? 0 : PES_START + length;
}

/** Reads the header of a whole packet. Undefined where it is damaged or scrambled. What is no elementary stream, padding say, has no payload. */
export function readPesHeader(data: Uint8Array): PesHeader | undefined {
  const [, , , streamId = 0, , , first = 0, second = 0, length = 0] = data;
  const payload = PES_HEAD + length;
  if (HEADLESS.has(streamId)) return { stamps: undefined, payload: data.length, isFull: false };
  if (data.length < payload || (first & 0xc0) !== 0x80 || (first & 0x30) !== 0) return undefined;
  const hasPts = (second & 0x80) !== 0;
  const hasDts = (second & 0x40) !== 0;
  const isFull = data.length >= FULL_LENGTH && pesLength(data) !== 0;
  if (!hasPts) return hasDts ? undefined : { stamps: undefined, payload, isFull };
  if (length < (hasDts ? 10 : 5)) return undefined;
  const pts = readStamp(data, PES_HEAD);
  const dts = hasDts ? readStamp(data, PES_HEAD + 5) : pts;
  return pts === undefined || dts === undefined ? undefined : { stamps: { pts, dts }, payload, isFull };
}

/** 33 bits in 5 bytes, between marker bits. Undefined where one of those is missing. */
function readStamp(data: Uint8Array, at: number): number | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = data.subarray(at, at + 5);
  if ((a & c & e & 1) === 0) return undefined;
  return ((a >> 1) & 7) * 2 ** 30 + ((b << 22) | ((c >> 1) << 15) | (d << 7) | (e >> 1));
}

/**
 * The header of a packet.
 *
 * @param stamps are taken modulo 2^33
 * @param length bytes of the elementary stream behind it; where they are too many, which only video may have, the header does not tell
 */
export function pesHeader(streamId: number, stamps: Stamps, length: number): Uint8Array {
  const hasDts = stamps.dts !== stamps.pts;
  const optional = hasDts ? 10 : 5;
  const header = new Uint8Array(PES_HEAD + optional);
  const told = PES_HEAD - PES_START + optional + length;
  header.set([0, 0, 1, streamId]);
  if (told <= MAX_LENGTH) header.set([told >> 8, told & 0xff], 4);
  // Marked as aligned: an access unit, or a sync word, comes first.
  header.set([0x84, hasDts ? 0xc0 : 0x80, optional], PES_START);
  writeStamp(header, PES_HEAD, hasDts ? 3 : 2, stamps.pts);
  if (hasDts) writeStamp(header, PES_HEAD + 5, 1, stamps.dts);
  return header;
}

function writeStamp(out: Uint8Array, at: number, prefix: number, stamp: number): void {
  const wrapped = ((stamp % STAMP_TURN) + STAMP_TURN) % STAMP_TURN;
  const high = Math.floor(wrapped / 2 ** 30);
  out[at] = (prefix << 4) | (high << 1) | 1;
  out[at + 1] = wrapped / 2 ** 22;
  out[at + 2] = ((wrapped / 2 ** 15) << 1) | 1;
  out[at + 3] = wrapped / 2 ** 7;
  out[at + 4] = (wrapped << 1) | 1;
}
