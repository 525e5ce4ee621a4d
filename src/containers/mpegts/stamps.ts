/** Times as they go on: the stamps of one program without their wraps. */
import type { Stamps } from "./pes.ts";
import { STAMP_TURN } from "./packet.ts";

/**
 * A picture may wait to be shown for so many ticks after its decoding: ISO/IEC 13818-1 allows 10 s where it allows most. Stamps further apart are
 * damaged.
 */
const MAX_APART = 10 * 90_000;

/**
 * All tracks of a program have one clock. Each stamp is taken for the one of its turns that is nearest to the last: a jump stays a jump, forward or
 * back, for the timeline to judge.
 */
export class StampUnwrapper {
  #last: number | undefined;

  /** Undefined where the two stamps cannot belong to one access unit. */
  unwrap({ pts, dts }: Stamps): Stamps | undefined {
    const decoded = nearest(dts, this.#last ?? dts);
    const shown = nearest(pts, decoded);
    if (Math.abs(shown - decoded) > MAX_APART) return undefined;
    this.#last = decoded;
    return { pts: shown, dts: decoded };
  }
}

/** The turn of a stamp that is nearest to a time. */
function nearest(stamp: number, time: number): number {
  return stamp + Math.round((time - stamp) / STAMP_TURN) * STAMP_TURN;
}
