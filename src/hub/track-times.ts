import type { Frame } from "../media/frame.ts";
import { toMicros } from "../media/time.ts";
import type { Track } from "../media/track.ts";

/** Distances of frames that are measured: later ones are taken to be alike. */
const MEASURED_FRAMES = 31;
/** Microseconds between frames to begin with. */
const ASSUMED = 40_000;
/** Microseconds of a stretch that says something about the bit rate. */
const MEASURED = 500_000;
/** How much of the newest segment goes into the average bit rate. */
const WEIGHT = 1 / 8;

/** What is measured of a track as it goes: how far apart its frames are, and how many bits a second they have. */
export class TrackTimes {
  readonly track: Track;
  readonly #distances: number[] = [];
  #usual = ASSUMED;
  #spread = 0;
  #lastDts: number | undefined;
  /** Of the present segment. */
  #bytes = 0;
  #from: number | undefined;
  #to = 0;
  #peak = 0;
  #average = 0;

  constructor(track: Track) {
    this.track = track;
  }

  /** Microseconds from one frame to the next: the mean of the first ones, those at holes left out. */
  get usual(): number {
    return this.#usual;
  }

  /** Microseconds by which that is off at most. */
  get spread(): number {
    return this.#spread;
  }

  /** Microseconds of presentation at which the present segment's newest frame ends. */
  get end(): number {
    return this.#to + this.#usual;
  }

  /** Bits a second of payload, of the segment that had the most; 0 where nothing was measured. */
  get peak(): number {
    return Math.max(this.#peak, this.#present());
  }

  /** The same on average. */
  get average(): number {
    return this.#average || this.#present();
  }

  /** @param at its presentation time in microseconds */
  add(frame: Frame, at: number): void {
    const dts = toMicros(frame.dts, this.track.timescale);
    if (this.#lastDts !== undefined) this.#note(dts - this.#lastDts);
    this.#lastDts = dts;
    this.#bytes += frame.data.length;
    this.#from ??= at;
    this.#to = Math.max(this.#to, at);
  }

  /** A segment ends. */
  cut(): void {
    const rate = this.#present();
    if (rate > 0) {
      this.#peak = Math.max(this.#peak, rate);
      this.#average = this.#average === 0 ? rate : this.#average + (rate - this.#average) * WEIGHT;
    }
    this.#bytes = 0;
    this.#from = undefined;
    this.#to = 0;
  }

  #present(): number {
    const length = this.#to + this.#usual - (this.#from ?? this.#to);
    return length < MEASURED ? 0 : (this.#bytes * 8e6) / length;
  }

  #note(distance: number): void {
    if (distance <= 0 || this.#distances.length >= MEASURED_FRAMES) return;
    this.#distances.push(distance);
    const median = this.#distances.toSorted((a, b) => a - b)[this.#distances.length >> 1]!;
    const usual = this.#distances.filter((each) => each > median / 2 && each < median * 1.5);
    this.#usual = usual.reduce((sum, each) => sum + each, 0) / usual.length;
    this.#spread = Math.max(...usual.map((each) => Math.abs(each - this.#usual)));
  }
}
