import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import { parseAvcSps } from "./avc-sps.ts";
import type { AvcSps } from "./avc-sps.ts";
import { Access } from "./frame.ts";
import type { FrameAccess } from "./frame.ts";
import { SEI_RECOVERY_POINT, findSei, nalLengthSize } from "./nal.ts";
import type { NalLengthSize } from "./nal.ts";

/** H.264 NAL unit types that we tell apart, ITU-T H.264 table 7-1. */
export const AvcNalType = {
  slice: 1,
  partitionA: 2,
  partitionB: 3,
  partitionC: 4,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  delimiter: 9,
  filler: 12,
} as const;

/** A parsed avcC record. The parameter sets are views of it. */
export interface AvcConfig extends AvcSps {
  /** Bytes of the length before each NAL unit. */
  readonly lengthSize: NalLengthSize;
  /** At least one; what the other fields say is from the first. */
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  /** `avc1.` and the profile, constraints and level of the first SPS, RFC 6381 3.3. */
  readonly codecString: string;
}

/** Offset of the byte whose two low bits are lengthSizeMinusOne. */
const LENGTH_SIZE_OFFSET = 4;
const MAX_SPS = 31;
const MAX_PPS = 255;

/**
 * Parses an AVCDecoderConfigurationRecord, ISO/IEC 14496-15 5.3.3.1. What follows the picture parameter sets (chroma format and
 * bit depths, which the SPS has too, and SPS extensions) is often missing or wrong in RTMP and not looked at.
 */
export function parseAvcConfig(avcC: Uint8Array): AvcConfig {
  const reader = new Reader(avcC);
  const version = reader.u8();
  if (version !== 1) throw new ProtocolError("malformed", `avcC version ${version}`);
  reader.skip(3);
  const lengthSize = nalLengthSize(reader.u8());
  const sps = readParameterSets(reader, reader.u8() & 0x1f);
  const pps = readParameterSets(reader, reader.u8());
  if (sps[0] === undefined) throw new ProtocolError("malformed", "avcC without an SPS");
  const parsed = parseAvcSps(sps[0]);
  return { ...parsed, lengthSize, sps, pps, codecString: avcCodecString(parsed) };
}

function readParameterSets(reader: Reader, count: number): Uint8Array[] {
  const sets: Uint8Array[] = [];
  for (let i = 0; i < count; i++) sets.push(reader.bytes(reader.u16()));
  return sets;
}

function avcCodecString(sps: AvcSps): string {
  const hex = (byte: number) => byte.toString(16).padStart(2, "0");
  return `avc1.${hex(sps.profile)}${hex(sps.constraints)}${hex(sps.level)}`;
}

/**
 * Builds an avcC record with lengths of 4 bytes from parameter sets in the order given. The chroma format and bit depths are
 * written for all profiles but Baseline, Main and Extended, as the standard asks.
 */
export function avcConfigFrom(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  if (sps.length > MAX_SPS || pps.length > MAX_PPS) throw new ProtocolError("limit", `${sps.length} SPS and ${pps.length} PPS`);
  if (sps[0] === undefined) throw new ProtocolError("malformed", "no SPS");
  const parsed = parseAvcSps(sps[0]);
  const writer = new Writer();
  writer.u8(1).u8(parsed.profile).u8(parsed.constraints).u8(parsed.level);
  writer.u8(0xff);
  writer.u8(0xe0 | sps.length);
  for (const set of sps) writer.u16(set.length).bytes(set);
  writer.u8(pps.length);
  for (const set of pps) writer.u16(set.length).bytes(set);
  if (parsed.profile !== 66 && parsed.profile !== 77 && parsed.profile !== 88) {
    writer.u8(0xfc | parsed.chromaFormat);
    writer.u8(0xf8 | (parsed.bitDepthLuma - 8)).u8(0xf8 | (parsed.bitDepthChroma - 8));
    writer.u8(0);
  }
  return writer.done();
}

/**
 * The record for frames that `withFourByteLengths` has rewritten. The result is `avcC` itself where it says 4 bytes already.
 */
export function withAvcLengthSizeFour(avcC: Uint8Array): Uint8Array {
  const byte = avcC[LENGTH_SIZE_OFFSET];
  if (byte === undefined) throw new ProtocolError("truncated", `avcC of ${avcC.length} bytes`);
  if ((byte & 3) === 3) return avcC;
  const copy = new Uint8Array(avcC); // slice() of a Buffer would be a view
  copy[LENGTH_SIZE_OFFSET] = byte | 3;
  return copy;
}

/**
 * What a frame (NAL units behind lengths of 4 bytes) is for someone who starts at it or leaves it out.
 *
 * An IDR picture is a closed access point. A recovery point SEI is an open one where recovery takes no frames (x264's open GOPs), else a gradual
 * one (intra refresh). Discardable is a frame all of whose slices have nal_ref_idc 0. Only NAL unit headers are read, and SEI where there is no IDR.
 */
export function avcAccess(data: Uint8Array): FrameAccess {
  const reader = new Reader(data);
  let slices = false;
  let referenced = false;
  let recovery: number | undefined;
  while (reader.left > 0) {
    const length = reader.u32();
    if (length === 0) continue;
    const header = reader.peek();
    const type = header & 0x1f;
    if (type === AvcNalType.idr) return Access.closed;
    if (type === AvcNalType.sei) {
      recovery ??= findSei(reader.bytes(length), 1, SEI_RECOVERY_POINT);
      continue;
    }
    if (type >= AvcNalType.slice && type <= AvcNalType.partitionC) {
      slices = true;
      referenced ||= (header & 0x60) !== 0;
    }
    reader.skip(length);
  }
  // recovery_frame_cnt is an Exp-Golomb code: a leading 1 is the number 0.
  if (recovery !== undefined && slices) return (recovery & 0x80) !== 0 ? Access.open : Access.gradual;
  return slices && !referenced ? Access.discardable : Access.none;
}
