import { join } from "node:path";
import type { Log } from "../log.ts";
import type { Disk } from "../storage/disk.ts";
import type { RecordedFile } from "./recorded.ts";
import type { RecordingIndex } from "./recording-index.ts";

/** How much is kept; 0 is no limit. */
export interface KeepRules {
  /** Milliseconds. */
  readonly keepFor: number;
  /** Bytes of all files together. */
  readonly keepSize: number;
  /** Bytes that the disk is to have free. */
  readonly keepFree: number;
}

export interface RetentionOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly index: RecordingIndex;
  readonly rules: KeepRules;
  readonly log: Log;
  /** Whether a file may go. */
  readonly mayGo: (file: RecordedFile) => boolean;
  readonly removed: (file: RecordedFile, why: Why) => void;
}

/** Why a file was removed. */
export type Why = "age" | "size" | "space";

/** Files that are looked at in one go. */
const BATCH = 200;

/**
 * Removes the files that are not to be kept, those that ended first first; never one that is being written.
 *
 * @param now Unix milliseconds
 * @returns whether there may be more to remove
 */
export async function removeOld(options: RetentionOptions, now: number): Promise<boolean> {
  const { disk, folder, index, rules, mayGo, removed } = options;
  if (rules.keepFor === 0 && rules.keepSize === 0 && rules.keepFree === 0) return false;
  let total = await index.ask("totalSize");
  let { free } = rules.keepFree > 0 ? await disk.space(folder) : { free: Infinity };
  let count = 0;
  for (const file of await index.ask("oldest", BATCH)) {
    const why = whyNot(file, rules, { now, total, free });
    if (why === undefined) return false;
    if (!mayGo(file) || !(await remove(options, file))) continue;
    count += 1;
    total -= file.size;
    if (rules.keepFree > 0) ({ free } = await disk.space(folder));
    removed(file, why);
  }
  return count === BATCH;
}

function whyNot(file: RecordedFile, rules: KeepRules, at: { now: number; total: number; free: number }): Why | undefined {
  if (rules.keepFor > 0 && file.end < at.now - rules.keepFor) return "age";
  if (rules.keepSize > 0 && at.total > rules.keepSize) return "size";
  return at.free < rules.keepFree ? "space" : undefined;
}

async function remove({ disk, folder, index, log }: RetentionOptions, file: RecordedFile): Promise<boolean> {
  try {
    await disk.unlink(join(folder, file.path));
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") {
      log.warn({ err, file: file.path }, "an old recording cannot be removed");
      return false;
    }
  }
  await index.ask("removeFile", file.path);
  return true;
}
