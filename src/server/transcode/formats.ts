/** Containers that FFmpeg writes for us: a closed table of what it is told and of what cuts what it makes. */
import type { Codec, Track } from "../../media/track.ts";
import { AsfReader } from "./cut/asf.ts";
import { AviReader, isMpeg4KeyFrame } from "./cut/avi.ts";
import type { UnitReader } from "./cut/cutter.ts";
import { FlashReader } from "./cut/flash.ts";
import { MpegVideoReader } from "./cut/mpeg-video.ts";
import { OggReader } from "./cut/ogg-pages.ts";
import { ProgramStreamReader } from "./cut/program-stream.ts";
import { RealReader } from "./cut/real.ts";
import type { AudioEncoder, AudioEncoding, Encodings, VideoEncoder, VideoEncoding } from "./encodings.ts";

export interface TranscodeFormat {
  /** Lower-case letters and digits; ffserver's name where it had it. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Ends of URLs that mean it, without the dot. */
  readonly extensions: readonly string[];
  readonly mimeType: string;
  /** FFmpeg's muxer and its options. */
  readonly muxer: readonly string[];
  /** What is encoded where nothing else is asked for; a format without one of them has no room for that kind. */
  readonly video?: VideoEncoder;
  readonly audio?: AudioEncoder;
  /** Codecs that go into it as they are. */
  readonly carries?: readonly Codec[];
  /** Its times count from the beginning of the file: who joined later would be shown sound and pictures far apart. Every viewer has a process alone. */
  readonly isFromItsBeginning?: boolean;
  /** Knows where viewers can join. */
  reader(encodings: Encodings): UnitReader;
}

const hasVideo = ({ video }: Encodings): { readonly hasVideo: boolean } => ({ hasVideo: video !== undefined });
const programStream = (encodings: Encodings): UnitReader => new ProgramStreamReader(hasVideo(encodings));
const programStreamBase: Pick<TranscodeFormat, "mimeType" | "audio" | "reader" | "carries"> = {
  mimeType: "video/mpeg",
  audio: "mp2",
  reader: programStream,
  carries: ["mpeg1video", "mpeg2video", "mp2"],
};

/** Which pictures in AVI are key frames, by codec. Of others viewers join at any. */
function aviReader({ video }: Encodings): UnitReader {
  if (video === undefined) return new AviReader(undefined);
  return new AviReader(video.codec === "mpeg4" || video.codec === "copy" ? isMpeg4KeyFrame : () => true);
}

