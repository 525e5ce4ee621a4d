import type { FrameSink, SourceFrame } from "../media/demuxer.ts";
import { isRandomAccess } from "../media/frame.ts";
import type { Discontinuity } from "../media/muxer.ts";
import type { Metadata, Track } from "../media/track.ts";
import type { Scheduler } from "./scheduler.ts";
import type { TimelineClock } from "./timeline-clock.ts";
import { keptTracks, TRACK_SET_FRAMES, TRACK_SET_PATIENCE, TrackSet } from "./track-set.ts";
import type { Timeline } from "./timeline.ts";

/** Who publishes, as far as the protocol tells. */
export interface PublisherInfo {
  /** `rtmp`, `demo` … */
  readonly protocol: string;
  /** IP address, or "" for one inside this process. */
  readonly address: string;
  /** What the encoder calls itself, or "". Same address and same encoder: the same publisher coming back. */
  readonly encoder: string;
  /** What an RTMP publisher wants to become of the stream: `record` it, or `append` it to its recording; undefined for nothing but live. */
  readonly publishType?: "record" | "append";
}

/**
 * Why a publication is over: `unpublished` (it said so), `lost` (the connection broke or went silent), `replaced` (a
 * newcomer took over), `refused` (it broke the rules), `closing` (this server is ending).
 */
export type PublicationEnd = "unpublished" | "lost" | "replaced" | "refused" | "closing";

/** Milliseconds between a source's clock and ours beyond which it is wrong. */
const MAX_CLOCK_ERROR = 24 * 3_600_000;

/** Why it began: the first of its stream, one that came after the last was gone, one that took over. */
export type PublicationReason = "start" | "reconnect" | "takeover";

/** What a publication tells the stream that it belongs to. */
export interface PublicationOwner {
  readonly timeline: Timeline;
  readonly clock: TimelineClock;
  /** Its first track set is complete and what waited for it is on the timeline: viewers may come. */
  ready(publication: Publication): void;
  /** @param now monotonic milliseconds */
  received(bytes: number, now: number): void;
  ended(publication: Publication, end: PublicationEnd): void;
}

/**
 * One publisher's hold on a stream: takes tracks and frames as their source has them and appends them to the
 * timeline. Frames before the track set is complete wait; video before its first random-access point is dropped.
 */
export class Publication implements FrameSink {
  readonly info: PublisherInfo;
  readonly #owner: PublicationOwner;
  readonly #scheduler: Scheduler;
  readonly reason: PublicationReason;
  readonly #tracks = new TrackSet();
  readonly #abort = new AbortController();
  #waiting: { readonly frame: SourceFrame; readonly arrived: number }[] | undefined = [];
  #cancelPatience: (() => void) | undefined;
  /** Video tracks that have not had a random-access point yet. */
  readonly #unstarted = new Set<number>();
  #lastArrival: number;
  #appended = false;
  #isEmpty = true;
  #end: PublicationEnd | undefined;
  #timesAreUnix = false;
  /** Frames of video dropped because no random-access point had come. */
  droppedBeforeStart = 0;

  constructor(owner: PublicationOwner, scheduler: Scheduler, info: PublisherInfo, reason: PublicationReason) {
    this.#owner = owner;
    this.#scheduler = scheduler;
    this.info = info;
    this.reason = reason;
    this.#lastArrival = scheduler.now();
  }

  /** Aborted when the publication ends, whoever ended it. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Undefined while it goes on. */
  get end(): PublicationEnd | undefined {
    return this.#end;
  }

  /** Monotonic milliseconds at which the newest frame came. */
  get lastArrival(): number {
    return this.#lastArrival;
  }

  /** No frame has come. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  announce(kinds: Parameters<FrameSink["announce"]>[0]): void {
    this.#tracks.announce(kinds);
    this.#settle();
  }

  timesAreUnix(): void {
    this.#timesAreUnix = true;
  }

  metadata(values: Metadata): void {
    if (this.#end !== undefined) return;
    this.#tracks.metadata(values);
    if (this.#waiting === undefined) this.#takeTracks();
  }

  track(track: Track): void {
    if (this.#end !== undefined) return;
    const known = this.#tracks.get(track.id) !== undefined;
    if (!this.#tracks.track(track)) return;
    if (track.kind === "video" && !known) this.#unstarted.add(track.id);
    this.#settle();
  }

  /** The tracks told so far are all there are to wait for. */
  tracksAreComplete(): void {
    this.#tracks.settle();
    this.#settle();
  }

