import { Fifo } from "../bytes/fifo.ts";
import type { Frame } from "../media/frame.ts";
import { isRandomAccess } from "../media/frame.ts";
import type { Discontinuity } from "../media/muxer.ts";
import { toMicros } from "../media/time.ts";
import type { Generation, Track } from "../media/track.ts";

/** How much of the past a timeline keeps. */
export interface Retention {
  /** Milliseconds kept before the newest random-access point; everything after it is kept anyway. */
  readonly beforeNewestStart: number;
  /** Bytes of payload kept at most. Where one group of pictures is larger, its beginning is lost. */
  readonly maxBytes: number;
}

/** Where a timeline goes on that was kept from an earlier run. */
export interface TimelineOrigin {
  /** Number of its first entry. */
  readonly sequence: number;
  /** The last generation's id: the next one is one more. */
  readonly generation: number;
  /** The end of what was kept, in microseconds: nothing new lies before it. */
  readonly micros: number;
  /** The same in Unix milliseconds. */
  readonly utc: number;
}

/** Follows a timeline: the entries in order, then `end` once. It must not throw: the publisher would be hit. */
export interface TimelineFollower {
  discontinuity(entry: Discontinuity): void;
  generation(next: Generation): void;
  frame(frame: Frame): void;
  end(): void;
}

/** What a timeline is made of. `micros` is the frame's decoding time in microseconds. */
export type TimelineEntry =
  | { readonly kind: "frame"; readonly frame: Frame; readonly micros: number }
  | { readonly kind: "generation"; readonly generation: Generation }
  | { readonly kind: "discontinuity"; readonly discontinuity: Discontinuity };

/** Entries other than frames in one ring, at most: beyond them the oldest go, whatever the retention says. */
export const MAX_MARKS = 256;

/** Reads entries by their numbers, at a pace of its own. `wake` must not throw. */
export interface TimelineWaiter {
  /** Something was appended, or the timeline ended. */
  wake(): void;
}

/** A random-access point: where it lies, and what is in force there. */
export interface StartPoint {
  /** Number of the entry since the timeline began. */
  readonly sequence: number;
  readonly micros: number;
  readonly generation: Generation;
  readonly discontinuity: Discontinuity;
}

/**
 * What a stream is: frames in order of arrival, between generations of tracks and discontinuities, in a ring bounded
 * in time and bytes. It knows nothing of publishers: `Publication` puts frames on its clock.
 */
export class Timeline {
  readonly #retention: Retention;
  readonly #entries = new Fifo<TimelineEntry>();
  readonly #starts = new Fifo<StartPoint>();
  readonly #followers = new Set<TimelineFollower>();
  readonly #waiters = new Set<TimelineWaiter>();
  /** Sequence number of the first entry kept. */
  #firstSequence: number;
  #bytes = 0;
  /** Entries that are no frames. */
  #marks = 0;
  #lastMicros: number;
  /** The id of the newest generation, or of the last one before this began; 0 where there was none. */
  #generationId: number;
  #generation: Generation | undefined;
  #discontinuity: Discontinuity | undefined;
  #tracks = new Map<number, Track>();
  /** The track whose random-access points are the timeline's: the default video track, else the default audio track. */
  #leading: Track | undefined;
  #ended = false;

  /** @param origin where it goes on; undefined for one that is new */
  constructor(retention: Retention, origin?: TimelineOrigin) {
    this.#retention = retention;
    this.#firstSequence = origin?.sequence ?? 0;
    this.#lastMicros = origin?.micros ?? 0;
    this.#generationId = origin?.generation ?? 0;
  }

  /** The tracks in force now; undefined until the first publisher's track set is complete. */
  get current(): Generation | undefined {
    return this.#generation;
  }

  /** The id that the next generation must have. */
  get nextGeneration(): number {
    return this.#generationId + 1;
  }

  /** The map to UTC in force now. */
  get clock(): Discontinuity | undefined {
    return this.#discontinuity;
  }

