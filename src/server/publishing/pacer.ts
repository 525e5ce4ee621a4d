/** Milliseconds that media may be late before the rest of the delay is let go. */
const tolerance = 1000;
/** A step of the media's times back, or forward, of more than this is a cut, not a wait. Milliseconds. */
const farBack = 1000;
const farForward = 10_000;

/** Says when media are due that are played at their own pace. All times in milliseconds. */
export class Pacer {
  readonly #now: () => number;
  /** What has to be added to a media time to know when it is due. */
  #offset: number | undefined;
  #last = 0;

  /** @param now monotonic clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How long to wait until what has this time is due; 0 where it is now. The first is due at once. */
  wait(time: number): number {
    const now = this.#now();
    const step = time - this.#last;
    if (this.#offset === undefined || step < -farBack || step > farForward) this.#offset = now - time;
    this.#last = time;
    const wait = this.#offset + time - now;
    // After the machine slept, go on from here instead of sending what was missed in one go.
    if (wait < -tolerance) this.#offset -= wait;
    return Math.max(0, wait);
  }
}
