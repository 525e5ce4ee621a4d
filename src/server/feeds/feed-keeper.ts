import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import type { Archive, Keeper, KeeperHealth } from "../../hub/archive.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Timeline, TimelineOrigin } from "../../hub/timeline.ts";
import type { Log } from "../log.ts";
import type { Disk } from "../storage/disk.ts";
import { errorCode, FeedFileError, reasonOf } from "./feed-file-error.ts";
import { BEAT_EVERY, FeedLock, type LockOptions } from "./feed-lock.ts";
import { FeedSource } from "./feed-source.ts";
import { recover } from "./recover.ts";
import { RingArchive } from "./ring-archive.ts";
import { hasSize, resizeRing } from "./resize-ring.ts";
import { checkRingFile, openRingFile, type RingFile } from "./ring-file.ts";
import { TimelineEnd } from "./timeline-end.ts";

/** Milliseconds between two writes: what the end of the process costs at most, with the time that one takes. */
const WRITE_EVERY = 400;
/** Milliseconds after the first write that is not, when all are made to survive the loss of power: with the second one. */
const SYNC_AFTER = 400;
/** Milliseconds after which it is looked whether the path still leads to our file. */
const LOOK_EVERY = 5000;
/** Milliseconds after which a disk that does not answer is told of. */
const LONGEST_SILENCE = 10_000;
/** Milliseconds until a disk that failed is tried again: doubled each time, from the first to the second. */
const RETRY = { first: 1000, longest: 30_000 } as const;

/** Whether a feed's file is written. */
export interface FeedState extends KeeperHealth {
  readonly file: string;
  /** Why it fails, in words; undefined while it does not. */
  readonly reason: string | undefined;
}

export interface FeedKeeperOptions {
  /** The stream's. */
  readonly name: string;
  readonly path: string;
  readonly maxSize: number;
  /** Each timeline takes the place of all before it. */
  readonly truncate: boolean;
  readonly disk: Disk;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly process: Pick<LockOptions, "self" | "startOf">;
  /** It fails now, or does not any more. */
  readonly onState: (state: FeedState) => void;
}

