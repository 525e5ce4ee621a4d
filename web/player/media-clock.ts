/** A clock that runs at a rate, can stand still and be set: what a media element has inside. Seconds throughout. */
export class MediaClock {
  #steady: () => number;
  #media: number | undefined;
  #at = 0;
  #rate = 1;
  #isRunning = false;

  /** @param steady a clock that only goes forward. */
  constructor(steady: () => number) {
    this.#steady = steady;
  }

  get rate(): number {
    return this.#rate;
  }
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The media time now; undefined before it was set. */
  now(): number | undefined {
    if (this.#media === undefined || !this.#isRunning) return this.#media;
    return this.#media + (this.#steady() - this.#at) * this.#rate;
  }

  /** When, on the steady clock, a media time is due; undefined before the clock was set or while it stands. */
  due(media: number): number | undefined {
    if (this.#media === undefined || !this.#isRunning) return undefined;
    return this.#at + (media - this.#media) / this.#rate;
  }

  set(media: number): void {
    this.#media = media;
    this.#at = this.#steady();
  }

  run(isRunning: boolean): void {
    this.#anchor();
    this.#isRunning = isRunning;
  }

  setRate(rate: number): void {
    this.#anchor();
    this.#rate = rate;
  }

  /** Follows another steady clock from here on. */
  follow(steady: () => number): void {
    this.#anchor();
    this.#steady = steady;
    this.#at = steady();
  }

  #anchor(): void {
    this.#media = this.now();
    this.#at = this.#steady();
  }
}
