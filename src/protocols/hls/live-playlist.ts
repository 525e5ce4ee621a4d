/** The media playlist of a live rendition as it is now. */
import type { Segment } from "../../hub/segment.ts";
import type { Rendition, SegmentedOutput } from "../../hub/segmented-output.ts";
import { mediaUri } from "./hls-path.ts";
import type { ListedSegment, RenditionReport } from "./media-playlist.ts";
import { mediaPlaylist } from "./media-playlist.ts";
import { lastPart } from "./progress.ts";

/** Target durations from the end from which back segments may be left out of a delta update: RFC 8216bis 4.4.3.8 wants six at least. */
const SKIP_BOUNDARY = 6;
/** Target durations from the end in which parts are listed (4.4.4.9). */
const PARTS_LISTED = 3;
/** Parts that low-latency players stay behind the end (4.4.3.8 wants two at least and recommends three). With three hls.js stops now and then on a busy machine. */
const PARTS_BEHIND = 4;

/**
 * @param run how often what it lists was made of the timeline before
 * @param query is put behind every URI, with its question mark
 */
export function livePlaylist(segmented: SegmentedOutput, run: number, rendition: Rendition, skip: boolean, query: string): string {
  const { segments: list, partTarget } = rendition;
  const target = segmented.terms!.target;
  const listed = list.listed().filter(({ duration, parts }) => duration !== undefined || (partTarget !== undefined && parts.length > 0));
  const fromEnd = distances(listed);
  const uri = (kind: "segment" | "part" | "init", number: number): string => mediaUri(rendition.name, run, kind, number) + query;
  const segments = listed.map((segment, i): ListedSegment => {
    const { number, duration, breaks, utc, init, parts, hasParts } = segment;
    const isRecent = hasParts && fromEnd[i]! < PARTS_LISTED * target;
    return {
      uri: uri("segment", number),
      duration,
      breaks,
      utc,
      map: init && uri("init", init.number),
      isGap: parts.length === 0,
      parts: isRecent
        ? parts.map((part) => ({ uri: uri("part", part.number), duration: part.duration, independent: part.independent }))
        : [],
    };
  });
  const canSkipUntil = SKIP_BOUNDARY * target;
  const skipped = skip ? fromEnd.filter((distance) => distance >= canSkipUntil).length : 0;
  return mediaPlaylist({
    targetDuration: target,
    mediaSequence: listed[0]?.number ?? list.newest?.number ?? 0,
    discontinuitySequence: listed[0]?.breaksSoFar ?? list.newest?.breaksSoFar ?? 0,
    segments,
    ended: segmented.over,
    skipped,
    live: {
      canSkipUntil,
      partTarget,
      partHoldBack: partTarget === undefined ? undefined : PARTS_BEHIND * partTarget,
      hint: partTarget === undefined ? undefined : uri("part", list.nextPart),
      reports: reports(segmented, rendition, query),
    },
  });
}

/** How many seconds before the end of the playlist each segment ends. */
function distances(listed: readonly Segment[]): number[] {
  let total = 0;
  const fromEnd = listed.toReversed().map(({ duration, parts }) => {
    const distance = total;
    total += duration ?? parts.reduce((sum, part) => sum + part.duration, 0);
    return distance;
  });
  return fromEnd.toReversed();
}

function reports(segmented: SegmentedOutput, rendition: Rendition, query: string): RenditionReport[] {
  return segmented.renditions.flatMap((other): RenditionReport[] => {
    const last = lastPart(other.segments);
    if (other === rendition || last === undefined || rendition.partTarget === undefined) return [];
    return [{ uri: `${other.name}.m3u8${query}`, segment: last.segment.number, part: Math.max(0, last.part) }];
  });
}
