/** What is made of a stream by FFmpeg: what it is fed with, what it is told, and what becomes of what it writes. */
import { matroskaMuxer } from "../../containers/matroska/muxer.ts";
import { carriedByMatroska } from "../../containers/matroska/carried.ts";
import { DocType } from "../../containers/matroska/document.ts";
import { Signalling } from "../../containers/flv/enhanced.ts";
import { flvMuxer } from "../../containers/flv/muxer.ts";
import type { Container } from "../../hub/container-output.ts";
import type { MuxerFactory } from "../../media/muxer.ts";
import type { Generation, VideoTrack } from "../../media/track.ts";
import { audioArguments, type Encodings, videoArguments } from "./encodings.ts";
import type { TranscodeFormat } from "./formats.ts";

/** What of a stream FFmpeg is fed with, where that is not all of it. */
export interface TrackChoice {
  /** Equal for equal choices. */
  readonly key: string;
  of(generation: Generation): Generation;
  /** A muxer that is shown no more. */
  muxer(make: MuxerFactory): MuxerFactory;
}

/** Whether what FFmpeg writes is handed on as it is, or taken apart and put into containers of ours. */
export type Wanted = { readonly choice?: TrackChoice | undefined; readonly encodings: Encodings } & (
  | { readonly kind: "bytes"; readonly format: TranscodeFormat }
  | { readonly kind: "frames" }
);

/** Equal for what one child can make for all. */
export function keyOf(wanted: Wanted): string {
  return JSON.stringify([
    wanted.kind === "bytes" ? wanted.format.name : "",
    wanted.encodings.video ?? 0,
    wanted.encodings.audio ?? 0,
    wanted.choice?.key ?? 0,
  ]);
}

/** What FFmpeg is fed with, by its own name of the demuxer. */
export interface ChildInput {
  readonly demuxer: "matroska" | "flv";
  readonly container: Container;
}

/** Matroska carries most; what came by Flash and it cannot carry goes in FLV. */
export function childInput(generation: Generation, choice?: TrackChoice): ChildInput {
  const { demuxer, container } = inputFor(choice?.of(generation) ?? generation);
  if (choice === undefined) return { demuxer, container };
  return { demuxer, container: { key: `${container.key} of ${choice.key}`, muxer: choice.muxer(container.muxer) } };
}

function inputFor({ tracks }: Generation): ChildInput {
  const media = tracks.filter(({ kind }) => kind !== "data");
  const isFlash = media.some((track) => carriedByMatroska(track, DocType.matroska) !== undefined && track.codec !== "av1");
  if (isFlash)
    return {
      demuxer: "flv",
      container: { key: "flv:v:a:enhanced", muxer: flvMuxer({ video: true, audio: true, signalling: Signalling.enhanced }) },
    };
  return { demuxer: "matroska", container: { key: "matroska:v:a", muxer: matroskaMuxer({ docType: DocType.matroska }) } };
}

/** What FFmpeg writes where its frames are wanted: Matroska, and FLV for what was made for Flash. */
export function framesContainer({ video }: Encodings): "matroska" | "flv" {
  return video?.codec === "flv1" ? "flv" : "matroska";
}

/** All that FFmpeg is told. It reads its standard input and writes its standard output, and opens nothing else. */
export function childArguments(wanted: Wanted, input: ChildInput, source: Generation): string[] {
  const { encodings, choice } = wanted;
  const pictures = (choice?.of(source) ?? source).tracks.find((track): track is VideoTrack => track.kind === "video");
  return [
    ...["-nostdin", "-hide_banner", "-loglevel", "error", "-nostats"],
    ...["-protocol_whitelist", "pipe", "-analyzeduration", "1000000", "-probesize", "1000000"],
    ...["-f", input.demuxer, "-i", "pipe:0"],
    ...videoArguments(encodings.video, pictures),
    ...audioArguments(encodings.audio),
    ...["-sn", "-dn", "-map_metadata", "-1", "-max_muxing_queue_size", "1024", "-threads", "2", "-flush_packets", "1"],
    ...["-f", ...outputMuxer(wanted), "pipe:1"],
  ];
}

function outputMuxer(wanted: Wanted): readonly string[] {
  if (wanted.kind === "bytes") return wanted.format.muxer;
  const container = framesContainer(wanted.encodings);
  return container === "flv" ? ["flv", "-flvflags", "no_duration_filesize"] : ["matroska", "-live", "1", "-cluster_time_limit", "40"];
}