/** Keeps the timelines of one name in a ring file. It reads them from their own rings, at its own pace: a publisher never waits for it. */
export class FeedKeeper implements Keeper {
  readonly archive: Archive = new RingArchive(() => this.#ring);
  readonly #options: FeedKeeperOptions;
  #source = new FeedSource(new TimelineEnd(), () => this.#later());
  #ring: RingFile | undefined;
  #lock: FeedLock | undefined;
  /** A turn that goes on, and one that is to come: it may come late where nothing waits for it. */
  #work: Promise<void> | undefined;
  #next: { readonly isIdle: boolean; readonly cancel: () => void } | undefined;
  #cancelSilence = (): void => undefined;
  #unsynced = false;
  /** When the first of the writes was that are not synced. */
  #writtenAt = 0;
  #lookedAt = 0;
  #beatAt = 0;
  #failure: { readonly reason: string; readonly retryIn: number } | undefined;
  #written = 0;
  #closed = false;
  /** Milliseconds to the next turn. The first is another for each feed: those that begin together are not to hold the event loop up together. */
  #pause: number;

  constructor(options: FeedKeeperOptions) {
    this.#options = options;
    this.#pause = phaseOf(options.name);
  }

  get health(): FeedState {
    const { reason } = this.#failure ?? {};
    return { file: this.#options.path, failing: reason !== undefined, reason, lost: this.#source.lost, written: this.#written };
  }

  get origin(): TimelineOrigin | undefined {
    return this.#source.origin;
  }

  follow(timeline: Timeline): void {
    if (!this.#closed) this.#source.follow(timeline);
  }

  /** Opens the file, takes it for this server, and finds what is in it. @throws {FeedFileError} */
  async open(): Promise<void> {
    const { disk, path, scheduler, name, log, maxSize } = this.#options;
    try {
      // Looked at before it is taken, so that no lock is laid beside what is no file of ours; made only by whoever has taken it.
      await checkRingFile(disk, path);
      await disk.mkdir(dirname(path));
      await this.#take();
      let ring = await openRingFile(disk, path, maxSize, scheduler.wallClock());
      if (!hasSize(ring, maxSize)) ring = await resizeRing(disk, ring, maxSize, scheduler.wallClock());
      this.#ring = ring;
      this.#source = new FeedSource(await recover(ring), () => this.#later(), this.#options.truncate);
      this.#source.begin(ring);
    } catch (error) {
      await this.#release();
      if (error instanceof FeedFileError) throw error;
      throw new FeedFileError(path, reasonOf(error), error);
    }
    this.#later(true);
    const { oldest } = this.archive;
    log.info({ stream: name, file: path, ...(oldest && { since: new Date(oldest.utc).toISOString() }) }, "feed file open");
  }

  /** Writes what is left, within the milliseconds given, and lets go of the file. */
  async close(within: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#next?.cancel();
    const finish = async (): Promise<void> => {
      await this.#work;
      if (this.#failure === undefined && this.#ring !== undefined) await this.#turn(true);
      this.#cancelSilence();
      this.#source.leaveAll();
      await this.#release();
    };
    let cancel = (): void => undefined;
    const isLate = new Promise<void>((resolve) => (cancel = this.#options.scheduler.after(within, resolve)));
    await Promise.race([finish(), isLate]);
    cancel();
    this.#source.leaveAll();
  }

  async #release(): Promise<void> {
    const [ring, lock] = [this.#ring, this.#lock];
    this.#ring = undefined;
    this.#lock = undefined;
    await ring?.close().catch(() => undefined);
    await lock?.release();
  }

  /** Has a turn soon, or only to show that we live, where none is to come. */
  #later(isIdle = false): void {
    if (this.#work !== undefined || this.#closed || (this.#next !== undefined && (isIdle || !this.#next.isIdle))) return;
    this.#next?.cancel();
    const wait = this.#failure?.retryIn ?? (isIdle ? BEAT_EVERY : this.#pause);
    if (!isIdle) this.#pause = WRITE_EVERY;
    const cancel = this.#options.scheduler.after(wait, () => {
      this.#next = undefined;
      this.#answered();
      this.#work = this.#turn(false).then(() => {
        this.#cancelSilence();
        this.#work = undefined;
        this.#later(!this.#unsynced && !this.#source.isBehind);
      });
    });
    this.#next = { isIdle, cancel };
  }

  /** The disk has done what it was told, and is told the next thing. */
  #answered(): void {
    this.#cancelSilence();
    const silent = new FeedFileError(this.#options.path, "cannot be written: its disk does not answer");
    this.#cancelSilence = this.#options.scheduler.after(LONGEST_SILENCE, () => this.#fails(silent));
  }

  /** Writes what has come. It does not throw. */
  async #turn(isLast: boolean): Promise<void> {
    try {
      const ring = await this.#look();
      const { scheduler } = this.#options;
      while (this.#source.fill()) {
        const taken = this.#source.take();
        if (taken.writes.length > 0) {
          if (!this.#unsynced) this.#writtenAt = scheduler.now();
          this.#unsynced = true;
          await ring.write(taken);
          for (const { bytes } of taken.writes) this.#written += bytes.length;
          this.#answered();
        }
        this.#source.commit();
      }
      if (this.#unsynced && (isLast || scheduler.now() - this.#writtenAt >= SYNC_AFTER)) {
        await ring.sync();
        this.#unsynced = false;
      }
      this.#works();
    } catch (error) {
      this.#fails(error);
    }
  }

  /** The file to be written: after a failure, and now and then, it is looked whether it is still there and ours. */
  async #look(): Promise<RingFile> {
    const { disk, path, scheduler } = this.#options;
    const now = scheduler.now();
    let ring = this.#ring;
    if (ring === undefined || this.#failure !== undefined || now - this.#lookedAt >= LOOK_EVERY) {
      this.#lookedAt = now;
      const there = await disk.stat(path).catch((error: unknown) => {
        if (errorCode(error) !== "ENOENT") throw error;
      });
      if (ring === undefined || there?.identity !== ring.identity) ring = await this.#reopen();
      else if (this.#failure !== undefined) this.#source.begin(ring);
    }
    if (now - this.#beatAt < BEAT_EVERY) return ring;
    this.#beatAt = now;
    if (await this.#lock!.beat()) return ring;
    // Somebody took the lock away, or has it now, and may have written.
    return this.#reopen();
  }

  /** Another file is at the path, or none, or another server was at it: what is there is taken anew and gone on with. */
  async #reopen(): Promise<RingFile> {
    const { disk, path, scheduler, maxSize } = this.#options;
    const source = this.#source;
    // The folder is not made again: an empty one may only wait for its disk to be mounted.
    await disk.stat(dirname(path));
    await this.#release();
    await this.#take();
    const ring = await openRingFile(disk, path, maxSize, scheduler.wallClock());
    try {
      const { sequence } = await recover(ring);
      if (sequence > source.next) throw new FeedFileError(path, "was replaced by one with later entries; it is left as it is");
    } catch (error) {
      await ring.close();
      throw error;
    }
    this.#ring = ring;
    source.begin(ring);
    return ring;
  }

  async #take(): Promise<void> {
    const { disk, path, scheduler } = this.#options;
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void scheduler.after(ms, resolve));
    const draw = (): number => randomBytes(4).readUInt32BE();
    this.#lock = await FeedLock.take(path, { disk, ...this.#options.process, wait, draw });
    this.#beatAt = scheduler.now();
  }

  #works(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    const { log, name, path, onState } = this.#options;
    log.info({ stream: name, file: path, lost: this.#source.lost }, "the feed file is written again");
    onState(this.health);
  }

  #fails(error: unknown): void {
    const { log, name, path, onState } = this.#options;
    const before = this.#failure;
    const reason = error instanceof FeedFileError ? error.message : new FeedFileError(path, reasonOf(error)).message;
    this.#failure = { reason, retryIn: before === undefined ? RETRY.first : Math.min(RETRY.longest, before.retryIn * 2) };
    if (before !== undefined) return;
    log.warn({ stream: name, file: path, code: errorCode(error), reason }, "a feed is not kept: live goes on from memory");
    onState(this.health);
  }
}

/** Spreads names over the time between two turns. */
function phaseOf(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (Math.imul(hash, 31) + letter.codePointAt(0)!) >>> 0;
  return 1 + ((hash * 89) % WRITE_EVERY);
}
