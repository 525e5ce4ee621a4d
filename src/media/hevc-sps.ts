import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { skipVuiPicture } from "./avc-sps.ts";
import { withoutEmulationPrevention } from "./nal.ts";
import { MAX_PICTURE_SIDE, frameRateOf } from "./picture.ts";

/** What we read of an H.265 sequence parameter set. */
export interface HevcSps {
  /** Parameter sets with this id take its place. */
  readonly id: number;
  /** The 12 bytes of general profile, tier and level, as hvcC has them from offset 1. */
  readonly profileTierLevel: Uint8Array;
  /** Temporal sub-layers, 1 to 7. */
  readonly temporalLayers: number;
  readonly temporalIdNested: boolean;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels within the conformance window. */
  readonly width: number;
  readonly height: number;
  /** Frames per second; 0 where the stream does not say. */
  readonly frameRate: number;
  /** How many frames can precede a frame in decoding order and follow it in output order. */
  readonly reorderFrames: number;
}

const PROFILE_TIER_LEVEL_LENGTH = 12;
/** Pictures that a short-term reference picture set can name: sps_max_dec_pic_buffering_minus1 is at most 15. */
const MAX_DELTA_POCS = 16;

/** An Exp-Golomb value that the standard bounds. */
function bounded(bits: BitReader, max: number, name: string): number {
  const value = bits.ue();
  if (value > max) throw new ProtocolError("malformed", `SPS: ${name} ${value}, at most ${max}`);
  return value;
}

/**
 * Parses an H.265 sequence parameter set NAL unit (ITU-T H.265 7.3.2.2.1), its header of 2 bytes included.
 *
 * What comes behind the reorder depth is read for the frame rate alone: where it is cut short or broken, there is none.
 */
export function parseHevcSps(nal: Uint8Array): HevcSps {
  const rbsp = withoutEmulationPrevention(nal);
  const bits = new BitReader(rbsp);
  const type = (bits.u(16) >> 9) & 0x3f;
  if (type !== 33) throw new ProtocolError("malformed", `NAL unit type ${type} where an SPS is due`);
  bits.skip(4);
  const temporalLayers = 1 + bits.u(3);
  if (temporalLayers > 7) throw new ProtocolError("malformed", "SPS: 8 temporal sub-layers");
  const temporalIdNested = bits.flag();
  bits.skip(PROFILE_TIER_LEVEL_LENGTH * 8);
  const profileTierLevel = rbsp.slice(3, 3 + PROFILE_TIER_LEVEL_LENGTH);
  skipSubLayers(bits, temporalLayers - 1);
  const id = bounded(bits, 15, "sps_seq_parameter_set_id");
  const picture = readPicture(bits);
  const bitDepthLuma = 8 + bounded(bits, 8, "bit_depth_luma_minus8");
  const bitDepthChroma = 8 + bounded(bits, 8, "bit_depth_chroma_minus8");
  const orderBits = 4 + bounded(bits, 12, "log2_max_pic_order_cnt_lsb_minus4");
  const reorderFrames = readReorderFrames(bits, temporalLayers);
  const frameRate = readFrameRateLeniently(bits, orderBits);
  return { id, profileTierLevel, temporalLayers, temporalIdNested, ...picture, bitDepthLuma, bitDepthChroma, frameRate, reorderFrames };
}

/** The profiles and levels of the lower sub-layers, H.265 7.3.3. */
function skipSubLayers(bits: BitReader, count: number): void {
  if (count === 0) return;
  const present: { profile: boolean; level: boolean }[] = [];
  for (let i = 0; i < count; i++) present.push({ profile: bits.flag(), level: bits.flag() });
  bits.skip(2 * (8 - count));
  for (const layer of present) bits.skip((layer.profile ? 88 : 0) + (layer.level ? 8 : 0));
}

function readPicture(bits: BitReader): { chromaFormat: number; width: number; height: number } {
  const chromaFormat = bounded(bits, 3, "chroma_format_idc");
  if (chromaFormat === 3) bits.skip(1);
  let width = bounded(bits, MAX_PICTURE_SIDE, "pic_width_in_luma_samples");
  let height = bounded(bits, MAX_PICTURE_SIDE, "pic_height_in_luma_samples");
  if (bits.flag()) {
    width -= (bits.ue() + bits.ue()) * (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1);
    height -= (bits.ue() + bits.ue()) * (chromaFormat === 1 ? 2 : 1);
  }
  if (width <= 0 || height <= 0) throw new ProtocolError("malformed", `SPS: picture of ${width}x${height}`);
  return { chromaFormat, width, height };
}

/** The value of the highest sub-layer, which comes last. */
function readReorderFrames(bits: BitReader, temporalLayers: number): number {
  let reorder = 0;
  for (let i = bits.flag() ? 0 : temporalLayers - 1; i < temporalLayers; i++) {
    bounded(bits, 15, "sps_max_dec_pic_buffering_minus1");
    reorder = bounded(bits, 15, "sps_max_num_reorder_pics");
    bits.ue();
  }
  return reorder;
}

function readFrameRateLeniently(bits: BitReader, orderBits: number): number {
  try {
    skipCodingTools(bits);
    skipReferencePictureSets(bits, orderBits);
    bits.skip(2);
    return bits.flag() ? readVuiFrameRate(bits) : 0;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return 0;
  }
}

/** Block sizes, scaling lists, AMP, SAO and PCM. */
function skipCodingTools(bits: BitReader): void {
  for (let i = 0; i < 6; i++) bits.ue();
  if (bits.flag() && bits.flag()) skipScalingLists(bits);
  bits.skip(2);
  if (bits.flag()) {
    bits.skip(8);
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
}

/** H.265 7.3.4. */
function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.ue();
        continue;
      }
      const coefficients = Math.min(64, 1 << (4 + (size << 1)));
      if (size > 1) bits.se();
      for (let i = 0; i < coefficients; i++) bits.se();
    }
  }
}

/** Short-term sets, of which each needs the length of the one before it (H.265 7.3.7), and long-term pictures. */
function skipReferencePictureSets(bits: BitReader, orderBits: number): void {
  const sets = bounded(bits, 64, "num_short_term_ref_pic_sets");
  let previous = 0;
  for (let i = 0; i < sets; i++) {
    previous = i > 0 && bits.flag() ? skipPredictedSet(bits, previous) : skipExplicitSet(bits);
    if (previous > MAX_DELTA_POCS) throw new ProtocolError("malformed", `SPS: ${previous} reference pictures`);
  }
  if (!bits.flag()) return;
  const longTerm = bounded(bits, 32, "num_long_term_ref_pics_sps");
  bits.skip(longTerm * (orderBits + 1));
}

function skipPredictedSet(bits: BitReader, previous: number): number {
  bits.skip(1);
  bits.ue();
  let count = 0;
  for (let i = 0; i <= previous; i++) {
    const usedByCurrent = bits.flag();
    if (usedByCurrent || bits.flag()) count++;
  }
  return count;
}

function skipExplicitSet(bits: BitReader): number {
  const count = bounded(bits, 16, "num_negative_pics") + bounded(bits, 16, "num_positive_pics");
  for (let i = 0; i < count; i++) {
    bits.ue();
    bits.skip(1);
  }
  return count;
}

/** H.265 E.2.1 up to the timing. */
function readVuiFrameRate(bits: BitReader): number {
  skipVuiPicture(bits);
  bits.skip(3);
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.ue();
  if (!bits.flag()) return 0;
  const unitsInTick = bits.u(32);
  const timeScale = bits.u(32);
  return frameRateOf(timeScale, unitsInTick);
}
