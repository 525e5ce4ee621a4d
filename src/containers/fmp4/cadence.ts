const remembered = 15;

/** The usual distance between the frames of a track: the median of the recent ones, deaf to holes and to jitter. */
export class Cadence {
  readonly #recent: number[] = [];
  #last: number | undefined;
  #usual: number;

  /** @param first what to believe until two frames have come; ticks, at least 1. */
  constructor(first: number) {
    this.#usual = first;
  }

  /** Notes a frame at `time` and tells the usual distance to the next one, in ticks, at least 1. */
  after(time: number): number {
    const last = this.#last;
    this.#last = time;
    if (last === undefined || time <= last) return this.#usual;
    this.#recent.push(time - last);
    if (this.#recent.length > remembered) this.#recent.shift();
    const sorted = this.#recent.toSorted((a, b) => a - b);
    this.#usual = sorted[sorted.length >> 1]!;
    return this.#usual;
  }

  /** The next distance means nothing: a break in the timeline lies in it. */
  interrupt(): void {
    this.#last = undefined;
  }
}
