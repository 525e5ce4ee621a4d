/** Keeps timelines in memory as a file would: read in batches, behind by some entries, its oldest overwritten, its list of points thinned out. */
import type { Archive, ArchiveEntry, ArchivePoint, ArchiveReader, Keeper, NumberedEntry } from "../../src/hub/archive.ts";
import type { Timeline, TimelineEntry, TimelineOrigin } from "../../src/hub/timeline.ts";
import { leadingTrack } from "../../src/hub/timeline.ts";

interface Point extends ArchivePoint {
  /** What is in force there. */
  readonly told: readonly NumberedEntry[];
}

export class MemoryKeeper implements Keeper {
  /** Entries kept at most. */
  room = Infinity;
  /** Entries that are not on disk yet. */
  lag = 0;
  /** Entries of one read. */
  batch = 10;
  /** Each so many-th random-access point is in the list. */
  thinning = 1;
  /** What the next read fails with. */
  fault: Error | undefined;
  /** Reads are not answered. */
  hangs = false;
  /** Readers that are open. */
  readers = 0;
  #entries: NumberedEntry[] = [];
  readonly #points: Point[] = [];
  readonly #inForce = new Map<"discontinuity" | "generation", TimelineEntry>();
  #leading: number | undefined;
  #offset = 0;
  #generation = 0;
  #micros = 0;

  follow(timeline: Timeline): void {
    let next = timeline.firstSequence;
    const leave = timeline.wait({
      wake: () => {
        for (let entry = timeline.entry(next); entry !== undefined; entry = timeline.entry(next)) this.#keep({ sequence: next++, entry });
        if (timeline.ended) leave();
      },
    });
  }

  get origin(): TimelineOrigin | undefined {
    const last = this.#entries.at(-1);
    if (last === undefined) return undefined;
    const { sequence } = last;
    return { sequence: sequence + 1, generation: this.#generation, micros: this.#micros, utc: this.#offset + this.#micros / 1000 };
  }

  readonly archive: Archive = keptBy(this);
  readonly health = { failing: false, lost: 0, written: 0 };

  /** Points that are on disk, of those in the list. */
  get points(): readonly Point[] {
    const newest = this.#entries.at(-1 - this.lag)?.sequence ?? -1;
    return this.#points.filter(({ sequence }, i) => sequence <= newest && i % this.thinning === 0);
  }

  /** Entries from a number on that are on disk. */
  from(sequence: number): readonly NumberedEntry[] {
    const kept = this.lag === 0 ? this.#entries : this.#entries.slice(0, -this.lag);
    return kept.filter((each) => each.sequence >= sequence).slice(0, this.batch);
  }

  #keep(numbered: NumberedEntry): void {
    const { sequence, entry } = numbered;
    this.#entries.push({ sequence, entry: structuredClone(entry) });
    if (entry.kind === "frame") {
      this.#micros = entry.micros;
      if (entry.frame.track === this.#leading && entry.frame.sap > 0) this.#point(sequence, entry.micros);
    } else {
      this.#inForce.set(entry.kind, structuredClone(entry));
      if (entry.kind === "discontinuity") this.#offset = entry.discontinuity.utcOffset;
      else [this.#generation, this.#leading] = [entry.generation.id, leadingTrack(entry.generation.tracks)?.id];
    }
    while (this.#entries.length > this.room && this.#points.length > 1) {
      this.#points.shift();
      const oldest = this.#points[0]!.sequence;
      this.#entries = this.#entries.filter((each) => each.sequence >= oldest);
    }
  }

  #point(sequence: number, micros: number): void {
    const told = [...this.#inForce.values()].map((entry) => ({ sequence, entry }));
    told.sort((a, b) => (a.entry.kind < b.entry.kind ? -1 : 1));
    this.#points.push({ sequence, micros, utc: this.#offset + micros / 1000, told });
  }
}

function keptBy(keeper: MemoryKeeper): Archive {
  return {
    get oldest() {
      return keeper.points[0];
    },
    find(time) {
      const { points } = keeper;
      return points.findLast((point) => ("utc" in time ? point.utc <= time.utc : point.micros <= time.micros)) ?? points[0];
    },
    open: (from) =>
      new MemoryReader(
        keeper,
        keeper.points.find(({ sequence }) => sequence === from.sequence)!,
      ),
  };
}

class MemoryReader implements ArchiveReader {
  readonly #keeper: MemoryKeeper;
  #told: readonly NumberedEntry[];
  #next: number;
  #closed = false;

  constructor(keeper: MemoryKeeper, { sequence, told }: Point) {
    this.#keeper = keeper;
    this.#next = sequence;
    this.#told = told;
    keeper.readers += 1;
  }

  async read(): Promise<readonly ArchiveEntry[] | undefined> {
    await (this.#keeper.hangs ? new Promise(() => undefined) : Promise.resolve());
    if (this.#keeper.fault !== undefined) throw this.#keeper.fault;
    const skipped: ArchiveEntry[] = [];
    const oldest = this.#keeper.points[0]!;
    if (this.#next < oldest.sequence) {
      skipped.push({ skip: oldest.sequence - this.#next });
      [this.#next, this.#told] = [oldest.sequence, oldest.told];
    }
    const entries = this.#keeper.from(this.#next);
    if (entries.length === 0) return undefined;
    const told = this.#told;
    this.#told = [];
    this.#next = entries.at(-1)!.sequence + 1;
    return [...skipped, ...told, ...entries];
  }

  close(): void {
    if (!this.#closed) this.#keeper.readers -= 1;
    this.#closed = true;
  }
}
