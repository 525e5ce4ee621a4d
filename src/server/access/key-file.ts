import { randomUUID } from "node:crypto";
import { link, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../storage/make-folder.ts";
import { KeyFileError, readKeyList, writeKeyList } from "./key-list.ts";
import { newKey, type PublishKey } from "./publish-key.ts";

/** The file's name in the data folder. */
const fileName = "publish-keys.txt";
/** Bytes that are read at most; a thousand keys have a fifth of it. */
const fileLimit = 256 * 1024;
/** How often a change is tried again when another process has changed the file meanwhile. */
const tries = 5;

/** What of a file tells that it is another one, or has been written. */
type Version = string;

/** The keys as they stood on the disk. */
export interface KeyFileState {
  readonly keys: readonly PublishKey[];
  readonly version: Version;
  /** Other users of this machine can read it. */
  readonly exposed: boolean;
}

/**
 * The file of keys in a data folder: mode 0600 in a folder of mode 0700, always whole, however many processes read and
 * change it.
 */
export class KeyFile {
  readonly path: string;

  /** @param folder the data folder, which need not exist */
  constructor(folder: string) {
    this.path = join(folder, fileName);
  }

  /**
   * The keys; undefined where there is no file.
   *
   * @throws {KeyFileError} where it is damaged or cannot be read; the system's error where the folder cannot
   */
  async read(): Promise<KeyFileState | undefined> {
    try {
      await using handle = await open(this.path, "r");
      const facts = await handle.stat({ bigint: true });
      if (!facts.isFile()) throw new KeyFileError(this.path, undefined, "this is no file; take it away");
      if (facts.size > fileLimit)
        throw new KeyFileError(this.path, undefined, `longer than ${fileLimit / 1024} KiB; this is no list of keys`);
      const bytes = Buffer.alloc(Number(facts.size));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      const keys = readKeyList(utf8(bytes.subarray(0, bytesRead), this.path), this.path);
      return { keys, version: versionOf(facts), exposed: process.platform !== "win32" && (facts.mode & 0o077n) !== 0n };
    } catch (error) {
      if (error instanceof KeyFileError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      // Rejects where it is the folder that we may not look into.
      if ((await this.version()) === undefined) return undefined;
      throw new KeyFileError(this.path, undefined, `cannot be read (${code ?? String(error)}); let the user that runs the server read it`);
    }
  }

  /** What `read` would name the file's version; undefined where there is none. Rejects with the system's error. */
  async version(): Promise<Version | undefined> {
    const facts = await stat(this.path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    });
    return facts && versionOf(facts);
  }

  /**
   * The keys; where there is no file, it is made, with one new key for every stream.
   *
   * @throws {KeyFileError} where it is damaged; the system's error where it cannot be made
   */
  async readOrMake(): Promise<KeyFileState> {
    const existing = await this.read();
    if (existing) return existing;
    await this.#write([{ key: newKey(), stream: undefined }], placeFirst);
    const made = await this.read();
    if (!made) throw new KeyFileError(this.path, undefined, "was taken away while it was being made; start again");
    return made;
  }

  /**
   * Changes the keys, from none where there is no file. The change is tried again if another process was quicker.
   *
   * @param change keys to keys; may throw
   * @throws {KeyFileError}; what `change` throws; the system's error where it cannot be written
   */
  async change(change: (keys: readonly PublishKey[]) => readonly PublishKey[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.read();
      const keys = change(before?.keys ?? []);
      if ((await this.version()) === before?.version) return this.#write(keys, rename);
      if (attempt === tries) throw new KeyFileError(this.path, undefined, "other programs keep changing it; try again");
    }
  }

  /** Writes another file beside it, has it on the disk, and puts it in place at once. */
  async #write(keys: readonly PublishKey[], place: (from: string, to: string) => Promise<void>): Promise<void> {
    const folder = dirname(this.path);
    await makeFolder(folder, 0o700);
    const temporary = join(folder, `.${fileName}.${randomUUID()}`);
    try {
      await using handle = await open(temporary, "wx", 0o600);
      await handle.writeFile(writeKeyList(keys));
      await handle.sync();
      await place(temporary, this.path);
    } finally {
      await rm(temporary, { force: true });
    }
    await syncFolder(folder);
  }
}

/** Two processes may make the first file at one time: the one that has it in place first wins, and both read that. */
async function placeFirst(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    // A file system without links.
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
    await rename(from, to);
  }
}

function versionOf({ ino, size, mtimeNs }: { readonly ino: bigint; readonly size: bigint; readonly mtimeNs: bigint }): Version {
  return `${ino} ${size} ${mtimeNs}`;
}

function utf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new KeyFileError(path, undefined, `not UTF-8 text; take it away, and the next start makes a new one`);
  }
}

/** Has the new name on the disk as well. Not every system lets a folder be opened; there the file system sees to it. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch {
    return;
  }
}
