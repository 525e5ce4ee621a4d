import { carriedByFmp4 } from "../../containers/fmp4/carried.ts";
import { mp4CodecString } from "../../containers/fmp4/description.ts";
import { cutAudio, cutTimes, cutVideo, type SegmentedTrack } from "../../containers/fmp4/file-segments.ts";
import { Refusal } from "../../hub/refusal.ts";
import { type IndexedTrack, type MediaIndex, type SampleList } from "../../media/media-index.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { mediaPlaylist } from "../../protocols/hls/media-playlist.ts";
import { multivariantPlaylist, type Variant } from "../../protocols/hls/multivariant-playlist.ts";

/** Seconds of a segment, as far as key frames allow: what Apple's authoring rules ask for. */
const target = 6;
/** Bytes of a fragment besides the payloads, and of each sample. */
const sampleOverhead = 16;

/** A file as HLS: a rendition for each track, by its name. */
export type HlsPlan = ReadonlyMap<string, SegmentedTrack>;

/** Cuts a file. @throws {Refusal} `not-carried` */
export function planHls({ tracks }: MediaIndex): HlsPlan {
  const plan = new Map<string, SegmentedTrack>();
  const reasons: string[] = [];
  const carried = tracks.filter((each): each is Media => {
    if (each.track.kind === "data") return false;
    const reason = carriedByFmp4(each.track);
    if (reason !== undefined) reasons.push(reason);
    return reason === undefined;
  });
  for (const each of defaultFirst(carried, "video")) {
    const cut = cutVideo(each, each.track, target);
    if (cut.segments.length > 0) plan.set(`v${each.track.id}`, cut);
  }
  const [video] = plan.values();
  const at = video === undefined ? [] : cutTimes(video);
  for (const each of defaultFirst(carried, "audio")) plan.set(`a${each.track.id}`, cutAudio(each, each.track, at, target));
  if (plan.size === 0)
    throw new Refusal("not-carried", reasons.length > 0 ? `${reasons.join("; ")}.` : "The file has no picture to begin with.");
  return plan;
}

type Media = IndexedTrack & { readonly track: VideoTrack | AudioTrack };

function defaultFirst(tracks: readonly Media[], kind: "video" | "audio"): Media[] {
  return tracks.filter(({ track }) => track.kind === kind).toSorted((a, b) => Number(b.track.isDefault) - Number(a.track.isDefault));
}

/** @param uriOf a rendition's playlist, by its name */
export function multivariantOf(plan: HlsPlan, uriOf: (rendition: string) => string): string {
  const all = [...plan].map(([name, cut]) => ({ name, cut, rate: rateOf(cut) }));
  const video = all.filter(({ cut }) => cut.track.kind === "video");
  const audio = all.filter(({ cut }) => cut.track.kind === "audio");
  // Sound alone needs a group only where there is a choice.
  const listed = video.length > 0 || audio.length > 1 ? audio : [];
  const loudest = audio.toSorted((a, b) => b.rate.peak - a.rate.peak).slice(0, 1);
  const variants = (video.length > 0 ? video : audio.slice(0, 1)).map((each): Variant => {
    const together = each.cut.track.kind === "video" ? [each, ...loudest] : [each];
    return {
      uri: uriOf(each.name),
      bandwidth: Math.ceil(together.reduce((sum, { rate }) => sum + rate.peak, 0)),
      averageBandwidth: Math.ceil(together.reduce((sum, { rate }) => sum + rate.average, 0)),
      codecs: [...new Set(together.map(({ cut }) => mp4CodecString(cut.track)))].filter((text) => text !== ""),
      ...(each.cut.track.kind === "video" && { picture: { ...each.cut.track, frameRate: frameRate(each.cut) } }),
    };
  });
  return multivariantPlaylist({
    variants,
    audio: listed.map(({ name, cut }, i) => ({
      uri: uriOf(name),
      name: cut.track.language ?? (listed.length === 1 ? "Audio" : `Audio ${i + 1}`),
      language: cut.track.language,
      isDefault: i === 0,
      channels: (cut.track as AudioTrack).channels,
    })),
  });
}

/** A rendition's playlist. @param uriOf its header, or a segment by its number */
export function playlistOf({ segments, timescale }: SegmentedTrack, uriOf: (what: "init" | number) => string): string {
  const map = uriOf("init");
  const listed = segments.map(({ duration }, i) => ({ uri: uriOf(i), duration: duration / timescale, breaks: false, map }));
  const longest = listed.reduce((most, { duration }) => Math.max(most, duration), 0);
  return mediaPlaylist({
    targetDuration: Math.max(1, Math.ceil(longest)),
    mediaSequence: 0,
    discontinuitySequence: 0,
    segments: listed,
    ended: true,
    isFile: true,
  });
}

/** Bits a second: of the segment that has most, and of all. */
function rateOf({ indexed: { samples }, segments, timescale }: SegmentedTrack): { readonly peak: number; readonly average: number } {
  let [peak, bits, ticks] = [0, 0, 0];
  for (const { from, to, duration } of segments) {
    const own = 8 * bytesOf(samples, from, to);
    peak = Math.max(peak, (own * timescale) / duration);
    bits += own;
    ticks += duration;
  }
  return { peak, average: (bits * timescale) / ticks };
}

function bytesOf({ sizes }: SampleList, from: number, to: number): number {
  let bytes = 0;
  for (let i = from; i < to; i++) bytes += sizes[i]! + sampleOverhead;
  return bytes;
}

function frameRate({ track, indexed: { samples } }: SegmentedTrack): number {
  if (track.kind === "video" && track.frameRate > 0) return track.frameRate;
  return ((samples.count - 1) * track.timescale) / Math.max(1, samples.dts[samples.count - 1]! - samples.dts[0]!);
}
