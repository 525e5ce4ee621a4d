import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { UploadRow } from "./s3-uploads.ts";
import type { ListedRecording, RecordedFile, RecordedStream } from "./recorded.ts";

/** Raised when the tables change; an index of another version is made anew from the files. */
const VERSION = 2;

const tables = `
  CREATE TABLE recordings (
    id TEXT PRIMARY KEY, stream TEXT NOT NULL, by TEXT NOT NULL, started REAL NOT NULL, ended REAL, lost REAL NOT NULL, error TEXT
  ) WITHOUT ROWID;
  CREATE INDEX recordings_by_time ON recordings (started DESC, id DESC);
  CREATE TABLE files (
    path TEXT PRIMARY KEY, recording TEXT NOT NULL, stream TEXT NOT NULL, n INTEGER NOT NULL, format TEXT NOT NULL, state TEXT NOT NULL,
    start REAL NOT NULL, "end" REAL NOT NULL, timeline REAL NOT NULL, duration REAL NOT NULL, size INTEGER NOT NULL,
    tracks TEXT NOT NULL, gaps TEXT NOT NULL, clocks TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE uploads (path TEXT PRIMARY KEY, upload TEXT, uploaded INTEGER NOT NULL, etags TEXT NOT NULL, done INTEGER NOT NULL, local INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX files_by_time ON files (stream, start);
  CREATE INDEX files_of_recording ON files (recording, n);
  CREATE INDEX files_by_age ON files ("end");
  CREATE INDEX files_unfinished ON files (state) WHERE state = 'writing';
  PRAGMA user_version = ${VERSION};
`;

/** Of files that are on our disk, and not only where they were uploaded to. */
const isHere = "path NOT IN (SELECT path FROM uploads WHERE local = 0)";

/** What of a recording's files is told with it. */
const sums =
  "(SELECT count(*) FROM files WHERE recording = recordings.id) AS files, (SELECT coalesce(sum(size), 0) FROM files WHERE recording = recordings.id) AS size";

type Row = Record<string, SQLInputValue>;

/** What is asked for of the recordings. */
export interface RecordingQuery {
  readonly stream?: string | undefined;
  /** At most. */
  readonly limit: number;
  /** Only those that began before it: the `started` and `id` of the last one that was seen. */
  readonly before?: { readonly started: number; readonly id: string } | undefined;
}

/** The index of recordings: an SQLite file that one process has open. All calls block; a worker makes them (index-worker.ts). */
export class IndexStore {
  /** There was no index that could be used: it is empty. */
  readonly isNew: boolean;
  readonly #db: DatabaseSync;

  /** @throws Error with `errcode` where it cannot be used: 5 (SQLITE_BUSY) where another process has it, 11 and 26 where it is damaged or no index */
  constructor(file: string) {
    this.#db = new DatabaseSync(file, { timeout: 500 });
    try {
      this.#db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
      const version = this.#get("PRAGMA user_version")?.["user_version"];
      const check = this.#get("PRAGMA quick_check(1)")?.["quick_check"];
      if (check !== "ok") throw Object.assign(new Error(`the index is damaged: ${String(check)}`), { errcode: 11 });
      if (version !== 0 && version !== VERSION) throw Object.assign(new Error("the index is of another version"), { errcode: 26 });
      this.isNew = version === 0;
      if (this.isNew) this.#db.exec(`BEGIN; ${tables} COMMIT;`);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  saveRecording({ id, stream, by, started, ended, lost, error }: RecordedStream): void {
    const values = { id, stream, by, started, ended, lost, error };
    this.#run("INSERT OR REPLACE INTO recordings VALUES ($id, $stream, $by, $started, $ended, $lost, $error)", values);
  }

  saveFile(file: RecordedFile): void {
    const { recording, stream, n, path, format, state, start, end, timeline, duration, size } = file;
    const row = { recording, stream, n, path, format, state, start, end, timeline, duration, size };
    const lists = { tracks: JSON.stringify(file.tracks), gaps: JSON.stringify(file.gaps), clocks: JSON.stringify(file.clocks) };
    this.#run(
      "INSERT OR REPLACE INTO files VALUES ($path, $recording, $stream, $n, $format, $state, $start, $end, $timeline, $duration, $size, $tracks, $gaps, $clocks)",
      { ...row, ...lists },
    );
  }

