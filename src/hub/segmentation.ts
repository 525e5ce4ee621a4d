import { Fifo } from "../bytes/fifo.ts";
import type { Frame } from "../media/frame.ts";
import { Sap } from "../media/frame.ts";
import type { Discontinuity } from "../media/muxer.ts";
import { toMicros } from "../media/time.ts";
import type { Generation, Track } from "../media/track.ts";
import type { Timeline, TimelineFollower } from "./timeline.ts";
import { leadingTrack } from "./timeline.ts";
import { TrackTimes } from "./track-times.ts";

/** Where one segment ends and the next begins. Times in microseconds of presentation. */
export interface SegmentBoundary {
  /** Of the segment that begins here, from 0 since the timeline began. */
  readonly number: number;
  /** Number of the timeline's entry that is its first frame. */
  readonly sequence: number;
  readonly at: number;
  readonly generation: Generation;
  readonly clock: Discontinuity;
  /** What comes does not follow from what was. */
  readonly breaks: boolean;
  /** Breaks since the timeline began, this one included. */
  readonly breaksSoFar: number;
  /** Rises when tracks come or go: players cannot follow that, and need another playlist. */
  readonly epoch: number;
}

/** What is promised of all segments of an epoch, and may not change. */
export interface SegmentTerms {
  /** Whole seconds. No segment is longer, rounded to whole seconds. */
  readonly target: number;
  /** Microseconds between two frames of a track, and by which that is off, by its id. */
  readonly frameTimes: ReadonlyMap<number, FrameTime>;
}

export interface FrameTime {
  readonly usual: number;
  readonly spread: number;
}

/** A publisher whose key frames are further apart than this is not waited for: seconds. */
const LONGEST_GOP = 10;
/** Part of the longest distance of key frames that is added to it, since the next may be longer. */
const TARGET_MARGIN = 1.1;
/** A segment may be so much longer than the target and still be rounded to it: microseconds, a frame of sound's less, which ends where it can. */
const ROUNDING = 350_000;
/** Seconds by which a segment of another track may be longer than the leading one's. */
const AUDIO_ERROR = 0.1;
/** Microseconds without a frame of the leading track after which the others cut without it where a segment is as long as it may be. */
const SILENCE = 300_000;
/** Microseconds that they wait for it longer. */
const PATIENCE = 50_000;

/**
 * Cuts a timeline into segments: at the key frames of its leading track that are nearest to the wanted length. It follows the timeline from its first
 * entry and sees every frame, so that the numbers of segments are functions of the timeline and not of who watches; it holds no media.
 *
 * RFC 8216 wants a target duration that no segment exceeds and that never changes. So it is decided once, by the wanted length and the distance of the
 * first key frames; where they are further apart later, segments are cut between them.
 */
export class Segmentation implements TimelineFollower {
  readonly #timeline: Timeline;
  /** Microseconds. */
  readonly #wanted: number;
  readonly #boundaries = new Fifo<SegmentBoundary>();
  #generation: Generation | undefined;
  #clock: Discontinuity | undefined;
  #leading: Track | undefined;
  #tracks = new Map<number, TrackTimes>();
  /** What the next frame begins. */
  #pending: "break" | "epoch" | undefined;
  #epoch = 0;
  #terms: SegmentTerms | undefined;
  /** Presentation time of the newest key frame, and the longest distance of two. */
  #lastKey: number | undefined;
  #longestGop = 0;
  /** Monotonic microseconds at which a frame of the leading track came last. */
  #leadingArrived = 0;
  /** Presentation time of the newest frame of the others, and how far they were ahead of the leading track when it was heard last. */
  #newestOther = 0;
  #lead = 0;

  /** @param wanted length of segments in milliseconds */
  constructor(timeline: Timeline, wanted: number) {
    this.#timeline = timeline;
    this.#wanted = wanted * 1000;
    timeline.followFromStart(this);
  }

  /** The newest boundary: where the segment begins that is not complete. Undefined before the first frame. */
  get newest(): SegmentBoundary | undefined {
    return this.#boundaries.last();
  }

  /** Undefined until they are decided, which takes as long as the first group of pictures, at most 10 s. */
  get terms(): SegmentTerms | undefined {
    return this.#terms;
  }

  /** What was measured of a track; undefined for one that is not there now. */
  track(id: number): TrackTimes | undefined {
    return this.#tracks.get(id);
  }

  /** A boundary by its number; undefined for one that has not come, or whose frames the timeline has forgotten. */
  boundary(number: number): SegmentBoundary | undefined {
    return this.#boundaries.at(number - (this.#boundaries.first()?.number ?? 0));
  }

  /** The segment that an entry of the timeline lies in; undefined for what is forgotten. */
  segmentOf(sequence: number): SegmentBoundary | undefined {
    for (let i = this.#boundaries.length - 1; i >= 0; i--) {
      const boundary = this.#boundaries.at(i)!;
      if (boundary.sequence <= sequence) return boundary;
    }
    return undefined;
  }

  discontinuity(entry: Discontinuity): void {
    this.#clock = entry;
    if (this.newest !== undefined) this.#pending ??= "break";
  }

