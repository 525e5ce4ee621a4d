import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { Frame } from "../../media/frame.ts";
import { Sap } from "../../media/frame.ts";
import { Codec } from "../../media/track.ts";
import type { VideoTrack } from "../../media/track.ts";
import { vpcBody } from "../../media/vp9.ts";
import type { TrackPart } from "./enhanced.ts";
import { fourCcNumber, readModEx, readTrackParts, Signalling, unknownFourCc } from "./enhanced.ts";

/** Frame types of a video tag (Video File Format 10.1, E.4.3.1). */
export const VideoFrameType = { key: 1, inter: 2, disposable: 3, generatedKey: 4, command: 5 } as const;

/** Packet types with FourCC; the first three are AVCPacketType too. */
const PacketType = { config: 0, frame: 1, end: 2, frameX: 3, metadata: 4, mpeg2TsConfig: 5, multitrack: 6 } as const;

const EX_HEADER = 0x80;

/** Codec ids of the legacy header. 12 to 14 are in no Adobe text; 8 and 9 are FFmpeg's own and not spoken here. */
const legacyCodecs: ReadonlyMap<number, Codec> = new Map<number, Codec>([
  [2, Codec.h263],
  [3, Codec.screen],
  [4, Codec.vp6],
  [5, Codec.vp6],
  [6, Codec.screen],
  [7, Codec.avc],
  [12, Codec.hevc],
  [13, Codec.av1],
  [14, Codec.vvc],
]);

const fourCcs: ReadonlyMap<string, Codec> = new Map<string, Codec>([
  ["avc1", Codec.avc],
  ["hvc1", Codec.hevc],
  ["vvc1", Codec.vvc],
  ["av01", Codec.av1],
  ["vp08", Codec.vp8],
  ["vp09", Codec.vp9],
]);
const fourCcOf: ReadonlyMap<Codec, string> = new Map([...fourCcs].map(([fourCc, codec]) => [codec, fourCc]));

/** Codecs that travel as the whole body of their tag, first byte included: frame type and codec id come out as they were. */
const opaque: ReadonlySet<Codec> = new Set<Codec>([Codec.h263, Codec.screen, Codec.vp6]);

/** Codecs whose CodedFrames begin with a composition time. */
const composed: ReadonlySet<Codec> = new Set<Codec>([Codec.avc, Codec.hevc, Codec.vvc]);

/** A vpcC box is a FullBox: FFmpeg writes its version and flags before the record. */
const VPCC_PREFIX = Uint8Array.of(1, 0, 0, 0);

/** What a video message says of one track. Byte fields are views of the message. */
export type VideoItem =
  | {
      readonly kind: "config";
      readonly trackId: number;
      readonly codec: Codec;
      /** As `Track.config` has it. */
      readonly config: Uint8Array;
    }
  | {
      readonly kind: "frame";
      readonly trackId: number;
      readonly codec: Codec;
      /** 1 to 4, or what else an encoder wrote. */
      readonly frameType: number;
      /** Milliseconds to add to the tag's time for the presentation time; signed. */
      readonly compositionTime: number;
      /** 0 to 999,999, to be added to that. */
      readonly nanoseconds: number;
      /** The frame; for H.263, Screen Video and VP6 the whole body of the tag. May be empty. */
      readonly data: Uint8Array;
    }
  | { readonly kind: "end"; readonly trackId: number; readonly codec: Codec }
  /** AMF0 name and value about the picture (colorInfo). */
  | { readonly kind: "metadata"; readonly trackId: number; readonly codec: Codec; readonly data: Uint8Array }
  /** The client is to start (0) or end (1) a seek. */
  | { readonly kind: "command"; readonly command: number }
  /** A packet type that asks nothing of us: an AV1 descriptor of MPEG-2 TS, or one that is not defined yet. */
  | { readonly kind: "ignored"; readonly packetType: number };

/**
 * Reads the body of a video message or tag, legacy or Enhanced RTMP v1 and v2. An empty body is nothing.
 *
 * @throws ProtocolError for a codec we do not know or a body shorter than its header
 */
export function readVideoTag(body: Uint8Array): VideoItem[] {
  if (body.length === 0) return [];
  const reader = new Reader(body);
  const first = reader.u8();
  return (first & EX_HEADER) === 0 ? [readLegacy(reader, first)] : readEnhanced(reader, first);
}

function readLegacy(reader: Reader, first: number): VideoItem {
  const frameType = first >> 4;
  if (frameType === VideoFrameType.command) return { kind: "command", command: reader.u8() };
  const codec = legacyCodecs.get(first & 15);
  if (codec === undefined) throw new ProtocolError("unsupported", `video codec id ${first & 15}`);
  if (opaque.has(codec)) {
    const data = reader.left > 0 ? reader.data : reader.rest();
    return { kind: "frame", trackId: 0, codec, frameType, compositionTime: 0, nanoseconds: 0, data };
  }
  const packetType = reader.u8();
  switch (packetType) {
    case PacketType.config:
      reader.skip(3);
      return { kind: "config", trackId: 0, codec, config: reader.rest() };
    case PacketType.frame: {
      const compositionTime = reader.i24();
      return { kind: "frame", trackId: 0, codec, frameType, compositionTime, nanoseconds: 0, data: reader.rest() };
    }
    case PacketType.end:
      return { kind: "end", trackId: 0, codec };
    default:
      return { kind: "ignored", packetType };
  }
}

