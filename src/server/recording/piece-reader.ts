import type { Scheduler } from "../../hub/scheduler.ts";
import type { Timeline } from "../../hub/timeline.ts";
import { type ReadEntry, type ReadFrom, TimelineReader } from "../../hub/timeline-reader.ts";
import type { Frame } from "../../media/frame.ts";
import type { Discontinuity } from "../../media/muxer.ts";
import type { Generation } from "../../media/track.ts";
import { type NewFile, type Piece, PieceBuilder } from "./piece.ts";

/** Where a recording is cut into files. Always at a random-access point. */
export interface CutRules {
  /** Milliseconds of media in a file, at least; 0: any. */
  readonly time: number;
  /** Bytes of payload in a file, at least; 0: any. */
  readonly size: number;
  /** At every one of them. */
  readonly keyFrame: boolean;
}

export interface PieceReaderOptions {
  readonly timeline: Timeline;
  readonly from: ReadFrom;
  readonly cut: CutRules;
  readonly scheduler: Scheduler;
  /** Whether more may be read now: what was read and is not written yet is bounded. */
  readonly hasRoom: () => boolean;
  readonly piece: (piece: Piece) => void;
  /** The stream is over, and all of it was read. */
  readonly over: () => void;
}

/** Milliseconds of media, and of waiting, after which a piece is written: with the time to write it nothing is unwritten for over a second. */
const PIECE_LENGTH = 600;
/** A piece that has so much ends before the next random-access point, so that pieces begin with them where that costs little. */
const SHORTEST_PIECE = 250;
/** Bytes of payload in a piece, but for a larger frame. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Milliseconds of one file, whatever the rules say: the times of FLV end after 24 days. */
const LONGEST_FILE = 20 * 24 * 3_600_000;

/** Reads a timeline at the pace of a disk and makes pieces of it. It reads with every frame that comes, as long as there is room. */
export class PieceReader {
  readonly #options: PieceReaderOptions;
  readonly #reader: TimelineReader;
  #generation: Generation | undefined;
  #clock: Discontinuity | undefined;
  #builder: PieceBuilder | undefined;
  #newFile: NewFile | undefined = "start";
  #breaks = false;
  /** Of the present file. */
  #file = { from: 0, bytes: 0 };
  #cancelFlush: (() => void) | undefined;
  #over = false;

  constructor(options: PieceReaderOptions) {
    this.#options = options;
    this.#reader = new TimelineReader(options.timeline, options.from, () => this.read());
    this.read();
  }

  /** How often it lost its place, because nothing could be read for too long. */
  get skips(): number {
    return this.#reader.skips;
  }

  /** Milliseconds of media that are on the timeline and were not read. */
  get lag(): number {
    return this.#reader.lag;
  }

  /** Reads what there is. */
  read(): void {
    while (!this.#over && this.#options.hasRoom()) {
      const entry = this.#reader.read();
      if (entry === undefined) break;
      this.#see(entry);
    }
    if (!this.#over && this.#reader.over) this.#end();
  }

  /** Reads no more; what was read is given. */
  stop(): void {
    if (!this.#over) this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#reader.close();
    this.#flush();
    this.#options.over();
  }

  #see(entry: ReadEntry): void {
    switch (entry.kind) {
      case "skip":
        this.#flush();
        this.#newFile = "skip";
        return;
      case "discontinuity":
        this.#flush();
        this.#breaks ||= this.#clock !== undefined;
        this.#clock = entry.discontinuity;
        return;
      case "generation": {
        // Metadata alone may change within a file.
        const isSame = this.#generation?.tracks === entry.generation.tracks;
        if (!isSame) this.#flush();
        if (!isSame && this.#generation !== undefined) this.#newFile ??= "tracks";
        this.#generation = entry.generation;
        return;
      }
      case "frame":
        return this.#frame(entry.frame, entry.micros / 1000);
    }
  }

  #frame(frame: Frame, time: number): void {
    const begun = this.#builder;
    if (begun !== undefined && begun.isStart(frame)) {
      const isCut = this.#isCut(time);
      if (isCut) this.#newFile = "cut";
      if (isCut || begun.length >= SHORTEST_PIECE) this.#flush();
    } else if (begun === undefined && this.#newFile === undefined && this.#place().isStart(frame) && this.#isCut(time))
      this.#newFile = "cut";
    const builder = (this.#builder ??= this.#begin(time));
    builder.add(frame);
    this.#file.bytes += frame.data.length;
    if (builder.length >= PIECE_LENGTH || builder.bytes >= PIECE_BYTES) this.#flush();
  }

  #isCut(time: number): boolean {
    const { cut } = this.#options;
    const length = time - this.#file.from;
    if (length >= LONGEST_FILE || cut.keyFrame) return true;
    return (cut.time > 0 && length >= cut.time) || (cut.size > 0 && this.#file.bytes >= cut.size);
  }

  #place(): PieceBuilder {
    const generation = this.#generation!;
    return new PieceBuilder({ generation, clock: this.#clock!, newFile: this.#newFile, breaks: this.#breaks });
  }

  #begin(time: number): PieceBuilder {
    const builder = this.#place();
    if (this.#newFile !== undefined) this.#file = { from: time, bytes: 0 };
    this.#newFile = undefined;
    this.#breaks = false;
    this.#cancelFlush = this.#options.scheduler.after(PIECE_LENGTH, () => this.#flush());
    return builder;
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const builder = this.#builder;
    if (builder === undefined) return;
    this.#builder = undefined;
    this.#options.piece(builder.done());
  }
}