export const transcodeFormats: readonly TranscodeFormat[] = [
  {
    ...{ name: "asf", title: "ASF", extensions: ["asf", "wmv", "wma"], mimeType: "video/x-ms-asf" },
    ...{
      muxer: ["asf"],
      video: "msmpeg4v3",
      audio: "wmav2",
      carries: ["msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "wmav1", "wmav2"],
      reader: (encodings) => new AsfReader(hasVideo(encodings)),
    },
  },
  { ...programStreamBase, name: "mpeg", title: "MPEG-1", extensions: ["mpg", "mpeg"], muxer: ["vob"], video: "mpeg1video" },
  { ...programStreamBase, name: "vob", title: "MPEG-2 (VOB)", extensions: ["vob"], muxer: ["vob"], video: "mpeg2video" },
  { ...programStreamBase, name: "dvd", title: "MPEG-2 (DVD)", extensions: [], muxer: ["dvd"], video: "mpeg2video" },
  { ...programStreamBase, name: "vcd", title: "MPEG-1 (VCD)", extensions: [], muxer: ["vcd"], video: "mpeg1video" },
  { ...programStreamBase, name: "svcd", title: "MPEG-2 (SVCD)", extensions: [], muxer: ["svcd"], video: "mpeg2video" },
  {
    ...{ name: "mpeg1video", title: "MPEG-1 video", extensions: ["m1v"], mimeType: "video/mpeg" },
    ...{ muxer: ["mpeg1video"], video: "mpeg1video", carries: ["mpeg1video"], reader: () => new MpegVideoReader() },
  },
  {
    ...{ name: "mpeg2video", title: "MPEG-2 video", extensions: ["m2v"], mimeType: "video/mpeg" },
    ...{ muxer: ["mpeg2video"], video: "mpeg2video", carries: ["mpeg2video"], reader: () => new MpegVideoReader() },
  },
  {
    ...{ name: "avi", title: "AVI", extensions: ["avi"], mimeType: "video/x-msvideo" },
    ...{ muxer: ["avi"], video: "mpeg4", audio: "mp3", carries: ["mpeg4", "mp3"], reader: aviReader },
  },
  {
    ...{ name: "ogv", title: "Ogg (Theora)", extensions: ["ogv"], mimeType: "video/ogg" },
    ...{ muxer: ["ogg", "-page_duration", "100000"], video: "theora", audio: "vorbis", carries: ["theora", "vorbis"] },
    reader: (encodings) => new OggReader(hasVideo(encodings)),
  },
  {
    ...{ name: "rm", title: "RealMedia", extensions: ["rm", "ra"], mimeType: "application/vnd.rn-realmedia" },
    ...{ muxer: ["rm"], video: "rv10", audio: "ac3", carries: ["rv10", "ac3"], reader: () => new RealReader() },
  },
  {
    ...{ name: "swf", title: "Flash", extensions: ["swf"], mimeType: "application/x-shockwave-flash" },
    ...{ muxer: ["swf"], video: "flv1", audio: "mp3", isFromItsBeginning: true },
    reader: (encodings) => new FlashReader(hasVideo(encodings)),
  },
];

/** What makes the tracks of a container, and its media type where that depends on them. */
export interface ContainerEncoders {
  readonly video?: VideoEncoder;
  readonly audio?: AudioEncoder;
  readonly mimeType: string;
}

/** What is encoded for one of our own containers that cannot carry a stream as it is. */
const containerEncodings: Readonly<Record<string, ContainerEncoders>> = {
  flv: { video: "h264", audio: "aac", mimeType: "video/x-flv" },
  mp4: { video: "h264", audio: "aac", mimeType: "video/mp4" },
  mpegts: { video: "h264", audio: "aac", mimeType: "video/mp2t" },
  matroska: { video: "h264", audio: "aac", mimeType: "video/x-matroska" },
  webm: { video: "vp8", audio: "opus", mimeType: "video/webm" },
  adts: { audio: "aac", mimeType: "audio/aac" },
  mp3: { audio: "mp3", mimeType: "audio/mpeg" },
  ogg: { audio: "opus", mimeType: "audio/ogg" },
  wav: { audio: "pcm_s16le", mimeType: "audio/wav" },
  mpjpeg: { video: "mjpeg", mimeType: "multipart/x-mixed-replace" },
  mjpeg: { video: "mjpeg", mimeType: "video/x-mjpeg" },
};

export function transcodeFormat(name: string): TranscodeFormat | undefined {
  return transcodeFormats.find((format) => format.name === name);
}

/** The format that a path ends in, and the path without that end. */
export function transcodeFormatOfPath(path: string): { readonly format: TranscodeFormat; readonly stem: string } | undefined {
  const dot = path.lastIndexOf(".");
  const format = dot < 0 ? undefined : transcodeFormats.find(({ extensions }) => extensions.includes(path.slice(dot + 1)));
  return format && { format, stem: path.slice(0, dot) };
}

/** What of one of our containers, by name, is encoded where it cannot carry a stream; undefined where nothing is. */
export function encodingsFor(container: string): ContainerEncoders | undefined {
  return Object.hasOwn(containerEncodings, container) ? containerEncodings[container] : undefined;
}

/** The usual encodings of the kinds that a viewer asks for and a stream has. */
export function usualEncodings(
  { video, audio }: { readonly video?: VideoEncoder; readonly audio?: AudioEncoder },
  wanted: { readonly video: boolean; readonly audio: boolean },
): Encodings {
  const pictures: VideoEncoding | undefined = wanted.video && video !== undefined ? { codec: video } : undefined;
  const sound: AudioEncoding | undefined = wanted.audio && audio !== undefined ? { codec: audio } : undefined;
  return { ...(pictures && { video: pictures }), ...(sound && { audio: sound }) };
}

/** The same for a format that FFmpeg writes, where what the stream has and the format carries is copied. */
export function encodingsWith(
  format: TranscodeFormat,
  tracks: readonly Track[],
  wanted: { readonly video: boolean; readonly audio: boolean },
): Encodings {
  const usual = usualEncodings(format, wanted);
  const isCarried = (kind: "video" | "audio"): boolean => {
    // FFmpeg is told to take the first.
    const track = tracks.find((each) => each.kind === kind);
    return track !== undefined && format.carries?.includes(track.codec) === true;
  };
  return {
    ...(usual.video && { video: isCarried("video") ? { codec: "copy" } : usual.video }),
    ...(usual.audio && { audio: isCarried("audio") ? { codec: "copy" } : usual.audio }),
  };
}

/** How a format that an `ffserver.conf` names is served here. */
export type ServedAs =
  /** By one of our containers, by its name there. */
  | { readonly by: "container"; readonly name: string }
  /** As a picture, `/APP/STREAM.jpg`. */
  | { readonly by: "snapshot" }
  /** By FFmpeg. */
  | { readonly by: "transcode"; readonly format: TranscodeFormat };

const ownNames: Readonly<Record<string, string>> = {
  ...{ mpegts: "mpegts", mp2: "mp3", mp3: "mp3", webm: "webm", matroska: "matroska", flv: "flv", mp4: "mp4", mov: "mp4" },
  ...{ mpjpeg: "mpjpeg", mjpeg: "mjpeg", wav: "wav", adts: "adts", oga: "ogg", opus: "ogg" },
};
const otherNames: Readonly<Record<string, string>> = { asf_stream: "asf", asf: "asf", avm2: "swf", mpegvideo: "mpeg1video" };

/**
 * @param name FFmpeg's name of the muxer (`asf_stream`, `singlejpeg`, `mpegts`)
 * @param streamHasVideo Ogg with pictures is FFmpeg's, Ogg of sound ours
 * @returns undefined for what is not served: `rtp`, `ffm` and `status` are no containers of viewers, of others nobody has asked
 */
export function servedAs(name: string, streamHasVideo: boolean): ServedAs | undefined {
  if (name === "jpeg" || name === "singlejpeg") return { by: "snapshot" };
  if (name === "ogg") return streamHasVideo ? { by: "transcode", format: transcodeFormat("ogv")! } : { by: "container", name: "ogg" };
  const own = Object.hasOwn(ownNames, name) ? ownNames[name] : undefined;
  if (own !== undefined) return { by: "container", name: own };
  const format = transcodeFormat(Object.hasOwn(otherNames, name) ? otherNames[name]! : name);
  return format && { by: "transcode", format };
}
