import type { Timeline, TimelineEntry, TimelineOrigin } from "./timeline.ts";

/** A random-access point that is kept beyond the ring in memory. */
export interface ArchivePoint {
  /** Number of its frame in the timeline. */
  readonly sequence: number;
  /** Its decoding time on the timeline. */
  readonly micros: number;
  /** The same in Unix milliseconds, by the map in force there. */
  readonly utc: number;
}

/** An entry with the number it has in its timeline. */
export interface NumberedEntry {
  readonly sequence: number;
  readonly entry: TimelineEntry;
}

/** What a reader of an archive gets: entries, and where it lost its place how many of them it missed. */
export type ArchiveEntry = NumberedEntry | { readonly skip: number };

/**
 * What of a timeline is kept beyond its ring, on disk for example. Entries keep the numbers they have in the timeline, so that a
 * reader passes from the archive to the ring without a gap or a repetition.
 *
 * The list of random-access points may be thinned out: a point found can lie some seconds before the one wished for.
 */
export interface Archive {
  readonly oldest: ArchivePoint | undefined;
  /** The newest random-access point at or before that time; the oldest where all are later; undefined where nothing is kept. */
  find(time: { readonly micros: number } | { readonly utc: number }): ArchivePoint | undefined;
  /** Begins at a point: first the discontinuity and the generation in force there, numbered as the point itself. */
  open(from: ArchivePoint): ArchiveReader;
}

/** A position in an archive. */
export interface ArchiveReader {
  /**
   * The next entries in order, a bounded number of bytes. A skip where the reader was overtaken: it is moved on to the oldest
   * random-access point that is left, and told again what is in force there. Undefined: everything that is kept was read; what
   * follows is in the timeline's ring, or the stream is over. It may be called again: more may have been kept meanwhile.
   *
   * Payloads belong to the caller. It throws what the disk threw; the reader is of no use then.
   */
  read(): Promise<readonly ArchiveEntry[] | undefined>;
  close(): void;
}

/**
 * Keeps the timelines of one name, one after the other, as one: given to a hub by whoever owns the files (`HubOptions.keeper`).
 *
 * A stream that nobody publishes any more ends as any other does; what was kept of it stays here, so its past is read without a stream:
 * `Hub.archive(name)`. The next publisher's stream is another object, whose timeline goes on with the numbers, generations and times of
 * the last: readers of the archive cross from one to the other.
 */
export interface Keeper {
  readonly archive: Archive;
  readonly health: KeeperHealth;
  /** Where the next timeline goes on; undefined where nothing is kept. */
  readonly origin: TimelineOrigin | undefined;
  /** What is kept is all there ever is: nobody may publish under the name. */
  readonly isClosed?: boolean;
  /** A new timeline of that name, before its first entry. It is kept until it ends, and must not be held up. */
  follow(timeline: Timeline): void;
}

/** How well a keeper keeps. */
export interface KeeperHealth {
  /** What is new is not kept at present; live goes on from memory. */
  readonly failing: boolean;
  /** Entries that could not be kept since the start. */
  readonly lost: number;
  /** Bytes written since the start. */
  readonly written: number;
}
