/** The directives of a `<Stream>` that say how its feed is encoded: each becomes options of libavcodec, which the feed's encoder fetches. */
import { decimal, integer } from "./c-number.ts";
import type { LineNotes, Words } from "./conf-line.ts";
import type { EncoderOptions } from "./encoder-options.ts";
import { videoSize } from "./video-size.ts";

/** Audio and video of one stream. */
export interface StreamEncoders {
  readonly audio: EncoderOptions;
  readonly video: EncoderOptions;
}

/** What a directive does. `keyword` is as it is written, for messages. */
type Directive = (encoders: StreamEncoders, words: Words, notes: LineNotes, keyword: string) => void;

/** ffserver kept numbers in 32 bits. */
const largest = 0x7fff_ffff;
/** `FF_QP2LAMBDA` of libavcodec. */
const lambdaPerQp = 118;

/** A number of kbit/s or of something else, times a factor. */
function scaled(option: string, factor: number): Directive {
  return ({ video }, words, notes, keyword) => {
    const text = words.next();
    const value = integer(text);
    if (value === undefined || Math.abs(value * factor) > largest) notes.error(`Invalid ${keyword}: '${text}'`);
    else video.set(option, String(value * factor), notes);
  };
}

/** A whole number that is handed on as it is. */
function whole(kind: keyof StreamEncoders, option: string): Directive {
  return (encoders, words, notes) => {
    const text = words.next();
    const value = integer(text);
    if (value === undefined) notes.error(`Invalid value for option ${option} (${text})`);
    else encoders[kind].set(option, String(value), notes);
  };
}

/** Any number that is handed on as it is. */
function fractional(option: string): Directive {
  return ({ video }, words, notes) => {
    const text = words.next();
    if (decimal(text) === undefined) notes.error(`Invalid value for option ${option} (${text})`);
    else video.set(option, text, notes);
  };
}

/** Words that need nothing behind them. */
function fixed(...options: readonly (readonly [name: string, value: string])[]): Directive {
  return ({ video }, _words, notes) => {
    for (const [name, value] of options) video.set(name, value, notes);
  };
}

/** The same for audio and video. */
function both(option: string): Directive {
  return ({ audio, video }, words, notes) => {
    const text = words.next();
    for (const encoder of [audio, video]) encoder.set(option, text, notes);
  };
}

function audioBitRate({ audio }: StreamEncoders, words: Words, notes: LineNotes, keyword: string): void {
  const text = words.next();
  const value = decimal(text);
  if (value === undefined || Math.abs(value * 1000) > largest) notes.error(`Invalid ${keyword}: '${text}'`);
  else audio.set("b", String(Math.round(value * 1000)), notes);
}

function bitRateRange({ video }: StreamEncoders, words: Words, notes: LineNotes, keyword: string): void {
  const text = words.next();
  const [min, max, ...more] = text.split("-");
  if (max === undefined || more.length > 0)
    return notes.error(`Incorrect format for VideoBitRateRange. It should be <min>-<max>: '${text}'.`);
  const rates = [integer(min ?? ""), integer(max)].map((value) =>
    value === undefined || value * 1000 > largest ? undefined : value * 1000,
  );
  if (rates[0] === undefined || rates[1] === undefined) return notes.error(`Invalid ${keyword}: '${text}'`);
  video.set("minrate", String(rates[0]), notes);
  video.set("maxrate", String(rates[1]), notes);
}

function frameRate({ video }: StreamEncoders, words: Words, notes: LineNotes): void {
  const text = words.next();
  const [, digits, fraction = "", divisor = "1"] = /^(\d{1,6})(?:\.(\d{1,3}))?(?:\/(\d{1,6}))?$/.exec(text) ?? [];
  const pictures = Number(`${digits}${fraction}`);
  const seconds = Number(divisor) * 10 ** fraction.length;
  if (digits === undefined || pictures === 0 || seconds === 0) return notes.error(`Invalid value for option time_base (1/${text})`);
  video.set("time_base", `${seconds}/${pictures}`, notes);
}

function size({ video }: StreamEncoders, words: Words, notes: LineNotes): void {
  const text = words.next();
  const found = videoSize(text);
  if (found === undefined) return notes.error(`Invalid video size '${text}'`);
  if (found.width % 2 === 1 || found.height % 2 === 1) notes.warn("Image size is not a multiple of 2");
  video.set("video_size", `${found.width}x${found.height}`, notes);
}

function tag({ video }: StreamEncoders, words: Words, notes: LineNotes): void {
  const text = words.next();
  const codes = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  if (codes.length !== 4 || codes.some((code) => code > 255)) return notes.warn(`VideoTag '${text}' is ignored: it has four characters`);
  // The four characters as one number, the first in its lowest byte.
  video.set("codec_tag", String(codes.reduceRight((sum, code) => sum * 256 + code, 0) | 0), notes);
}

function pixelFormat({ video }: StreamEncoders, words: Words, notes: LineNotes): void {
  const text = words.next();
  if (/^[a-z\d_]{1,32}$/.test(text)) video.set("pixel_format", text, notes);
  else notes.error(`Unknown pixel format: '${text}'`);
}

function quantizer({ video }: StreamEncoders, words: Words, notes: LineNotes): void {
  const text = words.next();
  const value = integer(text);
  if (value === undefined || Math.abs(value * lambdaPerQp) > largest) return notes.error(`Invalid Qscale: '${text}'`);
  video.set("flags", "+qscale", notes);
  video.set("global_quality", String(value * lambdaPerQp), notes);
}

function named(kind: keyof StreamEncoders): Directive {
  return (encoders, words, notes) => encoders[kind].setNamed(words.next(), words.next(), notes);
}

/** By keyword in lower case. */
export const codecDirectives: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ["audiocodec", ({ audio }, words, notes) => audio.setEncoder(words.next(), notes)],
  ["videocodec", ({ video }, words, notes) => video.setEncoder(words.next(), notes)],
  ["audiobitrate", audioBitRate],
  ["audiochannels", whole("audio", "ac")],
  ["audiosamplerate", whole("audio", "ar")],
  ["videobitrate", scaled("b", 1000)],
  ["videobitratetolerance", scaled("bt", 1000)],
  ["videobitraterange", bitRateRange],
  ["videobuffersize", scaled("bufsize", 8 * 1024)],
  ["videoframerate", frameRate],
  ["videosize", size],
  ["videogopsize", whole("video", "g")],
  ["videointraonly", fixed(["g", "1"])],
  ["videohighquality", fixed(["mbd", "+bits"])],
  ["video4motionvector", fixed(["mbd", "+bits"], ["flags", "+mv4"])],
  ["videotag", tag],
  ["pixelformat", pixelFormat],
  ["videoqmin", whole("video", "qmin")],
  ["videoqmax", whole("video", "qmax")],
  ["videoqdiff", whole("video", "qdiff")],
  ["qscale", quantizer],
  ["lumimask", fractional("lumi_mask")],
  ["darkmask", fractional("dark_mask")],
  ["bitexact", fixed(["flags", "+bitexact"])],
  ["dctfastint", fixed(["dct", "fastint"])],
  ["idctsimple", fixed(["idct", "simple"])],
  ["strict", both("strict")],
  ["debug", both("debug")],
  ["avoptionaudio", named("audio")],
  ["avoptionvideo", named("video")],
]);
