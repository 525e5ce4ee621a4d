/**
 * What FFmpeg is asked to encode, and the arguments that say so. Everything that stands in an argument is a word of these tables or a number
 * between bounds: nothing of a URL, a name or a publisher's metadata reaches the program.
 */

/** Codecs of pictures by libavcodec's names, with what encodes them. */
const videoEncoders = {
  h264: ["libx264", "-preset", "veryfast", "-tune", "zerolatency"],
  mpeg1video: ["mpeg1video"],
  mpeg2video: ["mpeg2video"],
  mpeg4: ["mpeg4"],
  msmpeg4v2: ["msmpeg4v2"],
  msmpeg4v3: ["msmpeg4"],
  wmv1: ["wmv1"],
  wmv2: ["wmv2"],
  flv1: ["flv"],
  mjpeg: ["mjpeg", "-huffman", "default"],
  theora: ["libtheora"],
  vp8: ["libvpx", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"],
  vp9: ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"],
  rv10: ["rv10"],
} as const satisfies Record<string, readonly string[]>;
export type VideoEncoder = keyof typeof videoEncoders;

/** The same of sound. */
const audioEncoders = {
  aac: ["aac"],
  mp2: ["mp2"],
  mp3: ["libmp3lame"],
  ac3: ["ac3"],
  eac3: ["eac3"],
  vorbis: ["libvorbis"],
  opus: ["libopus"],
  flac: ["flac"],
  wmav1: ["wmav1"],
  wmav2: ["wmav2"],
  speex: ["libspeex"],
  pcm_s16le: ["pcm_s16le"],
  pcm_alaw: ["pcm_alaw"],
  pcm_mulaw: ["pcm_mulaw"],
} as const satisfies Record<string, readonly string[]>;
export type AudioEncoder = keyof typeof audioEncoders;

/** As what pictures are wanted. What is not said is taken from the stream, or is FFmpeg's choice. */
export interface VideoEncoding {
  /** `copy`: as they are, where the container takes them. */
  readonly codec: VideoEncoder | "copy";
  /** Bits per second. */
  readonly bitRate?: number;
  /** Pixels; both or neither. */
  readonly width?: number;
  readonly height?: number;
  /** Pictures per second. */
  readonly frameRate?: number;
  /** Pictures from one key frame to the next; two seconds of them if not given. */
  readonly gop?: number;
}

export interface AudioEncoding {
  readonly codec: AudioEncoder | "copy";
  /** Bits per second. */
  readonly bitRate?: number;
  /** Samples per second. */
  readonly sampleRate?: number;
  readonly channels?: number;
}

/** What is made of a stream; a kind that is not given is left out. */
export interface Encodings {
  readonly video?: VideoEncoding;
  readonly audio?: AudioEncoding;
}

export function isVideoEncoder(codec: string): codec is VideoEncoder {
  return Object.hasOwn(videoEncoders, codec);
}

export function isAudioEncoder(codec: string): codec is AudioEncoder {
  return Object.hasOwn(audioEncoders, codec);
}

/** What the pictures of the source are, as far as it says. */
export interface SourcePictures {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

/** Pictures per second where nobody says how many. */
const USUAL_RATE = 25;
/** What MPEG-1 and MPEG-2 have a code for (ISO/IEC 13818-2 table 6-4), in whole numbers. */
const mpegRates = [24, 25, 30, 50, 60] as const;

export function videoArguments(encoding: VideoEncoding | undefined, source: SourcePictures | undefined): string[] {
  if (encoding === undefined) return ["-vn"];
  const { codec, gop } = encoding;
  const map = ["-map", "0:v:0?"];
  if (codec === "copy") return [...map, "-c:v", "copy"];
  const rate = rateOf(codec, encoding.frameRate ?? source?.frameRate ?? 0);
  return [
    ...[...map, "-c:v", ...videoEncoders[codec]],
    ...["-r", String(rate), "-g", String(whole(gop ?? 2 * rate, 1, 600)), "-bf", "0"],
    ...["-vf", scaling(codec, encoding), "-pix_fmt", codec === "mjpeg" ? "yuvj420p" : "yuv420p"],
    ...["-b:v", String(whole(encoding.bitRate ?? usualBitRate(encoding, source, rate), 1000, 100_000_000))],
  ];
}

export function audioArguments(encoding: AudioEncoding | undefined): string[] {
  if (encoding === undefined) return ["-an"];
  const { codec, bitRate, sampleRate, channels } = encoding;
  const map = ["-map", "0:a:0?"];
  if (codec === "copy") return [...map, "-c:a", "copy"];
  return [
    ...[...map, "-c:a", ...audioEncoders[codec]],
    ...[
      "-ar",
      String(whole(sampleRate ?? usualSampleRate(codec), 8000, 192_000)),
      "-ac",
      String(whole(channels ?? usualChannels(codec), 1, 8)),
    ],
    ...(bitRate === undefined ? [] : ["-b:a", String(whole(bitRate, 1000, 10_000_000))]),
  ];
}

function rateOf(codec: VideoEncoder, wanted: number): number {
  const rate = wanted >= 1 && wanted <= 120 ? Math.round(wanted * 1000) / 1000 : USUAL_RATE;
  if (codec !== "mpeg1video" && codec !== "mpeg2video") return rate;
  return mpegRates.find((each) => each >= Math.round(rate)) ?? 60;
}

/** Sides in whole chroma samples; RealVideo has whole macroblocks. */
function scaling(codec: VideoEncoder, { width, height }: VideoEncoding): string {
  const step = codec === "rv10" ? 16 : 2;
  const side = (pixels: number): number => Math.max(step, whole(pixels, step, 8192) - (whole(pixels, step, 8192) % step));
  if (width !== undefined && height !== undefined) return `scale=${side(width)}:${side(height)}`;
  return `scale=trunc(iw/${step})*${step}:trunc(ih/${step})*${step}`;
}

/** A tenth of a bit for every pixel, which is enough for the codecs of old. */
function usualBitRate({ width, height }: VideoEncoding, source: SourcePictures | undefined, rate: number): number {
  const pixels = (width ?? source?.width ?? 0) * (height ?? source?.height ?? 0);
  return Math.min(8_000_000, Math.max(400_000, pixels * rate * 0.1));
}

function usualSampleRate(codec: AudioEncoder): number {
  switch (codec) {
    case "opus":
      return 48_000;
    case "speex":
      return 16_000;
    case "pcm_alaw":
    case "pcm_mulaw":
      return 8000;
    default:
      return 44_100;
  }
}

function usualChannels(codec: AudioEncoder): number {
  return codec === "speex" || codec === "pcm_alaw" || codec === "pcm_mulaw" ? 1 : 2;
}

function whole(value: number, least: number, most: number): number {
  return Number.isFinite(value) ? Math.min(most, Math.max(least, Math.round(value))) : least;
}
