import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { lstat, open, readdir, rename, statfs, unlink } from "node:fs/promises";
import { makeFolder } from "./make-folder.ts";

/**
 * How a file is opened: `read` and `update` (read and write) one that is there, `create` one that must not be there. A symbolic
 * link is followed with `read` and `update` only where `follow` is given: else it is an error with the code ELOOP.
 */
export type DiskMode = "read" | "update" | "create";

/** What stands at a path; a link is not followed. */
export interface DiskStat {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  /** Unix milliseconds of the last write. */
  readonly modified: number;
  /** Equal for the same file only: tells whether a path still leads to the file that is open. */
  readonly identity: string;
}

/** Bytes of the file system that a path lies on. */
export interface DiskSpace {
  readonly free: number;
  readonly total: number;
}

/** An open file. Calls may overlap where their ranges do not. */
export interface DiskFile {
  /** Reads at a position until the view is full or the file ends. @returns the bytes read */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all parts behind one another, or throws; then any of them may have been written. The bytes must not change meanwhile. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** What was written survives the loss of power (fdatasync). */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(): Promise<DiskStat>;
  close(): Promise<void>;
}

/**
 * What we need of a file system, so that tests can own it (`test/support/recorded-disk.ts`). Errors are those of Node's `fs`: they have a
 * `code`, such as ENOENT or ENOSPC.
 */
export interface Disk {
  open(path: string, mode: DiskMode, options?: { readonly follow?: boolean }): Promise<DiskFile>;
  /** Takes the place of what was there. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  stat(path: string): Promise<DiskStat>;
  /** Names in a folder, in no order. */
  readdir(path: string): Promise<string[]>;
  /** With the folders above it; no error where it is there. */
  mkdir(path: string): Promise<void>;
  /** Names made, changed and removed in a folder survive the loss of power. */
  syncFolder(path: string): Promise<void>;
  space(path: string): Promise<DiskSpace>;
}

/** The file systems of this machine. Files are made readable by their owner and group only. */
export const nodeDisk: Disk = {
  async open(path, mode, options) {
    const link = options?.follow === true ? 0 : (constants.O_NOFOLLOW ?? 0);
    const flags = {
      read: constants.O_RDONLY | link,
      update: constants.O_RDWR | link,
      create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
    };
    return nodeFile(await open(path, flags[mode], 0o640));
  },
  rename,
  unlink,
  async stat(path) {
    return describe(await lstat(path));
  },
  readdir: (path) => readdir(path),
  mkdir: (path) => makeFolder(path, 0o777),
  async syncFolder(path) {
    const folder = await open(path, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  async space(path) {
    const { bavail, blocks, bsize } = await statfs(path);
    return { free: bavail * bsize, total: blocks * bsize };
  },
};

function nodeFile(handle: FileHandle): DiskFile {
  return {
    async read(into, position) {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    async write(parts, position) {
      let rest = parts.filter((part) => part.length > 0);
      let at = position;
      while (rest.length > 0) {
        // The kernel takes 1024 pieces at a time, and may take less than it is given.
        let { bytesWritten: taken } = await handle.writev(rest.slice(0, 1024), at);
        at += taken;
        let whole = 0;
        while (whole < rest.length && taken >= rest[whole]!.length) taken -= rest[whole++]!.length;
        rest = rest.slice(whole);
        if (taken > 0) rest[0] = rest[0]!.subarray(taken);
      }
    },
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    async stat() {
      return describe(await handle.stat());
    },
    close: () => handle.close(),
  };
}

function describe(stats: Awaited<ReturnType<typeof lstat>>): DiskStat {
  const kind = stats.isFile() ? "file" : stats.isDirectory() ? "folder" : stats.isSymbolicLink() ? "link" : "other";
  return { kind, size: Number(stats.size), modified: Number(stats.mtimeMs), identity: `${stats.dev}:${stats.ino}` };
}
