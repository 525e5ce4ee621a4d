import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { MAX_PICTURE_SIDE, frameRateOf } from "./picture.ts";

/** What we read of an AV1 sequence header OBU. */
export interface Av1Sequence {
  readonly profile: number;
  /** seq_level_idx of the first operating point: 0 is 2.0, 8 is 4.0, 31 is no limit. */
  readonly level: number;
  readonly highTier: boolean;
  /** Largest frame of the sequence, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames per second where all last equally long; else 0. */
  readonly frameRate: number;
  readonly colour: Av1Colour;
}

export interface Av1Colour {
  readonly bitDepth: 8 | 10 | 12;
  readonly monochrome: boolean;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  /** 0 unknown, 1 vertical, 2 colocated. */
  readonly samplePosition: number;
  /** CICP code points (ITU-T H.273), 2 where not given. */
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
  readonly fullRange: boolean;
}

/** Parses the payload of a sequence header OBU, AV1 specification 5.5.1. */
export function parseAv1Sequence(payload: Uint8Array): Av1Sequence {
  const bits = new BitReader(payload);
  const profile = bits.u(3);
  if (profile > 2) throw new ProtocolError("malformed", `AV1 profile ${profile}`);
  bits.skip(1);
  const reduced = bits.flag();
  const points = reduced ? { level: bits.u(5), highTier: false, frameRate: 0 } : readOperatingPoints(bits);
  const widthBits = 1 + bits.u(4);
  const heightBits = 1 + bits.u(4);
  const width = 1 + bits.u(widthBits);
  const height = 1 + bits.u(heightBits);
  if (width > MAX_PICTURE_SIDE || height > MAX_PICTURE_SIDE) throw new ProtocolError("limit", `AV1 picture of ${width}x${height}`);
  skipTools(bits, reduced);
  const colour = readColour(bits, profile);
  return { profile, ...points, width, height, colour };
}

/** Timing, decoder model and operating points, of which the first counts. */
function readOperatingPoints(bits: BitReader): Pick<Av1Sequence, "level" | "highTier" | "frameRate"> {
  let frameRate = 0;
  let delayBits = 0;
  if (bits.flag()) {
    frameRate = readTiming(bits);
    if (bits.flag()) {
      delayBits = 1 + bits.u(5);
      bits.skip(32 + 5 + 5);
    }
  }
  const initialDelay = bits.flag();
  const count = 1 + bits.u(5);
  let level = 0;
  let highTier = false;
  for (let i = 0; i < count; i++) {
    bits.skip(12);
    const pointLevel = bits.u(5);
    const pointTier = pointLevel > 7 && bits.flag();
    if (i === 0) {
      level = pointLevel;
      highTier = pointTier;
    }
    if (delayBits > 0 && bits.flag()) bits.skip(2 * delayBits + 1);
    if (initialDelay && bits.flag()) bits.skip(4);
  }
  return { level, highTier, frameRate };
}

/** AV1 specification 5.5.3. The number of ticks is in the same code as `ue(v)` of H.264. */
function readTiming(bits: BitReader): number {
  const units = bits.u(32);
  const timeScale = bits.u(32);
  if (!bits.flag()) return 0;
  return frameRateOf(timeScale, units * (bits.ue() + 1));
}

/** Frame ids, coding tools and order hints: all that stands between the size and the colours. */
function skipTools(bits: BitReader, reduced: boolean): void {
  if (!reduced && bits.flag()) bits.skip(7);
  bits.skip(3);
  if (!reduced) {
    bits.skip(4);
    const orderHint = bits.flag();
    if (orderHint) bits.skip(2);
    const screenContent = bits.flag() || bits.flag();
    if (screenContent && !bits.flag()) bits.skip(1);
    if (orderHint) bits.skip(3);
  }
  bits.skip(3);
}

/** AV1 specification 5.5.2. */
function readColour(bits: BitReader, profile: number): Av1Colour {
  const high = bits.flag();
  const bitDepth = !high ? 8 : profile === 2 && bits.flag() ? 12 : 10;
  const monochrome = profile !== 1 && bits.flag();
  const described = bits.flag();
  const primaries = described ? bits.u(8) : 2;
  const transfer = described ? bits.u(8) : 2;
  const matrix = described ? bits.u(8) : 2;
  const rest = { bitDepth, monochrome, primaries, transfer, matrix } as const;
  if (monochrome) return { ...rest, fullRange: bits.flag(), subsamplingX: true, subsamplingY: true, samplePosition: 0 };
  // sRGB is always 4:4:4 and full range, and says neither.
  if (primaries === 1 && transfer === 13 && matrix === 0) {
    return { ...rest, fullRange: true, subsamplingX: false, subsamplingY: false, samplePosition: 0 };
  }
  const fullRange = bits.flag();
  const [subsamplingX, subsamplingY] = readSubsampling(bits, profile, bitDepth);
  const samplePosition = subsamplingX && subsamplingY ? bits.u(2) : 0;
  return { ...rest, fullRange, subsamplingX, subsamplingY, samplePosition };
}

function readSubsampling(bits: BitReader, profile: number, bitDepth: number): readonly [boolean, boolean] {
  if (profile === 0) return [true, true];
  if (profile === 1) return [false, false];
  if (bitDepth < 12) return [true, false];
  const x = bits.flag();
  return [x, x && bits.flag()];
}
