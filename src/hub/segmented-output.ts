import type { Frame } from "../media/frame.ts";
import { NotCarried } from "../media/muxer.ts";
import type { RenditionSpec } from "./segment.ts";
import { partTarget } from "./segment.ts";
import { SegmentList, type SegmentRetention } from "./segment-list.ts";
import { SegmentWriter } from "./segment-writer.ts";
import type { SegmentBoundary, Segmentation, SegmentTerms } from "./segmentation.ts";
import type { Timeline } from "./timeline.ts";
import { TimelineReader } from "./timeline-reader.ts";

export interface SegmentedOptions {
  readonly renditions: readonly RenditionSpec[];
  readonly retention: SegmentRetention;
  /** Milliseconds wanted of a part; undefined where there are none. */
  readonly partDuration: number | undefined;
  /** There is more in some rendition, or it is over. It must not throw. */
  readonly grown: () => void;
  /** A muxer failed by our own fault; the output is over. */
  readonly failed: (error: unknown) => void;
}

/** One rendition as players see it. */
export interface Rendition {
  readonly name: string;
  readonly segments: SegmentList;
  /** Seconds of the longest part; undefined where there are none. */
  readonly partTarget: number | undefined;
}

interface Line extends Rendition {
  readonly spec: RenditionSpec;
  readonly writer: SegmentWriter;
  partTarget: number | undefined;
}

/** Target durations that are listed at least: RFC 8216 6.2.2 wants three, and players like to begin that far from the end. */
const SHORTEST_LIST = 4;

/**
 * Some renditions of one epoch of a timeline, as segments with numbers that are the timeline's. It begins with what the ring has, which may be the middle of a
 * segment, and copies what it makes: the ring keeps no more for it.
 */
export class SegmentedOutput {
  readonly epoch: number;
  readonly #options: SegmentedOptions;
  readonly #segmentation: Segmentation;
  readonly #lines: readonly Line[];
  readonly #reader: TimelineReader;
  #boundary: SegmentBoundary | undefined;
  #terms: SegmentTerms | undefined;
  /**
   * Frames with their numbers that came before the terms were decided. They wait, so that the first segment has parts as all others:
   * hls.js takes whole segments for seconds where it was shown none.
   */
  #early: { readonly sequence: number; readonly frame: Frame }[] = [];
  #over = false;

  /** @throws NotCarried where a rendition's container cannot carry its tracks */
  constructor(timeline: Timeline, segmentation: Segmentation, epoch: number, options: SegmentedOptions) {
    this.epoch = epoch;
    this.#options = options;
    this.#segmentation = segmentation;
    this.#lines = options.renditions.map((spec) => {
      const segments = new SegmentList(options.retention);
      return { name: spec.name, spec, segments, writer: new SegmentWriter(spec, segments), partTarget: undefined };
    });
    this.#reader = new TimelineReader(timeline, "oldest", () => this.#wake());
    try {
      this.#read();
    } catch (error) {
      this.#reader.close();
      throw error;
    }
  }

  get renditions(): readonly Rendition[] {
    return this.#lines;
  }

  /** Undefined until it is decided: there is no playlist before. */
  get terms(): SegmentTerms | undefined {
    return this.#terms;
  }

  /** Nothing will be added: the timeline ended, or went on with other tracks. */
  get over(): boolean {
    return this.#over;
  }

  /** Bytes of all that is kept. */
  get bytes(): number {
    return this.#lines.reduce((sum, { segments }) => sum + segments.bytes, 0);
  }

  rendition(name: string): Rendition | undefined {
    return this.#lines.find((line) => line.name === name);
  }

  /** The publisher is gone: nothing may come for a while. */
  flush(): void {
    if (this.#over) return;
    for (const { writer } of this.#lines) writer.flush();
    this.#options.grown();
  }

  /** Nobody watches any more. */
  close(): void {
    this.#over = true;
    this.#early = [];
    this.#reader.close();
    for (const { segments } of this.#lines) segments.clear();
  }

  #wake(): void {
    if (this.#over) return;
    try {
      this.#read();
    } catch (error) {
      this.#finish();
      if (!(error instanceof NotCarried)) this.#options.failed(error);
    }
    this.#options.grown();
  }

  #read(): void {
    for (let entry = this.#reader.read(); entry !== undefined && !this.#over; entry = this.#reader.read()) {
      // Generations and discontinuities come with the boundaries.
      if (entry.kind !== "frame") continue;
      this.#early.push({ sequence: this.#reader.position! - 1, frame: entry.frame });
      if (this.#isDecided) this.#write();
    }
    if (!this.#reader.over) return;
    this.#write();
    this.#finish();
  }

  /** The terms are known, or will never be: the timeline has gone on with other tracks. */
  get #isDecided(): boolean {
    const { terms, newest } = this.#segmentation;
    return this.#terms !== undefined || terms !== undefined || (newest !== undefined && newest.epoch !== this.epoch);
  }

  #write(): void {
    const frames = this.#early;
    this.#early = [];
    for (const { sequence, frame } of frames) {
      if (this.#over) return;
      this.#reach(sequence);
      if (this.#boundary !== undefined && !this.#over) for (const { writer } of this.#lines) writer.frame(frame);
    }
  }

  /** Goes to the segment of an entry. */
  #reach(sequence: number): void {
    if (this.#boundary === undefined) {
      const first = this.#segmentation.segmentOf(sequence);
      if (first?.epoch === this.epoch) this.#change(first);
      return;
    }
    const next = this.#segmentation.boundary(this.#boundary.number + 1);
    if (next === undefined || next.sequence > sequence) return;
    if (next.epoch === this.epoch) this.#change(next);
    else this.#finish();
  }

  #change(boundary: SegmentBoundary): void {
    this.#boundary = boundary;
    this.#agree();
    for (const { writer } of this.#lines) writer.boundary(boundary);
  }

  /** Takes the terms over, at the first boundary. */
  #agree(): void {
    const { terms } = this.#segmentation;
    if (this.#terms !== undefined || terms === undefined || this.#segmentation.newest?.epoch !== this.epoch) return;
    this.#terms = terms;
    const { partDuration } = this.#options;
    for (const { segments } of this.#lines) segments.window = Math.max(segments.window, SHORTEST_LIST * terms.target);
    if (partDuration === undefined) return;
    for (const line of this.#lines) {
      const target = partTarget(partDuration * 1000, line.spec.tracks[0]!, terms);
      line.partTarget = target / 1e6;
      line.writer.partTarget = target;
      line.writer.frameTime = terms.frameTimes.get(line.spec.tracks[0]!)?.usual;
    }
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    for (const { writer } of this.#lines) writer.end();
    this.#reader.close();
  }
}
