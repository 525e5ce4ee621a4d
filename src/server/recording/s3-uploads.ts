import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Disk } from "../storage/disk.ts";
import { DiskTurns } from "./disk-turns.ts";
import type { RecordedFile } from "./recorded.ts";
import type { RecordingIndex } from "./recording-index.ts";
import { S3Client, S3Error } from "./s3-client.ts";

/** How far the upload of a file has come, as the index keeps it. */
export interface UploadRow {
  readonly path: string;
  /** Id of the multipart upload; null where none has begun, or none goes on. */
  readonly upload: string | null;
  /** Bytes that are there. */
  readonly uploaded: number;
  readonly etags: readonly string[];
  readonly done: boolean;
  /** The file is on our disk too. */
  readonly local: boolean;
}

export interface UploadsOptions {
  readonly settings: Config["recording"]["s3"];
  readonly folder: string;
  readonly disk: Disk;
  readonly index: RecordingIndex;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Milliseconds for one request. */
  readonly patience?: number;
  /** Bytes of a part; S3 takes none below 5 MiB but the last. */
  readonly part?: number;
}

/** Bytes of a part. */
const PART = 8 * 1024 * 1024;
/** Of ten thousand parts that an upload may have, each thousand are larger by that than those before. */
const GROW_EVERY = 1000;
/** Requests at a time. */
const AT_A_TIME = 2;
/** Milliseconds before the first further try, and the longest; doubled with each. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

/** One file on its way. */
interface Upload {
  row: UploadRow;
  /** What may be sent: bytes that are on our disk, and whether more may come. */
  size: number;
  isFinal: boolean;
  running: boolean;
}