  /** Payload bytes in the ring. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A viewer who comes now can start at once. */
  get hasStart(): boolean {
    return this.#starts.length > 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Number of the oldest entry kept, counted from the timeline's beginning, that of an earlier run where it goes on from one. */
  get firstSequence(): number {
    return this.#firstSequence;
  }

  /** Number that the next entry will have. */
  get endSequence(): number {
    return this.#firstSequence + this.#entries.length;
  }

  /** Decoding time of the newest frame in microseconds; before the first, that of the origin, or 0. */
  get lastMicros(): number {
    return this.#lastMicros;
  }

  get oldestStart(): StartPoint | undefined {
    return this.#starts.first();
  }

  get newestStart(): StartPoint | undefined {
    return this.#starts.last();
  }

  /** The newest random-access point in the ring at or before a time in microseconds; the oldest where all are later. */
  startBefore(micros: number): StartPoint | undefined {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts.at(middle)!.micros <= micros) low = middle;
      else high = middle - 1;
    }
    return this.#starts.at(low);
  }

  /**
   * What the timeline showed at a moment, in microseconds: by the map to UTC in force at the newest random-access point before it,
   * the oldest in the ring where all are later. Undefined where there is none.
   *
   * @param utc Unix milliseconds
   */
  microsAt(utc: number): number | undefined {
    for (let i = this.#starts.length - 1; i >= 0; i--) {
      const { micros, discontinuity } = this.#starts.at(i)!;
      const at = (utc - discontinuity.utcOffset) * 1000;
      if (at >= micros || i === 0) return at;
    }
    return undefined;
  }

  /** Undefined for one that is not kept any more, or has not come. */
  entry(sequence: number): TimelineEntry | undefined {
    return this.#entries.at(sequence - this.#firstSequence);
  }

  discontinuity(entry: Discontinuity): void {
    this.#discontinuity = entry;
    this.#mark({ kind: "discontinuity", discontinuity: entry });
    this.#tell((follower) => follower.discontinuity(entry));
  }

  generation(next: Generation): void {
    this.#generation = next;
    this.#generationId = next.id;
    this.#tracks = new Map(next.tracks.map((track) => [track.id, track]));
    this.#leading = leadingTrack(next.tracks);
    this.#mark({ kind: "generation", generation: next });
    this.#tell((follower) => follower.generation(next));
  }

  /** @param frame of a track of the current generation, its `dts` above all earlier ones of that track */
  frame(frame: Frame): void {
    const track = this.#tracks.get(frame.track);
    if (track === undefined || this.#generation === undefined || this.#discontinuity === undefined) {
      throw new Error(`a frame of track ${frame.track}, which the current generation does not have`);
    }
    const micros = toMicros(frame.dts, track.timescale);
    const sequence = this.endSequence;
    if (track === this.#leading && isRandomAccess(frame)) {
      this.#starts.push({ sequence, micros, generation: this.#generation, discontinuity: this.#discontinuity });
    }
    this.#entries.push({ kind: "frame", frame, micros });
    this.#bytes += frame.data.length;
    this.#lastMicros = micros;
    this.#evict();
    this.#tell((follower) => follower.frame(frame));
    for (const waiter of this.#waiters) waiter.wake();
  }

  /** No more will come. Followers are told and let go; what is in the ring stays for those who wait on it, until they leave. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tell((follower) => follower.end());
    this.#followers.clear();
    for (const waiter of this.#waiters) waiter.wake();
    if (this.#waiters.size === 0) this.#forget();
  }

  /**
   * Wakes a waiter with every entry, and keeps the ring for it after the end.
   *
   * @returns a function that ends it
   */
  wait(waiter: TimelineWaiter): () => void {
    this.#waiters.add(waiter);
    return () => {
      this.#waiters.delete(waiter);
      if (this.#ended && this.#waiters.size === 0) this.#forget();
    };
  }

  /**
   * Replays from the newest random-access point to now and goes on from there. Where there is none yet the follower
   * gets what is in force and then whatever comes; its first frames need not be a random-access point.
   *
   * @returns a function that ends it
   */
  follow(follower: TimelineFollower): () => void {
    if (this.#generation === undefined || this.#discontinuity === undefined)
      throw new Error("a timeline is followed before its first generation");
    const start = this.#starts.last();
    follower.discontinuity(start?.discontinuity ?? this.#discontinuity);
    follower.generation(start?.generation ?? this.#generation);
    if (start !== undefined) {
      for (let i = start.sequence - this.#firstSequence; i < this.#entries.length; i++) deliver(this.#entries.at(i)!, follower);
    }
    if (this.#ended) follower.end();
    else this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Tells a follower all there ever is: before the first entry only. It goes before all others. */
  followFromStart(follower: TimelineFollower): void {
    if (this.#entries.length > 0 || this.#ended) throw new Error("a timeline is followed from its start after that");
    this.#followers.add(follower);
  }

  #tell(call: (follower: TimelineFollower) => void): void {
    for (const follower of this.#followers) call(follower);
  }

  #mark(entry: TimelineEntry): void {
    this.#entries.push(entry);
    this.#marks += 1;
    while (this.#marks > MAX_MARKS) this.#drop(1);
    for (const waiter of this.#waiters) waiter.wake();
  }

  #forget(): void {
    this.#firstSequence = this.endSequence;
    this.#entries.clear();
    this.#starts.clear();
    this.#bytes = 0;
    this.#marks = 0;
  }

  /** Drops what is older than the retention allows, down to the newest random-access point; by bytes, further. */
  #evict(): void {
    const newest = this.#starts.last();
    const newestSequence = newest?.sequence ?? Infinity;
    const keepFrom = (newest?.micros ?? this.#lastMicros) - this.#retention.beforeNewestStart * 1000;
    for (;;) {
      // What stands before the oldest frame is in force there, and goes with it.
      const count = this.#upToFirstFrame();
      const oldest = this.#entries.at(count - 1);
      if (count >= this.#entries.length || oldest?.kind !== "frame") return;
      const old = this.#firstSequence + count - 1 < newestSequence && oldest.micros < keepFrom;
      if (!old && this.#bytes <= this.#retention.maxBytes) return;
      this.#drop(count);
    }
  }

  /** How many entries it takes to have one frame. */
  #upToFirstFrame(): number {
    let count = 1;
    while (count < this.#entries.length && this.#entries.at(count - 1)!.kind !== "frame") count += 1;
    return count;
  }

  #drop(count: number): void {
    for (let i = 0; i < count; i++) {
      const entry = this.#entries.shift()!;
      if (entry.kind === "frame") this.#bytes -= entry.frame.data.length;
      else this.#marks -= 1;
    }
    this.#firstSequence += count;
    while (this.#starts.length > 0 && this.#starts.first()!.sequence < this.#firstSequence) this.#starts.shift();
  }
}

/** The track whose random-access points a viewer starts at. */
export function leadingTrack(tracks: readonly Track[]): Track | undefined {
  const of = (kind: Track["kind"]): Track | undefined => {
    const list = tracks.filter((track) => track.kind === kind);
    return list.find((track) => track.isDefault) ?? list[0];
  };
  return of("video") ?? of("audio") ?? of("data");
}

function deliver(entry: TimelineEntry, follower: TimelineFollower): void {
  switch (entry.kind) {
    case "frame":
      return follower.frame(entry.frame);
    case "generation":
      return follower.generation(entry.generation);
    case "discontinuity":
      return follower.discontinuity(entry.discontinuity);
  }
}