  generation(next: Generation): void {
    const before = this.#generation?.tracks ?? [];
    this.#generation = next;
    if (next.tracks === before) return;
    this.#leading = leadingTrack(next.tracks);
    const same =
      next.tracks.length === before.length && next.tracks.every(({ id, kind }, i) => before[i]!.id === id && before[i]!.kind === kind);
    this.#tracks = new Map(next.tracks.map((track) => [track.id, (same && this.#tracks.get(track.id)) || new TrackTimes(track)]));
    this.#pending = same ? "break" : "epoch";
  }

  frame(frame: Frame): void {
    const times = this.#tracks.get(frame.track)!;
    if (times.track.kind === "data") return;
    const at = toMicros(frame.pts, times.track.timescale);
    const isLeading = frame.track === this.#leading?.id;
    const isKey = isLeading && frame.sap !== Sap.none && frame.sap !== Sap.gradual;
    const boundary = this.newest;
    if (boundary === undefined || this.#pending !== undefined) this.#break(at);
    else if (isLeading ? this.#isCut(at, isKey, at - boundary.at) : this.#isOverdue(frame, at - boundary.at + times.usual)) this.#cut(at);
    if (isKey) this.#lastKey = at;
    if (isLeading) {
      this.#leadingArrived = frame.arrived;
      this.#lead = Math.max(0, this.#newestOther - at);
    } else this.#newestOther = at;
    times.add(frame, at);
  }

  end(): void {
    this.#pending = undefined;
  }

  /** Whether a segment begins with this frame of the leading track. */
  #isCut(at: number, isKey: boolean, length: number): boolean {
    const { usual } = this.#tracks.get(this.#leading!.id)!;
    const longest = this.#longest();
    if (length + usual > longest) return true;
    if (!isKey || length <= 0) return false;
    const gop = Math.max(0, at - (this.#lastKey ?? at));
    this.#longestGop = Math.max(this.#longestGop, gop);
    // The next key frame may be nearer to the wanted length.
    const next = length + Math.min(gop, this.#wanted);
    // Nobody knows yet what may be promised: no more than is wanted, where key frames allow that.
    const most = this.#terms === undefined ? this.#wanted + ROUNDING : longest;
    return next > most || Math.abs(this.#wanted - length) <= Math.abs(next - this.#wanted);
  }

  /** Others go on, and the leading track does not, or is slow to. @param end of this frame since the segment began */
  #isOverdue(frame: Frame, end: number): boolean {
    const late = end - this.#lead - this.#longest();
    return late > PATIENCE || (late > 0 && frame.arrived - this.#leadingArrived > SILENCE);
  }

  /** Microseconds that a segment may have. */
  #longest(): number {
    return (this.#terms?.target ?? LONGEST_GOP) * 1e6 + ROUNDING;
  }

  #break(at: number): void {
    const isEpoch = this.#pending === "epoch";
    const previous = this.newest;
    if (isEpoch) {
      this.#epoch += 1;
      this.#terms = undefined;
      this.#longestGop = 0;
    } else if (previous !== undefined && this.#terms === undefined) {
      const end = Math.max(...[...this.#tracks.values()].map((times) => times.end));
      this.#longestGop = Math.max(this.#longestGop, Math.min(end - previous.at, LONGEST_GOP * 1e6));
    }
    this.#pending = undefined;
    this.#lastKey = undefined;
    this.#begin(at, previous !== undefined);
  }

  #cut(at: number): void {
    this.#terms ??= this.#decide(at - this.newest!.at);
    // A hole in all tracks: what comes after it is somewhere else.
    this.#begin(at, at - this.#lead - this.newest!.at > this.#longest() + PATIENCE);
  }

  /** @param length microseconds of the segment that ends now */
  #decide(length: number): SegmentTerms {
    const gop = this.#leading?.kind === "video" && this.#longestGop === 0 ? LONGEST_GOP * 1e6 : this.#longestGop;
    const withMargin = Math.min(LONGEST_GOP + 2, Math.round((gop / 1e6) * TARGET_MARGIN));
    return {
      target: Math.max(Math.ceil(this.#wanted / 1e6), withMargin, Math.min(LONGEST_GOP, Math.round(length / 1e6 + AUDIO_ERROR))),
      frameTimes: new Map([...this.#tracks].map(([id, times]) => [id, { usual: times.usual, spread: times.spread }])),
    };
  }

  #begin(at: number, breaks: boolean): void {
    const previous = this.newest;
    for (const times of this.#tracks.values()) times.cut();
    this.#boundaries.push({
      number: (previous?.number ?? -1) + 1,
      sequence: this.#timeline.endSequence - 1,
      at,
      generation: this.#generation!,
      clock: this.#clock!,
      breaks,
      breaksSoFar: (previous?.breaksSoFar ?? 0) + (breaks ? 1 : 0),
      epoch: this.#epoch,
    });
    while (this.#boundaries.length > 1 && this.#boundaries.at(1)!.sequence <= this.#timeline.firstSequence) this.#boundaries.shift();
  }
}