/** Copies recordings to an S3-compatible service: in parts while they are written, from where it stopped after a restart, again until it is taken. */
export class S3Uploads {
  readonly #options: UploadsOptions;
  readonly #client: S3Client;
  readonly #turns = new DiskTurns(AT_A_TIME);
  readonly #uploads = new Map<string, Upload>();
  readonly #wakes = new Set<() => void>();
  #closed = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
    const { secretKey = "", ...place } = options.settings;
    this.#client = new S3Client({ ...place, secretKey }, options.patience);
  }

  /** Files that are not there yet. */
  get pending(): number {
    return this.#uploads.size;
  }

  /** Goes on with what earlier runs began, or never came to. The index must say what is in the folder. */
  async resume(): Promise<void> {
    for (const file of await this.#options.index.ask("notUploaded")) await this.see(file, false);
  }

  /** A file is there, or more of it. @param changes it is written anew when it is complete, so that nothing of it is sent before */
  async see(file: RecordedFile, changes: boolean): Promise<void> {
    const isFinal = file.state !== "writing";
    if (this.#closed || (changes && !isFinal)) return;
    let upload = this.#uploads.get(file.path);
    if (upload === undefined) {
      upload = { row: emptyRow(file.path), size: 0, isFinal: false, running: true };
      this.#uploads.set(file.path, upload);
      const row = await this.#options.index.ask("upload", file.path).catch(() => undefined);
      upload.row = row ?? upload.row;
      // From now on it is known that it is to be there, after a restart too.
      if (row === undefined) await this.#options.index.ask("saveUpload", upload.row);
      upload.running = false;
    }
    upload.size = Math.max(upload.size, file.size);
    if (isFinal) {
      upload.size = file.size;
      upload.isFinal = true;
    }
    if (!upload.running) void this.#run(upload);
  }

  /** Sends nothing more; what is on its way ends by itself. The next start goes on. */
  close(): void {
    this.#closed = true;
    for (const wake of this.#wakes) wake();
  }

  async #run(upload: Upload): Promise<void> {
    upload.running = true;
    let wait = FIRST_WAIT;
    while (!this.#closed && this.#hasWork(upload)) {
      try {
        await this.#turns.run(() => this.#step(upload));
        wait = FIRST_WAIT;
      } catch (error) {
        if (!(await this.#failed(upload, error, wait))) break;
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
    upload.running = false;
    if (upload.row.done) this.#uploads.delete(upload.row.path);
  }

  #hasWork({ row, size, isFinal }: Upload): boolean {
    return !row.done && (isFinal || size - row.uploaded >= this.#partSize(row.etags.length));
  }

  /** One request, or two. */
  async #step(upload: Upload): Promise<void> {
    const { row, size, isFinal } = upload;
    const key = this.#key(row.path);
    if (row.uploaded > size) return this.#anew(upload, "the file is shorter than what was sent");
    const rest = size - row.uploaded;
    if (row.upload === null && isFinal && size <= this.#partSize(0)) {
      await this.#client.put(key, await this.#read(row.path, 0, size));
      return this.#check(upload);
    }
    if (row.upload === null) return this.#save(upload, { upload: await this.#client.begin(key) });
    if (rest > 0) {
      const body = await this.#read(row.path, row.uploaded, Math.min(rest, this.#partSize(row.etags.length)));
      const etag = await this.#client.part(key, row.upload, row.etags.length + 1, body);
      return this.#save(upload, { uploaded: row.uploaded + body.length, etags: [...row.etags, etag] });
    }
    await this.#client.complete(key, row.upload, row.etags);
    return this.#check(upload);
  }

  /** What is there must be as long as what is here. */
  async #check(upload: Upload): Promise<void> {
    const { settings, folder, disk, log } = this.#options;
    const { path } = upload.row;
    const there = await this.#client.size(this.#key(path));
    if (there !== upload.size) return this.#anew(upload, `${there} bytes are there of ${upload.size}`);
    await this.#save(upload, { uploaded: upload.size, done: true, local: settings.keepLocal });
    log.info({ file: path, bytes: upload.size }, "a recording was uploaded");
    if (!settings.keepLocal)
      await disk
        .unlink(join(folder, path))
        .catch((err: unknown) => log.warn({ err, file: path }, "an uploaded recording cannot be removed"));
  }

  /** From the beginning. Throws, so that it is not tried again at once. */
  async #anew(upload: Upload, why: string): Promise<void> {
    const { path, upload: id } = upload.row;
    await this.#save(upload, emptyRow(path));
    if (id !== null) await this.#client.abort(this.#key(path), id).catch(() => undefined);
    throw new S3Error("an upload begins anew", 0, why);
  }

  /** @returns whether it is to be tried again */
  async #failed(upload: Upload, error: unknown, wait: number): Promise<boolean> {
    const { log, scheduler } = this.#options;
    const { path } = upload.row;
    const { code, status, message } = error as { code?: string; status?: number; message: string };
    if (code === "ENOENT") {
      log.warn({ file: path }, "a recording is gone before it was uploaded");
      this.#uploads.delete(path);
      return false;
    }
    if (status === 404 && code === "NoSuchUpload") await this.#save(upload, emptyRow(path)).catch(() => undefined);
    log.warn({ file: path, reason: message, againInSeconds: wait / 1000 }, "a recording is not uploaded yet");
    await new Promise<void>((resolve) => {
      const cancel = scheduler.after(wait, resolve);
      const wake = (): void => (cancel(), resolve());
      if (this.#closed) wake();
      this.#wakes.add(wake);
    });
    this.#wakes.clear();
    return true;
  }

  async #save(upload: Upload, change: Partial<UploadRow>): Promise<void> {
    upload.row = { ...upload.row, ...change };
    await this.#options.index.ask("saveUpload", upload.row);
  }

  async #read(path: string, at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { disk, folder } = this.#options;
    const file = await disk.open(join(folder, path), "read");
    try {
      const into = new Uint8Array(length);
      if ((await file.read(into, at)) < length) throw new Error("the file is shorter than it was");
      return into;
    } finally {
      await file.close();
    }
  }

  /** Of the next part behind so many. */
  #partSize(parts: number): number {
    return (this.#options.part ?? PART) * (1 + Math.floor(parts / GROW_EVERY));
  }

  #key(path: string): string {
    return `${this.#options.settings.prefix}${path}`;
  }
}

function emptyRow(path: string): UploadRow {
  return { path, upload: null, uploaded: 0, etags: [], done: false, local: true };
}
