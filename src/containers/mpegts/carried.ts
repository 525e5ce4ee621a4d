/** What MPEG-TS carries here, as which kind of stream, and in which words the rest is refused. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { adtsHeader } from "../../media/aac-adts.ts";
import { parseAacConfig } from "../../media/aac.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import { codecNames } from "../../media/codec-name.ts";
import { parseHevcConfig } from "../../media/hevc.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack, Track, VideoTrack } from "../../media/track.ts";
import type { Descriptor } from "./descriptors.ts";
import { language, opusChannels, registration } from "./descriptors.ts";
import { OPUS_FORMAT, opusChannelCode } from "./opus-unit.ts";
import { PesStreamId } from "./pes.ts";
import { StreamType } from "./stream-type.ts";

/** Tracks of which something can be carried. */
export type MediaTrack = VideoTrack | AudioTrack;

/** How a track is announced. */
export interface Carriage {
  readonly type: number;
  readonly descriptors: readonly Descriptor[];
  /** stream_id of its PES packets. */
  readonly streamId: number;
}

/**
 * What a PMT says of a track, as FFmpeg and Apple's tools write it. Undefined for codecs without a form that players know: AV1's is a draft,
 * VP9 and FLAC have none.
 */
export function carriageOf(track: MediaTrack): Carriage | undefined {
  const carriage = carriageOfCodec(track);
  if (carriage === undefined || track.language === undefined) return carriage;
  return { ...carriage, descriptors: [...carriage.descriptors, language(track.language)] };
}

function carriageOfCodec(track: MediaTrack): Carriage | undefined {
  const { video, audio, privateStream1 } = PesStreamId;
  switch (track.codec) {
    case Codec.avc:
      return { type: StreamType.avc, descriptors: [], streamId: video };
    case Codec.hevc:
      return { type: StreamType.hevc, descriptors: [registration("HEVC")], streamId: video };
    case Codec.mpeg1video:
      return { type: StreamType.mpeg1Video, descriptors: [], streamId: video };
    case Codec.mpeg2video:
      return { type: StreamType.mpeg2Video, descriptors: [], streamId: video };
    case Codec.mpeg4:
      return { type: StreamType.mpeg4Video, descriptors: [], streamId: video };
    case Codec.aac:
      return { type: StreamType.adts, descriptors: [], streamId: audio };
    case Codec.mp3:
    case Codec.mp2:
      return { type: mpegAudioType(track), descriptors: [], streamId: audio };
    case Codec.ac3:
      return { type: StreamType.ac3, descriptors: [registration("AC-3")], streamId: privateStream1 };
    case Codec.eac3:
      return { type: StreamType.eac3, descriptors: [registration("EAC3")], streamId: privateStream1 };
    case Codec.opus: {
      const descriptors = [registration(OPUS_FORMAT), opusChannels(opusChannelCode(track.config) ?? 0)];
      return { type: StreamType.privatePes, descriptors, streamId: privateStream1 };
    }
    default:
      return undefined;
  }
}

/** The lower rates are MPEG-2's. */
function mpegAudioType(track: MediaTrack): number {
  const isLow = track.kind === TrackKind.audio && track.sampleRate > 0 && track.sampleRate < 32_000;
  return isLow ? StreamType.mpeg2Audio : StreamType.mpeg1Audio;
}

/** Why MPEG-TS cannot carry this track, in words for a viewer; undefined where it can. */
export function notCarriedByTs(track: Track): string | undefined {
  const name = codecNames[track.codec];
  if (track.kind === TrackKind.data) return `MPEG-TS does not carry ${name}`;
  try {
    if (isConfigured(track.codec) && track.config.length === 0) return `the publisher has sent no decoder configuration for its ${name}`;
    if (carriageOf(track) === undefined) return `MPEG-TS cannot carry ${name}`;
    return refusedByForm(track);
  } catch (error) {
    if (error instanceof ProtocolError) return `the decoder configuration of its ${name} is damaged`;
    throw error;
  }
}

function isConfigured(codec: Codec): boolean {
  return codec === Codec.avc || codec === Codec.hevc || codec === Codec.aac || codec === Codec.opus;
}

/** @throws ProtocolError where the record is damaged */
function refusedByForm({ codec, config }: MediaTrack): string | undefined {
  if (codec === Codec.avc) parseAvcConfig(config);
  if (codec === Codec.hevc) parseHevcConfig(config);
  if (codec === Codec.opus && opusChannelCode(config) === undefined) return "MPEG-TS cannot carry Opus with this order of channels";
  if (codec === Codec.aac && !fitsAdts(config)) return "MPEG-TS carries AAC with ADTS headers, which cannot describe this AAC";
  return undefined;
}

/** ADTS knows four object types, frames of 1024 samples, and channels that a number or the frames themselves tell. */
function fitsAdts(config: Uint8Array): boolean {
  const aac = parseAacConfig(config);
  const isLong = aac.samplesPerFrame * aac.coreSampleRate === 1024 * aac.sampleRate;
  const tellsChannels = aac.channelConfig !== 0 || aac.channels === 0;
  return isLong && tellsChannels && adtsHeader(aac, 0) !== undefined;
}
