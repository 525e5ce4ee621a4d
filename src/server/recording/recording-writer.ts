import type { Scheduler } from "../../hub/scheduler.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { DiskTurns } from "./disk-turns.ts";
import type { Gap } from "./gap.ts";
import type { Piece } from "./piece.ts";
import { type FilePlace, RecordingFile } from "./recording-file.ts";

/** What becomes of the pieces, for index, log and events. Called in order; it must not throw. */
export interface WriterListener {
  /** A file was made. */
  opened(file: RecordingFile): void;
  /** More of it is on the disk. */
  grown(file: RecordingFile): void;
  /** It is complete, or cut short by a failure. */
  closed(file: RecordingFile, failure: unknown): void;
  /** Something of the stream is in none of its files. */
  gap(gap: Gap): void;
  /** The disk does not take what is to be written; told once until it does again. */
  failing(error: unknown): void;
  /** It does again. */
  recovered(): void;
}

export interface WriterOptions {
  readonly place: FilePlace;
  readonly recording: string;
  readonly stream: string;
  /** Number of the first file. */
  readonly first: number;
  readonly scheduler: Scheduler;
  readonly turns: DiskTurns;
  readonly listener: WriterListener;
}

/** Milliseconds until the disk is tried again. */
const RETRY_AFTER = 1000;

/**
 * Writes pieces one after the other. Where the disk fails the file is left as far as it is whole, the disk tried again every second,
 * and a new file begun with the next random-access point that is still there.
 */
export class RecordingWriter {
  readonly #options: WriterOptions;
  #file: RecordingFile | undefined;
  #n: number;
  /** Milliseconds of the timeline at which what was written ends. */
  #end: number | undefined;
  #isFailing = false;
  #tryAt = 0;
  #isLast = false;
  #wake: (() => void) | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#n = options.first;
  }

  get file(): RecordingFile | undefined {
    return this.#file;
  }

  /** Milliseconds of the timeline at which what is on the disk ends; undefined before anything is. */
  get end(): number | undefined {
    return this.#end;
  }

  /** Resolves when the piece is on the disk, or lost. @throws NotCarried where nothing of the stream goes into the format */
  async write(piece: Piece): Promise<void> {
    for (;;) {
      await this.#whenTried();
      try {
        return await this.#options.turns.run(() => this.#write(piece));
      } catch (error) {
        await this.#failed(error);
        if (error instanceof NotCarried) throw error;
        if (this.#isLast) return;
      }
    }
  }

  /** From now on what the disk does not take at once is lost: the recording ends. */
  giveUp(): void {
    this.#isLast = true;
    this.#wake?.();
  }

  /** Ends the present file. */
  async finish(): Promise<void> {
    await this.#options.turns.run(() => this.#close()).catch((error: unknown) => this.#failed(error));
  }

  async #write(piece: Piece): Promise<void> {
    const { listener, scheduler } = this.#options;
    if (piece.newFile !== undefined) await this.#close();
    const wanted = this.#file === undefined ? beginningAt(piece, piece.newFile === undefined ? piece.start : 0) : piece;
    if (wanted === undefined) return;
    if (this.#file === undefined) await this.#open(wanted);
    else if (wanted.breaks) this.#noteGap(wanted, "publisher");
    const file = this.#file!;
    await file.write(wanted);
    await file.look(scheduler.now());
    this.#end = wanted.to;
    if (this.#isFailing) {
      this.#isFailing = false;
      listener.recovered();
    }
    listener.grown(file);
  }

  async #open(piece: Piece): Promise<void> {
    const { place, recording, stream, listener } = this.#options;
    this.#file = await RecordingFile.create(place, { recording, stream, n: this.#n }, piece);
    this.#n += 1;
    const why = this.#isFailing ? "disk" : piece.newFile === "skip" ? "slow" : "publisher";
    if (this.#isFailing || piece.newFile === "skip" || piece.breaks) this.#noteGap(piece, why);
    listener.opened(this.#file);
  }

  #noteGap(piece: Piece, reason: Gap["reason"]): void {
    if (this.#end === undefined || piece.from <= this.#end) return;
    this.#options.listener.gap({ from: this.#end, to: piece.from, utcOffset: piece.clock.utcOffset, reason });
  }

  async #close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    await file.finish();
    this.#file = undefined;
    this.#options.listener.closed(file, undefined);
  }

  async #failed(error: unknown): Promise<void> {
    const { listener, scheduler } = this.#options;
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) {
      await file.abandon();
      listener.closed(file, error);
    }
    this.#tryAt = scheduler.now() + RETRY_AFTER;
    if (!this.#isFailing && !(error instanceof NotCarried)) listener.failing(error);
    this.#isFailing = true;
  }

  async #whenTried(): Promise<void> {
    const wait = this.#isFailing && !this.#isLast ? this.#tryAt - this.#options.scheduler.now() : 0;
    if (wait <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = this.#options.scheduler.after(wait, resolve);
    await promise;
    cancel();
    this.#wake = undefined;
  }
}

/** The part of a piece that a file can begin with; undefined where there is none. */
function beginningAt(piece: Piece, start: number): Piece | undefined {
  if (start < 0) return undefined;
  if (start === 0) return piece;
  const frames = piece.frames.slice(start);
  return { ...piece, frames, from: Math.min(...frames.map((frame) => timeOf(frame, piece))) };
}

function timeOf({ track, dts }: Piece["frames"][number], { generation }: Piece): number {
  return (dts * 1000) / (generation.tracks.find(({ id }) => id === track)?.timescale ?? 1000);
}
