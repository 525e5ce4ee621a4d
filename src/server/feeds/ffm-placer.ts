import type { NumberedEntry } from "../../hub/archive.ts";
import { sameTrack } from "../../hub/track-set.ts";
import { leadingTrack, type TimelineEntry } from "../../hub/timeline.ts";
import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { isRandomAccess } from "../../media/frame.ts";
import type { Discontinuity } from "../../media/muxer.ts";
import type { Generation, Track } from "../../media/track.ts";

/** Microseconds by which times may leap and still be of one run of an encoder. */
const MAX_LEAP = 10_000_000;
/** Microseconds that nobody published for at most; times that leap further forward lie. */
const LONGEST_HOLE = 30 * 86_400_000_000;
/** Microseconds between frames where their times say nothing. */
const STEP = 40_000;
/** Frames that wait for all tracks that the header names, as long as there are some that nothing is known of. */
const MAX_WAIT = 60;
/** Track sets in one file. */
const MAX_GENERATIONS = 1000;

/** What is in force before a frame of a file. */
export interface FfmState {
  /** Number of that frame on the timeline. */
  readonly sequence: number;
  readonly generation: Generation;
  readonly reason: Discontinuity["reason"];
  /** What is added to the file's times to get the timeline's, microseconds. */
  readonly shift: number;
  /** The highest time so far on the timeline, and the highest of each track. */
  readonly newest: number;
  readonly last: ReadonlyMap<number, number>;
}

/** A random-access point of a file. */
export interface FfmStart extends FfmState {
  readonly track: number;
  /** Its decoding time in the file and on the timeline, microseconds. */
  readonly dts: number;
  readonly micros: number;
}

/**
 * Puts the frames of an FFM file on one timeline that begins at 0: an encoder that went away and came back later left a hole there, times that go
 * back or leap beyond reason go on where the timeline is. The same frames get the same numbers wherever reading began.
 */
export class FfmPlacer implements FrameSink {
  readonly #entry: (entry: NumberedEntry) => void;
  readonly #start: (start: FfmStart) => void;
  /** Unix milliseconds of the file's time zero. */
  readonly #epoch: number;
  /** All before this one is passed over. */
  #sought: FfmStart | undefined;
  readonly #tracks = new Map<number, Track>();
  #isChanged = false;
  #wanted = 0;
  #waited = 0;
  #sequence = 0;
  #generation: Generation | undefined;
  #reason: Discontinuity["reason"] = "start";
  #shift = 0;
  #newest = 0;
  #last = new Map<number, number>();
  #leading: number | undefined;
  #dropped = 0;
  #isUnix = false;

  /**
   * @param epoch Unix milliseconds of the file's time zero
   * @param sought where to begin; at the first frame without it
   */
  constructor(sinks: { entry(entry: NumberedEntry): void; start(start: FfmStart): void }, epoch: number, sought?: FfmStart) {
    this.#entry = (entry) => sinks.entry(entry);
    this.#start = (start) => sinks.start(start);
    this.#epoch = epoch;
    this.#sought = sought;
  }

  /** Frames whose times had no place. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The file's times count from 1970. */
  get isUnix(): boolean {
    return this.#isUnix;
  }

  /** Number of the next entry, the highest time so far on the timeline and in the file, microseconds. */
  get end(): { readonly sequence: number; readonly micros: number; readonly dts: number; readonly generation: number } {
    const micros = this.#newest;
    return { sequence: this.#sequence, micros, dts: micros - this.#shift, generation: this.#generation?.id ?? 0 };
  }

  announce({ count = 0 }: { readonly count?: number }): void {
    this.#wanted = count;
  }

  timesAreUnix(): void {
    this.#isUnix = true;
  }

  metadata(): void {
    // FFM has none.
  }

  track(track: Track): void {
    const known = this.#tracks.get(track.id);
    if (known !== undefined && sameTrack(known, track)) return;
    this.#tracks.set(track.id, track);
    this.#isChanged = true;
  }

  frame(frame: SourceFrame): void {
    const { track, dts } = frame;
    const sought = this.#sought;
    if (sought !== undefined) {
      if (track !== sought.track || dts !== sought.dts || !isRandomAccess(frame)) return;
      this.#restore(sought);
    } else if (!this.#isReady(dts)) return;
    if (this.#isChanged) this.#change();
    const micros = this.#place(dts);
    if (!this.#generation!.tracks.some(({ id }) => id === track) || micros <= (this.#last.get(track) ?? -Infinity)) {
      this.#dropped += 1;
      return;
    }
    if (track === this.#leading && isRandomAccess(frame)) this.#start({ ...this.#state(), track, dts, micros });
    this.#newest = Math.max(this.#newest, micros);
    this.#last.set(track, micros);
    const placed = { ...frame, dts: micros, pts: micros + frame.pts - dts, arrived: 0 };
    this.#tell({ kind: "frame", frame: placed, micros });
  }

  /** Whether the first generation has begun, or does so with this frame. */
  #isReady(dts: number): boolean {
    if (this.#generation !== undefined) return true;
    if (this.#tracks.size === 0 || (this.#tracks.size < this.#wanted && this.#waited++ < MAX_WAIT)) return false;
    this.#shift = -dts;
    this.#discontinuity("start");
    return true;
  }

  #restore(start: FfmStart): void {
    this.#sought = undefined;
    this.#sequence = start.sequence;
    this.#reason = start.reason;
    this.#shift = start.shift;
    this.#newest = start.newest;
    this.#last = new Map(start.last);
    this.#generation = start.generation;
    this.#leading = leadingTrack(start.generation.tracks)?.id;
    // What was told before may be older than what is in force.
    for (const track of start.generation.tracks) this.#tracks.set(track.id, track);
    this.#isChanged = false;
    this.#entry({ sequence: start.sequence, entry: { kind: "discontinuity", discontinuity: this.#clock() } });
    this.#entry({ sequence: start.sequence, entry: { kind: "generation", generation: start.generation } });
  }

  #change(): void {
    this.#isChanged = false;
    const id = (this.#generation?.id ?? 0) + 1;
    if (id > MAX_GENERATIONS) return;
    const tracks = [...this.#tracks.values()].sort((a, b) => a.id - b.id);
    this.#generation = { id, tracks, metadata: {} };
    this.#leading = leadingTrack(tracks)?.id;
    this.#tell({ kind: "generation", generation: this.#generation });
  }

  #place(dts: number): number {
    const leap = dts + this.#shift - this.#newest;
    if (Math.abs(leap) <= MAX_LEAP) return dts + this.#shift;
    const isHole = leap > 0 && leap <= LONGEST_HOLE;
    if (!isHole) this.#shift = this.#newest + STEP - dts;
    this.#discontinuity(isHole ? "reconnect" : "jump");
    return dts + this.#shift;
  }

  #discontinuity(reason: Discontinuity["reason"]): void {
    this.#reason = reason;
    this.#tell({ kind: "discontinuity", discontinuity: this.#clock() });
  }

  #clock(): Discontinuity {
    return { reason: this.#reason, utcOffset: this.#epoch - this.#shift / 1000 };
  }

  #state(): FfmState {
    const [reason, shift, newest] = [this.#reason, this.#shift, this.#newest];
    return { sequence: this.#sequence, generation: this.#generation!, reason, shift, newest, last: new Map(this.#last) };
  }

  #tell(entry: TimelineEntry): void {
    this.#entry({ sequence: this.#sequence, entry });
    this.#sequence += 1;
  }
}
