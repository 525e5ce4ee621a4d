import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Archive, Keeper } from "../../hub/archive.ts";
import type { TimelineOrigin } from "../../hub/timeline.ts";
import type { Log } from "../log.ts";
import type { Disk, DiskFile } from "../storage/disk.ts";
import { errorCode, FeedFileError, reasonOf } from "./feed-file-error.ts";
import type { FeedState } from "./feed-keeper.ts";
import { FfmArchive } from "./ffm-archive.ts";
import { FfmPages } from "./ffm-pages.ts";
import { recover } from "./recover.ts";
import { RingArchive } from "./ring-archive.ts";
import { isThere, readRingFile } from "./ring-file.ts";

export interface ReadOnlyKeeperOptions {
  /** The stream's. */
  readonly name: string;
  readonly path: string;
  readonly disk: Disk;
  readonly log: Log;
}

/** What was found in a file. */
interface Content {
  readonly archive: Archive;
  readonly origin: TimelineOrigin;
  readonly fault?: string | undefined;
}

/** The past of a name out of a file that is there and is only read: a ring file of ours, or one of ffserver's. Nobody publishes under it. */
export class ReadOnlyKeeper implements Keeper {
  readonly isClosed = true;
  readonly #options: ReadOnlyKeeperOptions;
  #file: DiskFile | undefined;
  #content: Content | undefined;

  constructor(options: ReadOnlyKeeperOptions) {
    this.#options = options;
  }

  /** To be asked once it is open. */
  get archive(): Archive {
    return this.#content!.archive;
  }

  get origin(): TimelineOrigin | undefined {
    return this.#content?.origin;
  }

  get health(): FeedState {
    return { file: this.#options.path, failing: false, reason: undefined, lost: 0, written: 0 };
  }

  follow(): void {
    // Nobody publishes.
  }

  /** Opens the file and finds what is in it. @throws {FeedFileError} */
  async open(): Promise<void> {
    const { disk, path, log, name } = this.#options;
    try {
      if (!(await isThere(disk, path))) throw new FeedFileError(path, "is not there, and is for reading only (ENOENT)");
      this.#file = await disk.open(path, "read");
      this.#content = await this.#read(this.#file);
    } catch (error) {
      await this.close();
      throw inWords(path, error);
    }
    const { archive, origin, fault } = this.#content;
    const [since, until] = [archive.oldest!.utc, origin.utc].map((utc) => new Date(utc).toISOString());
    log.info({ stream: name, file: path, since, until }, "feed file open, for reading only");
    if (fault !== undefined) log.warn({ stream: name, file: path, reason: fault }, "a feed's file is damaged; what can be read is played");
  }

  /** Lets go of the file: who reads it gets no further. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  async #read(file: DiskFile): Promise<Content> {
    const { path } = this.#options;
    const magic = new Uint8Array(4);
    await file.read(magic, 0);
    if (!/^FFM[12]$/.test(Buffer.from(magic).toString("latin1"))) return this.#readRing(file);
    const { size, modified } = await file.stat();
    const archive = await FfmArchive.read(await FfmPages.open(file, size), modified);
    if (archive === undefined) throw new FeedFileError(path, "has nothing that can be played: no picture or sound to begin at");
    return { archive, origin: archive.origin, fault: archive.fault };
  }

  async #readRing(file: DiskFile): Promise<Content> {
    const { path } = this.#options;
    const ring = await readRingFile(path, file);
    const origin = (await recover(ring)).origin();
    const archive = new RingArchive(() => ring);
    if (archive.oldest === undefined || origin === undefined) throw new FeedFileError(path, "has nothing that can be played");
    return { archive, origin };
  }
}

function inWords(path: string, error: unknown): FeedFileError {
  if (error instanceof FeedFileError) return error;
  if (error instanceof ProtocolError) return new FeedFileError(path, `cannot be read: ${error.message}`, error);
  const code = errorCode(error);
  if (code === "EACCES" || code === "EPERM") return new FeedFileError(path, `cannot be read: this user may not (${code})`, error);
  return new FeedFileError(path, reasonOf(error), error);
}
