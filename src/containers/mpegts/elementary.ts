/** What the elementary streams of all codecs have in common: PES packets in, a track and its frames out. */
import type { SourceFrame } from "../../media/demuxer.ts";
import type { AudioDescription, VideoDescription } from "../../media/describe.ts";
import type { Codec } from "../../media/track.ts";
import type { Stamps } from "./pes.ts";

/** Ticks per second of all times in MPEG-TS. */
export const TIMESCALE = 90_000;

/** One elementary stream on its way to frames. */
export interface Elementary {
  /**
   * The payload of one whole PES packet: a view of memory that is used again.
   *
   * @param stamps of the first access unit that begins in it
   * @param isFull the last access unit may go on in the next packet for no other reason than its length
   */
  packet(payload: Uint8Array, stamps: Stamps | undefined, isFull: boolean): void;
  /** Packets are missing before the next one. */
  interrupted(): void;
  /** The stream is over: what waits for more is all there is. */
  flush(): void;
}

/** What an elementary stream is found to be: the parts of a track that the stream itself tells. */
export type ElementaryTrack =
  | ({ readonly kind: "video"; readonly codec: Codec; readonly config: Uint8Array } & VideoDescription)
  | ({ readonly kind: "audio"; readonly codec: Codec; readonly config: Uint8Array } & AudioDescription);

/** Where an elementary stream puts what it finds. */
export interface ElementarySink {
  /** Called before the first frame, and before the first one that needs another configuration. */
  track(track: ElementaryTrack): void;
  /** Times in ticks of TIMESCALE; the data is the sink's. */
  frame(frame: Omit<SourceFrame, "track">): void;
  /** An access unit is left out: it is damaged, or cannot be decoded or placed. */
  dropped(): void;
}
