import type { Scheduler } from "../../hub/scheduler.ts";
import type { Stream } from "../../hub/stream.ts";
import type { ReadFrom } from "../../hub/timeline-reader.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { DiskTurns } from "./disk-turns.ts";
import type { Gap } from "./gap.ts";
import type { Piece } from "./piece.ts";
import { type CutRules, PieceReader } from "./piece-reader.ts";
import type { FilePlace, RecordingFile } from "./recording-file.ts";
import { RecordingWriter } from "./recording-writer.ts";

/** Bytes that recordings have read and not written yet, all together and each. */
export interface PendingBytes {
  total: number;
  readonly most: number;
  readonly mostOfOne: number;
}

/** What a recording tells whoever keeps it. Called in order. */
export interface RecordingListener {
  opened(recording: Recording, file: RecordingFile): void;
  grown(recording: Recording, file: RecordingFile): void;
  closed(recording: Recording, file: RecordingFile, failure: unknown): void;
  gap(recording: Recording, gap: Gap): void;
  failing(recording: Recording, error: unknown): void;
  recovered(recording: Recording): void;
  /** Nothing more is written. */
  ended(recording: Recording): void;
}

export interface RecordingOptions {
  readonly id: string;
  readonly place: FilePlace;
  readonly cut: CutRules;
  readonly from: ReadFrom;
  /** Number of the first file. */
  readonly first: number;
  readonly scheduler: Scheduler;
  readonly turns: DiskTurns;
  readonly pending: PendingBytes;
  readonly listener: RecordingListener;
}

/** A stream on its way into files: a playhead that writes to a disk, at the disk's pace. */
export class Recording {
  readonly id: string;
  readonly stream: string;
  readonly #options: RecordingOptions;
  readonly #stream: Stream;
  readonly #writer: RecordingWriter;
  readonly #reader: PieceReader;
  readonly #queue: Piece[] = [];
  #pending = 0;
  #writing = false;
  #read = false;
  #error: unknown;
  readonly #done = Promise.withResolvers<void>();
  #isDone = false;
  /** Milliseconds of the stream's time that are in none of its files, though somebody published. */
  #lost = 0;

  constructor(stream: Stream, options: RecordingOptions) {
    this.id = options.id;
    this.stream = stream.name;
    this.#stream = stream;
    this.#options = options;
    const { listener } = options;
    this.#writer = new RecordingWriter({
      ...options,
      recording: options.id,
      stream: stream.name,
      listener: {
        opened: (file) => listener.opened(this, file),
        grown: (file) => listener.grown(this, file),
        closed: (file, failure) => listener.closed(this, file, failure),
        gap: (gap) => this.#gap(gap),
        failing: (error) => {
          this.#error = error;
          listener.failing(this, error);
        },
        recovered: () => {
          this.#error = undefined;
          listener.recovered(this);
        },
      },
    });
    this.#reader = new PieceReader({
      ...options,
      timeline: stream.timeline,
      hasRoom: () => this.#hasRoom(),
      piece: (piece) => this.#take(piece),
      over: () => {
        this.#read = true;
        void this.#drain();
      },
    });
  }

  /** The file that is being written. */
  get file(): RecordingFile | undefined {
    return this.#writer.file;
  }

  /** Why nothing can be written at the moment, or why it ended. */
  get error(): unknown {
    return this.#error;
  }

  /** Milliseconds of media that are in none of its files, those included that would be lost if the disk failed now for good. */
  get lost(): number {
    const end = this.#writer.end;
    if (this.#error === undefined || end === undefined || this.#isDone) return this.#lost;
    return this.#lost + Math.max(0, this.#stream.timeline.lastMicros / 1000 - end);
  }

  /** Resolves when nothing more is written. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Ends it: what was read is written, the file completed. Resolves when it is, or the disk does not take it. */
  stop(): Promise<void> {
    this.#reader.stop();
    this.#writer.giveUp();
    return this.done;
  }

  #gap(gap: Gap): void {
    if (gap.reason !== "publisher") this.#lost += gap.to - gap.from;
    this.#options.listener.gap(this, gap);
  }

  #hasRoom(): boolean {
    const { pending } = this.#options;
    return this.#pending === 0 || (this.#pending < pending.mostOfOne && pending.total < pending.most);
  }

  #take(piece: Piece): void {
    this.#count(piece.bytes);
    this.#queue.push(piece);
    void this.#drain();
  }

  #count(bytes: number): void {
    this.#pending += bytes;
    this.#options.pending.total += bytes;
  }

  /** Writes what there is. One call at a time does. */
  async #drain(): Promise<void> {
    if (this.#writing || this.#isDone) return;
    this.#writing = true;
    try {
      for (let piece = this.#queue.shift(); piece !== undefined; piece = this.#queue.shift()) {
        await this.#writer.write(piece);
        this.#count(-piece.bytes);
        this.#reader.read();
      }
      if (this.#read) await this.#writer.finish();
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = false;
    if (this.#read) this.#end();
  }

  /** Nothing can be recorded of this stream, or we have a fault: it ends. */
  #fail(error: unknown): void {
    this.#error = error;
    this.#read = true;
    this.#queue.length = 0;
    this.#reader.stop();
    this.#queue.length = 0;
    if (!(error instanceof NotCarried)) this.#options.listener.failing(this, error);
  }

  #end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#count(-this.#pending);
    this.#options.listener.ended(this);
    this.#done.resolve();
  }
}
