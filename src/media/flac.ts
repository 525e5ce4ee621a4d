import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { Writer } from "../bytes/writer.ts";

/** FLAC, RFC 9639: the STREAMINFO block in the forms containers give it, and the block size of a frame. */

/** Bytes of a STREAMINFO body. */
export const STREAMINFO_LENGTH = 34;
/** What MP4 (dfLa), and RTMP behind `fLaC`, put before it: last block, type 0, 34 bytes. */
const BLOCK_HEADER = [0x80, 0, 0, STREAMINFO_LENGTH] as const;
const MAGIC = [0x66, 0x4c, 0x61, 0x43] as const;

export interface FlacConfig {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitsPerSample: number;
  /** Samples per frame, the last one apart; 0 where it varies. */
  readonly samplesPerFrame: number;
}

function startsWith(data: Uint8Array, bytes: readonly number[], ignored = 0): boolean {
  return bytes.every((byte, i) => ((data[i] ?? -1) | (i === 0 ? ignored : 0)) === byte);
}

/**
 * The 34-byte body, the form a track has, from any of: the body, a metadata block, `fLaC` and metadata blocks as in a file. A view.
 */
export function flacStreamInfo(data: Uint8Array): Uint8Array {
  const inFile = startsWith(data, MAGIC);
  let body = inFile ? data.subarray(MAGIC.length) : data;
  // The flag of the last block may be clear: more blocks follow then, which no decoder needs.
  const inBlock = body.length >= STREAMINFO_LENGTH + BLOCK_HEADER.length && startsWith(body, BLOCK_HEADER, 0x80);
  if (inFile && !inBlock) throw new ProtocolError("malformed", "no STREAMINFO behind fLaC");
  if (inBlock) body = body.subarray(BLOCK_HEADER.length);
  if (body.length < STREAMINFO_LENGTH) throw new ProtocolError("truncated", `STREAMINFO of ${body.length} bytes`);
  return body.subarray(0, STREAMINFO_LENGTH);
}

/** A track's record as a metadata block behind `fLaC`, as Enhanced RTMP sends it; without `fLaC` it is the payload of dfLa. */
export function flacHeaderFrom(streamInfo: Uint8Array): Uint8Array {
  return new Writer(42).bytes(Uint8Array.from(MAGIC)).bytes(Uint8Array.from(BLOCK_HEADER)).bytes(streamInfo).done();
}

/** Parses STREAMINFO, RFC 9639 8.2, in any form that `flacStreamInfo` takes. */
export function parseFlacConfig(data: Uint8Array): FlacConfig {
  const bits = new BitReader(flacStreamInfo(data));
  const smallest = bits.u(16);
  const largest = bits.u(16);
  bits.skip(48);
  const sampleRate = bits.u(20);
  const channels = 1 + bits.u(3);
  const bitsPerSample = 1 + bits.u(5);
  if (largest < 16 || smallest > largest) throw new ProtocolError("malformed", `FLAC blocks of ${smallest} to ${largest} samples`);
  if (sampleRate === 0 || bitsPerSample < 4) throw new ProtocolError("malformed", `FLAC of ${sampleRate} Hz, ${bitsPerSample} bits`);
  return { sampleRate, channels, bitsPerSample, samplesPerFrame: smallest === largest ? largest : 0 };
}

/** Samples in a frame, from its header (RFC 9639 9.1). */
export function flacFrameSamples(frame: Uint8Array): number {
  const bits = new BitReader(frame);
  if (bits.u(15) !== 0x7ffc) throw new ProtocolError("malformed", "no FLAC frame header");
  bits.skip(1);
  const code = bits.u(4);
  bits.skip(12);
  switch (code) {
    case 0:
      throw new ProtocolError("malformed", "FLAC: reserved block size");
    case 1:
      return 192;
    case 6:
      skipCodedNumber(bits);
      return 1 + bits.u(8);
    case 7:
      skipCodedNumber(bits);
      return 1 + bits.u(16);
    default:
      return code < 6 ? 576 << (code - 2) : 256 << (code - 8);
  }
}

/** The frame or sample number, in as many bytes as the leading ones of the first say. */
function skipCodedNumber(bits: BitReader): void {
  const first = bits.u(8);
  const ones = Math.clz32(~(first << 24));
  if (ones === 1 || ones > 7) throw new ProtocolError("malformed", "FLAC: broken frame number");
  if (ones > 1) bits.skip(8 * (ones - 1));
}
