import type { FileFacts } from "./file-facts.ts";
import type { RecordedTrack } from "./recorded.ts";

/** What a file of a recording turns out to be when it is read. */
export interface ScannedFile {
  /** What it says of itself; undefined where it says nothing: it is none of ours. */
  readonly facts: FileFacts | undefined;
  /** Bytes that are whole, from the beginning on. */
  readonly size: number;
  /** Milliseconds from its time 0 to the end of what is whole. */
  readonly duration: number;
  /** Nothing that belongs to a file of its format is missing at the end. */
  readonly isComplete: boolean;
  readonly tracks: readonly RecordedTrack[];
}
