import { join } from "node:path";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Stream } from "../../hub/stream.ts";
import type { ReadFrom } from "../../hub/timeline-reader.ts";
import type { Log } from "../log.ts";
import type { Disk } from "../storage/disk.ts";
import type { DiskTurns } from "./disk-turns.ts";
import type { Gap } from "./gap.ts";
import { makeFaststart } from "./faststart.ts";
import { type EarlierRecording, type FileGap, type RecordedBy, type RecordedFile, type RecordedStream, recordedTrack } from "./recorded.ts";
import { type PendingBytes, Recording } from "./recording.ts";
import type { RecordingFile } from "./recording-file.ts";
import type { RecordingPlan } from "./recording-rules.ts";

/** `waiting` for a publisher; `recording`; `failing`: the disk takes nothing at the moment; `ended`. */
export type RecordingState = "waiting" | "recording" | "failing" | "ended";

export interface SessionOptions {
  readonly id: string;
  readonly stream: string;
  readonly by: RecordedBy;
  readonly from: ReadFrom;
  readonly plan: RecordingPlan;
  /** The recording that it goes on with, whose identity it has. */
  readonly earlier: EarlierRecording | undefined;
  readonly folder: string;
  readonly disk: Disk;
  readonly log: Log;
  readonly scheduler: Scheduler;
  readonly turns: DiskTurns;
  readonly pending: PendingBytes;
  readonly listener: {
    changed(row: RecordedStream): void;
    file(row: RecordedFile, session: RecordingSession): void;
    gap(gap: Gap, session: RecordingSession): void;
    ended(session: RecordingSession): void;
  };
}

/** Files that are remembered here; the index has all of them. */
const MOST_FILES = 100;
/** Breaks that are told of one file. */
const MOST_GAPS = 1000;
/** Milliseconds between what is told of a file that grows. */
const TELL_AFTER = 5000;

/** What is known of a file besides what it says itself. */
interface Known {
  readonly gaps: FileGap[];
  readonly clocks: { readonly from: number; readonly utc: number }[];
  told: number;
}

