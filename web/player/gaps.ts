/** A stretch of media that is there, in seconds of the media element's clock. */
export type Range = readonly [start: number, end: number];

/** Positions closer to a range than this lie in it: browsers round times. */
const rounding = 0.001;

/** The ranges of a `TimeRanges` object. */
export function rangesOf(buffered: { readonly length: number; start(index: number): number; end(index: number): number }): Range[] {
  return Array.from({ length: buffered.length }, (_, index) => [buffered.start(index), buffered.end(index)] as const);
}

/** Seconds of media ahead of `at`, holes not counted. */
export function bufferedAhead(ranges: readonly Range[], at: number): number {
  let ahead = 0;
  for (const [start, end] of ranges) ahead += Math.max(0, end - Math.max(start, at));
  return ahead;
}

/**
 * Where to go on when playback reached a hole, or undefined where it has not (or nothing lies behind it yet).
 *
 * Browsers wait at a hole of as little as 30 ms for data that will never come. Leaving the last `margin` seconds
 * before the hole unplayed is what keeps the element from noticing.
 */
export function jumpTarget(ranges: readonly Range[], at: number, margin: number): number | undefined {
  for (const [index, [start, end]] of ranges.entries()) {
    if (at < start - rounding) return start;
    if (at < end) return end - at > margin ? undefined : ranges[index + 1]?.[0];
  }
  return undefined;
}
