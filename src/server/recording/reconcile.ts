import { join } from "node:path";
import type { Log } from "../log.ts";
import type { Disk } from "../storage/disk.ts";
import { unfinishedName } from "./faststart.ts";
import { recordingsBelow } from "./folder-walk.ts";
import type { RecordedFile } from "./recorded.ts";
import type { RecordingIndex } from "./recording-index.ts";
import { formatOfName, repairFile } from "./scan-file.ts";

export interface ReconcileOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly index: RecordingIndex;
  readonly log: Log;
  /** Unix milliseconds: files that were written later are this server's own. */
  readonly startedAt: number;
  /** Aborted when the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Makes the index say what is in the folder: files that nobody finished get their true end, those that are gone go, and those that the index
 * does not know come in. To be called with the files that were unfinished before this server began to record.
 */
export async function reconcile(options: ReconcileOptions, unfinished: readonly RecordedFile[]): Promise<void> {
  const { index, log, signal } = options;
  const known = new Set(await index.ask("paths"));
  const old = new Map(unfinished.map((file) => [file.path, file]));
  const found = new Set<string>();
  let changed = 0;
  for await (const path of recordingsBelow(options.disk, options.folder)) {
    if (signal.aborted) return;
    found.add(path);
    if (known.has(path) && !old.has(path)) continue;
    const file = await read(options, path, old.get(path)).catch((err: unknown) =>
      log.warn({ err, file: path }, "a recording cannot be read"),
    );
    if (file === undefined) continue;
    await index.ask("saveFile", file);
    if ((await index.ask("recording", file.recording)) === undefined)
      await index.ask("saveRecording", {
        id: file.recording,
        stream: file.stream,
        by: "unknown",
        started: file.start,
        ended: file.end,
        lost: 0,
        error: null,
      });
    changed += 1;
  }
  for (const path of known) {
    if (signal.aborted) return;
    if (found.has(path) || (await isThere(options, path))) continue;
    await index.ask("removeFile", path);
    changed += 1;
  }
  if (changed > 0) log.info({ files: changed }, "the index of recordings was brought up to date");
}

async function isThere({ disk, folder }: ReconcileOptions, path: string): Promise<boolean> {
  return disk.stat(join(folder, path)).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && error.code !== "ENOTDIR",
  );
}

/** A file as the index is to have it; undefined for what is none of ours, or is being written by this server. */
async function read(options: ReconcileOptions, path: string, before: RecordedFile | undefined): Promise<RecordedFile | undefined> {
  const { disk, folder, startedAt } = options;
  const format = formatOfName(path)!;
  const { kind, modified } = await disk.stat(join(folder, path));
  if (kind !== "file" || (before === undefined && modified >= startedAt)) return undefined;
  await disk.unlink(join(folder, unfinishedName(path))).catch(() => undefined);
  const scanned = await repairFile(disk, folder, path, format);
  const { facts, size, duration, isComplete, tracks } = scanned;
  if (facts === undefined) {
    // What was lost with the power before anything of it was kept.
    if (before !== undefined && scanned.size === 0) await disk.unlink(join(folder, path));
    return undefined;
  }
  const { recording, stream, n, at, timeline } = facts;
  const clocks = before?.clocks.filter(({ from }) => from <= duration) ?? [{ from: 0, utc: at }];
  const last = clocks.at(-1) ?? { from: 0, utc: at };
  return {
    ...{ recording, stream, n, path, format, timeline, duration, size, tracks, clocks },
    state: isComplete ? "complete" : "cut",
    start: at,
    end: Math.round(last.utc + duration - last.from),
    gaps: before?.gaps.filter(({ to }) => to <= duration) ?? [],
  };
}
