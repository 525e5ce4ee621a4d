import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { Disk, DiskFile } from "../storage/disk.ts";
import { errorCode, FeedFileError } from "./feed-file-error.ts";

/** Bytes of the lock file. */
const LENGTH = 512;
/** A holder writes a number into its lock so often, in milliseconds. */
export const BEAT_EVERY = 2000;
/** Whoever cannot see the holder's process watches the lock for so long, in milliseconds. */
const WATCH = 2.5 * BEAT_EVERY;

/** Tells a process from any other, of this machine and of others that share a disk. */
export interface ProcessIdentity {
  /** Machine, its boot and process namespace: in the same place process ids mean the same. */
  readonly place: string;
  readonly pid: number;
  /** When it was started, on the system's clock; "" where that cannot be told. */
  readonly started: string;
}

interface Holder extends ProcessIdentity {
  readonly token: string;
  readonly beat: number;
}

/** What a lock needs besides the disk. */
export interface LockOptions {
  readonly disk: Disk;
  readonly self: ProcessIdentity;
  /** Where that process started, by its id; undefined where there is none. */
  readonly startOf: (pid: number) => string | undefined;
  readonly wait: (ms: number) => Promise<void>;
  readonly draw: () => number;
}

/**
 * Keeps two servers from writing one feed file: a file `FILE.lock` beside it that names its holder. What a process left that is gone is
 * taken over; where the holder is on another machine or in another container, once it has not been touched for five seconds.
 */
export class FeedLock {
  readonly #options: LockOptions;
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #holder: Holder;
  #beat = 0;

  private constructor(options: LockOptions, path: string, file: DiskFile, holder: Holder) {
    this.#options = options;
    this.#path = path;
    this.#file = file;
    this.#holder = holder;
  }

  /** @throws {FeedFileError} where another process has the file; what the disk throws */
  static async take(file: string, options: LockOptions): Promise<FeedLock> {
    const path = `${file}.lock`;
    const holder = { ...options.self, token: options.draw().toString(16), beat: 0 };
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        const made = await options.disk.open(path, "create");
        const lock = new FeedLock(options, path, made, holder);
        await lock.beat();
        return lock;
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
      const other = (await read(options.disk, path)) ?? (await later(path, options));
      if (other !== undefined && (await isHeld(other, path, options))) {
        const where = other.place === options.self.place ? `process ${other.pid}` : `another machine or container (process ${other.pid})`;
        throw new FeedFileError(file, `is being written by ${where}; two servers cannot keep one file`);
      }
      // Whoever is quicker makes it anew; the other one finds it held.
      await options.disk.unlink(path).catch((error: unknown) => {
        if (errorCode(error) !== "ENOENT") throw error;
      });
    }
    throw new FeedFileError(file, "is being taken by several servers at once; two servers cannot keep one file");
  }

  /** Shows that the holder lives. @returns false where the lock is not ours any more */
  async beat(): Promise<boolean> {
    if (this.#beat > 0 && !(await this.#isOurs())) return false;
    this.#beat += 1;
    await this.#file.write([encode({ ...this.#holder, beat: this.#beat })], 0);
    return true;
  }

  async #isOurs(): Promise<boolean> {
    return (await read(this.#options.disk, this.#path))?.token === this.#holder.token;
  }

  async release(): Promise<void> {
    if (await this.#isOurs().catch(() => false)) await this.#options.disk.unlink(this.#path).catch(() => undefined);
    await this.#file.close().catch(() => undefined);
  }
}

/** It was made this moment, and is being written. */
async function later(path: string, { disk, wait }: LockOptions): Promise<Holder | undefined> {
  await wait(BEAT_EVERY / 10);
  return read(disk, path);
}

async function isHeld(other: Holder, path: string, options: LockOptions): Promise<boolean> {
  const { disk, self, wait } = options;
  if (other.place === self.place) {
    const started = options.startOf(other.pid);
    return started !== undefined && started === other.started;
  }
  await wait(WATCH);
  const now = await read(disk, path);
  return now !== undefined && (now.token !== other.token || now.beat !== other.beat);
}

function encode(holder: Holder): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(holder).padEnd(LENGTH));
}

/** Undefined where there is none, or its maker died before it was written. */
async function read(disk: Disk, path: string): Promise<Holder | undefined> {
  try {
    const file = await disk.open(path, "read");
    try {
      const into = new Uint8Array(2 * LENGTH);
      const holder = JSON.parse(new TextDecoder().decode(into.subarray(0, await file.read(into, 0)))) as Partial<Holder> | null;
      return typeof holder?.token === "string" && Number.isSafeInteger(holder.pid) ? (holder as Holder) : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** This process. Where there is no /proc a process that lives is taken for the holder, whenever it was started. */
export function thisProcess(): Pick<LockOptions, "self" | "startOf"> {
  const place = [
    hostname(),
    fact(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1")),
    fact(() => readlinkSync("/proc/self/ns/pid")),
  ];
  return { self: { place: place.join(" "), pid: process.pid, started: startOf(process.pid) ?? "" }, startOf };
}

function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return undefined;
  }
  // proc(5): the 22nd field, the 20th behind the name, which may hold spaces and brackets.
  const stat = fact(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** What the system says, or "". */
function fact(look: () => string): string {
  try {
    return look().trim();
  } catch {
    return "";
  }
}
