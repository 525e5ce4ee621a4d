import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { withoutEmulationPrevention } from "./nal.ts";
import { MAX_PICTURE_SIDE, frameRateOf } from "./picture.ts";

/** What we read of an H.264 sequence parameter set. */
export interface AvcSps {
  readonly profile: number;
  /** The byte of constraint_set flags. */
  readonly constraints: number;
  /** 10 times the level. */
  readonly level: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** Pictures may be fields or have interlaced macroblocks. */
  readonly interlaced: boolean;
  /** Frames per second; 0 where the stream does not say. */
  readonly frameRate: number;
  /** How many frames can precede a frame in decoding order and follow it in output order; undefined where unknown. */
  readonly reorderFrames: number | undefined;
}

/** Profiles whose parameter set names the chroma format, H.264 7.3.2.1.1. */
const WITH_CHROMA_FORMAT: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const EXTENDED_SAR = 255;

/** An Exp-Golomb value that the standard bounds. */
function bounded(bits: BitReader, max: number, name: string): number {
  const value = bits.ue();
  if (value > max) throw new ProtocolError("malformed", `SPS: ${name} ${value}, at most ${max}`);
  return value;
}

/**
 * Parses an H.264 sequence parameter set NAL unit (ITU-T H.264 7.3.2.1), its header byte included.
 *
 * A VUI that is cut short or broken counts as absent: encoders that write such play everywhere, and all that it
 * tells us is the frame rate and the reorder depth.
 */
export function parseAvcSps(nal: Uint8Array): AvcSps {
  const bits = new BitReader(withoutEmulationPrevention(nal));
  const type = bits.u(8) & 0x1f;
  if (type !== 7) throw new ProtocolError("malformed", `NAL unit type ${type} where an SPS is due`);
  const profile = bits.u(8);
  const constraints = bits.u(8);
  const level = bits.u(8);
  bounded(bits, 31, "seq_parameter_set_id");
  const format = WITH_CHROMA_FORMAT.has(profile) ? readFormat(bits) : { chroma: 1, cropChroma: 1, luma: 8, depthChroma: 8 };
  bounded(bits, 12, "log2_max_frame_num_minus4");
  const pocType = skipPictureOrder(bits);
  bounded(bits, 16, "max_num_ref_frames");
  bits.skip(1);
  const size = readSize(bits, format.cropChroma);
  const vui = bits.flag() ? readVuiLeniently(bits) : NO_VUI;
  const neverReorders = profile === 66 || pocType === 2;
  return {
    profile,
    constraints,
    level,
    chromaFormat: format.chroma,
    bitDepthLuma: format.luma,
    bitDepthChroma: format.depthChroma,
    ...size,
    frameRate: vui.frameRate,
    reorderFrames: neverReorders ? 0 : vui.reorderFrames,
  };
}

function readFormat(bits: BitReader): { chroma: number; cropChroma: number; luma: number; depthChroma: number } {
  const chroma = bounded(bits, 3, "chroma_format_idc");
  const separatePlanes = chroma === 3 && bits.flag();
  const luma = 8 + bounded(bits, 6, "bit_depth_luma_minus8");
  const depthChroma = 8 + bounded(bits, 6, "bit_depth_chroma_minus8");
  bits.skip(1);
  if (bits.flag()) {
    const lists = chroma === 3 ? 12 : 8;
    for (let i = 0; i < lists; i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64);
  }
  return { chroma, cropChroma: separatePlanes ? 0 : chroma, luma, depthChroma };
}

/** H.264 7.3.2.1.1.1: a list ends early when the next scale comes out as 0. */
function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let i = 0; i < size; i++) {
    const delta = bits.se();
    if (delta < -128 || delta > 127) throw new ProtocolError("malformed", `SPS: delta_scale ${delta}`);
    const next = (last + delta + 256) % 256;
    if (next === 0) return;
    last = next;
  }
}

function skipPictureOrder(bits: BitReader): number {
  const type = bounded(bits, 2, "pic_order_cnt_type");
  if (type === 0) bounded(bits, 12, "log2_max_pic_order_cnt_lsb_minus4");
  if (type === 1) {
    bits.skip(1);
    bits.se();
    bits.se();
    const cycle = bounded(bits, 255, "num_ref_frames_in_pic_order_cnt_cycle");
    for (let i = 0; i < cycle; i++) bits.se();
  }
  return type;
}

/** Size in macroblocks less the cropping rectangle, H.264 7.4.2.1.1 (7-13 to 7-22). */
function readSize(bits: BitReader, chroma: number): { width: number; height: number; interlaced: boolean } {
  const maxMacroblocks = MAX_PICTURE_SIDE / 16;
  const columns = 1 + bounded(bits, maxMacroblocks - 1, "pic_width_in_mbs_minus1");
  const rows = 1 + bounded(bits, maxMacroblocks - 1, "pic_height_in_map_units_minus1");
  const framesOnly = bits.flag();
  if (!framesOnly) bits.skip(1);
  bits.skip(1);
  const fields = framesOnly ? 1 : 2;
  let width = columns * 16;
  let height = rows * 16 * fields;
  if (bits.flag()) {
    const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
    const unitY = (chroma === 1 ? 2 : 1) * fields;
    width -= (bits.ue() + bits.ue()) * unitX;
    height -= (bits.ue() + bits.ue()) * unitY;
  }
  if (width <= 0 || height <= 0 || height > MAX_PICTURE_SIDE) throw new ProtocolError("malformed", `SPS: picture of ${width}x${height}`);
  return { width, height, interlaced: !framesOnly };
}

interface Vui {
  readonly frameRate: number;
  readonly reorderFrames: number | undefined;
}
const NO_VUI: Vui = { frameRate: 0, reorderFrames: undefined };

function readVuiLeniently(bits: BitReader): Vui {
  const found = { frameRate: 0, reorderFrames: undefined as number | undefined };
  try {
    skipVuiPicture(bits);
    if (bits.flag()) found.frameRate = readFrameRate(bits);
    found.reorderFrames = readReorderFrames(bits);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return found;
}

/** Aspect ratio, overscan, colours and chroma location: H.264 E.1.1 up to the timing. HEVC begins the same way (E.2.1). */
export function skipVuiPicture(bits: BitReader): void {
  if (bits.flag() && bits.u(8) === EXTENDED_SAR) bits.skip(32);
  if (bits.flag()) bits.skip(1);
  if (bits.flag()) {
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.ue();
    bits.ue();
  }
}

/** The clock ticks per field, two of which make a frame. */
function readFrameRate(bits: BitReader): number {
  const unitsInTick = bits.u(32);
  const timeScale = bits.u(32);
  bits.skip(1);
  return frameRateOf(timeScale, unitsInTick * 2);
}

function readReorderFrames(bits: BitReader): number | undefined {
  const nalHrd = bits.flag();
  if (nalHrd) skipHrd(bits);
  const vclHrd = bits.flag();
  if (vclHrd) skipHrd(bits);
  if (nalHrd || vclHrd) bits.skip(1);
  bits.skip(1);
  if (!bits.flag()) return undefined;
  bits.skip(1);
  for (let i = 0; i < 4; i++) bits.ue();
  return bounded(bits, 16, "max_num_reorder_frames");
}

/** H.264 E.1.2. */
function skipHrd(bits: BitReader): void {
  const count = 1 + bounded(bits, 31, "cpb_cnt_minus1");
  bits.skip(8);
  for (let i = 0; i < count; i++) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);
}
