/** CodecID and CodecPrivate (RFC 9559 5.1.4.1.21 and 27; the registry of codec mappings): which codec a track is of, both directions. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { AAC_SAMPLE_RATES, aacConfigFrom, parseAacConfig } from "../../media/aac.ts";
import { flacHeaderFrom, flacStreamInfo } from "../../media/flac.ts";
import { OPUS_SAMPLE_RATE, opusHeadFrom } from "../../media/opus.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { parseVpcConfig } from "../../media/vp9.ts";
import { pcmBits, readWaveFormat, waveFormatOf } from "../../media/wave-format.ts";
import { bitmapInfoOf, isInBitmapInfo, readBitmapInfo } from "./bitmap-info.ts";
import type { AudioSettings, TrackEntry } from "./track-entry.ts";

/** CodecIDs that say all by themselves: the first of a codec is the one that we write. */
const named: readonly (readonly [codecId: string, codec: Codec])[] = [
  ["V_MPEG4/ISO/AVC", Codec.avc],
  ["V_MPEGH/ISO/HEVC", Codec.hevc],
  ["V_MPEGI/ISO/VVC", Codec.vvc],
  ["V_AV1", Codec.av1],
  ["V_VP8", Codec.vp8],
  ["V_VP9", Codec.vp9],
  ["V_MPEG1", Codec.mpeg1video],
  ["V_MPEG2", Codec.mpeg2video],
  ["V_MPEG4/ISO/ASP", Codec.mpeg4],
  ["V_MPEG4/ISO/SP", Codec.mpeg4],
  ["V_MPEG4/ISO/AP", Codec.mpeg4],
  ["V_MPEG4/MS/V3", Codec.msmpeg4v3],
  ["V_MJPEG", Codec.mjpeg],
  ["V_THEORA", Codec.theora],
  ["A_AAC", Codec.aac],
  ["A_OPUS", Codec.opus],
  ["A_VORBIS", Codec.vorbis],
  ["A_FLAC", Codec.flac],
  ["A_MPEG/L3", Codec.mp3],
  ["A_MPEG/L2", Codec.mp2],
  ["A_AC3", Codec.ac3],
  ["A_EAC3", Codec.eac3],
];
const codecs: ReadonlyMap<string, Codec> = new Map(named);
const codecIds: ReadonlyMap<Codec, string> = new Map(named.toReversed().map(([codecId, codec]) => [codec, codecId]));
/** Codecs that Microsoft's structures name. */
const PCM = "A_PCM/INT/LIT";
const ACM = "A_MS/ACM";
const VFW = "V_MS/VFW/FOURCC";
const inAcm: ReadonlySet<Codec> = new Set([Codec.pcmAlaw, Codec.pcmMulaw, Codec.wmav1, Codec.wmav2]);

/** A codec and the configuration record of its tracks; empty where only frames tell it. */
export interface CodecAndRecord {
  readonly codec: Codec;
  readonly record: Uint8Array;
  /** Bits per second, where its structure says so. */
  readonly bitRate?: number;
}

const none = new Uint8Array(0);

/** What a track is of, or undefined for what we do not carry. @throws ProtocolError if what it says is broken */
export function readCodec(entry: TrackEntry): CodecAndRecord | undefined {
  const { codecId, codecPrivate, audio } = entry;
  if (codecId === PCM) return audio?.bitDepth === 16 ? { codec: Codec.pcmLe, record: none } : undefined;
  if (codecId === ACM) {
    const wave = readWaveFormat(codecPrivate);
    if (wave === undefined) return undefined;
    // Of Windows Media Audio the structure is the record; that of PCM follows from the rest.
    const { codec, bitRate } = wave;
    const isCoded = codec === Codec.wmav1 || codec === Codec.wmav2;
    return isCoded ? { codec, record: codecPrivate, ...(bitRate > 0 && { bitRate }) } : { codec, record: none };
  }
  if (codecId === VFW) return readBitmapInfo(codecPrivate);
  const codec = codecs.get(codecId.startsWith("A_AAC/") ? "A_AAC" : codecId);
  switch (codec) {
    case undefined:
      return undefined;
    case Codec.aac:
      return { codec, record: codecPrivate.length > 0 ? codecPrivate : aacRecord(codecId, audio) };
    case Codec.opus:
      return { codec, record: codecPrivate.length > 0 ? codecPrivate : opusRecord(entry) };
    case Codec.flac:
      return { codec, record: new Uint8Array(flacStreamInfo(codecPrivate)) };
    case Codec.mp3:
    case Codec.mp2:
    case Codec.ac3:
    case Codec.eac3:
      return { codec, record: none };
    default:
      return { codec, record: codecPrivate };
  }
}

