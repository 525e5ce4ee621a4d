import type { Muxer, MuxerSink } from "../media/muxer.ts";
import type { SegmentTerms } from "./segmentation.ts";

/** A piece of a segment that can be fetched before the rest is there (low latency). Its bytes are complete and shared. */
export interface SegmentPart {
  /** Since the rendition began, from 0, whatever the segments are. */
  readonly number: number;
  /** Seconds. */
  readonly duration: number;
  /** Has a frame at which decoding may start. */
  readonly independent: boolean;
  readonly bytes: Uint8Array;
}

/** A header that segments need (EXT-X-MAP). */
export interface SegmentInit {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** One segment of one rendition. Parts are added to the newest one until it is complete. */
export interface Segment {
  readonly number: number;
  /** Unix milliseconds of its first frame. */
  readonly utc: number;
  /** It does not follow from the segment before. */
  readonly breaks: boolean;
  readonly breaksSoFar: number;
  /** Undefined where its container needs none. */
  readonly init: SegmentInit | undefined;
  readonly parts: readonly SegmentPart[];
  /** Its parts are as long as is announced; without, it was begun before that was decided, or is one part whatever its length. */
  readonly hasParts: boolean;
  /** Seconds; undefined while it is not complete. */
  readonly duration: number | undefined;
  /** Bytes of its parts. */
  readonly length: number;
}

/** A muxer that can be told that a segment begins. */
export interface SegmentMuxer extends Muxer {
  /** The next chunk begins a segment. */
  restart?(): void;
}

/** What goes into a rendition, and how its bytes are made. */
export interface RenditionSpec {
  /** In URLs: `v1`, `mux`. */
  readonly name: string;
  /** Ids of its tracks. The first is the one by which it is cut into parts. */
  readonly tracks: readonly number[];
  /** It has the timeline's leading track: it is cut exactly where the timeline is. */
  readonly isLeading: boolean;
  readonly muxer: (sink: MuxerSink) => SegmentMuxer;
}

/**
 * Microseconds of a part: whole frames, as near to the wanted as it gets. RFC 8216bis 4.4.4.9 wants parts of at least 85 % of what is announced, and none
 * that is longer.
 */
export function partTarget(wanted: number, track: number, { frameTimes }: SegmentTerms): number {
  const { usual, spread } = frameTimes.get(track) ?? { usual: wanted, spread: 0 };
  const frames = Math.max(1, Math.round(wanted / usual));
  return Math.ceil((frames * usual + 2 * spread) / 1000 + STAMP_ERROR) * 1000;
}

/** Milliseconds by which rounded stamps are off. */
const STAMP_ERROR = 2;
