import type { RingEntry } from "../../containers/ring/record.ts";
import type { TimelineOrigin } from "../../hub/timeline.ts";

/** Microseconds that a track's only frame is taken to last. */
const SHORTEST = 1000;
/** No track has this id: it stands for what is known of none in particular. */
const anyTrack = -1;

/** Where a timeline ends, learnt from its entries in order: what goes on from it must lie behind the end of every track. */
export class TimelineEnd {
  readonly #tracks = new Map<number, { readonly last: number; readonly step: number }>();
  #sequence: number;
  #generation = 0;
  #utcOffset: number | undefined;
  #broken = false;

  /** @param sequence number of the next entry */
  constructor(sequence = 0) {
    this.#sequence = sequence;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** What is in force before the next entry, where entries do not tell it. */
  begin(generation: number, utcOffset: number): void {
    this.#generation = Math.max(this.#generation, generation);
    this.#utcOffset = utcOffset;
  }

  /** Nothing ends before this time. */
  reach(sequence: number, micros: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
    const known = this.#tracks.get(anyTrack)?.last ?? 0;
    this.#tracks.set(anyTrack, { last: Math.max(known, micros), step: SHORTEST });
  }

  add(sequence: number, entry: RingEntry): void {
    this.#sequence = Math.max(this.#sequence, sequence + 1);
    switch (entry.kind) {
      case "generation":
        this.#generation = Math.max(this.#generation, entry.generation.id);
        return;
      case "discontinuity":
        this.#utcOffset = entry.discontinuity.utcOffset;
        this.#broken = true;
        return;
      case "frame": {
        const { micros } = entry;
        const known = this.#tracks.get(entry.frame.track);
        const step = known === undefined || this.#broken || micros <= known.last ? (known?.step ?? SHORTEST) : micros - known.last;
        this.#tracks.set(entry.frame.track, { last: Math.max(micros, known?.last ?? 0), step });
        this.#broken = false;
      }
    }
  }

  /** Undefined where nothing was ever on it. @param skipped generations that may have been lost unseen */
  origin(skipped = 0): TimelineOrigin | undefined {
    if (this.#utcOffset === undefined) return undefined;
    let micros = 0;
    for (const { last, step } of this.#tracks.values()) micros = Math.max(micros, last + step);
    return { sequence: this.#sequence, generation: this.#generation + skipped, micros, utc: this.#utcOffset + micros / 1000 };
  }

  copy(): TimelineEnd {
    const copy = new TimelineEnd(this.#sequence);
    for (const [track, times] of this.#tracks) copy.#tracks.set(track, times);
    copy.#generation = this.#generation;
    copy.#utcOffset = this.#utcOffset;
    copy.#broken = this.#broken;
    return copy;
  }
}
