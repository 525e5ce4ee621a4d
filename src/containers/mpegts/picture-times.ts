/** Times of pictures that have none of their own: not every access unit needs stamps, ISO/IEC 13818-1 2.7.4 and 2.7.5. */
import { TIMESCALE } from "./elementary.ts";
import type { Stamps } from "./pes.ts";

/**
 * A picture without stamps is decoded one frame after the one before. It is shown as long after that as the last stamped picture of its sort was:
 * where a stream reorders, pictures that others refer to wait longer than those that none does.
 */
export class PictureTimes {
  /** Frames a second that the stream declares; 0 where it does not. */
  frameRate = 0;
  #last: number | undefined;
  /** Ticks between two stamped pictures. */
  #step = 0;
  readonly #delays = { referenced: 0, discardable: 0 };

  /** The times of a picture: its own, or where it has none what they must be. Undefined where nothing tells. */
  place(stamps: Stamps | undefined, discardable: boolean): Stamps | undefined {
    return stamps === undefined ? this.#guess(discardable) : this.#stamped(stamps, discardable);
  }

  /** Pictures are missing: the next one follows from nothing. */
  interrupt(): void {
    this.#last = undefined;
  }

  #stamped(stamps: Stamps, discardable: boolean): Stamps {
    if (this.#last !== undefined && stamps.dts > this.#last) this.#step = stamps.dts - this.#last;
    this.#last = stamps.dts;
    this.#delays[discardable ? "discardable" : "referenced"] = stamps.pts - stamps.dts;
    return stamps;
  }

  #guess(discardable: boolean): Stamps | undefined {
    const step = this.frameRate > 0 ? TIMESCALE / this.frameRate : this.#step;
    if (this.#last === undefined || step === 0) return undefined;
    this.#last += step;
    const dts = Math.round(this.#last);
    return { dts, pts: dts + this.#delays[discardable ? "discardable" : "referenced"] };
  }
}
