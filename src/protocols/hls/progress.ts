/** How far a rendition is, as players ask for it: RFC 8216bis 6.2.5.2. */
import type { Segment } from "../../hub/segment.ts";
import type { SegmentList } from "../../hub/segment-list.ts";

/** Whether a segment, or a part of it, is there. */
export function isThere(list: SegmentList, segment: number, part: number | undefined): boolean {
  const { newest } = list;
  if (newest === undefined) return false;
  const complete = newest.duration === undefined ? newest.number - 1 : newest.number;
  if (part === undefined) return complete >= segment;
  const wanted = list.segment(segment);
  if (wanted === undefined) return newest.number > segment;
  if (part < wanted.parts.length) return true;
  // A part that the segment did not come to have is the first of the next.
  return wanted.duration !== undefined && (list.segment(segment + 1)?.parts.length ?? 0) > 0;
}

/** The newest segment that has a part, and that part's place in it. */
export function lastPart(list: SegmentList): { readonly segment: Segment; readonly part: number } | undefined {
  const { newest } = list;
  const segment = newest !== undefined && newest.parts.length === 0 ? list.segment(newest.number - 1) : newest;
  return segment === undefined ? undefined : { segment, part: segment.parts.length - 1 };
}
