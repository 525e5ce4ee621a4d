import type { Discontinuity } from "../media/muxer.ts";
import type { Generation } from "../media/track.ts";
import type { StartPoint, Timeline, TimelineEntry } from "./timeline.ts";

/**
 * Where a reader begins: `newest` at the newest random-access point, `oldest` at the oldest one in the ring, `next` at the
 * first one still to come.
 */
export const ReadFrom = { newest: "newest", oldest: "oldest", next: "next" } as const;
export type ReadFrom = (typeof ReadFrom)[keyof typeof ReadFrom];

/** Where a reader goes on that has read what comes before elsewhere, and what is in force there: it is not told again. */
export interface ReadOn {
  /** Number of the entry to be read next. */
  readonly next: number;
  readonly generation: Generation;
  readonly discontinuity: Discontinuity;
}

/** What a reader gets: the timeline's entries, and where it lost its place how many of them it missed. */
export type ReadEntry = TimelineEntry | { readonly kind: "skip"; readonly missed: number };

/** Whoever reads entries in order, beginning with the discontinuity and the generation in force. */
export interface EntryReader {
  /** Undefined where there is nothing yet, or `over`. */
  read(): ReadEntry | undefined;
  readonly over: boolean;
  close(): void;
}

/**
 * A position in a timeline's ring, moved by whoever reads: a playhead over frames. It has no queue; the ring is the queue.
 * When the ring has left it behind it goes on at the newest random-access point, which is counted and told; one that began in
 * the past goes on at the oldest.
 *
 * It begins with what is in force where it begins (a discontinuity, a generation), and after a skip tells what changed
 * meanwhile, so that whoever follows its entries always knows the tracks of a frame.
 */
export class TimelineReader {
  readonly #timeline: Timeline;
  readonly #from: ReadFrom | ReadOn;
  /** For `next`: where the ring ended when this began. */
  readonly #begun: number;
  readonly #leave: () => void;
  /** Number of the entry to be read next; undefined until there is a random-access point to begin at. */
  #next: number | undefined;
  /** What is to be told before that entry. */
  #before: ReadEntry[] = [];
  #generation: Generation | undefined;
  #discontinuity: Discontinuity | undefined;
  #micros: number | undefined;
  #closed = false;
  /** How often it lost its place and was moved on. */
  skips = 0;

  /** @param wake called whenever there may be something to read, or the end; it must not throw */
  constructor(timeline: Timeline, from: ReadFrom | ReadOn, wake: () => void) {
    this.#timeline = timeline;
    this.#from = from;
    if (typeof from === "object") {
      this.#next = from.next;
      this.#generation = from.generation;
      this.#discontinuity = from.discontinuity;
    }
    this.#begun = timeline.endSequence;
    this.#leave = timeline.wait({ wake });
  }

  /** Number of the entry to be read next; undefined until there is a place to begin at. */
  get next(): number | undefined {
    return this.#next;
  }

  /** Milliseconds of media between the newest frame and the last one read; 0 before the first. */
  get lag(): number {
    return this.#micros === undefined ? 0 : Math.max(0, (this.#timeline.lastMicros - this.#micros) / 1000);
  }

  /** Number of the timeline's entry after the one that was read last; undefined before the first. */
  get position(): number | undefined {
    return this.#next;
  }

  /** Nothing more will come: the timeline has ended and all of it was read, or this was closed. */
  get over(): boolean {
    if (this.#closed) return true;
    if (!this.#timeline.ended || this.#before.length > 0) return false;
    return this.#next === this.#timeline.endSequence || !this.#place();
  }

  /** The next entry; undefined where there is none yet, or `over`. What it holds is shared: nobody writes to it. */
  read(): ReadEntry | undefined {
    if (this.#closed) return undefined;
    const told = this.#before.shift();
    if (told !== undefined) return told;
    if (!this.#place()) return undefined;
    if (this.#before.length > 0) return this.#before.shift();
    const entry = this.#timeline.entry(this.#next!);
    if (entry === undefined) return undefined;
    this.#next! += 1;
    switch (entry.kind) {
      case "frame":
        this.#micros = entry.micros;
        break;
      case "generation":
        this.#generation = entry.generation;
        break;
      case "discontinuity":
        this.#discontinuity = entry.discontinuity;
    }
    return entry;
  }

  /** Lets go of the timeline. */
  close(): void {
    this.#closed = true;
    this.#before = [];
    this.#leave();
  }

  /** Sees to it that the position is one the ring has. False where there is no place to begin, or to go on at, yet. */
  #place(): boolean {
    const timeline = this.#timeline;
    if (this.#next !== undefined && this.#next >= timeline.firstSequence) return true;
    const start = this.#next === undefined ? this.#begin() : this.#goOn();
    if (start === undefined) return false;
    if (this.#next !== undefined) {
      this.skips += 1;
      this.#before.push({ kind: "skip", missed: start.sequence - this.#next });
    }
    this.#next = start.sequence;
    if (this.#discontinuity !== start.discontinuity) this.#before.push({ kind: "discontinuity", discontinuity: start.discontinuity });
    if (this.#generation !== start.generation) this.#before.push({ kind: "generation", generation: start.generation });
    this.#discontinuity = start.discontinuity;
    this.#generation = start.generation;
    return true;
  }

  #goOn(): StartPoint | undefined {
    return typeof this.#from === "string" ? this.#timeline.newestStart : this.#timeline.oldestStart;
  }

  #begin(): StartPoint | undefined {
    switch (this.#from) {
      case "newest":
        return this.#timeline.newestStart;
      case "oldest":
        return this.#timeline.oldestStart;
      case "next": {
        const newest = this.#timeline.newestStart;
        return newest !== undefined && newest.sequence >= this.#begun ? newest : undefined;
      }
    }
  }
}
