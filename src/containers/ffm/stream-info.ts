/** What an FFM header says of one stream: the chunk COMM and the one behind it that holds options, and the fixed fields that FFM1 has instead. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { MAX_RECORD } from "../../media/in-band-video.ts";
import { TrackKind } from "../../media/track.ts";
import { codecOfId } from "./codec-id.ts";
import type { FfmKind } from "./codec-id.ts";
import type { FfmOptions } from "./option-string.ts";
import { optionString } from "./option-string.ts";

/** One stream, as encoders, decoders and the configuration of a feed describe it to one another. */
export interface FfmStream {
  /** `AVCodecID` of libavcodec 57. */
  readonly codecId: number;
  readonly kind: FfmKind;
  /** Bits per second; 0 where unknown. */
  readonly bitRate: number;
  /** What a decoder is given before the first frame; empty for none. */
  readonly extradata: Uint8Array;
  /** By FFmpeg's names: `video_size`, `time_base`, `ar`, `ac` and whatever an encoder is told besides. */
  readonly options: FfmOptions;
  /** Options that only one encoder knows (`preset`); FFmpeg reads them for an encoder and not for a decoder. */
  readonly privateOptions: FfmOptions;
}

/** Flag of a stream whose extradata stands in the header, AV_CODEC_FLAG_GLOBAL_HEADER. */
const GLOBAL_HEADER = 0x40_0000;
const mediaTypes = [TrackKind.video, TrackKind.audio] as const;
const none: FfmOptions = new Map();

/** Bytes of the longest COMM that is taken. */
export const MAX_COMM = MAX_RECORD + 25;

/** The fields that COMM and FFM1 have in common, before options and extradata. @throws ProtocolError */
export function readComm(reader: Reader): { readonly stream: FfmStream; readonly hasExtradata: boolean } {
  const codecId = reader.u32();
  const kind = mediaTypes[reader.u8()];
  const known = codecOfId(codecId);
  if (kind === undefined) throw new ProtocolError("unsupported", `FFM: a stream of codec ${codecId} that is neither video nor audio`);
  if (known !== undefined && known.kind !== kind) throw new ProtocolError("malformed", `FFM: codec ${codecId} as ${kind}`);
  const bitRate = reader.u32();
  const hasExtradata = (reader.u32() & GLOBAL_HEADER) !== 0;
  reader.skip(8);
  const stream = { codecId, kind, bitRate, extradata: new Uint8Array(0), options: none, privateOptions: none };
  return { stream, hasExtradata };
}

/** Extradata behind its length; a copy. @throws ProtocolError */
export function readExtra(reader: Reader): Uint8Array {
  const length = reader.u32();
  if (length > MAX_RECORD) throw new ProtocolError("limit", `FFM: extradata of ${length} bytes, ${MAX_RECORD} allowed`);
  return new Uint8Array(reader.bytes(length));
}

/** The payload of a COMM chunk. */
export function writeComm({ codecId, kind, bitRate, extradata }: FfmStream): Uint8Array {
  const writer = new Writer(32).u32(codecId).u8(mediaTypes.indexOf(kind)).u32(bitRate);
  writer.u32(extradata.length > 0 ? GLOBAL_HEADER : 0).zeros(8);
  return extradata.length > 0 ? writer.u32(extradata.length).bytes(extradata).done() : writer.done();
}

/** The payload of a chunk of options: their string and a zero byte. */
export function writeOptions(options: FfmOptions): Uint8Array {
  return new Writer().utf8(optionString(options)).u8(0).done();
}

/** Fixed fields of video before 2012, the chunk STVI and FFM1: what a decoder wants of them. @throws ProtocolError */
export function readOldVideo(reader: Reader): FfmOptions {
  const [num, den] = [reader.u32(), reader.u32()];
  if (num === 0 || den === 0) throw new ProtocolError("malformed", `FFM: a time base of ${num}/${den}`);
  const [width, height, gop] = [reader.u16(), reader.u16(), reader.u16()];
  return new Map([
    ["time_base", `${num}/${den}`],
    ["video_size", `${width}x${height}`],
    ["g", String(gop)],
  ]);
}

/** Bytes of `readOldVideo`'s fields that stand between it and the rate control equation, and behind that. */
const BEFORE_EQUATION = 15;
const BEHIND_EQUATION = 145;
/** Characters of a rate control equation. */
const MAX_EQUATION = 128;

/** Steps over what `readOldVideo` leaves, where no length says how much that is (FFM1). @throws ProtocolError */
export function skipOldVideo(reader: Reader): void {
  reader.skip(BEFORE_EQUATION);
  for (let length = 0; reader.u8() !== 0; length++)
    if (length === MAX_EQUATION) throw new ProtocolError("limit", `FFM: a rate control equation of more than ${MAX_EQUATION} characters`);
  reader.skip(BEHIND_EQUATION);
}

/** The same of audio, STAU and FFM1. @throws ProtocolError */
export function readOldAudio(reader: Reader): FfmOptions {
  const sampleRate = reader.u32();
  if (sampleRate === 0 || sampleRate > 0x7fff_ffff) throw new ProtocolError("malformed", `FFM: a sample rate of ${sampleRate}`);
  const [channels, frameSize] = [reader.u16le(), reader.u16le()];
  return new Map([
    ["ar", String(sampleRate)],
    ["ac", String(channels)],
    ["frame_size", String(frameSize)],
  ]);
}
