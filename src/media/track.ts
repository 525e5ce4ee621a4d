/** What a track carries. */
export const TrackKind = { video: "video", audio: "audio", data: "data" } as const;
export type TrackKind = (typeof TrackKind)[keyof typeof TrackKind];

/**
 * Codecs of pictures that travel opaque: we carry them bit-exact where a container can and read nothing from them, not even which
 * are key frames: their container says that. Motion JPEG alone has no others.
 */
export const OpaqueVideo = {
  /** Sorenson's, of Flash. The ITU's is `itu-h263`. */
  h263: "h263",
  screen: "screen",
  vp6: "vp6",
  vvc: "vvc",
  mpeg1video: "mpeg1video",
  mpeg2video: "mpeg2video",
  mpeg4: "mpeg4",
  mjpeg: "mjpeg",
  theora: "theora",
  h261: "h261",
  ituH263: "itu-h263",
  msmpeg4v2: "msmpeg4v2",
  msmpeg4v3: "msmpeg4v3",
  wmv1: "wmv1",
  wmv2: "wmv2",
  rv10: "rv10",
  rv20: "rv20",
} as const;
export type OpaqueVideo = (typeof OpaqueVideo)[keyof typeof OpaqueVideo];

/** The same of sound. */
export const OpaqueAudio = {
  pcmAlaw: "pcm-alaw",
  pcmMulaw: "pcm-mulaw",
  pcmLe: "pcm-le",
  adpcm: "adpcm",
  nellymoser: "nellymoser",
  speex: "speex",
  vorbis: "vorbis",
  wmav1: "wmav1",
  wmav2: "wmav2",
} as const;
export type OpaqueAudio = (typeof OpaqueAudio)[keyof typeof OpaqueAudio];

/** Codecs by the name the field uses. */
export const Codec = {
  avc: "avc",
  hevc: "hevc",
  av1: "av1",
  vp8: "vp8",
  vp9: "vp9",
  aac: "aac",
  mp3: "mp3",
  opus: "opus",
  flac: "flac",
  ac3: "ac3",
  eac3: "eac3",
  mp2: "mp2",
  ...OpaqueVideo,
  ...OpaqueAudio,
  /** Script data (AMF0 values), as RTMP message 18 and FLV tag 18 carry it. */
  amf0: "amf0",
} as const;
export type Codec = (typeof Codec)[keyof typeof Codec];

const opaque: ReadonlySet<Codec> = new Set<Codec>([...Object.values(OpaqueVideo), ...Object.values(OpaqueAudio)]);

/** Sorts these out before a `switch` over all others. */
export function isOpaque(codec: Codec): codec is OpaqueVideo | OpaqueAudio {
  return opaque.has(codec);
}

interface TrackBase {
  /** Stable within a timeline, from 1; a track keeps its id when its configuration changes. */
  readonly id: number;
  readonly codec: Codec;
  /**
   * The decoder configuration record as MP4 stores it, without a box header: avcC, hvcC, av1C, vpcC (without the
   * FullBox version and flags), AudioSpecificConfig, OpusHead as in Ogg (RFC 7845 5.1), the 34-byte STREAMINFO
   * body of FLAC, dac3, dec3. For Vorbis and Theora the three headers as Matroska has them (Xiph lacing); WAVEFORMATEX for
   * Windows Media Audio; for MPEG-4, Windows Media and RealVideo what decoders are given as private data. Empty where the codec has none. Owned by the track; never
   * written again.
   */
  readonly config: Uint8Array;
  /** Ticks per second of `dts` and `pts`. RTMP 1000, MPEG-TS 90000, MP4 its own. */
  readonly timescale: number;
  /** Nominal bits per second as the source declares them; undefined where it does not. */
  readonly bitRate?: number;
  /** BCP 47, where known. */
  readonly language?: string;
  /** The track of its kind that a player without a choice takes. */
  readonly isDefault: boolean;
  /**
   * The codecs parameter of RFC 6381 (`avc1.64001f`, `mp4a.40.2`, `opus`), or "" where there is none.
   */
  readonly codecString: string;
}

/** A track of pictures. */
export interface VideoTrack extends TrackBase {
  readonly kind: typeof TrackKind.video;
  /** Coded size in pixels after cropping; 0 where unknown. */
  readonly width: number;
  readonly height: number;
  /** Frames per second as the stream or its metadata declares it; 0 where unknown. */
  readonly frameRate: number;
}

/** A track of sound. */
export interface AudioTrack extends TrackBase {
  readonly kind: typeof TrackKind.audio;
  /** Samples per second at the decoder's output; 0 where unknown. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples in one coded frame at `sampleRate`; 0 where it varies or is unknown. */
  readonly samplesPerFrame: number;
  /**
   * First byte of a legacy FLV audio tag (format, rate, size, type), kept so that what we cannot parse comes out
   * bit-exact. Undefined where the source is not FLV or RTMP.
   */
  readonly flvHeader?: number;
}

/** A track of messages that are neither pictures nor sound. */
export interface DataTrack extends TrackBase {
  readonly kind: typeof TrackKind.data;
}

/** One elementary stream. */
export type Track = VideoTrack | AudioTrack | DataTrack;

/** A value of the publisher's metadata. Objects have no prototype. */
export type MetadataValue = null | boolean | number | string | readonly MetadataValue[] | { readonly [key: string]: MetadataValue };
/** What the publisher says of its stream (onMetaData), by name. Has no prototype when it comes from the wire. */
export type Metadata = { readonly [key: string]: MetadataValue };

/** What is known of a timeline that is complete: a file's. */
export interface Recorded {
  /** Milliseconds from its beginning to its end. */
  readonly durationMs: number;
  /** Where decoding may start, for players that ask for it: seconds, and bytes of the file. */
  readonly keyFrames?: { readonly times: readonly number[]; readonly positions: readonly number[] } | undefined;
}

/** The tracks that are current together, from one point of a timeline until the next generation. */
export interface Generation {
  /** Rises by one with every change, from 1; never reused in a timeline. */
  readonly id: number;
  readonly tracks: readonly Track[];
  /** What the publisher said of the stream (onMetaData); may change while `tracks` stays the same array. */
  readonly metadata: Metadata;
  /** Undefined for what is live. */
  readonly recorded?: Recorded;
}
