const BUCKETS = 5;

/** Bytes per second over the last few whole seconds. */
export class RateMeter {
  readonly #buckets = new Float64Array(BUCKETS + 1);
  /** The second, counted from the monotonic clock's zero, that is being filled. */
  #second = 0;
  #firstSecond: number | undefined;

  /** @param now monotonic milliseconds */
  add(bytes: number, now: number): void {
    const second = Math.floor(now / 1000);
    this.#firstSecond ??= second;
    this.#advance(second);
    const index = second % this.#buckets.length;
    this.#buckets[index] = this.#buckets[index]! + bytes;
  }

  /** Bits per second; while less than a whole second has been seen, what that much gives. */
  bitsPerSecond(now: number): number {
    const second = Math.floor(now / 1000);
    if (this.#firstSecond === undefined) return 0;
    this.#advance(second);
    const current = second % this.#buckets.length;
    const whole = Math.min(second - this.#firstSecond, BUCKETS);
    if (whole === 0) return this.#buckets[current]! * 8;
    let bytes = 0;
    this.#buckets.forEach((value, i) => {
      if (i !== current) bytes += value;
    });
    return Math.round((bytes * 8) / whole);
  }

  #advance(second: number): void {
    const gone = Math.min(second - this.#second, this.#buckets.length);
    for (let i = 1; i <= gone; i++) this.#buckets[(this.#second + i) % this.#buckets.length] = 0;
    if (gone === this.#buckets.length) this.#buckets.fill(0);
    if (gone > 0) this.#second = second;
  }
}
