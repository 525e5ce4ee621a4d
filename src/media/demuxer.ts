import type { Frame } from "./frame.ts";
import type { Metadata, Track } from "./track.ts";

/** A frame as its source stamped it: the timeline puts it on its own clock and says when it arrived. */
export type SourceFrame = Omit<Frame, "arrived">;

/** Where a demuxer (or a protocol that carries frames itself) puts what it reads, in the order it reads it. */
export interface FrameSink {
  /** The metadata promises these kinds of track, and so many in all where it says; a track set is not complete without them. */
  announce(kinds: { readonly video: boolean; readonly audio: boolean; readonly count?: number }): void;
  /** Frames that follow count their times from 1970, by their source's clock. Said before the first of them, or never. */
  timesAreUnix?(): void;
  /** The publisher's own words about the stream (onMetaData). */
  metadata(values: Metadata): void;
  /** A track appears, or its configuration is repeated or changes. An equal one changes nothing. */
  track(track: Track): void;
  /** Times are the source's, in ticks of the track's timescale, wraps already undone. */
  frame(frame: SourceFrame): void;
}

/** Takes the bytes of one container apart, cut anywhere, and tells a sink what is in them. */
export interface Demuxer {
  /**
   * @param piece the next bytes; they are given away: frames are views of them
   * @throws ProtocolError if they are not that container's; after that nothing more can be read
   */
  push(piece: Uint8Array): void;
  /** Bytes of what was read whole: where the tag, box or packet begins that is being read. For words about what is wrong. */
  readonly position?: number | undefined;
  /** The input has ended: what waited for more is given. @throws ProtocolError("truncated") if it ended in the middle of something, or before its beginning */
  end(): void;
}
