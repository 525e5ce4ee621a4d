/** Frames that can precede one in decoding order and follow it in display, at most, in any codec. */
const MAX_DEPTH = 16;
/** Assumed where a sequence header does not say and may have B-frames: what encoders make. Too many costs nothing but distance. */
const USUAL_DEPTH = 2;

/**
 * Decoding times of one track, which Matroska does not store: its blocks lie in decoding order with the times at which they are shown.
 *
 * Decoding times are the presentation times in rising order, as many frames late as the stream reorders: with B-frames `depth` deep, a frame is
 * decoded at the greatest presentation time so far but `depth`. That needs no look ahead, and without B-frames it is the presentation time
 * itself. The first `depth` times, which nothing tells, lie before the first presentation time, a frame apart.
 *
 * They rise strictly; where presentation times repeat, by a tick. A frame with more frames ahead of it that are shown later than was said
 * shows that the stream reorders more, and the depth grows. A random-access point more than a second before the last decoding time is a clock
 * that started again: times do, too.
 */
export class DecodeTimes {
  readonly #second: number;
  #depth = 0;
  /** The greatest presentation times so far, one more than any depth, rising. */
  #greatest: number[] = [];
  #last: number | undefined;

  /** @param timescale ticks per second of all times here */
  constructor(timescale: number) {
    this.#second = timescale;
  }

  /** The last decoding time given; undefined before the first. */
  get last(): number | undefined {
    return this.#last;
  }

  /** @param depth as the sequence header says it; undefined where it may be any */
  expect(depth: number | undefined): void {
    this.#depth = Math.min(depth ?? USUAL_DEPTH, MAX_DEPTH);
  }

  /**
   * The decoding time of the next frame.
   *
   * @param pts its presentation time, ticks
   * @param isStart decoding may start at it
   * @param interval ticks from frame to frame, as far as known; only the first times depend on it
   * @param floor where the track begins among others: its first times are not before that, where that leaves them before its presentation times
   */
  next(pts: number, isStart: boolean, interval: number, floor: number): number {
    const isBack = pts < (this.#last ?? -Infinity) - this.#second;
    if (this.#last === undefined) this.#begin(pts, interval, floor);
    else if (isBack && isStart) {
      this.#last = undefined;
      this.#begin(pts, interval, -Infinity);
    }
    const later = this.#note(pts);
    if (!isBack || isStart) this.#depth = Math.max(this.#depth, later);
    const { last = -Infinity } = this;
    this.#last = Math.max(this.#greatest.at(-1 - this.#depth) ?? -Infinity, last + 1);
    return this.#last;
  }

  #begin(pts: number, interval: number, floor: number): void {
    const depth = this.#depth;
    const least = Math.min(floor, pts - depth);
    this.#greatest = Array.from({ length: depth }, (_, i) => Math.max(pts - (depth - i) * interval, least + i));
  }

  /** @returns how many frames ahead of this one are shown later */
  #note(pts: number): number {
    const times = this.#greatest;
    let at = times.length;
    while (at > 0 && times[at - 1]! > pts) at--;
    const later = times.length - at;
    times.splice(at, 0, pts);
    if (times.length > MAX_DEPTH + 1) times.shift();
    return Math.min(later, MAX_DEPTH);
  }
}