  /** A recording goes with its last file, unless it goes on. */
  removeFile(path: string): void {
    const recording = this.#get("SELECT recording FROM files WHERE path = $path", { path })?.["recording"];
    this.#run("DELETE FROM files WHERE path = $path", { path });
    this.#run("DELETE FROM uploads WHERE path = $path", { path });
    if (typeof recording === "string")
      this.#run(
        "DELETE FROM recordings WHERE id = $recording AND ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM files WHERE recording = $recording)",
        { recording },
      );
  }

  /** Newest first. */
  recordings({ stream, limit, before }: RecordingQuery): ListedRecording[] {
    const started = before?.started ?? Infinity;
    const rows = this.#all(
      `SELECT *, ${sums} FROM recordings WHERE (started, id) < ($started, $id) AND ($stream IS NULL OR stream = $stream) ORDER BY started DESC, id DESC LIMIT $limit`,
      { started, id: before?.id ?? "", stream: stream ?? null, limit },
    );
    return rows as unknown as ListedRecording[];
  }

  recording(id: string): ListedRecording | undefined {
    return this.#get(`SELECT *, ${sums} FROM recordings WHERE id = $id`, { id }) as unknown as ListedRecording | undefined;
  }

  /** The newest recording of a stream; undefined where there is none. */
  newestOf(stream: string): ListedRecording | undefined {
    return this.recordings({ stream, limit: 1 })[0];
  }

  /** The files of a recording in their order. @param after the number of the last one that was seen */
  files(recording: string, limit: number, after = 0): RecordedFile[] {
    return this.#files("SELECT * FROM files WHERE recording = $recording AND n > $after ORDER BY n LIMIT $limit", {
      recording,
      after,
      limit,
    });
  }

  /** Number of the last file of a recording; 0 where there is none. */
  lastNumber(recording: string): number {
    return Number(this.#get("SELECT coalesce(max(n), 0) AS n FROM files WHERE recording = $recording", { recording })?.["n"]);
  }

  /** Files of a stream that have something of a span of time (Unix milliseconds), by time. */
  filesBetween(stream: string, from: number, to: number, limit: number): RecordedFile[] {
    return this.#files('SELECT * FROM files WHERE stream = $stream AND start <= $to AND "end" > $from ORDER BY start, n LIMIT $limit', {
      stream,
      from,
      to,
      limit,
    });
  }

  /** Those that nobody finished. */
  unfinished(): RecordedFile[] {
    return this.#files("SELECT * FROM files WHERE state = 'writing'");
  }

  /** Complete ones, those that ended first first. */
  oldest(limit: number): RecordedFile[] {
    return this.#files(`SELECT * FROM files WHERE state <> 'writing' AND ${isHere} ORDER BY "end", path LIMIT $limit`, { limit });
  }

  paths(): string[] {
    return this.#all(`SELECT path FROM files WHERE ${isHere}`).map(({ path }) => String(path));
  }

  /** Files that are to be uploaded, and are not there yet. */
  notUploaded(): RecordedFile[] {
    return this.#files("SELECT * FROM files WHERE state <> 'writing' AND path IN (SELECT path FROM uploads WHERE done = 0) ORDER BY start");
  }

  upload(path: string): UploadRow | undefined {
    const row = this.#get("SELECT * FROM uploads WHERE path = $path", { path });
    if (row === undefined) return undefined;
    return { ...row, etags: parsed(row["etags"]), done: row["done"] === 1, local: row["local"] === 1 } as unknown as UploadRow;
  }

  saveUpload({ path, upload, uploaded, etags, done, local }: UploadRow): void {
    const values = { path, upload, uploaded, etags: JSON.stringify(etags), done: Number(done), local: Number(local) };
    this.#run("INSERT OR REPLACE INTO uploads VALUES ($path, $upload, $uploaded, $etags, $done, $local)", values);
  }

  totalSize(): number {
    return Number(this.#get(`SELECT coalesce(sum(size), 0) AS size FROM files WHERE ${isHere}`)?.["size"]);
  }

  /** Recordings that go on as far as the index knows: to be called before any does. @returns how many there were */
  endAll(error: string): number {
    const ended = 'coalesce((SELECT max("end") FROM files WHERE recording = recordings.id), started)';
    return this.#run(`UPDATE recordings SET ended = ${ended}, error = coalesce(error, $error) WHERE ended IS NULL`, { error });
  }

  close(): void {
    this.#db.close();
  }

  #files(sql: string, values: Row = {}): RecordedFile[] {
    return this.#all(sql, values).map(({ tracks, gaps, clocks, ...row }) => {
      const uploaded = this.#get("SELECT done FROM uploads WHERE path = $path", { path: String(row["path"]) })?.["done"] === 1;
      const lists = { tracks: parsed(tracks), gaps: parsed(gaps), clocks: parsed(clocks) };
      return { ...row, ...lists, uploaded } as unknown as RecordedFile;
    });
  }

  #get(sql: string, values: Row = {}): Record<string, unknown> | undefined {
    return this.#db.prepare(sql).get(values);
  }

  #all(sql: string, values: Row = {}): Record<string, unknown>[] {
    return this.#db
      .prepare(sql)
      .all(values)
      .map((row) => ({ ...row }));
  }

  #run(sql: string, values: Row): number {
    return Number(this.#db.prepare(sql).run(values).changes);
  }
}

function parsed(text: unknown): unknown {
  return JSON.parse(String(text));
}
