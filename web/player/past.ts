/** A past shorter than this is not offered to the viewer. Seconds. */
const shortestPast = 5;

/** How far back a stream goes, and the server's clock, as the server has told them. Times are Unix milliseconds unless a name says else. */
export class Past {
  #told: { readonly oldest: number; readonly keeps: number } | undefined;
  /** What the server's clock is ahead of this machine's steady one. */
  #ahead: number | undefined;

  /**
   * Reads a text message of the server; what is none of the kind `past` changes nothing.
   *
   * @param steady milliseconds of a clock that only goes forward
   */
  described(text: string, steady = performance.now()): void {
    const message = readMessage(text);
    const now = timeOf(message?.["now"]);
    if (message?.["type"] !== "past" || now === undefined) return;
    const { keeps } = message;
    this.#ahead = now - steady;
    this.#told = { oldest: timeOf(message["oldest"]) ?? now, keeps: typeof keeps === "number" ? keeps * 1000 : Infinity };
  }

  /** The server's clock; this machine's where it has not told. */
  now(steady = performance.now()): number {
    return this.#ahead === undefined ? Date.now() : this.#ahead + steady;
  }

  /** Seconds before now that a viewer may go back to; 0 where that is not worth a word. */
  seconds(steady = performance.now()): number {
    if (this.#told === undefined) return 0;
    const { oldest, keeps } = this.#told;
    const seconds = Math.min(keeps, this.now(steady) - oldest) / 1000;
    return seconds < shortestPast ? 0 : seconds;
  }
}

function readMessage(text: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? { ...message } : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(text: unknown): number | undefined {
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
