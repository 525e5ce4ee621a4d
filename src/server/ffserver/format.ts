/** Output formats by the names and extensions of FFmpeg 3: what a `<Stream>` may be served as, and what it is encoded with when it does not say. */
import type { AudioCodecName, VideoCodecName } from "./lavc.ts";

export interface ConfFormat {
  /** FFmpeg's name of the muxer. */
  readonly name: string;
  /** What a stream has that names no codec; undefined where the format carries none of the kind, or ffserver never encoded for it. */
  readonly audio?: AudioCodecName;
  readonly video?: VideoCodecName;
  /** Ends of stream names that mean it. */
  readonly extensions: readonly string[];
}

const row = (name: string, extensions: string, audio?: AudioCodecName, video?: VideoCodecName): ConfFormat => ({
  name,
  extensions: extensions.split(" ").filter((each) => each !== ""),
  ...(audio !== undefined && { audio }),
  ...(video !== undefined && { video }),
});

/** What ffserver was used with. Of formats with one extension the first has it. */
const served: readonly ConfFormat[] = [
  row("mpeg", "mpg mpeg", "mp2", "mpeg1video"),
  row("vob", "vob", "mp2", "mpeg2video"),
  row("dvd", "dvd", "mp2", "mpeg2video"),
  row("vcd", "", "mp2", "mpeg1video"),
  row("svcd", "", "mp2", "mpeg2video"),
  row("mpeg1video", "m1v", undefined, "mpeg1video"),
  row("mpeg2video", "m2v", undefined, "mpeg2video"),
  row("mpegts", "ts m2t m2ts mts", "mp2", "mpeg2video"),
  row("mp2", "mp2 m2a mpa", "mp2"),
  row("mp3", "mp3", "mp3"),
  row("ogg", "ogg ogv", "vorbis", "theora"),
  row("webm", "webm", "vorbis", "vp8"),
  row("matroska", "mkv", "vorbis", "h264"),
  row("flv", "flv", "mp3", "flv1"),
  row("asf_stream", "asf wmv wma", "wmav2", "msmpeg4v3"),
  // ffserver asked for RealVideo 1; what FFmpeg sends of that in FFM nobody can decode, so it is made here.
  row("rm", "rm ra", "ac3", "mpeg4"),
  row("mpjpeg", "mjpg", undefined, "mjpeg"),
  row("mjpeg", "mjpeg", undefined, "mjpeg"),
  row("singlejpeg", "", undefined, "mjpeg"),
  row("swf", "swf", "mp3", "flv1"),
  row("avm2", "", "mp3", "flv1"),
  row("wav", "wav", "pcm_s16le"),
  row("avi", "avi", "mp3", "mpeg4"),
  row("adts", "aac adts", "aac"),
  row("ac3", "ac3", "ac3"),
  row("eac3", "eac3", "eac3"),
  row("flac", "flac", "flac"),
  row("oga", "oga", "vorbis"),
  row("opus", "opus", "opus"),
  row("spx", "spx", "speex"),
  row("au", "au", "pcm_s16be"),
  row("h264", "h264 264", undefined, "h264"),
  row("m4v", "m4v", undefined, "mpeg4"),
  row("nut", "nut", "vorbis", "mpeg4"),
  row("mp4", "mp4", "aac", "h264"),
  row("mov", "mov", "aac", "h264"),
  row("rtp", "", "pcm_mulaw", "mpeg4"),
  row("ffm", "ffm", "mp2", "mpeg1video"),
];

/** Other muxers of FFmpeg 3.1: known by name, and no more. */
const others: ReadonlySet<string> = new Set(
  (
    "3g2 3gp a64 adx aiff alaw amr apng ass ast bit caf cavsvideo crc dash data daud dirac dnxhd dts dv f32be f32le f4v f64be f64le ffmetadata " +
    "filmstrip framecrc framehash framemd5 g722 g723_1 gif gsm gxf h261 h263 hash hds hevc hls ico ilbc image2 image2pipe ipod ircam ismv ivf " +
    "jacosub latm lrc md5 microdvd mkvtimestamp_v2 mlp mmf mulaw mxf mxf_d10 mxf_opatom null oma psp rawvideo roq rso rtp_mpegts rtsp s16be " +
    "s16le s24be s24le s32be s32le s8 sap segment smjpeg smoothstreaming sox spdif srt tee truehd u16be u16le u24be u24le u32be u32le u8 vc1 " +
    "vc1test voc w64 webm_chunk webp webvtt wtv wv yuv4mpegpipe"
  ).split(" "),
);

/** The format of a name that FFmpeg knew; of `asf` the one that can be sent live, as ffserver took it. */
export function formatNamed(name: string): ConfFormat | undefined {
  const wanted = name === "asf" ? "asf_stream" : name;
  const format = served.find((each) => each.name === wanted);
  return format ?? (others.has(name) ? { name, extensions: [] } : undefined);
}

/** The format that a stream's name means by its end. */
export function formatOfName(streamName: string): ConfFormat | undefined {
  const extension = /\.([^./]+)$/.exec(streamName)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : served.find(({ extensions }) => extensions.includes(extension));
}
