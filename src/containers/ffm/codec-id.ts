/** Numbers of codecs in FFM: `AVCodecID` of FFmpeg 2 to 3.4 (libavcodec 55 to 57), the versions that had ffserver. Newer ones number some otherwise. */
import { Codec, TrackKind } from "../../media/track.ts";

export type FfmKind = typeof TrackKind.video | typeof TrackKind.audio;

interface CodecOfId {
  readonly codec: Codec;
  readonly kind: FfmKind;
}

const video: readonly (readonly [number, Codec])[] = [
  [1, Codec.mpeg1video],
  [2, Codec.mpeg2video],
  [4, Codec.h261],
  [5, Codec.ituH263],
  [6, Codec.rv10],
  [7, Codec.rv20],
  [8, Codec.mjpeg],
  [13, Codec.mpeg4],
  [16, Codec.msmpeg4v2],
  [17, Codec.msmpeg4v3],
  [18, Codec.wmv1],
  [19, Codec.wmv2],
  [20, Codec.ituH263], // H.263+, which decoders of H.263 take too
  [22, Codec.h263],
  [28, Codec.avc],
  [31, Codec.theora],
  [140, Codec.vp8],
  [168, Codec.vp9],
  [174, Codec.hevc],
];

const audio: readonly (readonly [number, Codec])[] = [
  [0x1_0000, Codec.pcmLe],
  [0x1_0006, Codec.pcmMulaw],
  [0x1_0007, Codec.pcmAlaw],
  [0x1_100d, Codec.adpcm],
  [0x1_5000, Codec.mp2],
  [0x1_5001, Codec.mp3],
  [0x1_5002, Codec.aac],
  [0x1_5003, Codec.ac3],
  [0x1_5005, Codec.vorbis],
  [0x1_5007, Codec.wmav1],
  [0x1_5008, Codec.wmav2],
  [0x1_500c, Codec.flac],
  [0x1_5022, Codec.nellymoser],
  [0x1_5024, Codec.speex],
  [0x1_5029, Codec.eac3],
  [0x1_503d, Codec.opus],
];

const byId: ReadonlyMap<number, CodecOfId> = new Map<number, CodecOfId>([
  ...video.map(([id, codec]) => [id, { codec, kind: TrackKind.video }] as const),
  ...audio.map(([id, codec]) => [id, { codec, kind: TrackKind.audio }] as const),
]);
// Of two numbers the first is written.
const ids: ReadonlyMap<Codec, number> = new Map([...video, ...audio].toReversed().map(([id, codec]) => [codec, id]));

/** Undefined for a codec that we do not carry. */
export function codecOfId(id: number): CodecOfId | undefined {
  return byId.get(id);
}

/** Undefined for a codec that FFM has no number for, or whose frames we have in another form. */
export function idOfCodec(codec: Codec): number | undefined {
  return ids.get(codec);
}
