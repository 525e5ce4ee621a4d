import { Fifo } from "../bytes/fifo.ts";
import type { Discontinuity } from "../media/muxer.ts";
import type { Generation } from "../media/track.ts";
import type { Archive, ArchiveEntry, ArchivePoint, ArchiveReader } from "./archive.ts";
import type { ReadEntry } from "./timeline-reader.ts";
import { TimelineReader } from "./timeline-reader.ts";
import type { StartPoint, Timeline } from "./timeline.ts";

/** What a name's past is read from. */
export interface PastSource {
  readonly archive: Archive | undefined;
  /** The timeline of whoever publishes under the name now, or did so last and may come back. */
  timeline(): Timeline | undefined;
}

/**
 * A position in a stream's past, moved by whoever reads: in what is kept of it as far as that is needed, then in the ring of its
 * timeline, and in the next timeline where what is kept goes on. Entries come once and in their order over all of these. Where it has
 * lost its place it goes on at the oldest random-access point that is left, which is counted and told.
 *
 * It holds one read of the archive at most, and asks for the next when that has been taken.
 */
export class PastReader {
  readonly #source: PastSource;
  readonly #wake: () => void;
  /** What is to be told before anything else. */
  readonly #before: ReadEntry[];
  readonly #batch = new Fifo<ArchiveEntry>();
  /** Undefined while the ring is read. */
  #kept: ArchiveReader | undefined;
  /** The archive's reader tells what is in force where it begins, under the number of the frame that follows. */
  #isTelling = false;
  /** It was overtaken, and what comes next says where it is now. */
  #isMoved = false;
  #isFetching = false;
  #isBroken = false;
  #timeline: Timeline | undefined;
  /** Keeps the ring there after the timeline's end. */
  #release: () => void = () => undefined;
  #ring: TimelineReader | undefined;
  /** Number of the entry to be read next. */
  #next: number;
  #generation: Generation;
  #discontinuity: Discontinuity;
  #micros: number;
  /** The place from which the archive was of no help. */
  #soughtAt = -1;
  #over = false;
  #closed = false;
  skips = 0;

