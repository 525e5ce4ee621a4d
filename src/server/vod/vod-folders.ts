import { constants, type BigIntStats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { ReadAt } from "../../bytes/read-at.ts";
import { Refusal } from "../../hub/refusal.ts";
import { missing, type VodAddress } from "./vod-address.ts";

/** A file that is open. Its owner closes it. */
export interface VodFile {
  readonly address: VodAddress;
  /** On the disk, links followed. */
  readonly path: string;
  readonly size: number;
  /** Unix milliseconds of the last write. */
  readonly modified: number;
  /** Another for every state of the file that is told apart: letters, digits and dashes. */
  readonly version: string;
  readonly read: ReadAt;
  /** The same once more, to be closed by itself. @throws {Refusal} `not-found` where it is another by now */
  reopened(): Promise<VodFile>;
  close(): Promise<void>;
}

/** Ends of the names of files that are looked into: a name may be given without. */
const mediaEnds = {
  mp4: ["", ".mp4", ".m4v", ".mov", ".f4v", ".m4a", ".flv"],
  flv: ["", ".flv", ".mp4", ".m4v", ".mov", ".f4v", ".m4a"],
} as const;

/** The folders that files are served from. Nothing outside them is ever opened for anybody. */
export class VodFolders {
  readonly #folders: ReadonlyMap<string, string>;

  /** @param folders by the names that URLs have for them */
  constructor(folders: Readonly<Record<string, string>>) {
    this.#folders = new Map(Object.entries(folders));
  }

  /** @throws {Refusal} `not-found` for what is no file in that folder; `full` where the system opens no more files */
  async open(address: VodAddress): Promise<VodFile> {
    const folder = this.#folders.get(address.folder);
    if (folder === undefined) throw missing();
    const path = join(folder, ...address.names);
    try {
      return await openBelow(folder, path, address);
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** The same for a name whose end may be missing. @param first which ends to try first */
  async openMedia(address: VodAddress, first: keyof typeof mediaEnds = "mp4"): Promise<VodFile> {
    const last = address.names.at(-1)!;
    for (const end of mediaEnds[first]) {
      try {
        return await this.open({ ...address, names: [...address.names.slice(0, -1), last + end] });
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== "not-found") throw error;
      }
    }
    throw missing();
  }
}

async function openBelow(folder: string, path: string, address: VodAddress): Promise<VodFile> {
  // A pipe or device would keep an open() waiting.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat({ bigint: true });
    const [root, real] = await Promise.all([realpath(folder), realpath(path)]);
    const isInside = real.startsWith(root.endsWith(sep) ? root : root + sep);
    if (!stats.isFile() || !isInside || hasHidden(real.slice(root.length))) throw missing();
    // The path may have come to mean another file meanwhile: what was opened must be what was looked at.
    const { dev, ino } = await stat(real, { bigint: true });
    if (dev !== stats.dev || ino !== stats.ino) throw missing();
    return opened(handle, stats, real, address);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function opened(handle: FileHandle, stats: BigIntStats, path: string, address: VodAddress): VodFile {
  return {
    address,
    path,
    size: Number(stats.size),
    modified: Number(stats.mtimeMs),
    version: `${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.ino.toString(36)}`,
    read: (offset, length) => readAt(handle, offset, length),
    reopened: () => reopen(path, stats, address),
    close: () => handle.close(),
  };
}

async function reopen(path: string, { dev, ino }: BigIntStats, address: VodAddress): Promise<VodFile> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw asRefusal(error);
  });
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.dev !== dev || stats.ino !== ino) throw missing();
    return opened(handle, stats, path, address);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  // Not of a pool: what is read may be kept long after the rest of its piece.
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** A link may lead to what its name does not say. */
function hasHidden(below: string): boolean {
  return below.split(sep).some((name) => name.startsWith("."));
}

function asRefusal(error: unknown): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
    case "ELOOP":
    case "ENAMETOOLONG":
    case "EACCES":
    case "EPERM":
    case "ENXIO":
    case "EINVAL":
      return missing();
    case "EMFILE":
    case "ENFILE":
      return new Refusal("full", "This server has too many files open. Try again in a moment.");
    default:
      return error;
  }
}
