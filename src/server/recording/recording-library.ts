import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Disk } from "../storage/disk.ts";
import type { RecordingQuery } from "./index-store.ts";
import { reconcile } from "./reconcile.ts";
import type { EarlierRecording, ListedRecording, RecordedFile } from "./recorded.ts";
import { RecordingIndex } from "./recording-index.ts";
import type { Recordings } from "./recordings.ts";
import type { RecordingSession, RecordingState } from "./recording-session.ts";
import { S3Uploads } from "./s3-uploads.ts";
import { removeOld, type Why } from "./retention.ts";

/** The index's file in the folder of recordings. */
export const indexName = "index.sqlite";

/** Milliseconds between two looks at what is to be removed. */
const RETENTION_EVERY = 60_000;
/** The same after a disk was found full. */
const RETENTION_SOON = 100;

export interface LibraryOptions {
  readonly recordings: Recordings;
  readonly settings: Config["recording"];
  readonly disk: Disk;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Unix milliseconds by the clock of the disk. */
  readonly startedAt?: number;
}

/** A recording with what it does at the moment. */
export interface DescribedRecording extends ListedRecording {
  readonly state: RecordingState;
}

/** All recordings in a folder, those of earlier runs too: an index of them, kept true and below the limits that are set. */
export class RecordingLibrary {
  readonly #options: LibraryOptions;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  #opening: Promise<RecordingIndex | undefined> | undefined;
  /** What is on its way to the index, in order. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Settles when the index says what is in the folder. */
  #reconciled: Promise<void> = Promise.resolve();
  #uploads: S3Uploads | undefined;
  #cancelRetention: (() => void) | undefined;
  #closed = false;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#startedAt = options.startedAt ?? Date.now();
    options.recordings.listen({
      changed: (row) => {
        this.#save((index) => index.ask("saveRecording", row));
        if (row.error === "ENOSPC") this.#retainIn(RETENTION_SOON);
      },
      file: (row, session) =>
        this.#save(async (index) => {
          await index.ask("saveFile", row);
          this.#upload(row, session.rewrites);
        }),
    });
  }

  /** Opens the index where something is recorded, or was. */
  async start(): Promise<void> {
    const { settings, recordings } = this.#options;
    const records = settings.streams.length > 0 || settings.publishTypes;
    const has = await stat(join(recordings.folder, indexName)).then(
      () => true,
      () => false,
    );
    if ((records || has) && !this.#closed) await this.#open();
  }

  /** Resolves when the index says what is in the folder. */
  async whenTrue(): Promise<void> {
    await this.#open();
    await this.#writing;
    await this.#reconciled;
  }

  /** Newest first. */
  async list(query: RecordingQuery): Promise<DescribedRecording[]> {
    const index = await this.#ready();
    if (index !== undefined) return (await index.ask("recordings", query)).map((row) => this.#described(row));
    // Without an index there is what goes on now.
    const sessions = [...this.#options.recordings.running.values()].filter(
      ({ stream }) => query.stream === undefined || query.stream === stream,
    );
    return sessions
      .toReversed()
      .slice(0, query.limit)
      .map((session) => this.#described(withSums(session)));
  }

  async recording(id: string): Promise<DescribedRecording | undefined> {
    const session = this.#options.recordings.running.get(id);
    const row = (await (await this.#ready())?.ask("recording", id)) ?? (session && withSums(session));
    return row && this.#described(row);
  }

  /** The files of a recording in their order. @param after the number of the last one that was seen */
  async files(id: string, limit: number, after = 0): Promise<RecordedFile[]> {
    const index = await this.#ready();
    if (index !== undefined) return index.ask("files", id, limit, after);
    const files = this.#options.recordings.running.get(id)?.files ?? [];
    return files.filter(({ n }) => n > after).slice(0, limit);
  }

  /** The newest recording of a stream. */
  async newestOf(stream: string): Promise<EarlierRecording | undefined> {
    const index = await this.#ready();
    const row = await index?.ask("newestOf", stream);
    return row && { ...row, last: await index!.ask("lastNumber", row.id) };
  }

  /** Files that have something of a stream within a span of time, by time. Unix milliseconds. */
  async filesBetween(stream: string, from: number, to: number, limit = 1000): Promise<RecordedFile[]> {
    return (await (await this.#ready())?.ask("filesBetween", stream, from, to, limit)) ?? [];
  }

  /** Closes the index; what was told before is in it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#abort.abort();
    this.#cancelRetention?.();
    this.#uploads?.close();
    await this.#reconciled.catch(() => undefined);
    const index = await this.#opening;
    await this.#writing;
    await index?.close();
  }

  #upload(file: RecordedFile, rewrites: boolean): void {
    void this.#uploads
      ?.see(file, rewrites)
      .catch((err: unknown) => this.#options.log.error({ err, file: file.path }, "a recording is not uploaded"));
  }

  #described(row: ListedRecording): DescribedRecording {
    const session = this.#options.recordings.running.get(row.id);
    return session === undefined ? { ...row, state: "ended" } : { ...row, ...session.row, state: session.state };
  }

  /** The index with all in it that was told so far; undefined where there is none, or it cannot be used. */
  async #ready(): Promise<RecordingIndex | undefined> {
    if (this.#opening === undefined) await this.start();
    await this.#writing;
    return this.#opening;
  }

  #save(save: (index: RecordingIndex) => Promise<unknown>): void {
    const opening = this.#open();
    this.#writing = this.#writing
      .then(async () => {
        const index = await opening;
        if (index !== undefined) await save(index);
      })
      .catch((err: unknown) => this.#options.log.error({ err }, "the index of recordings cannot be written"));
  }

  #open(): Promise<RecordingIndex | undefined> {
    return (this.#opening ??= this.#openIndex());
  }

  async #openIndex(): Promise<RecordingIndex | undefined> {
    const { recordings, settings, disk, log } = this.#options;
    const { folder } = recordings;
    try {
      await mkdir(folder, { recursive: true });
      const index = await RecordingIndex.open(join(folder, indexName));
      const unfinished = await index.ask("unfinished");
      await index.ask("endAll", "the server ended in the middle of it");
      const options = { disk, folder, index, log, startedAt: this.#startedAt, signal: this.#abort.signal };
      this.#reconciled = reconcile(options, unfinished).catch((err: unknown) =>
        log.error({ err }, "the index of recordings may not be true"),
      );
      if (settings.s3.endpoint !== "")
        this.#uploads = new S3Uploads({ ...options, settings: settings.s3, scheduler: this.#options.scheduler });
      void this.#reconciled.then(() => {
        this.#retainIn(0);
        this.#uploads?.resume().catch((err: unknown) => log.error({ err }, "uploads do not go on"));
      });
      return index;
    } catch (err) {
      const isTaken = (err as { errcode?: number }).errcode === 5;
      log.error(
        { err, folder },
        isTaken ? "another server has the index of these recordings: they are not listed" : "recordings have no index",
      );
      return undefined;
    }
  }

  #retainIn(ms: number): void {
    if (this.#closed) return;
    this.#cancelRetention?.();
    this.#cancelRetention = this.#options.scheduler.after(ms, () => void this.retain().finally(() => this.#retainIn(RETENTION_EVERY)));
  }

  /** Removes what is not to be kept. */
  async retain(): Promise<void> {
    const { disk, recordings, settings, log, scheduler } = this.#options;
    const index = await this.#ready();
    if (index === undefined || this.#closed) return;
    const options = {
      ...{ disk, folder: recordings.folder, index, log, rules: settings },
      mayGo: ({ uploaded }: RecordedFile) => this.#uploads === undefined || uploaded === true,
      removed: ({ path, stream }: RecordedFile, why: Why) => log.info({ file: path, stream, why }, "an old recording was removed"),
    };
    try {
      while (!this.#closed && (await removeOld(options, scheduler.wallClock())));
    } catch (err) {
      log.error({ err }, "old recordings cannot be removed");
    }
  }
}

function withSums(session: RecordingSession): ListedRecording {
  const { files } = session;
  return { ...session.row, files: files.length, size: files.reduce((sum, { size }) => sum + size, 0) };
}