  /**
   * @param kept where in the archive that place is found; undefined where the ring has it
   * @param wake called whenever there may be something to read, or the end; it must not throw
   */
  constructor(source: PastSource, start: StartPoint, kept: ArchivePoint | undefined, wake: () => void) {
    const { sequence, micros, generation, discontinuity } = start;
    this.#source = source;
    this.#wake = wake;
    this.#next = sequence;
    this.#micros = micros;
    this.#generation = generation;
    this.#discontinuity = discontinuity;
    this.#before = [
      { kind: "discontinuity", discontinuity },
      { kind: "generation", generation },
    ];
    this.#hold(source.timeline());
    if (kept !== undefined) this.#open(source.archive!, kept);
  }

  /** Nothing more will come: the stream has ended and all of it was read, or this was closed. Known once `read` has found nothing. */
  get over(): boolean {
    return this.#over || this.#closed;
  }

  /** Milliseconds of media between the newest frame and the last one read. */
  get lag(): number {
    return Math.max(0, ((this.#timeline?.lastMicros ?? this.#micros) - this.#micros) / 1000);
  }

  /** The next entry; undefined where there is none yet, or `over`. What it holds is shared: nobody writes to it. */
  read(): ReadEntry | undefined {
    while (!this.#closed) {
      const told = this.#before.shift();
      if (told !== undefined) return told;
      if (this.#kept !== undefined) {
        const item = this.#batch.shift();
        if (item === undefined) {
          this.#fetch();
          return undefined;
        }
        this.#take(item);
      } else if ((this.#isPast() || this.#ring?.over === true) && !this.#cross()) {
        this.#over = true;
        return undefined;
      } else if (!this.#isSought()) {
        const entry = this.#readRing();
        if (entry !== undefined && this.#isNew(entry)) return entry;
        if (entry === undefined && this.#ring?.over !== true) return undefined;
      }
    }
    return undefined;
  }

  /** Lets go of everything. */
  close(): void {
    this.#closed = true;
    this.#before.length = 0;
    this.#batch.clear();
    this.#kept?.close();
    this.#kept = undefined;
    this.#ring?.close();
    this.#release();
  }

  /** Follows a timeline from here on; the ring of one that ended stays until all of it was read. */
  #hold(timeline: Timeline | undefined): void {
    this.#ring?.close();
    this.#ring = undefined;
    this.#release();
    this.#timeline = timeline;
    this.#release = timeline?.wait({ wake: () => undefined }) ?? (() => undefined);
  }

  #open(archive: Archive, from: ArchivePoint): void {
    this.#batch.clear();
    this.#kept = archive.open(from);
    this.#isTelling = true;
    if (from.sequence <= this.#next) return;
    this.#skip(from.sequence - this.#next);
    this.#next = from.sequence;
  }

  /** Where the ring has left it behind, what is missing may be kept. */
  #isSought(): boolean {
    const { archive } = this.#source;
    const isThere = this.#timeline === undefined || this.#timeline.firstSequence <= this.#next;
    if (isThere || archive === undefined || this.#isBroken || this.#soughtAt === this.#next) return false;
    this.#soughtAt = this.#next;
    const point = archive.find({ micros: this.#micros });
    // What is older in the ring needs no disk.
    if (point === undefined || point.sequence >= (this.#timeline!.oldestStart?.sequence ?? Infinity)) return false;
    this.#ring?.close();
    this.#ring = undefined;
    this.#open(archive, point);
    return true;
  }

  #fetch(): void {
    if (this.#isFetching) return;
    this.#isFetching = true;
    this.#kept!.read().then(
      (entries) => this.#fetched(entries),
      () => {
        // Its owner has been told by the disk; what the ring has can still be shown.
        this.#isBroken = true;
        this.#fetched(undefined);
      },
    );
  }

  /** @param entries undefined where no more are kept */
  #fetched(entries: readonly ArchiveEntry[] | undefined): void {
    this.#isFetching = false;
    if (this.#closed) return;
    for (const entry of entries ?? []) this.#batch.push(entry);
    if (entries === undefined) {
      this.#kept!.close();
      this.#kept = undefined;
    }
    this.#wake();
  }

  #take(item: ArchiveEntry): void {
    if ("skip" in item) {
      this.#isTelling = true;
      this.#isMoved = true;
      return;
    }
    const { sequence, entry } = item;
    if (entry.kind === "frame") this.#isTelling = false;
    // It may have been overtaken before it came to what we have not seen.
    if (this.#isMoved && sequence > this.#next) this.#skip(sequence - this.#next);
    this.#isMoved = false;
    if (sequence < this.#next) return;
    this.#next = this.#isTelling ? sequence : sequence + 1;
    const isRepeated = this.#isTelling && entry.kind === "discontinuity" && sameMap(entry.discontinuity, this.#discontinuity);
    if (!isRepeated && this.#isNew(entry)) this.#before.push(entry);
  }

  #readRing(): ReadEntry | undefined {
    this.#ring ??= new TimelineReader(
      this.#timeline!,
      { next: this.#next, generation: this.#generation, discontinuity: this.#discontinuity },
      this.#wake,
    );
    const entry = this.#ring.read();
    if (entry === undefined) return undefined;
    this.#next = this.#ring.next!;
    if (entry.kind === "skip") this.skips += 1;
    return entry;
  }

  /** There is no timeline, or it is over and all of it was read. */
  #isPast(): boolean {
    const timeline = this.#timeline;
    return timeline === undefined || (timeline.ended && timeline.endSequence <= this.#next);
  }

  /** Goes on in the timeline that follows the one that is over, if what is kept says that it follows. */
  #cross(): boolean {
    const next = this.#source.archive === undefined ? undefined : this.#source.timeline();
    if (next === undefined || next === this.#timeline || next.ended || next.endSequence < this.#next) return false;
    this.#hold(next);
    return true;
  }

  #skip(missed: number): void {
    this.skips += 1;
    this.#before.push({ kind: "skip", missed });
  }

  /** Keeps account of what was read, and says whether it tells anything new. */
  #isNew(entry: ReadEntry): boolean {
    switch (entry.kind) {
      case "frame":
        this.#micros = entry.micros;
        return true;
      case "generation":
        // The archive's copy of a generation is another object than the ring's.
        if (this.#generation.id === entry.generation.id) return false;
        this.#generation = entry.generation;
        return true;
      case "discontinuity":
        this.#discontinuity = entry.discontinuity;
        return true;
      case "skip":
        return true;
    }
  }
}

function sameMap(a: Discontinuity, b: Discontinuity): boolean {
  return a.reason === b.reason && a.utcOffset === b.utcOffset;
}
