import type { ArchivePoint } from "../../hub/archive.ts";

/** A time on a timeline: by its own clock, or by the world's. */
export type WantedTime = { readonly micros: number } | { readonly utc: number };

/**
 * What of a ring file is in memory: for each block the number of its first entry, and of the random-access points in it the first and the
 * last. So it is as small as the file has blocks, a few hundred as a rule.
 */
export class RingIndex {
  /** Numbers of the blocks in the file, rising. */
  readonly #blocks: { readonly block: number; readonly sequence: number }[] = [];
  readonly #points: (ArchivePoint & { readonly block: number })[] = [];

  get oldestBlock(): number | undefined {
    return this.#blocks[0]?.block;
  }

  get oldest(): ArchivePoint | undefined {
    return this.#points[0];
  }

  get newest(): ArchivePoint | undefined {
    return this.#points.at(-1);
  }

  /** Forgets the blocks before that one, and what lies in them. */
  dropBefore(block: number): void {
    const kept = this.#blocks.findIndex((one) => one.block >= block);
    this.#blocks.splice(0, kept === -1 ? this.#blocks.length : kept);
    const points = this.#points.findIndex((point) => point.block >= block);
    this.#points.splice(0, points === -1 ? this.#points.length : points);
  }

  addBlock(block: number, sequence: number): void {
    this.#blocks.push({ block, sequence });
  }

  /** @param point in one of the blocks told before, after all points before it */
  addPoint(point: ArchivePoint & { readonly block: number }): void {
    // Between the first and the last of a block, whoever wants to know looks into the block.
    if (this.#points.at(-2)?.block === point.block) this.#points.pop();
    this.#points.push(point);
  }

  /** The block in which an entry begins; undefined where that is not kept. */
  blockOf(sequence: number): number | undefined {
    return this.#blocks[lastIndex(this.#blocks, (one) => one.sequence <= sequence)]?.block;
  }

  /** The newest point known at or before a time, the oldest where all are later. */
  find(time: WantedTime): ArchivePoint | undefined {
    // The world's clock may have been set back, so that only a search from the newest tells.
    const at =
      "micros" in time
        ? lastIndex(this.#points, (point) => point.micros <= time.micros)
        : this.#points.findLastIndex((point) => point.utc <= time.utc);
    return this.#points[Math.max(at, 0)];
  }

  /** The first point known behind an entry. */
  after(sequence: number): ArchivePoint | undefined {
    return this.#points[lastIndex(this.#points, (point) => point.sequence <= sequence) + 1];
  }
}

/** The last place of which something is true that is true of all before it; -1 where it is of none. */
function lastIndex<Item>(items: readonly Item[], isTrue: (item: Item) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTrue(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
