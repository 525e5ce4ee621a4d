/** What the controller decides on each look at the buffer. */
export interface LatencyDecision {
  /** The playback rate to use from now on. */
  readonly rate: number;
  /** Too far behind to catch up by rate: go to the newest media minus `target` at once. */
  readonly seek: boolean;
}

/** Rates that most listeners do not notice; catching up may be a little faster than falling back. */
const slowest = 0.95;
const fastest = 1.15;
/** The buffer is averaged over about this many seconds: it is a saw-tooth of arriving frames. */
const smoothing = 0.5;
/** Correcting starts beyond this error and stops within the other. Seconds. */
const startCorrecting = 0.06;
const stopCorrecting = 0.02;
/** Rate per second of error, in steps: every change of rate costs the audio stretcher a little. */
const gain = 0.25;
const step = 0.01;
/** Farther behind than this for `patience` seconds is a seek; farther than `hopeless` is one at once. Seconds. */
const farBehind = 1.5;
const patience = 0.5;
const hopeless = 5;
/** Each underrun asks for more buffer, up to `mostExtra`; calm takes it back. Seconds, and seconds per second. */
const extraPerUnderrun = 0.1;
const mostExtra = 1.5;
const calmAfter = 15;
const extraDecay = 0.02;

/**
 * Keeps the buffer ahead of the playhead at a target by playback rate and, rarely, by a seek. Where the connection
 * makes playback run dry, the target rises for a while. Pure: time is passed in.
 */
export class LatencyController {
  #wanted: number;
  #extra = 0;
  #average: number | undefined;
  #rate = 1;
  #updated = 0;
  #behindSince: number | undefined;
  #underrun = Number.NEGATIVE_INFINITY;

  /** @param target seconds of media to keep ahead of the playhead. */
  constructor(target: number) {
    this.#wanted = target;
  }

  /** Seconds of media aimed at now: what was asked for, and more after underruns. */
  get target(): number {
    return this.#wanted + this.#extra;
  }
  set target(seconds: number) {
    this.#wanted = seconds;
  }

  /** Seconds of media ahead, averaged; undefined before the first look. */
  get average(): number | undefined {
    return this.#average;
  }

  /**
   * Looks at the buffer; call it some times a second while playing.
   *
   * @param now seconds of any steady clock.
   * @param ahead seconds of media buffered ahead of the playhead.
   */
  update(now: number, ahead: number): LatencyDecision {
    const passed = this.#average === undefined ? 0 : Math.max(0, now - this.#updated);
    this.#updated = now;
    this.#average = this.#average === undefined ? ahead : this.#average + (ahead - this.#average) * (1 - Math.exp(-passed / smoothing));
    if (now - this.#underrun > calmAfter) this.#extra = Math.max(0, this.#extra - passed * extraDecay);
    const error = this.#average - this.target;
    this.#rate = this.#rateFor(error);
    return { rate: this.#rate, seek: this.#mustSeek(now, ahead, error) };
  }

  /** Playback ran dry although media was still arriving. */
  underrun(now: number): void {
    this.#underrun = now;
    this.#extra = Math.min(mostExtra, this.#extra + extraPerUnderrun);
  }

  /** The playhead or the buffer was moved: what was measured before says nothing any more. */
  moved(): void {
    this.#average = undefined;
    this.#behindSince = undefined;
    this.#rate = 1;
  }

  #rateFor(error: number): number {
    const correcting = this.#rate !== 1;
    if (Math.abs(error) <= (correcting ? stopCorrecting : startCorrecting)) return 1;
    // The steps round away from 1: a correction that was begun comes to its end.
    const steps = Math.sign(error) * Math.ceil((Math.abs(error) * gain) / step);
    return Math.min(fastest, Math.max(slowest, 1 + steps * step));
  }

  #mustSeek(now: number, ahead: number, error: number): boolean {
    if (error <= farBehind || ahead - this.target <= farBehind) {
      this.#behindSince = undefined;
      return false;
    }
    this.#behindSince ??= now;
    return now - this.#behindSince >= patience || error > hopeless;
  }
}
