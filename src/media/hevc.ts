import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import { Access } from "./frame.ts";
import type { FrameAccess } from "./frame.ts";
import { parseHevcSps } from "./hevc-sps.ts";
import type { HevcSps } from "./hevc-sps.ts";
import { SEI_RECOVERY_POINT, findSei, nalLengthSize } from "./nal.ts";
import type { NalLengthSize } from "./nal.ts";

/** H.265 NAL unit types that we tell apart, ITU-T H.265 table 7-1. */
export const HevcNalType = {
  /** Up to here even types are pictures that no other of their sub-layer refers to. */
  lastNonReference: 14,
  blaWithLeading: 16,
  blaWithDecodableLeading: 17,
  blaWithoutLeading: 18,
  idrWithDecodableLeading: 19,
  idrWithoutLeading: 20,
  cra: 21,
  lastSlice: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  delimiter: 35,
  filler: 38,
  prefixSei: 39,
} as const;

/** A parsed hvcC record. The parameter sets are views of it. */
export interface HevcConfig extends HevcSps {
  /** Bytes of the length before each NAL unit. */
  readonly lengthSize: NalLengthSize;
  readonly vps: readonly Uint8Array[];
  /** At least one; what the inherited fields say is from the first. */
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  /** `hvc1.` and the profile, compatibility, level and constraints of the record, ISO/IEC 14496-15 Annex E.3. */
  readonly codecString: string;
}

/** Offset of the byte that ends in lengthSizeMinusOne. */
const LAYERS_OFFSET = 21;
/** Parameter sets and SEI in a record: the standard's ids end at 16 VPS, 16 SPS and 64 PPS. */
const MAX_RECORD_UNITS = 128;

/** Parses an HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 8.3.3.1. */
export function parseHevcConfig(hvcC: Uint8Array): HevcConfig {
  const reader = new Reader(hvcC);
  const version = reader.u8();
  // Version 0 was written by early muxers, with the same layout.
  if (version > 1) throw new ProtocolError("malformed", `hvcC version ${version}`);
  const profileTierLevel = reader.bytes(12);
  reader.skip(6);
  const averageFrameRate = reader.u16() / 256;
  const lengthSize = nalLengthSize(reader.u8());
  const { vps, sps, pps } = readArrays(reader);
  if (sps[0] === undefined) throw new ProtocolError("malformed", "hvcC without an SPS");
  const parsed = parseHevcSps(sps[0]);
  const frameRate = parsed.frameRate || averageFrameRate;
  return { ...parsed, frameRate, lengthSize, vps, sps, pps, codecString: hevcCodecString(profileTierLevel) };
}

function readArrays(reader: Reader): { vps: Uint8Array[]; sps: Uint8Array[]; pps: Uint8Array[] } {
  const vps: Uint8Array[] = [];
  const sps: Uint8Array[] = [];
  const pps: Uint8Array[] = [];
  let left = MAX_RECORD_UNITS;
  const arrays = reader.u8();
  for (let i = 0; i < arrays; i++) {
    const type = reader.u8() & 0x3f;
    const count = reader.u16();
    if (count > left) throw new ProtocolError("limit", `more than ${MAX_RECORD_UNITS} NAL units in hvcC`);
    left -= count;
    for (let j = 0; j < count; j++) {
      const unit = reader.bytes(reader.u16());
      if (type === HevcNalType.vps) vps.push(unit);
      if (type === HevcNalType.sps) sps.push(unit);
      if (type === HevcNalType.pps) pps.push(unit);
    }
  }
  return { vps, sps, pps };
}

/** @param ptl general profile, tier and level, 12 bytes */
function hevcCodecString(ptl: Uint8Array): string {
  const reader = new Reader(ptl);
  const first = reader.u8();
  const space = ["", "A", "B", "C"][first >> 6] ?? "";
  const tier = (first & 0x20) !== 0 ? "H" : "L";
  const compatibility = reversed(reader.u32()).toString(16).toUpperCase();
  const constraints = reader.bytes(6);
  const level = reader.u8();
  const used = constraints.findLastIndex((byte) => byte !== 0) + 1;
  const tail = Array.from(constraints.subarray(0, used), (byte) => `.${byte.toString(16).toUpperCase()}`).join("");
  return `hvc1.${space}${first & 0x1f}.${compatibility}.${tier}${level}${tail}`;
}

/** The 32 bits of a word in reverse order. */
function reversed(word: number): number {
  let out = 0;
  for (let i = 0; i < 32; i++) out = out * 2 + ((word >>> i) & 1);
  return out;
}

/**
 * Builds an hvcC record with lengths of 4 bytes and complete arrays, as `hvc1` asks, from parameter sets in the order given.
 * What only a VUI or a decoder could tell (segmentation, parallelism, frame rate) is said to be unknown.
 */
