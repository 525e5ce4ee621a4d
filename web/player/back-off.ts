const first = 250;
const longest = 5000;

/**
 * How long to wait before the next attempt to connect: doubling from 0.25 s to 5 s, each shortened by up to a quarter
 * at random, so that a restarted server does not meet all of its viewers in the same instant.
 */
export class BackOff {
  #attempts = 0;
  readonly #random: () => number;

  /** @param random uniform in [0, 1). */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Attempts since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const delay = Math.min(longest, first * 2 ** Math.min(this.#attempts, 16));
    this.#attempts += 1;
    return delay * (1 - this.#random() / 4);
  }

  /** The connection proved good. */
  reset(): void {
    this.#attempts = 0;
  }
}