/** One recording from its beginning to its end: waits for its stream, has it recorded, and tells what becomes of it. */
export class RecordingSession {
  readonly id: string;
  readonly stream: string;
  readonly by: RecordedBy;
  readonly #options: SessionOptions;
  readonly #started: number;
  #ended: number | null = null;
  #recording: Recording | undefined;
  readonly #known = new WeakMap<RecordingFile, Known>();
  #error: string | null = null;
  #files: RecordedFile[] = [];
  /** Settles when what was written anew is. */
  #finishing: Promise<void> = Promise.resolve();
  readonly #done = Promise.withResolvers<void>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.id = options.id;
    this.stream = options.stream;
    this.by = options.by;
    this.#started = options.earlier?.started ?? options.scheduler.wallClock();
    this.#tell();
  }

  get state(): RecordingState {
    if (this.#ended !== null) return "ended";
    if (this.#recording === undefined) return "waiting";
    return this.#recording.error === undefined ? "recording" : "failing";
  }

  /** As the index keeps it. */
  get row(): RecordedStream {
    const lost = Math.round((this.#options.earlier?.lost ?? 0) + (this.#recording?.lost ?? 0));
    return { id: this.id, stream: this.stream, by: this.by, started: this.#started, ended: this.#ended, lost, error: this.#error };
  }

  /** Its files are written anew when they are complete. */
  get rewrites(): boolean {
    const { finish, format } = this.#options.plan;
    return finish === "faststart" && format === "mp4";
  }

  /** The last of its files, oldest first. */
  get files(): readonly RecordedFile[] {
    return this.#files;
  }

  /** Resolves when its files are complete. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** The stream is there. */
  attach(stream: Stream): void {
    if (this.#recording !== undefined || this.#ended !== null) return;
    const { plan, earlier, folder, disk, log } = this.#options;
    this.#recording = new Recording(stream, {
      ...this.#options,
      place: { disk, folder, template: plan.template, format: plan.format },
      cut: plan.cut,
      first: (earlier?.last ?? 0) + 1,
      listener: {
        opened: (_, file) => this.#opened(file),
        grown: (_, file) => this.#grown(file),
        closed: (_, file, failure) => this.#closed(file, failure),
        gap: (recording, gap) => this.#gap(recording, gap),
        failing: (_, error) => this.#failing(error),
        recovered: ({ lost }) => {
          this.#error = null;
          log.warn({ stream: this.stream, recording: this.id, lostSeconds: Math.round(lost / 1000) }, "recording goes on in a new file");
          this.#tell();
        },
        ended: ({ error }) => void this.#finishing.then(() => this.#over(error)),
      },
    });
    log.info({ stream: this.stream, recording: this.id }, "recording begins");
  }

  /** Ends it. Resolves when its files are complete, or the disk does not take them. */
  stop(): Promise<void> {
    if (this.#recording !== undefined) void this.#recording.stop();
    else if (this.#ended === null) this.#over(undefined);
    return this.done;
  }

  #opened(file: RecordingFile): void {
    this.#known.set(file, { gaps: [], clocks: [{ from: 0, utc: file.at }], told: -Infinity });
  }

  #grown(file: RecordingFile): void {
    const known = this.#known.get(file)!;
    const now = this.#options.scheduler.now();
    if (now - known.told < TELL_AFTER) return;
    known.told = now;
    this.#tellFile(file, "writing");
  }

  #closed(file: RecordingFile, failure: unknown): void {
    if (failure === undefined && this.rewrites) this.#finishing = this.#finishing.then(() => this.#makeFaststart(file));
    else this.#complete(file, failure === undefined ? "complete" : "cut", file.size);
  }

  /** Writes a file anew with its index in front. Where that fails it stays as it is, which plays too. */
  async #makeFaststart(file: RecordingFile): Promise<void> {
    const { disk, turns, folder, log } = this.#options;
    let { size } = file;
    try {
      size = await makeFaststart(disk, turns, folder, file.path);
    } catch (err) {
      log.warn({ err, stream: this.stream, recording: this.id, file: file.path }, "a file keeps its index at its end");
    }
    this.#complete(file, "complete", size);
  }

  #complete(file: RecordingFile, state: "complete" | "cut", size: number): void {
    const row = this.#tellFile(file, state, size);
    const { log, folder } = this.#options;
    log.info(
      { stream: this.stream, recording: this.id, file: join(folder, row.path), seconds: Math.round(row.duration / 1000) },
      "recorded",
    );
  }

  /** Inside of a file it is that file's; the others are between two files and can be told from their times. */
  #gap({ file, lost }: Recording, gap: Gap): void {
    const { log } = this.#options;
    const seconds = Math.round(gap.to - gap.from) / 1000;
    this.#options.listener.gap(gap, this);
    if (gap.reason !== "publisher")
      log.warn({ stream: this.stream, recording: this.id, seconds, reason: gap.reason, lost }, "a part of a stream was not recorded");
    const known = file && this.#known.get(file);
    if (file === undefined || known === undefined || gap.from < file.timeline || known.gaps.length >= MOST_GAPS) return;
    const [from, to] = [gap.from - file.timeline, gap.to - file.timeline];
    known.gaps.push({ from, to, reason: gap.reason });
    known.clocks.push({ from: to, utc: Math.round(gap.utcOffset + gap.to) });
  }

  #failing(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    this.#error = code ?? message;
    this.#options.log.error({ err: error, stream: this.stream, recording: this.id }, "recording stands still: the disk takes nothing");
    this.#tell();
  }

  #over(error: unknown): void {
    this.#ended = this.#options.scheduler.wallClock();
    if (error instanceof Error) this.#error ??= error.message;
    this.#options.log.info(
      { stream: this.stream, recording: this.id, ...(this.#error !== null && { reason: this.#error }) },
      "recording ended",
    );
    this.#tell();
    this.#options.listener.ended(this);
    this.#done.resolve();
  }

  #tell(): void {
    this.#options.listener.changed(this.row);
  }

  #tellFile(file: RecordingFile, state: RecordedFile["state"], size = file.size): RecordedFile {
    const { gaps, clocks } = this.#known.get(file)!;
    const { path, identity, timeline, at, length } = file;
    const last = clocks.at(-1)!;
    const row: RecordedFile = {
      ...identity,
      path,
      format: this.#options.plan.format,
      state,
      start: at,
      end: Math.round(last.utc + length - last.from),
      timeline,
      duration: Math.round(length),
      size,
      tracks: file.tracks.map(recordedTrack),
      gaps: [...gaps],
      clocks: [...clocks],
    };
    this.#files = [...this.#files.filter((each) => each.path !== path), row].slice(-MOST_FILES);
    this.#options.listener.file(row, this);
    return row;
  }
}