  frame(frame: SourceFrame): void {
    if (this.#end !== undefined) return;
    const arrived = this.#scheduler.now();
    this.#lastArrival = arrived;
    this.#isEmpty = false;
    this.#owner.received(frame.data.length, arrived);
    if (this.#waiting === undefined) return this.#append(frame, arrived);
    this.#waiting.push({ frame, arrived });
    this.#settle();
  }

  /** Ends it. Later calls, and frames that still come, change nothing. */
  close(end: PublicationEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#cancelPatience?.();
    this.#waiting = undefined;
    this.#owner.ended(this, end);
    this.#abort.abort();
  }

  /** Goes live once the track set is complete; begins to lose patience at the first sign of media. */
  #settle(): void {
    if (this.#waiting === undefined || this.#end !== undefined) return;
    if (this.#waiting.length >= TRACK_SET_FRAMES) this.#tracks.settle();
    if (this.#tracks.complete) return this.#start();
    this.#cancelPatience ??= this.#scheduler.after(TRACK_SET_PATIENCE, () => {
      this.#cancelPatience = undefined;
      this.#tracks.settle();
      this.#settle();
    });
  }

  #start(): void {
    this.#cancelPatience?.();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#owner.clock.restart();
    for (const { frame, arrived } of waiting) this.#append(frame, arrived);
    if (this.#end !== undefined) return;
    if (this.#owner.timeline.current === undefined) this.#begin(this.#owner.clock.end, this.#owner.clock.isEmpty);
    this.#owner.ready(this);
  }

  #append(source: SourceFrame, arrived: number): void {
    const { timeline, clock } = this.#owner;
    const track = this.#tracks.get(source.track);
    if (track === undefined) return; // its configuration never came
    if (this.#unstarted.has(track.id)) {
      if (!isRandomAccess(source)) {
        this.droppedBeforeStart += 1;
        return;
      }
      this.#unstarted.delete(track.id);
    }
    const first = clock.isEmpty;
    const { dts, pts, jump } = clock.place(track, source.dts, source.pts, arrived);
    const time = (dts / track.timescale) * 1000;
    const utc = this.#utc((source.dts / track.timescale) * 1000);
    if (timeline.clock === undefined) this.#begin(time, first, utc);
    else if (first) this.#discontinuity("start", time, utc); // what `#start` had to say before a frame was there was a guess
    else if (jump) this.#discontinuity(this.#appended ? "jump" : this.reason, time, utc);
    this.#appended = true;
    this.#takeTracks();
    const { sap, discardable, data } = source;
    timeline.frame({ track: track.id, dts, pts, sap, discardable, arrived: Math.round(arrived * 1000), data });
  }

  /** The first entries of a timeline: one that goes on from an earlier run is met as after a reconnect. */
  #begin(time: number, first: boolean, utc = this.#scheduler.wallClock()): void {
    this.#discontinuity(first ? "start" : "reconnect", time, utc);
    this.#takeTracks();
  }

  #discontinuity(reason: Discontinuity["reason"], time: number, utc: number): void {
    this.#owner.timeline.discontinuity({ reason, utcOffset: utc - time });
  }

  /** When a frame of some source time was made, in Unix milliseconds: by the source's clock where that can be right, else now. */
  #utc(time: number): number {
    const now = this.#scheduler.wallClock();
    return this.#timesAreUnix && Math.abs(time - now) <= MAX_CLOCK_ERROR ? time : now;
  }

  /** Writes a new generation where tracks or metadata changed; an equal one keeps the tracks it had. */
  #takeTracks(): void {
    const taken = this.#tracks.take();
    if (taken === undefined) return;
    const { timeline } = this.#owner;
    const current = timeline.current;
    if (timeline.clock === undefined) return;
    const tracks = current === undefined ? taken.tracks : keptTracks(current.tracks, taken.tracks);
    if (current !== undefined && tracks === current.tracks && sameMetadata(current.metadata, taken.metadata)) return;
    timeline.generation({ id: timeline.nextGeneration, tracks, metadata: taken.metadata });
  }
}

function sameMetadata(a: Metadata, b: Metadata): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
