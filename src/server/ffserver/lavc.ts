/**
 * What FFmpeg's libavcodec 57 called things: its codecs and their numbers, the encoders that a configuration may name, and the options that every
 * encoder has. ffserver was built with it and asked it; the numbers and names are what its users' encoders still speak.
 */
import type { FfmKind } from "../../containers/ffm/codec-id.ts";

/** One codec of libavcodec. */
export interface LavcCodec {
  readonly name: string;
  /** `AVCodecID`. */
  readonly id: number;
  readonly kind: FfmKind;
}

const videoIds = {
  mpeg1video: 1,
  mpeg2video: 2,
  h261: 4,
  h263: 5,
  rv10: 6,
  rv20: 7,
  mjpeg: 8,
  mpeg4: 13,
  rawvideo: 14,
  msmpeg4v2: 16,
  msmpeg4v3: 17,
  wmv1: 18,
  wmv2: 19,
  h263p: 20,
  flv1: 22,
  h264: 28,
  theora: 31,
  png: 62,
  flashsv: 87,
  flashsv2: 132,
  vp8: 140,
  vp9: 168,
  hevc: 174,
} as const;

const audioIds = {
  pcm_s16le: 0x1_0000,
  pcm_s16be: 0x1_0001,
  pcm_u8: 0x1_0005,
  pcm_mulaw: 0x1_0006,
  pcm_alaw: 0x1_0007,
  adpcm_swf: 0x1_100d,
  mp2: 0x1_5000,
  mp3: 0x1_5001,
  aac: 0x1_5002,
  ac3: 0x1_5003,
  vorbis: 0x1_5005,
  wmav1: 0x1_5007,
  wmav2: 0x1_5008,
  flac: 0x1_500c,
  nellymoser: 0x1_5022,
  speex: 0x1_5024,
  eac3: 0x1_5029,
  opus: 0x1_503d,
} as const;

export type VideoCodecName = keyof typeof videoIds;
export type AudioCodecName = keyof typeof audioIds;

const codecs: ReadonlyMap<string, LavcCodec> = new Map<string, LavcCodec>([
  ...Object.entries(videoIds).map(([name, id]) => [name, { name, id, kind: "video" }] as const),
  ...Object.entries(audioIds).map(([name, id]) => [name, { name, id, kind: "audio" }] as const),
]);

export function lavcCodec(name: VideoCodecName | AudioCodecName): LavcCodec {
  return codecs.get(name)!;
}

/** The codec of a name that libavcodec 57 had and FFM had a number for. */
export function lavcCodecNamed(name: string): LavcCodec | undefined {
  return codecs.get(name);
}

/** Encoders that are not called like their codec. */
const encoders: Readonly<Record<string, VideoCodecName | AudioCodecName>> = {
  msmpeg4: "msmpeg4v3",
  flv: "flv1",
  libxvid: "mpeg4",
  libx264: "h264",
  libx264rgb: "h264",
  libopenh264: "h264",
  libx265: "hevc",
  libkvazaar: "hevc",
  libtheora: "theora",
  libvpx: "vp8",
  "libvpx-vp9": "vp9",
  mp2fixed: "mp2",
  libtwolame: "mp2",
  libmp3lame: "mp3",
  libshine: "mp3",
  libfdk_aac: "aac",
  libfaac: "aac",
  libvo_aacenc: "aac",
  libaacplus: "aac",
  ac3_fixed: "ac3",
  libvorbis: "vorbis",
  libspeex: "speex",
  libopus: "opus",
};
/** Codecs that are no encoder's name. */
const withoutOwnEncoder: ReadonlySet<string> = new Set([
  "msmpeg4v3",
  "flv1",
  "h264",
  "hevc",
  "theora",
  "vp8",
  "vp9",
  "mp3",
  "speex",
  "opus",
]);
/** Encoders in hardware. */
const hardware = /^(h264|hevc|mpeg2|mjpeg|vp8)_(?:nvenc|qsv|vaapi|omx|videotoolbox)$/;

/** The codec that an encoder makes; undefined for a name that no encoder has. */
export function encoderCodec(name: string): LavcCodec | undefined {
  const inHardware = hardware.exec(name)?.[1];
  if (inHardware !== undefined) return codecs.get(inHardware === "mpeg2" ? "mpeg2video" : inHardware);
  if (name === "nvenc") return codecs.get("h264");
  const codec = Object.hasOwn(encoders, name) ? encoders[name]! : withoutOwnEncoder.has(name) ? undefined : name;
  return codec === undefined ? undefined : codecs.get(codec);
}

/** Encoders of a codec, for who wrote its name where an encoder's belongs. */
export function encodersOf(codec: string): string[] {
  return Object.keys(encoders).filter((name) => encoders[name] === codec);
}

/**
 * Options of every encoder, as `ffmpeg -h full` of 3.1 lists them under AVCodecContext, and those that only ffserver could set. Others are one
 * encoder's own.
 */
const generic: ReadonlySet<string> = new Set(
  (
    "b ab bt flags me_method g ar ac cutoff frame_size qcomp qblur qmin qmax qdiff bf b_qfactor rc_strategy b_strategy ps strict b_qoffset " +
    "mpeg_quant qsquish rc_qmod_amp rc_qmod_freq maxrate minrate bufsize rc_buf_aggressivity i_qfactor i_qoffset rc_init_cplx dct lumi_mask " +
    "tcplx_mask scplx_mask p_mask dark_mask idct pred aspect sar debug cmp subcmp mbcmp ildctcmp dia_size last_pred preme precmp pre_dia_size " +
    "subq me_range ibias pbias global_quality coder context mbd sc_threshold lmin lmax nr rc_init_occupancy flags2 error threads me_threshold " +
    "mb_threshold dc nssew profile level skip_threshold skip_factor skip_exp skipcmp border_mask mblmin mblmax mepc bidir_refine brd_scale " +
    "keyint_min refs chromaoffset trellis sc_factor mv0_threshold b_sensitivity compression_level min_prediction_order max_prediction_order " +
    "timecode_frame_start channel_layout rc_max_vbv_use rc_min_vbv_use ticks_per_frame color_primaries color_trc colorspace color_range " +
    "chroma_sample_location slices thread_type audio_service_type side_data_only_packets field_order " +
    "time_base pixel_format video_size codec_tag"
  ).split(" "),
);

/** Whether an option is not one encoder's own. */
export function isGenericOption(name: string): boolean {
  return generic.has(name);
}

const flagOptions: ReadonlySet<string> = new Set(["flags", "flags2", "debug", "thread_type"]);

/** Whether an option is a set of flags, to which `+flag` and `-flag` add. */
export function isFlagOption(name: string): boolean {
  return flagOptions.has(name);
}
