/** Containers of sound alone: of a stream with pictures they have the sound. */
import { beginsWithAdts, AdtsDemuxer } from "../../containers/adts/demuxer.ts";
import { adtsMuxer, notCarriedByAdts } from "../../containers/adts/muxer.ts";
import { beginsWithMp3, Mp3Demuxer } from "../../containers/mp3/demuxer.ts";
import { mp3Muxer, notCarriedByMp3 } from "../../containers/mp3/muxer.ts";
import { notCarriedByOgg, oggMuxer } from "../../containers/ogg/muxer.ts";
import { notCarriedByWav, wavMuxer } from "../../containers/wav/muxer.ts";
import type { ContainerFormat } from "./container-format.ts";
import type { DemuxerFormat } from "./demuxer-format.ts";

/** `/APP/STREAM.aac`: AAC as internet radio has it. */
export const adtsFormat: ContainerFormat = {
  name: "adts",
  title: "AAC (ADTS)",
  extensions: ["aac"],
  mimeType: "audio/aac",
  kinds: ["audio"],
  cannotCarry: notCarriedByAdts,
  players: { http: "browsers, VLC, mpv, FFmpeg" },
  muxer: adtsMuxer,
};

/** `/APP/STREAM.mp3`: MP3 as internet radio has it. */
export const mp3Format: ContainerFormat = {
  name: "mp3",
  title: "MP3",
  extensions: ["mp3"],
  mimeType: "audio/mpeg",
  kinds: ["audio"],
  cannotCarry: notCarriedByMp3,
  players: { http: "browsers, VLC, mpv, FFmpeg" },
  muxer: mp3Muxer,
};

/** `/APP/STREAM.ogg`: Opus, FLAC or Vorbis. */
export const oggFormat: ContainerFormat = {
  name: "ogg",
  title: "Ogg",
  extensions: ["ogg"],
  mimeType: ([track]) => `audio/ogg; codecs="${track!.codec}"`,
  kinds: ["audio"],
  cannotCarry: notCarriedByOgg,
  players: { http: "Chromium, Firefox, VLC, mpv, FFmpeg" },
  muxer: oggMuxer,
};

/** `/APP/STREAM.wav`: PCM and G.711. */
export const wavFormat: ContainerFormat = {
  name: "wav",
  title: "WAV",
  extensions: ["wav"],
  mimeType: "audio/wav",
  kinds: ["audio"],
  cannotCarry: notCarriedByWav,
  players: { http: "VLC, mpv, FFmpeg" },
  muxer: wavMuxer,
};

/** AAC behind ADTS headers, of an encoder of internet radio. */
export const adtsDemuxerFormat: DemuxerFormat = {
  name: "adts",
  title: "ADTS",
  extensions: ["aac", "adts"],
  mimeTypes: ["audio/aac", "audio/aacp", "audio/x-aac"],
  sniff: beginsWithAdts,
  demuxer: (sink) => new AdtsDemuxer(sink),
};

/** MP3 and MP2, of files and of encoders of internet radio. */
export const mp3DemuxerFormat: DemuxerFormat = {
  name: "mp3",
  title: "MP3",
  extensions: ["mp3", "mp2"],
  mimeTypes: ["audio/mpeg", "audio/mp3"],
  sniff: beginsWithMp3,
  demuxer: (sink) => new Mp3Demuxer(sink),
};
