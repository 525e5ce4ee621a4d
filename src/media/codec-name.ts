import { Codec } from "./track.ts";

/** Codecs by the name a viewer knows them by, for the words of a refusal. */
export const codecNames = {
  [Codec.avc]: "H.264",
  [Codec.hevc]: "HEVC",
  [Codec.av1]: "AV1",
  [Codec.vp8]: "VP8",
  [Codec.vp9]: "VP9",
  [Codec.aac]: "AAC",
  [Codec.mp3]: "MP3",
  [Codec.opus]: "Opus",
  [Codec.flac]: "FLAC",
  [Codec.ac3]: "AC-3",
  [Codec.eac3]: "E-AC-3",
  [Codec.pcmAlaw]: "G.711 A-law",
  [Codec.pcmMulaw]: "G.711 µ-law",
  [Codec.pcmLe]: "uncompressed PCM",
  [Codec.adpcm]: "ADPCM",
  [Codec.nellymoser]: "Nellymoser",
  [Codec.speex]: "Speex",
  [Codec.h263]: "Sorenson H.263",
  [Codec.screen]: "Screen Video",
  [Codec.vp6]: "VP6",
  [Codec.vvc]: "VVC",
  [Codec.amf0]: "script data",
} as const satisfies Record<Codec, string>;
