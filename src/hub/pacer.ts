/** How media are played at their own pace. All times in milliseconds. */
export interface Pace {
  /** How much earlier than due media may be passed on; 0 by default. */
  readonly ahead?: number;
  /** Lateness that is caught up; what is more is let go. */
  readonly tolerance?: number;
  /** A step of the media's times forward of more than this is a cut, not a wait. */
  readonly cut?: number;
  /** When the first was due, by the same clock; if not given, when it comes. */
  readonly since?: number;
}

/** A step back of more than this is a cut too. Milliseconds. */
const farBack = 1000;
/** What comes ahead of time may go by so much faster than our clock: other clocks are not exact, and nobody shall wait for ever longer. */
const clockError = 0.0005;

/** Says when media are due that are played at their own pace. All times in milliseconds. */
export class Pacer {
  readonly #now: () => number;
  readonly #pace: Required<Omit<Pace, "since">>;
  #since: number | undefined;
  /** What has to be added to a media time to know when it is due. */
  #offset: number | undefined;
  #last = 0;
  /** When media were last found ahead of time. */
  #aheadAt: number | undefined;

  /** @param now monotonic clock */
  constructor(now: () => number, { ahead = 0, tolerance = 1000, cut = 10_000, since }: Pace = {}) {
    this.#now = now;
    this.#pace = { ahead, tolerance, cut };
    this.#since = since;
  }

  /** How long to wait until what has this time may be passed on; 0 where it may now. */
  wait(time: number): number {
    const now = this.#now();
    const { ahead, tolerance, cut } = this.#pace;
    const step = time - this.#last;
    if (this.#offset === undefined || step < -farBack || step > cut) {
      this.#offset = (this.#since ?? now) - time;
      this.#since = undefined;
    }
    this.#last = time;
    const wait = this.#offset + time - now;
    // After the machine slept, go on from here instead of sending what was missed in one go.
    if (wait < -tolerance) this.#offset -= wait;
    if (ahead > 0 && wait > ahead) this.#slide(now);
    return Math.max(0, wait - ahead);
  }

  #slide(now: number): void {
    this.#offset! -= (now - (this.#aheadAt ?? now)) * clockError;
    this.#aheadAt = now;
  }
}
