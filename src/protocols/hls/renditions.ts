/** Which renditions there are of a stream's tracks, and what is said of them. */
import { carriedByFmp4 } from "../../containers/fmp4/carried.ts";
import { mp4CodecString } from "../../containers/fmp4/description.ts";
import { fmp4Muxer } from "../../containers/fmp4/muxer.ts";
import { notCarriedByTs } from "../../containers/mpegts/carried.ts";
import { TsMuxer } from "../../containers/mpegts/muxer.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { RenditionSpec } from "../../hub/segment.ts";
import type { Segmentation } from "../../hub/segmentation.ts";
import { leadingTrack } from "../../hub/timeline.ts";
import type { MuxerFactory } from "../../media/muxer.ts";
import type { AudioTrack, Generation, Track, VideoTrack } from "../../media/track.ts";
import type { MultivariantPlaylist, Variant } from "./multivariant-playlist.ts";

/** How a stream is cut up: a rendition for each track, or one with both in fMP4 or in MPEG-TS. */
export const HlsFormat = { demuxed: "demuxed", mux: "mux", ts: "ts" } as const;
export type HlsFormat = (typeof HlsFormat)[keyof typeof HlsFormat];

/** The tracks that go in, the first of each kind being the one that is played without a choice. */
export interface Carried {
  readonly format: HlsFormat;
  readonly video: readonly VideoTrack[];
  readonly audio: readonly AudioTrack[];
  readonly renditions: readonly RenditionSpec[];
}

/** Milliseconds of sound from which on a PES packet of a segment is full: nobody waits for it. */
const PES_AUDIO = 170;
/** Bytes that a frame takes in fMP4 and in MPEG-TS besides itself, and the part that rates may grow by. */
const FRAME_OVERHEAD = 140;
const RATE_MARGIN = 1.2;
/** Bits a second of a track of which nothing is known. */
const UNKNOWN_RATE = { video: 2_000_000, audio: 128_000 } as const;

/** The format that the rendition of a URL belongs to. */
export function formatOf(rendition: string): HlsFormat {
  return rendition === "ts" ? HlsFormat.ts : rendition === "mux" ? HlsFormat.mux : HlsFormat.demuxed;
}

/** @throws {Refusal} `not-carried` */
export function carriedIn(format: HlsFormat, { tracks }: Generation): Carried {
  const whyNot = format === HlsFormat.ts ? notCarriedByTs : carriedByFmp4;
  const media = tracks.filter((track): track is VideoTrack | AudioTrack => track.kind !== "data");
  const carried = defaultsFirst(media.filter((track) => whyNot(track) === undefined));
  if (carried.length === 0) {
    const reasons = [...new Set(media.flatMap((track) => whyNot(track) ?? []))];
    throw new Refusal("not-carried", reasons.length > 0 ? `${reasons.join("; ")}.` : "The stream has neither video nor audio.");
  }
  const leading = leadingTrack(tracks)?.id;
  const video = carried.filter((track) => track.kind === "video");
  const audio = carried.filter((track) => track.kind === "audio");
  if (format === HlsFormat.demuxed) {
    const renditions = carried.map((track) => spec(renditionName(track), [track], leading, fmp4Muxer({ audioFramesPerFragment: 2 })));
    return { format, video, audio, renditions };
  }
  const both = [...video.slice(0, 1), ...audio.slice(0, 1)];
  const muxer = format === HlsFormat.ts ? tsSegments : fmp4Muxer();
  return { format, video: video.slice(0, 1), audio: audio.slice(0, 1), renditions: [spec(format, both, leading, muxer)] };
}

/** @param uriOf a rendition's playlist */
export function describeVariants(carried: Carried, segmentation: Segmentation, uriOf: (rendition: string) => string): MultivariantPlaylist {
  const { format, video, audio } = carried;
  const rates = new Map([...video, ...audio].map((track) => [track.id, rateOf(track, segmentation)]));
  const variant = (uri: string, tracks: readonly Track[], picture: VideoTrack | undefined): Variant => ({
    uri,
    ...sum(tracks.map(({ id }) => rates.get(id)!)),
    codecs: [...new Set(tracks.map((track) => codecString(format, track)))].filter((text) => text !== ""),
    picture: picture && { ...picture, frameRate: frameRate(picture, segmentation) },
  });
  if (format !== HlsFormat.demuxed) return { variants: [variant(uriOf(format), [...video, ...audio], video[0])], audio: [] };
  // Sound alone needs a group only where there is a choice.
  const listed = video.length > 0 || audio.length > 1 ? audio : [];
  const loudest = audio.toSorted((a, b) => rates.get(b.id)!.bandwidth - rates.get(a.id)!.bandwidth).slice(0, 1);
  const variants = video.length > 0 ? video : audio.slice(0, 1);
  return {
    variants: variants.map((track) =>
      variant(
        uriOf(renditionName(track)),
        track.kind === "video" ? [track, ...loudest] : [track],
        track.kind === "video" ? track : undefined,
      ),
    ),
    audio: listed.map((track, i) => ({
      uri: uriOf(renditionName(track)),
      name: track.language ?? (listed.length === 1 ? "Audio" : `Audio ${i + 1}`),
      language: track.language,
      isDefault: i === 0,
      channels: track.channels,
    })),
  };
}

function defaultsFirst<T extends Track>(tracks: readonly T[]): T[] {
  return tracks.toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault));
}

function renditionName({ kind, id }: Track): string {
  return `${kind === "video" ? "v" : "a"}${id}`;
}

function spec(
  name: string,
  tracks: readonly Track[],
  leading: number | undefined,
  muxer: RenditionSpec["muxer"] | MuxerFactory,
): RenditionSpec {
  return { name, tracks: tracks.map(({ id }) => id), isLeading: tracks[0]!.id === leading, muxer };
}

const tsSegments: RenditionSpec["muxer"] = (sink) => new TsMuxer({ audioFull: PES_AUDIO }, sink);

function codecString(format: HlsFormat, track: Track): string {
  return format === HlsFormat.ts || track.kind === "data" ? track.codecString : mp4CodecString(track);
}

interface Rate {
  readonly bandwidth: number;
  readonly averageBandwidth: number;
}

function rateOf(track: VideoTrack | AudioTrack, segmentation: Segmentation): Rate {
  const times = segmentation.track(track.id);
  const known = (times?.peak ?? 0) || (track.bitRate ?? 0) || UNKNOWN_RATE[track.kind];
  const overhead = (1e6 / (times?.usual ?? 40_000)) * FRAME_OVERHEAD * 8;
  return { bandwidth: known * RATE_MARGIN + overhead, averageBandwidth: (times?.average || known) + overhead };
}

function sum(rates: readonly Rate[]): Rate {
  const total = (of: (rate: Rate) => number): number => Math.ceil(rates.reduce((all, rate) => all + of(rate), 0));
  return { bandwidth: total((rate) => rate.bandwidth), averageBandwidth: total((rate) => rate.averageBandwidth) };
}

function frameRate(track: VideoTrack, segmentation: Segmentation): number {
  return track.frameRate > 0 ? track.frameRate : 1e6 / (segmentation.track(track.id)?.usual ?? Infinity);
}
