import { isRandomAccess } from "../media/frame.ts";
import type { Discontinuity } from "../media/muxer.ts";
import type { Generation } from "../media/track.ts";
import type { Archive, ArchivePoint } from "./archive.ts";
import { PastReader, type PastSource } from "./past-reader.ts";
import type { EntryReader } from "./timeline-reader.ts";
import type { Retention, StartPoint, Timeline } from "./timeline.ts";
import { leadingTrack } from "./timeline.ts";

/** A moment of a stream: Unix milliseconds, or milliseconds before what is newest. */
export type PastTime = { readonly utc: number } | { readonly behind: number };

/** How the past is passed on: as it was published, or as fast as the viewer takes it until that is live. */
export const ReplayPace = { real: "real", fast: "fast" } as const;
export type ReplayPace = (typeof ReplayPace)[keyof typeof ReplayPace];

/** What of a stream's past a viewer asks for. */
export interface ReplayOptions {
  /** What is no longer there begins at the oldest random-access point, what is still to come at the newest. */
  readonly from: PastTime;
  /** Milliseconds before that which are sent at once, so that the player has something in hand. */
  readonly preroll?: number;
  /** By default `real`: the viewer stays as far behind as it began. */
  readonly pace?: ReplayPace;
  /** Milliseconds of media after which the viewer's stream ends, as if it were over. */
  readonly maxTime?: number;
}

/** A place in a stream's past: at a random-access point. */
export interface Place<Reader extends EntryReader = PastReader> {
  readonly start: StartPoint;
  /** Microseconds on the timeline of what is shown at the moment of the beginning: all before it is sent at once. */
  readonly due: number;
  /** Begins to read there. @param wake called whenever there may be something to read, or the end; it must not throw */
  open(wake: () => void): Reader;
}

/** Milliseconds that a viewer is kept from the end of a ring in memory, where a late timer would cost it its place. */
const RING_MARGIN = 1000;

/** Finds where a viewer begins, in a stream's ring or in what is kept beyond it. Undefined where nothing is there to start at. */
export async function findPlace(source: PastSource, options: ReplayOptions, retention: Retention): Promise<Place | undefined> {
  const { archive } = source;
  const timeline = source.timeline();
  const moment = momentOf(options.from, archive, timeline);
  if (moment === undefined) return undefined;
  const wished = moment - (options.preroll ?? 0) * 1000;
  const oldest = timeline?.oldestStart;
  const point = oldest !== undefined && oldest.micros <= wished ? undefined : archive?.find({ micros: wished });
  const isOlder = point !== undefined && point.sequence < (oldest?.sequence ?? Infinity);
  // Of a disk that fails its owner has been told; what the ring has can still be shown.
  const kept = isOlder ? await startAfter(archive!, point, wished).catch(() => undefined) : undefined;
  const start = kept ?? timeline?.startBefore(wished);
  if (start === undefined) return undefined;
  return {
    start,
    due: Math.max(moment, start.micros, archive === undefined ? furthestIn(timeline!, retention) : 0),
    open: (wake) => new PastReader(source, start, kept && point, wake),
  };
}

/** What the timeline shows at a moment, in microseconds; at most what it shows last. */
function momentOf(from: PastTime, archive: Archive | undefined, timeline: Timeline | undefined): number | undefined {
  const newest = timeline?.hasStart === true ? timeline.lastMicros : archive?.find({ utc: Infinity })?.micros;
  if (newest === undefined) return undefined;
  if ("behind" in from) return newest - from.behind * 1000;
  const oldest = timeline?.oldestStart;
  const inRing = oldest === undefined || archive === undefined || oldest.discontinuity.utcOffset + oldest.micros / 1000 <= from.utc;
  const point = inRing && oldest !== undefined ? undefined : archive?.find({ utc: from.utc });
  const at = point === undefined ? timeline?.microsAt(from.utc) : point.micros + (from.utc - point.utc) * 1000;
  // Nothing says how long what is kept goes on behind its last random-access point.
  return at === undefined || timeline?.hasStart !== true ? at : Math.min(at, newest);
}

/** Nobody can stay further behind than the ring reaches. */
function furthestIn({ lastMicros }: Timeline, { beforeNewestStart }: Retention): number {
  return lastMicros - Math.max(0, beforeNewestStart - RING_MARGIN) * 1000;
}

/**
 * The newest random-access point at or before a time, from one on that the archive knows: its list may be thinned out. The first one
 * where that lies before all.
 */
async function startAfter(archive: Archive, point: ArchivePoint, micros: number): Promise<StartPoint | undefined> {
  const reader = archive.open(point);
  let generation: Generation | undefined;
  let discontinuity: Discontinuity | undefined;
  let leading: number | undefined;
  let start: StartPoint | undefined;
  try {
    for (let entries = await reader.read(); entries !== undefined; entries = await reader.read()) {
      for (const item of entries) {
        if ("skip" in item) continue;
        const { sequence, entry } = item;
        if (entry.kind === "discontinuity") discontinuity = entry.discontinuity;
        if (entry.kind === "generation") leading = leadingTrack((generation = entry.generation).tracks)?.id;
        if (entry.kind !== "frame" || entry.frame.track !== leading) continue;
        if (start !== undefined && entry.micros > micros) return start;
        if (!isRandomAccess(entry.frame) || generation === undefined || discontinuity === undefined) continue;
        start = { sequence, micros: entry.micros, generation, discontinuity };
      }
    }
    return start;
  } finally {
    reader.close();
  }
}