export function hevcConfigFrom(vps: readonly Uint8Array[], sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  if (vps.length + sps.length + pps.length > MAX_RECORD_UNITS) throw new ProtocolError("limit", "too many parameter sets");
  if (sps[0] === undefined) throw new ProtocolError("malformed", "no SPS");
  const parsed = parseHevcSps(sps[0]);
  const writer = new Writer(256);
  writer.u8(1).bytes(parsed.profileTierLevel);
  writer.u16(0xf000).u8(0xfc);
  writer.u8(0xfc | parsed.chromaFormat);
  writer.u8(0xf8 | ((parsed.bitDepthLuma - 8) & 7)).u8(0xf8 | ((parsed.bitDepthChroma - 8) & 7));
  writer.u16(0);
  writer.u8((parsed.temporalLayers << 3) | (parsed.temporalIdNested ? 4 : 0) | 3);
  const arrays = [
    [HevcNalType.vps, vps],
    [HevcNalType.sps, sps],
    [HevcNalType.pps, pps],
  ] as const;
  const filled = arrays.filter(([, units]) => units.length > 0);
  writer.u8(filled.length);
  for (const [type, units] of filled) {
    writer.u8(0x80 | type).u16(units.length);
    for (const unit of units) writer.u16(unit.length).bytes(unit);
  }
  return writer.done();
}

/** The record for frames that `withFourByteLengths` has rewritten. The result is `hvcC` itself where it says 4 bytes already. */
export function withHevcLengthSizeFour(hvcC: Uint8Array): Uint8Array {
  const byte = hvcC[LAYERS_OFFSET];
  if (byte === undefined) throw new ProtocolError("truncated", `hvcC of ${hvcC.length} bytes`);
  if ((byte & 3) === 3) return hvcC;
  const copy = new Uint8Array(hvcC); // slice() of a Buffer would be a view
  copy[LAYERS_OFFSET] = byte | 3;
  return copy;
}

/** numTemporalLayers of a record, without parsing the rest; 0 where it does not say. */
export function hevcTemporalLayers(hvcC: Uint8Array): number {
  return ((hvcC[LAYERS_OFFSET] ?? 0) >> 3) & 7;
}

/** What a picture of a random-access type is to someone who starts there. */
function randomAccessOf(type: number): FrameAccess | undefined {
  switch (type) {
    case HevcNalType.idrWithoutLeading:
    case HevcNalType.blaWithoutLeading:
      return Access.closed;
    case HevcNalType.idrWithDecodableLeading:
    case HevcNalType.blaWithDecodableLeading:
      return Access.leading;
    case HevcNalType.blaWithLeading:
    case HevcNalType.cra:
      return Access.open;
    default:
      return undefined;
  }
}

/**
 * What a frame (NAL units behind lengths of 4 bytes) is for someone who starts at it or leaves it out. Only NAL unit headers of the base layer
 * are read, and SEI: a recovery point in a picture of another type is an open access point where recovery takes no pictures, else a gradual one.
 *
 * IDR_W_RADL counts as having leading pictures, because it may. Discardable is a picture that no other of its temporal sub-layer refers to, in the
 * highest of them; lower ones may serve those above.
 *
 * @param temporalLayers `hevcTemporalLayers` of the record; 0 (unknown) makes no frame discardable
 */
export function hevcAccess(data: Uint8Array, temporalLayers: number): FrameAccess {
  const reader = new Reader(data);
  let slices = false;
  let needed = temporalLayers === 0;
  let recovery: number | undefined;
  while (reader.left > 0) {
    const unit = reader.bytes(reader.u32());
    if (unit.length < 2) continue;
    const first = unit[0] ?? 0;
    const second = unit[1] ?? 0;
    const type = (first >> 1) & 0x3f;
    const baseLayer = (first & 1) === 0 && second >> 3 === 0;
    if (!baseLayer) continue;
    if (type === HevcNalType.prefixSei) recovery ??= findSei(unit, 2, SEI_RECOVERY_POINT);
    if (type > HevcNalType.lastSlice) continue;
    const access = randomAccessOf(type);
    if (access !== undefined) return access;
    slices = true;
    const temporalId = (second & 7) - 1;
    needed ||= type > HevcNalType.lastNonReference || (type & 1) === 1 || temporalId < temporalLayers - 1;
  }
  // recovery_poc_cnt is an Exp-Golomb code: a leading 1 is the number 0.
  if (recovery !== undefined && slices) return (recovery & 0x80) !== 0 ? Access.open : Access.gradual;
  return slices && !needed ? Access.discardable : Access.none;
}
