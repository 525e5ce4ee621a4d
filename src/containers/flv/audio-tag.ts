import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { flacHeaderFrom, flacStreamInfo } from "../../media/flac.ts";
import { Codec } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";
import type { TrackPart } from "./enhanced.ts";
import { fourCcNumber, readModEx, readTrackParts, unknownFourCc } from "./enhanced.ts";

/** Packet types with FourCC; the first two are AACPacketType too. */
const PacketType = { config: 0, frame: 1, end: 2, multichannelConfig: 4, multitrack: 5 } as const;

/** SoundFormat of a header with FourCC. */
const EX_HEADER = 9;
const FORMAT_AAC = 10;
/** What is written for AAC whatever it is: 44 kHz, 16 bits, stereo (Video File Format 10.1, E.4.2.1). */
const AAC_HEADER = 0xaf;

/** SoundFormats. 12 is free, 13 and 15 mean different things to different people. */
const soundFormats: ReadonlyMap<number, Codec> = new Map<number, Codec>([
  [0, Codec.pcmLe],
  [1, Codec.adpcm],
  [2, Codec.mp3],
  [3, Codec.pcmLe],
  [4, Codec.nellymoser],
  [5, Codec.nellymoser],
  [6, Codec.nellymoser],
  [7, Codec.pcmAlaw],
  [8, Codec.pcmMulaw],
  [FORMAT_AAC, Codec.aac],
  [11, Codec.speex],
  [14, Codec.mp3],
]);

const fourCcs: ReadonlyMap<string, Codec> = new Map<string, Codec>([
  ["mp4a", Codec.aac],
  [".mp3", Codec.mp3],
  ["Opus", Codec.opus],
  ["fLaC", Codec.flac],
  ["ac-3", Codec.ac3],
  ["ec-3", Codec.eac3],
]);

/** Codecs that are written with FourCC: those without a SoundFormat of their own. */
const fourCcOf: ReadonlyMap<Codec, string> = new Map(
  [...fourCcs].filter(([, codec]) => codec !== Codec.aac && codec !== Codec.mp3).map(([fourCc, codec]) => [codec, fourCc]),
);

/** Samples a second of SoundRate 0 to 3. */
const soundRates = [5512, 11_025, 22_050, 44_100] as const;

/** What an audio message says of one track. Byte fields are views of the message. */
export type AudioItem =
  | {
      readonly kind: "config";
      readonly trackId: number;
      readonly codec: Codec;
      /** As `Track.config` has it; for Opus it may be empty. */
      readonly config: Uint8Array;
    }
  | {
      readonly kind: "frame";
      readonly trackId: number;
      readonly codec: Codec;
      /** First byte of a legacy tag other than AAC; undefined for the others. */
      readonly flvHeader: number | undefined;
      /** 0 to 999,999, to be added to the presentation time. */
      readonly nanoseconds: number;
      /** May be empty. */
      readonly data: Uint8Array;
    }
  | { readonly kind: "end"; readonly trackId: number; readonly codec: Codec }
  /** A packet type that asks nothing of us: the order of channels, or one that is not defined yet. */
  | { readonly kind: "ignored"; readonly packetType: number };

/**
 * Reads the body of an audio message or tag, legacy or Enhanced RTMP v2. An empty body is silence: nothing.
 *
 * @throws ProtocolError for a codec we do not know or a body shorter than its header
 */
export function readAudioTag(body: Uint8Array): AudioItem[] {
  if (body.length === 0) return [];
  const reader = new Reader(body);
  const first = reader.u8();
  if (first >> 4 === EX_HEADER) {
    const { packetType, nanoseconds } = readModEx(reader, first & 15);
    return readTrackParts(reader, packetType, PacketType.multitrack).map((part) => readPart(part, nanoseconds));
  }
  const codec = soundFormats.get(first >> 4);
  if (codec === undefined) throw new ProtocolError("unsupported", `sound format ${first >> 4}`);
  if (codec === Codec.aac) return [readAac(reader)];
  return [{ kind: "frame", trackId: 0, codec, flvHeader: first, nanoseconds: 0, data: reader.rest() }];
}

function readAac(reader: Reader): AudioItem {
  const packetType = reader.u8();
  const codec = Codec.aac;
  if (packetType === PacketType.config) return { kind: "config", trackId: 0, codec, config: reader.rest() };
  if (packetType === PacketType.frame) {
    return { kind: "frame", trackId: 0, codec, flvHeader: undefined, nanoseconds: 0, data: reader.rest() };
  }
  return { kind: "ignored", packetType };
}

