import { join, resolve } from "node:path";
import type { Keeper } from "../../hub/archive.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import type { Disk } from "../storage/disk.ts";
import { FeedKeeper, type FeedState } from "./feed-keeper.ts";
import { thisProcess } from "./feed-lock.ts";
import { ReadOnlyKeeper } from "./read-only-keeper.ts";

/** Files that are opened at one time. */
const OPEN_WIDTH = 8;
/** Milliseconds that the last write gets, however short the server's own end is to be. */
const LAST_WRITE = 1000;

export interface FeedFilesOptions {
  readonly config: Pick<Config, "feeds" | "data">;
  readonly disk: Disk;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** The files of one server's feeds. Nothing is kept before they are open. */
export class FeedFiles {
  readonly #keepers = new Map<string, FeedKeeper | ReadOnlyKeeper>();
  readonly #open = new Set<FeedKeeper | ReadOnlyKeeper>();
  /** Told when a feed's file fails, and when it does not any more. */
  onState: (name: string, state: FeedState) => void = () => undefined;
  #closed = false;

  constructor({ config: { feeds, data }, disk, scheduler, log }: FeedFilesOptions) {
    const kept = Object.entries(feeds).flatMap(([name, { file, ...rest }]) => (file === undefined ? [] : [{ name, file, ...rest }]));
    if (kept.length === 0) return;
    const process = thisProcess();
    for (const { name, file, maxSize, truncate, readOnly } of kept) {
      if (readOnly) {
        this.#keepers.set(name, new ReadOnlyKeeper({ name, path: feedFile(data, file), disk, log }));
        continue;
      }
      const onState = (state: FeedState): void => this.onState(name, state);
      this.#keepers.set(
        name,
        new FeedKeeper({ name, path: feedFile(data, file), maxSize, truncate, disk, scheduler, log, process, onState }),
      );
    }
  }

  /** Who keeps the streams of a name. */
  keeper(name: string): Keeper | undefined {
    const keeper = this.#keepers.get(name);
    return keeper !== undefined && this.#open.has(keeper) ? keeper : undefined;
  }

  /** @throws {FeedFileError} for the first file that cannot be used; then all are closed */
  async open(): Promise<void> {
    const waiting = [...this.#keepers.values()];
    const opener = async (): Promise<void> => {
      for (let keeper = waiting.shift(); keeper !== undefined && !this.#closed; keeper = waiting.shift()) {
        await keeper.open();
        this.#open.add(keeper);
      }
    };
    const results = await Promise.allSettled(Array.from({ length: OPEN_WIDTH }, opener));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined || this.#closed) await this.close(0);
    if (failed !== undefined) throw failed.reason;
  }

  /** Writes what is left and closes the files, within the milliseconds given, a second at least. */
  async close(within: number): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map((keeper) => keeper.close(Math.max(within, LAST_WRITE))));
    this.#open.clear();
  }
}

/** Where a feed's file lies: below `feeds` in the data folder, unless its path is whole. */
export function feedFile(data: string, file: string): string {
  return resolve(join(data, "feeds"), file);
}
