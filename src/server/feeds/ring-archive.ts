import type { Archive, ArchiveEntry, ArchivePoint, ArchiveReader } from "../../hub/archive.ts";
import type { NumberedRingEntry } from "../../containers/ring/ring-decoder.ts";
import { BlockWalker } from "./block-walker.ts";
import type { RingFile } from "./ring-file.ts";
import type { WantedTime } from "./ring-index.ts";
import { StateInForce } from "./state-in-force.ts";

/** The file that is read now: another one after the first was lost, none while there is none. */
type CurrentRing = () => RingFile | undefined;

/** A point that stands for a later one, which only reading will find. */
interface FoundPoint extends ArchivePoint {
  readonly wanted?: WantedTime;
}

/** The past of a feed, out of its ring file. */
export class RingArchive implements Archive {
  readonly #ring: CurrentRing;

  constructor(ring: CurrentRing) {
    this.#ring = ring;
  }

  get oldest(): ArchivePoint | undefined {
    return publicPoint(this.#ring()?.index.oldest);
  }

  find(time: WantedTime): ArchivePoint | undefined {
    const point = publicPoint(this.#ring()?.index.find(time));
    const found: FoundPoint | undefined = point && { ...point, wanted: time };
    return found;
  }

  open(from: ArchivePoint): ArchiveReader {
    return new RingReader(this.#ring, from);
  }
}

function publicPoint(point: ArchivePoint | undefined): ArchivePoint | undefined {
  return point && { sequence: point.sequence, micros: point.micros, utc: point.utc };
}

/** A position in a ring file. */
class RingReader implements ArchiveReader {
  readonly #current: CurrentRing;
  readonly #state = new StateInForce();
  #wanted: WantedTime | undefined;
  #ring: RingFile | undefined;
  #walker: BlockWalker | undefined;
  /** Entries are passed over up to the first random-access point with this number or a higher one; undefined while they flow. */
  #seek: number | undefined;
  /** Number of the next entry to be given; undefined before the first. */
  #expected: number | undefined;
  #closed = false;

  constructor(ring: CurrentRing, from: FoundPoint) {
    this.#current = ring;
    this.#wanted = from.wanted;
    this.#seek = from.sequence;
  }

  async read(): Promise<readonly ArchiveEntry[] | undefined> {
    if (this.#wanted !== undefined && this.#seek !== undefined) this.#seek = await this.#refine(this.#seek, this.#wanted);
    this.#wanted = undefined;
    while (!this.#closed) {
      if (!this.#place()) return undefined;
      const walker = this.#walker!;
      const step = await walker.next();
      if (step === undefined) {
        if (walker.isOvertaken || this.#current() !== this.#ring) continue;
        return undefined;
      }
      if (step.begun !== undefined) this.#begin(step.begun);
      const entries = this.#take(step.entries);
      if (entries.length > 0) return entries;
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#walker = undefined;
  }

  /** Sees to it that there is a block to read from. */
  #place(): boolean {
    const ring = this.#current();
    if (ring === undefined) return false;
    if (this.#ring === ring && this.#walker?.isOvertaken === false) return true;
    // Begun, or overtaken, or the file was lost and another one is there.
    const from = this.#seek ?? this.#expected ?? 0;
    const start = ring.index.blockOf(from) ?? ring.index.oldestBlock;
    if (start === undefined) return false;
    this.#seek = from;
    this.#ring = ring;
    this.#walker = new BlockWalker(ring, start);
    return true;
  }

  /** Entries are missing, unless this block goes on with the very next one. */
  #begin({
    header,
    goesOn,
  }: {
    readonly header: { readonly sequence: number; readonly inForce: object | undefined };
    readonly goesOn: boolean;
  }): void {
    if (goesOn) return;
    this.#state.begin(header.inForce);
    if (this.#expected !== undefined && header.sequence > this.#expected) this.#seek ??= this.#expected;
  }

  #take(entries: readonly NumberedRingEntry[]): ArchiveEntry[] {
    const given: ArchiveEntry[] = [];
    for (const numbered of entries) {
      const { sequence, entry } = numbered;
      const isStart = this.#state.isStart(entry);
      this.#state.take(entry);
      if (this.#seek === undefined) given.push(numbered);
      else if (isStart && sequence >= this.#seek) given.push(...this.#arrive(numbered));
      if (this.#seek === undefined) this.#expected = sequence + 1;
    }
    return given;
  }

  /** What is told at the place where a reader begins or goes on. */
  #arrive(start: NumberedRingEntry): ArchiveEntry[] {
    const { sequence } = start;
    const { discontinuity, generation } = this.#state.current;
    const missed = this.#expected === undefined ? 0 : sequence - this.#expected;
    this.#seek = undefined;
    return [
      ...(missed > 0 ? [{ skip: missed }] : []),
      ...(discontinuity ? [{ sequence, entry: { kind: "discontinuity", discontinuity } as const }] : []),
      ...(generation ? [{ sequence, entry: { kind: "generation", generation } as const }] : []),
      start,
    ];
  }

  /** @returns the number of the newest random-access point at or before a time, looking from one that is known on */
  async #refine(known: number, wanted: WantedTime): Promise<number> {
    const ring = this.#current();
    const block = ring?.index.blockOf(known);
    if (ring === undefined || block === undefined) return known;
    const until = ring.index.after(known)?.sequence ?? Infinity;
    const walker = new BlockWalker(ring, block);
    const state = new StateInForce();
    let best = known;
    for (let step = await walker.next(); step !== undefined; step = await walker.next()) {
      if (step.begun?.goesOn === false) state.begin(step.begun.header.inForce);
      for (const { sequence, entry } of step.entries) {
        const isStart = state.isStart(entry);
        state.take(entry);
        if (entry.kind !== "frame" || !isStart || sequence <= known) continue;
        const isLater = "micros" in wanted ? entry.micros > wanted.micros : state.utc(entry.micros) > wanted.utc;
        if (isLater || sequence >= until || this.#closed) return best;
        best = sequence;
      }
    }
    return best;
  }
}
