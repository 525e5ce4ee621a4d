import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import { Access } from "./frame.ts";
import type { FrameAccess } from "./frame.ts";

/** VP9 and VP8: the record they share, and the little that their frame headers tell without decoding. */

/** A VPCodecConfigurationRecord, VP-ISOBMFF "VP Codec Configuration Box". It has no picture size: that is in key frames. */
export interface VpxConfig {
  readonly profile: number;
  /** 10 times the level, as 31 for 3.1; 0 where unknown. */
  readonly level: number;
  readonly bitDepth: number;
  /** 0 4:2:0 vertical, 1 4:2:0 colocated, 2 4:2:2, 3 4:4:4. */
  readonly chroma: number;
  readonly fullRange: boolean;
  /** CICP code points (ITU-T H.273). */
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const BODY_LENGTH = 8;

/**
 * The record without the version and flags of its box: the form a track has. FFmpeg sends it over RTMP with them in front (`01 000000`).
 * A view where it had them, else `data` itself.
 */
export function vpcBody(data: Uint8Array): Uint8Array {
  const prefixed = data.length >= BODY_LENGTH + 4 && data[0] === 1 && data[1] === 0 && data[2] === 0 && data[3] === 0;
  return prefixed ? data.subarray(4) : data;
}

/** Parses a vpcC record with or without version and flags. */
export function parseVpcConfig(vpcC: Uint8Array): VpxConfig {
  const reader = new Reader(vpcBody(vpcC));
  const profile = reader.u8();
  const level = reader.u8();
  const third = reader.u8();
  const config = { profile, level, bitDepth: third >> 4, chroma: (third >> 1) & 7, fullRange: (third & 1) === 1 };
  const [primaries, transfer, matrix] = [reader.u8(), reader.u8(), reader.u8()];
  reader.skip(reader.u16());
  if (profile > 3) throw new ProtocolError("malformed", `vpcC: profile ${profile}`);
  if (![8, 10, 12].includes(config.bitDepth)) throw new ProtocolError("malformed", `vpcC: ${config.bitDepth} bits`);
  return { ...config, primaries, transfer, matrix };
}

/** Builds a vpcC record, without the version and flags of its box. */
export function vpcConfigFrom(config: VpxConfig): Uint8Array {
  const writer = new Writer(BODY_LENGTH);
  writer.u8(config.profile).u8(config.level);
  writer.u8((config.bitDepth << 4) | (config.chroma << 1) | Number(config.fullRange));
  return writer.u8(config.primaries).u8(config.transfer).u8(config.matrix).u16(0).done();
}

const twoDigits = (value: number) => value.toString().padStart(2, "0");

/** `vp09.` with profile, level and depth, VP-ISOBMFF "Codecs Parameter String"; the long form where the colours are not the defaults. */
export function vp9CodecString(config: VpxConfig): string {
  // A level is mandatory; 1.0 promises least.
  const short = ["vp09", ...[config.profile, config.level || 10, config.bitDepth].map(twoDigits)].join(".");
  const { chroma, primaries, transfer, matrix, fullRange } = config;
  const isDefault = (value: number) => value <= 2;
  const plain = chroma <= 1 && !fullRange && matrix !== 0;
  if (plain && isDefault(primaries) && isDefault(transfer) && isDefault(matrix)) return short;
  return [short, ...[chroma, primaries, transfer, matrix, Number(fullRange)].map(twoDigits)].join(".");
}

/** What a VP9 key frame's uncompressed header says. */
export interface Vp9KeyFrame extends PictureSize {
  readonly profile: number;
  readonly bitDepth: number;
  /** As in vpcC; 4:2:0 is taken for colocated. */
  readonly chroma: number;
  readonly fullRange: boolean;
  /** CICP matrix coefficients of the frame's colour space. */
  readonly matrix: number;
}

const VP9_SYNC_CODE = 0x498342;
const COLOUR_SPACE_RGB = 7;
/** CICP matrix coefficients by color_space, VP9 specification 7.2.2: unknown, 601, 709, SMPTE 170M, 240M, 2020, reserved, RGB. */
const MATRICES = [2, 5, 1, 6, 7, 9, 2, 0] as const;

/** The start of the uncompressed header, VP9 specification 6.2; undefined where a frame is only shown again. */
function vp9Start(bits: BitReader): { profile: number; key: boolean; shown: boolean; resilient: boolean } | undefined {
  if (bits.u(2) !== 2) throw new ProtocolError("malformed", "VP9: wrong frame marker");
  const low = bits.u(1);
  const profile = bits.u(1) * 2 + low;
  if (profile === 3) bits.skip(1);
  if (bits.flag()) return undefined;
  return { profile, key: !bits.flag(), shown: bits.flag(), resilient: bits.flag() };
}

/** Parses the header of a VP9 frame (of a superframe, its first); undefined where it is no key frame. */
export function parseVp9KeyFrame(data: Uint8Array): Vp9KeyFrame | undefined {
  const bits = new BitReader(data);
  const start = vp9Start(bits);
  if (start === undefined || !start.key) return undefined;
  if (bits.u(24) !== VP9_SYNC_CODE) throw new ProtocolError("malformed", "VP9: wrong sync code");
  const colour = vp9Colour(bits, start.profile);
  const width = 1 + bits.u(16);
  const height = 1 + bits.u(16);
  return { profile: start.profile, ...colour, width, height };
}

/** color_config, VP9 specification 6.2.2. */
function vp9Colour(bits: BitReader, profile: number): Pick<Vp9KeyFrame, "bitDepth" | "chroma" | "fullRange" | "matrix"> {
  const bitDepth = profile < 2 ? 8 : bits.flag() ? 12 : 10;
  const space = bits.u(3);
  const matrix = MATRICES[space] ?? 2;
  const not420 = profile % 2 === 1;
  if (space === COLOUR_SPACE_RGB) {
    if (!not420) throw new ProtocolError("malformed", "VP9: RGB in a profile without 4:4:4");
    bits.skip(1);
    return { bitDepth, chroma: 3, fullRange: true, matrix };
  }
  const fullRange = bits.flag();
  if (!not420) return { bitDepth, chroma: 1, fullRange, matrix };
  const [x, y] = [bits.flag(), bits.flag()];
  bits.skip(1);
  return { bitDepth, chroma: y ? 1 : x ? 2 : 3, fullRange, matrix };
}

/** The record of a stream that came without one, from its first key frame; the level is left unknown. */
export function vpcConfigFromKeyFrame(frame: Vp9KeyFrame): VpxConfig {
  const { profile, bitDepth, chroma, fullRange, matrix } = frame;
  return { profile, level: 0, bitDepth, chroma, fullRange, primaries: 2, transfer: 2, matrix };
}

/**
 * What a VP9 frame is for someone who starts at it or leaves it out. A key frame is a closed access point, also at the head of a superframe.
 * Discardable is a lone frame that refreshes no reference.
 */
export function vp9Access(data: Uint8Array): FrameAccess {
  if (data.length === 0) return Access.none;
  const bits = new BitReader(data);
  const start = vp9Start(bits);
  if (start?.key) return Access.closed;
  // The last byte of a superframe carries the marker of its index, VP9 specification annex B.
  if (((data.at(-1) ?? 0) & 0xe0) === 0xc0) return Access.none;
  if (start === undefined) return Access.discardable;
  return vp9RefreshesNothing(bits, start) ? Access.discardable : Access.none;
}

function vp9RefreshesNothing(bits: BitReader, start: { profile: number; shown: boolean; resilient: boolean }): boolean {
  const intraOnly = !start.shown && bits.flag();
  if (!start.resilient) bits.skip(2);
  if (intraOnly) {
    if (bits.u(24) !== VP9_SYNC_CODE) throw new ProtocolError("malformed", "VP9: wrong sync code");
    if (start.profile > 0) vp9Colour(bits, start.profile);
  }
  return bits.u(8) === 0;
}

const VP8_START_CODE = 0x9d012a;

/** The size in a VP8 key frame, RFC 6386 9.1; undefined where it is no key frame. */
export function parseVp8KeyFrame(data: Uint8Array): PictureSize | undefined {
  if (!isVp8KeyFrame(data)) return undefined;
  const reader = new Reader(data);
  reader.skip(3);
  if (reader.u24() !== VP8_START_CODE) throw new ProtocolError("malformed", "VP8: wrong start code");
  return { width: reader.u16le() & 0x3fff, height: reader.u16le() & 0x3fff };
}

function isVp8KeyFrame(data: Uint8Array): boolean {
  return ((data[0] ?? 1) & 1) === 0;
}

/** What a VP8 frame is for someone who starts at it. None is called discardable: what a frame refreshes is arithmetically coded. */
export function vp8Access(data: Uint8Array): FrameAccess {
  return isVp8KeyFrame(data) ? Access.closed : Access.none;
}
