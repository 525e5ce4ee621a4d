import type { Frame } from "./frame.ts";
import type { Metadata, Track } from "./track.ts";

/** A frame as its source stamped it: the timeline puts it on its own clock and says when it arrived. */
export type SourceFrame = Omit<Frame, "arrived">;

/** Where a demuxer (or a protocol that carries frames itself) puts what it reads, in the order it reads it. */
export interface FrameSink {
  /** The metadata promises these kinds of track; a track set is not complete without them. */
  announce(kinds: { readonly video: boolean; readonly audio: boolean }): void;
  /** The publisher's own words about the stream (onMetaData). */
  metadata(values: Metadata): void;
  /** A track appears, or its configuration is repeated or changes. An equal one changes nothing. */
  track(track: Track): void;
  /** Times are the source's, in ticks of the track's timescale, wraps already undone. */
  frame(frame: SourceFrame): void;
}
