import type { Retention, StartPoint, Timeline } from "./timeline.ts";

/** A moment of a stream: Unix milliseconds, or milliseconds before what is newest. */
export type PastTime = { readonly utc: number } | { readonly behind: number };

/** How what was played back is passed on: as it was published, or as fast as the viewer takes it until that is live. */
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

/** Where a replay begins. Times in microseconds on the timeline. */
export interface ReplayPlace {
  readonly start: StartPoint;
  /** What is shown at the moment of the beginning: all before it is sent at once. */
  readonly due: number;
}

/** Milliseconds that a viewer is kept from the end of a ring in memory, where a late timer would cost it its place. */
const RING_MARGIN = 1000;

/** The place in a timeline's ring; undefined where it has no random-access point yet. */
export function placeInRing(
  timeline: Timeline,
  { from, preroll = 0 }: ReplayOptions,
  { beforeNewestStart }: Retention,
): ReplayPlace | undefined {
  const { lastMicros } = timeline;
  const wished = "utc" in from ? timeline.microsAt(from.utc) : lastMicros - from.behind * 1000;
  if (wished === undefined) return undefined;
  const moment = Math.min(wished, lastMicros);
  const start = timeline.startBefore(moment - preroll * 1000);
  if (start === undefined) return undefined;
  // Nobody can stay further behind than the ring reaches.
  const furthest = lastMicros - Math.max(0, beforeNewestStart - RING_MARGIN) * 1000;
  return { start, due: Math.max(moment, start.micros, furthest) };
}
