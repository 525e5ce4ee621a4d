/**
 * Two stamps of one clock are never further apart than this, in milliseconds: what would be a longer step over the
 * end of a counter is a restart or a jump, and left for the timeline to judge.
 */
export const WRAP_WINDOW = 10_000;

/**
 * Where senders' clocks wrap: the u32 of the wire; 31 bits (FFmpeg and OBS mask the sign off); 24 bits (old encoders
 * that never send the extended part).
 */
const MODULI = [2 ** 32, 2 ** 31, 2 ** 24] as const;
/** Every other counter is a multiple of this one. */
export const SHORTEST_COUNTER = 2 ** 24;

interface TrackClock {
  /** Last stamp as it was on the wire. */
  raw: number;
  /** Milliseconds to add to it: the sum of the wraps so far. */
  offset: number;
  /** The counter that wrapped last, or 0. */
  modulus: number;
  /** Rises with every stamp of the connection. */
  sequence: number;
}

/**
 * Undoes the wraps of one connection's millisecond stamps, track by track: what rose on the sender's clock rises here.
 *
 * A step back is a wrap only if it leads from the last 10 s of a counter to its first 10 s; every other step, back to 0
 * included, passes through as it is. A track that begins while others are on their way is put on the same turn of the
 * counter as they, where that brings it near them, and so is one that paused over a wrap; tracks with clocks of their
 * own are left where they are.
 *
 * A restart at 0 within 10 s of a counter's end is taken for a wrap: nothing is lost by it, time just goes on.
 */
export class TimestampUnwrapper {
  readonly #tracks = new Map<number, TrackClock>();
  #sequence = 0;

  /**
   * @param track any number that names a track of this connection
   * @param raw the u32 of the wire
   * @returns milliseconds; may be below 0 where a sender begins with stamps below 0
   */
  unwrap(track: number, raw: number): number {
    let clock = this.#tracks.get(track);
    if (clock === undefined) {
      clock = { raw, offset: this.#nearestTurn(raw, 0, undefined), modulus: 0, sequence: 0 };
      this.#tracks.set(track, clock);
    } else if (!step(clock, raw)) {
      clock.offset = this.#nearestTurn(raw, clock.offset, clock);
    }
    clock.sequence = ++this.#sequence;
    return raw + clock.offset;
  }

  /** The turn of a counter that brings a stamp near where another track was last; where none does, the one given. */
  #nearestTurn(raw: number, own: number, self: TrackClock | undefined): number {
    const others = [...this.#tracks.values()].filter((clock) => clock !== self).toSorted((a, b) => b.sequence - a.sequence);
    const [newest] = others;
    if (newest === undefined) return own;
    const away = (offset: number): number => Math.abs(raw + offset - newest.raw - newest.offset);
    const turns = new Set([own, ...others.map((clock) => clock.offset)]);
    let best = own;
    for (const turn of turns) if (away(turn) < away(best)) best = turn;
    if (away(best) <= WRAP_WINDOW) return best;
    // It may be on the other side of a wrap that no other track has crossed yet.
    for (const turn of turns) {
      for (const modulus of MODULI) {
        for (const other of [turn + modulus, turn - modulus]) if (away(other) <= WRAP_WINDOW) return other;
      }
    }
    return own;
  }
}

/**
 * Moves a clock to its next stamp, over the end of a counter if that is what happened.
 *
 * @returns whether the stamp follows the last one as it should; if not, it jumped, or the track paused over a wrap
 */
function step(clock: TrackClock, raw: number): boolean {
  const last = clock.raw;
  clock.raw = raw;
  for (const modulus of MODULI) {
    if (last < modulus && raw < last && raw + modulus - last <= WRAP_WINDOW) {
      clock.offset += modulus;
      clock.modulus = modulus;
      return true;
    }
    // One message out of order, from before the wrap.
    if (clock.modulus === modulus && raw < modulus && last + modulus - raw <= WRAP_WINDOW) {
      clock.offset -= modulus;
      return true;
    }
  }
  return Math.abs(raw - last) <= WRAP_WINDOW;
}
