import { sameBytes } from "../../src/bytes/same-bytes.ts";

/** One track of the stream as the engines want it. */
export interface StreamTrack {
  readonly id: number;
  readonly kind: "video" | "audio";
  /** RFC 6381, as `MediaSource.isTypeSupported` and WebCodecs take it. */
  readonly codec: string;
  readonly mimeType: string;
  /** Ticks per second of the samples' times. */
  readonly timescale: number;
  /** Pixels; 0 for audio. */
  readonly width: number;
  readonly height: number;
  /** 0 for video. */
  readonly sampleRate: number;
  readonly channels: number;
  /** `ftyp moov` with this track alone. */
  readonly init: Uint8Array;
  /** The decoder configuration as WebCodecs takes it (avcC, hvcC, AudioSpecificConfig …); undefined where it needs none. */
  readonly description: Uint8Array | undefined;
}

/** A configuration: tracks that are current together. */
export interface StreamConfig {
  readonly tracks: readonly StreamTrack[];
  /** Tracks that MP4 cannot carry, in words for the viewer. */
  readonly leftOut: readonly string[];
}

/** One coded sample; times in seconds of the stream's clock. */
export interface Sample {
  readonly time: number;
  readonly duration: number;
  readonly sync: boolean;
  readonly data: Uint8Array;
}

/** Some samples of one track; times in seconds of the stream's clock. */
export interface StreamFragment {
  readonly track: StreamTrack;
  /** Earliest presentation time. */
  readonly start: number;
  /** End of the last sample's presentation. */
  readonly end: number;
  /** Decoding times of the first sample and after the last: fragments of a track follow on one another in these. */
  readonly decodeStart: number;
  readonly decodeEnd: number;
  /** Begins with a sample that needs no other one. */
  readonly sync: boolean;
  /** The `moof` and `mdat` boxes. */
  readonly parts: readonly Uint8Array[];
  readonly samples: readonly Sample[];
  /** Unix milliseconds of time zero of the stream's clock, where the fragment says. */
  readonly utcOffset: number | undefined;
}

/** Whether one decoder, and one init segment, do for both. */
export function sameDecoding(a: StreamTrack, b: StreamTrack): boolean {
  const alike = a.codec === b.codec && a.timescale === b.timescale && a.width === b.width && a.height === b.height;
  return alike && a.sampleRate === b.sampleRate && a.channels === b.channels && sameDescription(a.description, b.description);
}

function sameDescription(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}
