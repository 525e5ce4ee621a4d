import type { Track } from "../media/track.ts";

/** A step further ahead of the arrival clock than this, in milliseconds, is a jump. */
export const MAX_JUMP_FORWARD = 3000;
/** A step back of more than this, in milliseconds, is a jump. */
export const MAX_JUMP_BACK = 1000;
/** A track that begins this far, in milliseconds, from where the others are has a clock of its own. */
const MAX_APART = 3000;
/** First stamps up to this many milliseconds are taken over as they are; others are moved to where it begins. */
const NEAR_ZERO = 1000;

interface TrackClock {
  /** Ticks added to the source's stamps. */
  offset: number;
  /** Last source stamp, in ticks. */
  source: number;
  /** Last time given, in ticks of the timeline's clock. */
  dts: number;
  /** Last positive step, in ticks: how long a frame is taken to last. */
  step: number;
  readonly timescale: number;
}

/** Where a frame lies on the timeline. */
export interface Placed {
  readonly dts: number;
  readonly pts: number;
  /** This frame begins a new stretch of the source's clock: a discontinuity comes before it. */
  readonly jump: boolean;
}

/**
 * Puts the stamps of one publisher after another on one timeline: near 0 at first, strictly rising per track, going
 * on over reconnects and jumps (design 2, "Time").
 *
 * Within a stretch every track is moved by the same whole number of milliseconds, so that what was exact stays exact.
 * A track whose stamps have nothing to do with the others' (encoders with two clocks) gets an offset of its own.
 */
export class TimelineClock {
  readonly #tracks = new Map<number, TrackClock>();
  /** Milliseconds added to the stamps of the current stretch; undefined before its first frame. */
  #offset: number | undefined;
  /** Arrival, in milliseconds, of the newest frame, and its time. */
  #newest: { readonly arrived: number; readonly time: number } | undefined;
  /** Tracks seen in the current stretch. */
  readonly #seen = new Set<number>();
  /** Where this goes on from an earlier run, in milliseconds. */
  readonly #origin: number;

  /**
   * @param origin the end of an earlier run that this goes on from: its time in milliseconds, and when that was on the clock of arrivals
   * (before zero, where it was before this machine's clock began)
   */
  constructor(origin?: { readonly time: number; readonly arrived: number }) {
    this.#origin = origin?.time ?? 0;
    this.#newest = origin;
  }

  /** No frame has been placed, and none by the run that this goes on from. */
  get isEmpty(): boolean {
    return this.#newest === undefined;
  }

  /** The end of all tracks in milliseconds: where nothing has been yet. */
  get end(): number {
    let end = this.#origin;
    for (const track of this.#tracks.values()) end = Math.max(end, ((track.dts + Math.max(track.step, 1)) / track.timescale) * 1000);
    return end;
  }

  /** Another publisher: the next frame begins a new stretch. */
  restart(): void {
    this.#offset = undefined;
    this.#seen.clear();
  }

  /** @param arrived monotonic milliseconds; dts and pts in ticks of the track's timescale, as the source stamped them */
  place(track: Track, dts: number, pts: number, arrived: number): Placed {
    const known = this.#tracks.get(track.id);
    const last = known !== undefined && known.timescale === track.timescale ? known : undefined;
    const begins = this.#offset === undefined;
    let jump = begins && this.#newest !== undefined;
    if (!begins && this.#seen.has(track.id) && last !== undefined && this.#jumped(last, dts, arrived)) {
      this.restart();
      jump = true;
    }
    const source = (dts / track.timescale) * 1000;
    this.#offset ??= this.#firstOffset(source, arrived);
    const clock = this.#clockOf(track, last, source, arrived);
    // A stamp that repeats or steps back a little is moved on by a tick; what it is shown at stays true.
    const placed = last === undefined ? dts + clock.offset : Math.max(dts + clock.offset, last.dts + 1);
    if (last !== undefined && this.#seen.has(track.id) && dts > last.source) clock.step = dts - last.source;
    clock.source = dts;
    clock.dts = placed;
    this.#seen.add(track.id);
    this.#tracks.set(track.id, clock);
    this.#newest = { arrived, time: (placed / track.timescale) * 1000 };
    return { dts: placed, pts: pts + clock.offset, jump };
  }

  #jumped(last: TrackClock, dts: number, arrived: number): boolean {
    const step = ((dts - last.source) / last.timescale) * 1000;
    const waited = arrived - (this.#newest?.arrived ?? arrived);
    return step < -MAX_JUMP_BACK || step - waited > MAX_JUMP_FORWARD;
  }

  /** Lands the first frame of a stretch at the last end plus the real time away, the very first one near 0. */
  #firstOffset(source: number, arrived: number): number {
    if (this.#newest === undefined) return source >= 0 && source <= NEAR_ZERO ? 0 : NEAR_ZERO - Math.floor(source);
    return Math.ceil(Math.max(this.end, this.#expected(arrived)) - source);
  }

  /** Where the timeline would be by now, had it gone on in real time. */
  #expected(arrived: number): number {
    return this.#newest === undefined ? 0 : this.#newest.time + Math.max(0, arrived - this.#newest.arrived);
  }

  #clockOf(track: Track, last: TrackClock | undefined, source: number, arrived: number): TrackClock {
    if (last !== undefined && this.#seen.has(track.id)) return last;
    let offset = this.#offset!;
    const expected = this.#expected(arrived);
    if (this.#seen.size > 0 && Math.abs(source + offset - expected) > MAX_APART) offset = Math.ceil(expected - source);
    const ticks = Math.round((offset * track.timescale) / 1000);
    return { offset: ticks, source: 0, dts: 0, step: last?.step ?? 0, timescale: track.timescale };
  }
}