function readPart(part: TrackPart, nanoseconds: number): AudioItem {
  const { packetType, fourCc, trackId, body } = part;
  const codec = fourCcs.get(fourCc);
  if (codec === undefined) throw unknownFourCc("audio", fourCc);
  switch (packetType) {
    case PacketType.config:
      return { kind: "config", trackId, codec, config: codec === Codec.flac ? flacStreamInfo(body) : body };
    case PacketType.frame:
      return { kind: "frame", trackId, codec, flvHeader: undefined, nanoseconds, data: body };
    case PacketType.end:
      return { kind: "end", trackId, codec };
    default:
      return { kind: "ignored", packetType };
  }
}

/**
 * Samples a second and channels as the first byte of a legacy tag states them. G.711's and Speex's rates are fixed
 * whatever the bits say; MP3's and AAC's are in the stream.
 */
export function legacySound(flvHeader: number): { readonly sampleRate: number; readonly channels: number } {
  const format = flvHeader >> 4;
  const channels = (flvHeader & 1) + 1;
  switch (format) {
    case 4:
    case 11:
      return { sampleRate: 16_000, channels: 1 };
    case 5:
      return { sampleRate: 8000, channels: 1 };
    case 7:
    case 8:
    case 14:
      return { sampleRate: 8000, channels };
    default:
      return { sampleRate: soundRates[((flvHeader >> 2) & 3) as 0 | 1 | 2 | 3], channels };
  }
}

/** First byte of a legacy tag of the track, kept or made; undefined where it has none. */
function legacyHeader(track: AudioTrack): number | undefined {
  if (track.flvHeader !== undefined) return track.flvHeader;
  const stereo = track.channels > 1 ? 1 : 0;
  switch (track.codec) {
    case Codec.mp3: {
      if (track.sampleRate === 8000) return 0xe2 | stereo;
      // 48 and 32 kHz have no code; players read the rate from the frames.
      const rate = Math.max(
        0,
        soundRates.findLastIndex((known) => known <= track.sampleRate),
      );
      return 0x22 | (rate << 2) | stereo;
    }
    case Codec.pcmAlaw:
      return track.sampleRate === 8000 ? 0x72 | stereo : undefined;
    case Codec.pcmMulaw:
      return track.sampleRate === 8000 ? 0x82 | stereo : undefined;
    case Codec.pcmLe:
    case Codec.adpcm: {
      const format = track.codec === Codec.adpcm ? 0x12 : 0x32;
      const rate = soundRates.findIndex((known) => known === track.sampleRate);
      return rate < 0 ? undefined : format | (rate << 2) | stereo;
    }
    case Codec.speex:
      return track.sampleRate === 16_000 && track.channels === 1 ? 0xb6 : undefined;
    default:
      return undefined;
  }
}

/** Whether an audio tag can carry the track. */
export function carriesAudio(track: AudioTrack): boolean {
  return track.codec === Codec.aac || fourCcOf.has(track.codec) || legacyHeader(track) !== undefined;
}

/** The `audiocodecid` of onMetaData. */
export function audioCodecId(track: AudioTrack): number | undefined {
  if (track.codec === Codec.aac) return FORMAT_AAC;
  const fourCc = fourCcOf.get(track.codec);
  if (fourCc !== undefined) return fourCcNumber(fourCc);
  const header = legacyHeader(track);
  return header === undefined ? undefined : header >> 4;
}

function packetHeader(track: AudioTrack, packetType: number): Writer {
  const writer = new Writer(16);
  if (track.codec === Codec.aac) return writer.u8(AAC_HEADER).u8(packetType);
  const fourCc = fourCcOf.get(track.codec);
  if (fourCc !== undefined) return writer.u8((EX_HEADER << 4) | packetType).ascii(fourCc);
  const header = legacyHeader(track);
  if (header === undefined) throw new Error(`an audio tag of ${track.codec} to be written`);
  return writer.u8(header);
}

/** The tag body that configures decoders (a sequence header), in pieces; none where the codec has no configuration in FLV. */
export function audioConfigParts(track: AudioTrack): Uint8Array[] {
  switch (track.codec) {
    case Codec.aac:
    case Codec.opus:
      return [packetHeader(track, PacketType.config).done(), track.config];
    case Codec.flac:
      return [packetHeader(track, PacketType.config).done(), flacHeaderFrom(track.config)];
    default:
      return [];
  }
}

/** The tag body of a frame: a header, and the frame's data itself. */
export function audioFrameParts(track: AudioTrack, data: Uint8Array): Uint8Array[] {
  return [packetHeader(track, PacketType.frame).done(), data];
}

/** The tag body that says that no more frames of the track come, in pieces; none where the codec has no such thing. */
export function audioEndParts(track: AudioTrack): Uint8Array[] {
  return fourCcOf.has(track.codec) ? [packetHeader(track, PacketType.end).done()] : [];
}
