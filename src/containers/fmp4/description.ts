/** What clients of message-framed transports are told of an init segment before they get it, as JSON. */
import { Codec, TrackKind } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";
import { fmp4Timescale } from "./init.ts";
import type { MediaTrack } from "./init.ts";
import { mp3ObjectType } from "./sample-entry.ts";

/** A track of the stream that MP4 cannot carry. */
export interface LeftOut {
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** In words for a viewer. */
  readonly reason: string;
}

/** One track of a `config` message. */
export interface DescribedTrack {
  readonly id: number;
  readonly kind: TrackKind;
  /** RFC 6381. */
  readonly codec: string;
  /** What `MediaSource.isTypeSupported` and `addSourceBuffer` take for this track alone. */
  readonly mimeType: string;
  readonly timescale: number;
  readonly language?: string;
  readonly isDefault: boolean;
  /** Pixels; video only. */
  readonly width?: number;
  readonly height?: number;
  /** Audio only. */
  readonly sampleRate?: number;
  readonly channels?: number;
}

/** The `config` message. */
export interface Description {
  readonly type: "config";
  /** All tracks' codecs, comma-separated, as one SourceBuffer for all of them would want them. */
  readonly codecs: string;
  readonly tracks: readonly DescribedTrack[];
  readonly leftOut: readonly LeftOut[];
}

/** The `config` message as JSON text. */
export function describe(carried: readonly MediaTrack[], leftOut: readonly LeftOut[]): string {
  const tracks = carried.map(describeTrack);
  const codecs = tracks.map((track) => track.codec).join(",");
  return JSON.stringify({ type: "config", codecs, tracks, leftOut } satisfies Description);
}

function describeTrack(track: MediaTrack): DescribedTrack {
  const codec = mp4CodecString(track);
  const common = {
    id: track.id,
    kind: track.kind,
    codec,
    mimeType: `${track.kind}/mp4; codecs="${codec}"`,
    timescale: fmp4Timescale(track),
    isDefault: track.isDefault,
    ...(track.language === undefined ? {} : { language: track.language }),
  };
  if (track.kind === TrackKind.video) return { ...common, width: track.width, height: track.height };
  return { ...common, sampleRate: track.sampleRate, channels: track.channels };
}

/** The codecs parameter of a track inside MP4, where that differs from what other containers say. */
export function mp4CodecString(track: MediaTrack): string {
  if (track.kind === TrackKind.audio && track.codec === Codec.mp3) return mp3CodecString(track);
  if (track.codec === Codec.vp8) return "vp08.00.10.08";
  return track.codecString;
}

function mp3CodecString(track: AudioTrack): string {
  return `mp4a.${mp3ObjectType(track).toString(16).toUpperCase()}`;
}