function readEnhanced(reader: Reader, first: number): VideoItem[] {
  const frameType = (first >> 4) & 7;
  const { packetType, nanoseconds } = readModEx(reader, first & 15);
  if (frameType === VideoFrameType.command && packetType !== PacketType.metadata) return [{ kind: "command", command: reader.u8() }];
  return readTrackParts(reader, packetType, PacketType.multitrack).map((part) => readPart(part, frameType, nanoseconds));
}

function readPart(part: TrackPart, frameType: number, nanoseconds: number): VideoItem {
  const { packetType, fourCc, trackId, body } = part;
  const codec = fourCcs.get(fourCc);
  if (codec === undefined) throw unknownFourCc("video", fourCc);
  switch (packetType) {
    case PacketType.config:
      return { kind: "config", trackId, codec, config: isVpx(codec) ? vpcBody(body) : body };
    case PacketType.frame: {
      const reader = new Reader(body);
      const compositionTime = composed.has(codec) && body.length > 0 ? reader.i24() : 0;
      return { kind: "frame", trackId, codec, frameType, compositionTime, nanoseconds, data: reader.rest() };
    }
    case PacketType.frameX:
      return { kind: "frame", trackId, codec, frameType, compositionTime: 0, nanoseconds, data: body };
    case PacketType.end:
      return { kind: "end", trackId, codec };
    case PacketType.metadata:
      return { kind: "metadata", trackId, codec, data: body };
    default:
      return { kind: "ignored", packetType };
  }
}

function isVpx(codec: Codec): boolean {
  return codec === Codec.vp8 || codec === Codec.vp9;
}

/** Whether a video tag can carry the codec. */
export function carriesVideo(track: VideoTrack): boolean {
  return opaque.has(track.codec) || fourCcOf.has(track.codec);
}

/** The `videocodecid` of onMetaData; undefined where the publisher knows better (Screen Video and VP6 have two each). */
export function videoCodecId(track: VideoTrack, signalling: Signalling): number | undefined {
  const legacy = legacyId(track.codec, signalling);
  if (legacy !== undefined) return legacy;
  if (track.codec === Codec.h263) return 2;
  const fourCc = fourCcOf.get(track.codec);
  return fourCc === undefined ? undefined : fourCcNumber(fourCc);
}

/** H.264 always has its legacy id, which all players know; HEVC on request; the others have none that players share. */
function legacyId(codec: Codec, signalling: Signalling): number | undefined {
  if (codec === Codec.avc) return 7;
  return codec === Codec.hevc && signalling === Signalling.legacy ? 12 : undefined;
}

/** The bytes before a packet's payload. */
function packetHeader(track: VideoTrack, frameType: number, packetType: number, compositionTime: number, signalling: Signalling): Writer {
  const writer = new Writer(12);
  const id = legacyId(track.codec, signalling);
  if (id !== undefined)
    return writer
      .u8((frameType << 4) | id)
      .u8(packetType)
      .u24(compositionTime & 0xff_ffff);
  const fourCc = fourCcOf.get(track.codec);
  if (fourCc === undefined) throw new Error(`a video tag of ${track.codec} to be written`);
  writer.u8(EX_HEADER | (frameType << 4) | packetType).ascii(fourCc);
  return packetType === PacketType.frame && composed.has(track.codec) ? writer.u24(compositionTime & 0xff_ffff) : writer;
}

/**
 * The tag body that configures decoders (a sequence header), in pieces; none where the codec has no configuration.
 * vpcC goes out with its FullBox version and flags, as FFmpeg writes it.
 */
export function videoConfigParts(track: VideoTrack, signalling: Signalling): Uint8Array[] {
  if (opaque.has(track.codec) || track.config.length === 0) return [];
  const header = packetHeader(track, VideoFrameType.key, PacketType.config, 0, signalling);
  if (isVpx(track.codec)) header.bytes(VPCC_PREFIX);
  return [header.done(), track.config];
}

/**
 * The tag body of a frame: a header, and the frame's data itself.
 *
 * @param compositionTime milliseconds; kept within the signed 24 bits of the field
 */
export function videoFrameParts(
  track: VideoTrack,
  frame: Pick<Frame, "sap" | "discardable" | "data">,
  compositionTime: number,
  signalling: Signalling,
): Uint8Array[] {
  if (opaque.has(track.codec)) return [frame.data];
  const offset = Math.max(-0x80_0000, Math.min(0x7f_ffff, compositionTime));
  return [packetHeader(track, frameTypeOf(frame), PacketType.frame, offset, signalling).done(), frame.data];
}

/** The tag body that says that no more frames of the track come, in pieces; none where the codec has no such thing. */
export function videoEndParts(track: VideoTrack, signalling: Signalling): Uint8Array[] {
  if (opaque.has(track.codec)) return [];
  return [packetHeader(track, VideoFrameType.key, PacketType.end, 0, signalling).done()];
}

/** Every random-access point is called a key frame, recovery points too: encoders do so, and players wait for one. */
function frameTypeOf(frame: Pick<Frame, "sap" | "discardable">): number {
  if (frame.sap !== Sap.none) return VideoFrameType.key;
  return frame.discardable ? VideoFrameType.disposable : VideoFrameType.inter;
}
