interface FakeTimer {
  readonly at: number;
  readonly task: () => void;
}

/** Timers in the order in which they are due; of those due at the same time the older one first. */
export class FakeTimers {
  #timers: FakeTimer[] = [];

  /** How many have neither been taken nor called off. */
  get size(): number {
    return this.#timers.length;
  }

  /** @returns what calls it off */
  add(at: number, task: () => void): () => void {
    const timer = { at, task };
    const before = this.#timers.findLastIndex((other) => other.at <= at);
    this.#timers.splice(before + 1, 0, timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Takes the first timer out if it is due by then. */
  take(until: number): FakeTimer | undefined {
    const [first] = this.#timers;
    return first !== undefined && first.at <= until ? this.#timers.shift() : undefined;
  }
}