/** What a track without CodecPrivate means by Opus: family 0, its pre-skip the delay. */
function opusRecord({ audio, codecDelay }: TrackEntry): Uint8Array {
  const preSkip = Math.min(Math.round((codecDelay * OPUS_SAMPLE_RATE) / 1e9), 0xffff);
  const channels = audio?.channels ?? 2;
  if (channels < 1 || channels > 2) throw new ProtocolError("malformed", `Matroska: Opus of ${channels} channels without its CodecPrivate`);
  return opusHeadFrom({ channels, preSkip, inputSampleRate: OPUS_SAMPLE_RATE, outputGain: 0, mappingFamily: 0, mappingTable: none });
}

const profiles: Readonly<Record<string, number>> = { MAIN: 1, LC: 2, SSR: 3, LTP: 4 };

/** AAC of old muxers: the profile in the CodecID (`A_AAC/MPEG4/LC/SBR`), rate and channels in the Audio settings. */
function aacRecord(codecId: string, audio: AudioSettings | undefined): Uint8Array {
  const [, , profile = "LC"] = codecId.split("/");
  const { sampleRate = 0, channels = 0 } = audio ?? {};
  if (channels < 1 || channels > 8 || channels === 7 || !AAC_SAMPLE_RATES.includes(sampleRate))
    throw new ProtocolError("malformed", `Matroska: AAC of ${sampleRate} Hz and ${channels} channels without its CodecPrivate`);
  return aacConfigFrom({ objectType: profiles[profile] ?? 2, sampleRate, channelConfig: channels === 8 ? 7 : channels });
}

/** The CodecID of a codec, or undefined where Matroska has none that players know. */
export function codecIdOf(codec: Codec): string | undefined {
  if (codec === Codec.pcmLe) return PCM;
  if (inAcm.has(codec)) return ACM;
  return isInBitmapInfo(codec) ? VFW : codecIds.get(codec);
}

/** The CodecPrivate of a track; empty for none. Records must have been checked. */
export function codecPrivateOf(track: VideoTrack | AudioTrack): Uint8Array {
  if (track.kind === TrackKind.video && isInBitmapInfo(track.codec)) return bitmapInfoOf(track);
  if (track.kind === TrackKind.audio && inAcm.has(track.codec)) return waveFormatOf(track) ?? none;
  switch (track.codec) {
    case Codec.flac:
      return flacHeaderFrom(track.config);
    case Codec.vp9:
      return track.config.length === 0 ? none : vp9Features(track.config);
    case Codec.ac3:
    case Codec.eac3:
      return none;
    default:
      return track.config;
  }
}

/** VP9 Codec Feature Metadata ("WebM Container Guidelines"): id, length and value of profile, level, bit depth and chroma. */
function vp9Features(vpcC: Uint8Array): Uint8Array {
  const { profile, level, bitDepth, chroma } = parseVpcConfig(vpcC);
  return Uint8Array.of(1, 1, profile, ...(level === 0 ? [] : [2, 1, level]), 3, 1, bitDepth, 4, 1, chroma);
}

/** The level in VP9 Codec Feature Metadata; 0 where there is none. */
export function vp9LevelIn(codecPrivate: Uint8Array): number {
  for (let at = 0; at + 2 < codecPrivate.length; at += 2 + codecPrivate[at + 1]!) {
    if (codecPrivate[at] === 2 && codecPrivate[at + 1] === 1) return codecPrivate[at + 2]!;
  }
  return 0;
}

/** Sampling rates and channels as a TrackEntry has them: the core coder's, and what comes out where that is more. */
export function audioSettingsOf(track: AudioTrack): AudioSettings {
  const { codec, sampleRate, channels } = track;
  const bitDepth = codec === Codec.pcmLe ? pcmBits(track) : codec === Codec.pcmAlaw || codec === Codec.pcmMulaw ? 8 : 0;
  const plain = { sampleRate, outputSampleRate: 0, channels: Math.max(channels, 1), bitDepth };
  if (codec !== Codec.aac) return plain;
  const { coreSampleRate } = parseAacConfig(track.config);
  return coreSampleRate === sampleRate ? plain : { ...plain, sampleRate: coreSampleRate, outputSampleRate: sampleRate };
}
