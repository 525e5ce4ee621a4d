import { joined } from "../bytes/joined.ts";
import type { Frame } from "../media/frame.ts";
import { Sap } from "../media/frame.ts";
import type { MuxedChunk, MuxedInit, MuxerSink } from "../media/muxer.ts";
import { toMicros } from "../media/time.ts";
import type { Track } from "../media/track.ts";
import type { RenditionSpec, SegmentInit, SegmentMuxer } from "./segment.ts";
import type { SegmentList } from "./segment-list.ts";
import type { SegmentBoundary } from "./segmentation.ts";

/** Microseconds of the parts of a rendition; undefined: a segment is one. */
export type PartTarget = number | undefined;

/**
 * Makes one rendition's segments and parts of the timeline's frames. One with the leading track changes segments at the boundary itself; another where its own
 * frames reach that time, at the latest at the next boundary.
 */
export class SegmentWriter implements MuxerSink {
  readonly #spec: RenditionSpec;
  readonly #list: SegmentList;
  readonly #tracks: ReadonlySet<number>;
  readonly #muxer: SegmentMuxer;
  /** Undefined until it is decided: until then the frames are one part. */
  partTarget: PartTarget = undefined;
  /** Microseconds between two frames of the main track, where that is known. */
  frameTime: number | undefined = undefined;
  #main: Track | undefined;
  /** Boundaries that its own frames have not reached. */
  readonly #pending: SegmentBoundary[] = [];
  #boundary: SegmentBoundary | undefined;
  /** Microseconds of presentation at which the open segment begins, and at which its newest frame ends. */
  #from = 0;
  #to = 0;
  /** Decoding time where it begins, by its first frame of the main track; of the newest one, and the distance to the one before. */
  #firstDts: number | undefined;
  #lastDts = 0;
  #distance = 40_000;
  /** Microseconds from the segment's beginning to that of the part. */
  #partFrom = 0;
  #partKey = false;
  #partFrames = 0;
  #chunks: Uint8Array[] = [];
  #init: SegmentInit | undefined;
  #isOpen = false;

  constructor(spec: RenditionSpec, list: SegmentList) {
    this.#spec = spec;
    this.#list = list;
    this.#tracks = new Set(spec.tracks);
    this.#muxer = spec.muxer(this);
  }

  /**
   * A segment begins with the next entry of the timeline.
   *
   * @throws NotCarried where the container cannot carry these tracks
   */
  boundary(next: SegmentBoundary): void {
    this.#catchUp();
    if (this.#boundary === undefined || next.breaks) this.#leave(next, Math.max(this.#to, this.#from));
    else if (!this.#spec.isLeading) this.#pending.push(next);
    else {
      this.#leave(next, next.at);
      this.#enter(next.at);
    }
  }

  frame(frame: Frame): void {
    if (!this.#tracks.has(frame.track) || this.#main === undefined) return;
    if (frame.track !== this.#main.id) return this.#muxer.frame(frame);
    const { timescale } = this.#main;
    const at = toMicros(frame.pts, timescale);
    const dts = toMicros(frame.dts, timescale);
    const pending = this.#pending[0];
    if (pending !== undefined && at >= pending.at) {
      this.#pending.shift();
      this.#leave(pending, at);
    }
    if (!this.#isOpen) {
      const { number, breaks, at: begins } = this.#boundary!;
      // Who comes late to a timeline finds the end of the segment before in it.
      if (number > 0 && !breaks && at < begins) return;
      this.#enter(at);
    }
    if (this.#firstDts !== undefined && dts > this.#lastDts) this.#distance = dts - this.#lastDts;
    if (this.#firstDts === undefined) this.#firstDts = dts - Math.max(0, at - this.#from);
    else this.#cutPart(dts - this.#firstDts);
    this.#lastDts = dts;
    this.#to = Math.max(this.#to, at + this.#distance);
    this.#partKey ||= frame.sap !== Sap.none && frame.sap !== Sap.gradual;
    this.#partFrames += 1;
    this.#muxer.frame(frame);
  }

  /** No frames may come for a while: what is there is a part, if it is not too short to be one. */
  flush(): void {
    if (this.#partFrames > 0 && this.partTarget !== undefined && this.#firstDts !== undefined)
      this.#endPart(this.#lastDts + this.#distance - this.#firstDts);
  }

  /** No frames will come. */
  end(): void {
    this.#catchUp();
    if (this.#isOpen) this.#endSegment(Math.max(this.#to, this.#from));
  }

  init({ bytes }: MuxedInit): void {
    if (bytes.length > 0) this.#init = { number: (this.#init?.number ?? -1) + 1, bytes };
  }

  chunk({ parts }: MuxedChunk): void {
    this.#chunks.push(...parts);
  }

  /** Goes past boundaries that its frames have not reached. */
  #catchUp(): void {
    if (this.#boundary !== undefined && !this.#isOpen) this.#enter(this.#boundary.at);
    for (const boundary of this.#pending.splice(0)) {
      this.#leave(boundary, boundary.at);
      this.#enter(boundary.at);
    }
  }

  /** Ends the open segment. What comes next belongs to another. @param end microseconds */
  #leave(next: SegmentBoundary, end: number): void {
    if (this.#isOpen) this.#endSegment(end);
    const before = this.#boundary;
    this.#boundary = next;
    if (before === undefined || next.breaks) this.#muxer.discontinuity(next.clock);
    if (before?.generation.tracks !== next.generation.tracks) this.#take(next);
    this.#muxer.restart?.();
  }

  /** Begins that segment: where the timeline is cut, or after a break with the first frame of its own. @param from microseconds */
  #enter(from: number): void {
    this.#from = from;
    this.#to = from;
    this.#firstDts = undefined;
    this.#partFrom = 0;
    this.#isOpen = true;
    const { number, breaks, breaksSoFar, clock } = this.#boundary!;
    const hasParts = this.partTarget !== undefined;
    this.#list.open({ number, breaks, breaksSoFar, utc: clock.utcOffset + from / 1000, init: this.#init, hasParts });
  }

  #take({ generation }: SegmentBoundary): void {
    const tracks = generation.tracks.filter(({ id }) => this.#tracks.has(id));
    this.#main = tracks.find(({ id }) => id === this.#spec.tracks[0]);
    this.#muxer.generation({ ...generation, tracks });
  }

  /** Ends the part before a frame with which it would become too long. @param position of that frame, from the segment's beginning */
  #cutPart(position: number): void {
    if (this.partTarget === undefined || this.#partFrames === 0) return;
    const { frameTime = this.#distance } = this;
    const next = this.#distance > frameTime * 1.5 ? this.#distance : frameTime;
    if (position + next - this.#partFrom > this.partTarget) this.#endPart(position);
  }

  /** @param end microseconds from the segment's beginning */
  #endPart(end: number): void {
    this.#muxer.flush();
    const bytes = joined(this.#chunks);
    this.#chunks = [];
    this.#partFrames = 0;
    if (bytes.length === 0) return;
    const length = Math.max(1000, end - this.#partFrom);
    const duration = Math.min(length, this.partTarget ?? Infinity) / 1e6;
    this.#list.add({ duration, independent: this.#partKey, bytes });
    this.#partFrom = end;
    this.#partKey = false;
  }

  #endSegment(end: number): void {
    // Never less than its parts, which were told: sound may come so late that its segment is over.
    const length = Math.max(1000, end - this.#from, this.#partFrom);
    this.#endPart(length);
    this.#isOpen = false;
    this.#list.complete(length / 1e6);
  }
}
