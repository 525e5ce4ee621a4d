import { FfmDemuxer } from "../../containers/ffm/demuxer.ts";
import { FlvDemuxer } from "../../containers/flv/demuxer.ts";
import { Mp4Demuxer } from "../../containers/fmp4/mp4-demuxer.ts";
import { MatroskaDemuxer } from "../../containers/matroska/demuxer.ts";
import { TsDemuxer } from "../../containers/mpegts/demuxer.ts";
import { isMpegTs } from "../../containers/mpegts/packet-splitter.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";

/** A container that can be published: what `publish(…, { format })` takes. */
export interface DemuxerFormat {
  /** Lower-case letters and digits, with dashes between; what `format` says. It may be the same as that of a container to watch in. */
  readonly name: string;
  /** Its name for people, `MPEG-TS`; `name` if not given. */
  readonly title?: string;
  /** Ends of file names and URLs that mean it, lower-case letters and digits, without the dot. */
  readonly extensions?: readonly string[];
  /** Media types that mean it, in lower case, without parameters: `video/x-flv`. */
  readonly mimeTypes?: readonly string[];
  /**
   * Whether input that begins with these bytes is of this format; undefined where more have to come. It is shown 4096 at most. Not
   * given: it is only used where it is asked for by name.
   *
   * @param head not to be written to, and not to be kept
   */
  sniff?(head: Uint8Array): boolean | undefined;
  /** Makes the demuxer of one input, which tells the sink what is in it. */
  demuxer(sink: FrameSink): Demuxer;
}

/** FLV, as encoders and FFmpeg write it. */
export const flvDemuxerFormat: DemuxerFormat = {
  name: "flv",
  title: "FLV",
  extensions: ["flv"],
  mimeTypes: ["video/x-flv", "video/flv"],
  sniff: (head) => beginsWith(head, [0x46, 0x4c, 0x56, 1]),
  demuxer: (sink) => new FlvDemuxer(sink),
};

/** MP4: fragmented, as `ffmpeg -movflags empty_moov+default_base_moof+frag_keyframe` writes it, and files whose moov box is at the front. */
export const mp4DemuxerFormat: DemuxerFormat = {
  name: "mp4",
  title: "MP4",
  extensions: ["mp4", "m4v", "m4a", "mov", "cmfv", "cmfa"],
  mimeTypes: ["video/mp4", "audio/mp4", "application/mp4", "video/quicktime"],
  sniff(head) {
    const type = String.fromCharCode(...head.subarray(4, 8));
    if (!firstBoxes.some((first) => first.startsWith(type))) return false;
    return type.length === 4 || undefined;
  },
  demuxer: (sink) => new Mp4Demuxer(sink),
};

/** Matroska and WebM, as FFmpeg, GStreamer and browsers' MediaRecorder write them. */
export const matroskaDemuxerFormat: DemuxerFormat = {
  name: "matroska",
  title: "Matroska",
  extensions: ["mkv", "mka", "webm"],
  mimeTypes: ["video/x-matroska", "audio/x-matroska", "video/matroska", "audio/matroska", "video/webm", "audio/webm"],
  // RFC 8794 11.2.1: the id of an EBML header.
  sniff: (head) => beginsWith(head, [0x1a, 0x45, 0xdf, 0xa3]),
  demuxer: (sink) => new MatroskaDemuxer(sink),
};

/** MPEG-TS, as encoders, FFmpeg, GStreamer, VLC and broadcasters' multiplexers write it; of several programs the first with video or audio. */
export const tsDemuxerFormat: DemuxerFormat = {
  name: "mpegts",
  title: "MPEG-TS",
  extensions: ["ts", "m2ts", "mts"],
  mimeTypes: ["video/mp2t", "audio/mp2t"],
  sniff: isMpegTs,
  demuxer: (sink) => new TsDemuxer(sink),
};

/** FFM, as FFmpeg up to 3.4 sent it to ffserver and wrote it into files. */
export const ffmDemuxerFormat: DemuxerFormat = {
  name: "ffm",
  title: "FFM",
  extensions: ["ffm"],
  sniff: (head) => beginsWith(head, [0x46, 0x46, 0x4d, 0x32]) || beginsWith(head, [0x46, 0x46, 0x4d, 0x31]),
  demuxer: (sink) => new FfmDemuxer(sink),
};

/** What a file may begin with (ISO/IEC 14496-12 4.3; QuickTime). Those that cannot be published are told apart further in, in words. */
const firstBoxes: readonly string[] = ["ftyp", "styp", "moov", "mdat", "wide", "free", "skip"];

/** Whether bytes begin with others; undefined where they end before that is known. */
function beginsWith(head: Uint8Array, signature: readonly number[]): boolean | undefined {
  if (signature.every((byte, index) => index >= head.length || head[index] === byte)) return head.length >= signature.length || undefined;
  return false;
}
