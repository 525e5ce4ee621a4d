/** Bytes reserved for a unit of which little has come; more as it comes. */
const firstReserve = 64 * 1024;

/** One unit of a stream that comes in pieces, put together in one buffer that grows with what has come and not with what is promised. */
export class Gathering {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;

  /** Bytes gathered so far. */
  get length(): number {
    return this.#length;
  }

  /** What has come. Valid until the next `add` or `take`. */
  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Copies a piece behind what is there. @param expected bytes of the whole unit, as far as known */
  add(piece: Uint8Array, expected: number): void {
    const end = this.#length + piece.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, Math.min(expected, Math.max(firstReserve, this.#bytes.length * 2))));
      larger.set(this.view);
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = end;
  }

  /** All of it, for the caller to keep; it begins again with nothing. */
  take(): Uint8Array {
    const whole = this.view;
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    return whole;
  }
}
