/**
 * What pictures of MPEG-1, MPEG-2 (ISO/IEC 11172-2, 13818-2) and MPEG-4 part 2 (14496-2) say of themselves where their container says nothing. They
 * travel as they are, their headers among them.
 */
import { BitReader } from "../bytes/bits.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { startCodes } from "./annex-b.ts";
import { Access } from "./frame.ts";
import type { FrameAccess } from "./frame.ts";
import { frameRateOf } from "./picture.ts";
import { Codec } from "./track.ts";

/** What the headers before a picture say. */
export interface MpegSequence {
  readonly codec: typeof Codec.mpeg1video | typeof Codec.mpeg2video | typeof Codec.mpeg4;
  /** Headers that decoders are given as private data: those of MPEG-4, a view; of the others there is none. */
  readonly config: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Frames a second; 0 where it is not told. */
  readonly frameRate: number;
}

/** One picture, or the two fields of one. */
export interface MpegPicture {
  /** Undefined where no header of a sequence is with it. */
  readonly sequence: MpegSequence | undefined;
  readonly access: FrameAccess;
}

/** The byte behind `00 00 01`: ISO/IEC 13818-2 table 6-1. */
const StartCode = { picture: 0x00, sequence: 0xb3, extension: 0xb5, group: 0xb8 } as const;
/** ISO/IEC 14496-2 table 6-3. A video object layer has 20 to 2f, what comes before it lower ones and those from b0 on. */
const VisualCode = { layerFirst: 0x20, layerLast: 0x2f, groupOfVop: 0xb3, vop: 0xb6 } as const;

const SEQUENCE_EXTENSION = 1;
const PictureType = { intra: 1, bidirectional: 3 } as const;
/** Frames a second by frame_rate_code, table 6-4. */
const FRAME_RATES = [0, 24_000 / 1001, 24, 25, 30_000 / 1001, 30, 50, 60_000 / 1001, 60] as const;

/**
 * Reads a picture of MPEG-1 or MPEG-2. Undefined where there is none.
 *
 * Decoding may start at an intra picture behind a sequence header; pictures before it in order of time may need what came before, unless a group's
 * header says that they do not.
 */
export function readMpegPicture(data: Uint8Array): MpegPicture | undefined {
  let sequence: MpegSequence | undefined;
  let isClosed = false;
  for (const at of startCodes(data)) {
    const body = data.subarray(at + 4);
    switch (data[at + 3]!) {
      case StartCode.sequence:
        sequence = readSequence(body);
        break;
      case StartCode.extension:
        if (sequence !== undefined && body[0]! >> 4 === SEQUENCE_EXTENSION) sequence = withExtension(sequence, body);
        break;
      case StartCode.group:
        isClosed = (new BitReader(body.subarray(0, 4)).u(26) & 1) === 1;
        break;
      case StartCode.picture:
        return { sequence, access: accessOf(body, sequence !== undefined, isClosed) };
    }
  }
  return undefined;
}

function accessOf(picture: Uint8Array, hasSequence: boolean, isClosed: boolean): FrameAccess {
  const type = new BitReader(picture.subarray(0, 2)).u(13) & 7;
  if (type === PictureType.bidirectional) return Access.discardable;
  if (type !== PictureType.intra || !hasSequence) return Access.none;
  return isClosed ? Access.closed : Access.open;
}

/** 13818-2 6.2.2.1, where MPEG-1 ends. */
function readSequence(body: Uint8Array): MpegSequence {
  const bits = new BitReader(body);
  const [width, height] = [bits.u(12), bits.u(12)];
  bits.skip(4);
  const frameRate = FRAME_RATES[bits.u(4)] ?? 0;
  if (width === 0 || height === 0) throw new ProtocolError("malformed", `MPEG picture of ${width}x${height}`);
  return { codec: Codec.mpeg1video, config: new Uint8Array(0), width, height, frameRate };
}

/** sequence_extension, 6.2.2.3: the upper bits of the size, and a factor of the rate. */
function withExtension(sequence: MpegSequence, body: Uint8Array): MpegSequence {
  const bits = new BitReader(body);
  bits.skip(4 + 8 + 1 + 2);
  const width = (bits.u(2) << 12) | sequence.width;
  const height = (bits.u(2) << 12) | sequence.height;
  bits.skip(12 + 1 + 8 + 1);
  const frameRate = (sequence.frameRate * (bits.u(2) + 1)) / (bits.u(5) + 1);
  return { ...sequence, codec: Codec.mpeg2video, width, height, frameRate };
}

/** Reads a picture of MPEG-4. Undefined where there is none. */
export function readMpeg4Picture(data: Uint8Array): MpegPicture | undefined {
  let layer: Uint8Array | undefined;
  let headersEnd: number | undefined;
  for (const at of startCodes(data)) {
    const code = data[at + 3]!;
    if (code >= VisualCode.layerFirst && code <= VisualCode.layerLast) layer = data.subarray(at + 4);
    if (code === VisualCode.groupOfVop || code === VisualCode.vop) headersEnd ??= at;
    if (code !== VisualCode.vop) continue;
    const sequence = layer === undefined ? undefined : readLayer(layer, data.subarray(0, headersEnd));
    // vop_coding_type: intra, predicted, bidirectional, sprite.
    const type = data[at + 4]! >> 6;
    const access = type === 2 ? Access.discardable : type === 0 ? Access.closed : Access.none;
    return { sequence, access };
  }
  return undefined;
}

const EXTENDED_ASPECT = 15;
/** Bits of vbv_parameters. */
const VBV_BITS = 79;

/** VideoObjectLayer, 14496-2 6.2.3, up to the size. */
function readLayer(body: Uint8Array, config: Uint8Array): MpegSequence {
  const bits = new BitReader(body);
  bits.skip(1 + 8);
  const version = bits.flag() ? bits.u(7) >> 3 : 1;
  if (bits.u(4) === EXTENDED_ASPECT) bits.skip(16);
  if (bits.flag()) {
    bits.skip(3);
    if (bits.flag()) bits.skip(VBV_BITS);
  }
  const shape = bits.u(2);
  if (shape !== 0) throw new ProtocolError("unsupported", `MPEG-4: shape ${shape} (version ${version})`);
  bits.skip(1);
  const resolution = bits.u(16);
  bits.skip(1);
  const increment = bits.flag() ? bits.u(Math.max(1, 32 - Math.clz32(Math.max(0, resolution - 1)))) : 0;
  bits.skip(1);
  const width = bits.u(13);
  bits.skip(1);
  const height = bits.u(13);
  if (width === 0 || height === 0) throw new ProtocolError("malformed", `MPEG-4 picture of ${width}x${height}`);
  return { codec: Codec.mpeg4, config, width, height, frameRate: increment === 0 ? 0 : frameRateOf(resolution, increment) };
}

/** Whether a picture of MPEG-4 has the headers with it that decoders begin with. */
export function hasMpeg4Headers(data: Uint8Array): boolean {
  for (const at of startCodes(data)) {
    const code = data[at + 3]!;
    if (code >= VisualCode.layerFirst && code <= VisualCode.layerLast) return true;
    if (code === VisualCode.vop) return false;
  }
  return false;
}
