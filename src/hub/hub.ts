import type { AllocateSlab } from "../bytes/slab-store.ts";
import type { Archive, Keeper } from "./archive.ts";
import type { PublicationEnd, PublicationReason, PublisherInfo } from "./publication.ts";
import { Publication } from "./publication.ts";
import { Pump } from "./pump.ts";
import { Refusal } from "./refusal.ts";
import type { PastTime, Place, ReplayOptions } from "./replay-place.ts";
import { Replays, type ReplaysOwner } from "./replays.ts";
import type { PastSource } from "./past-reader.ts";
import { patientArchive } from "./patient-archive.ts";
import type { Scheduler } from "./scheduler.ts";
import { systemScheduler } from "./scheduler.ts";
import type { StreamOwner } from "./stream.ts";
import { Stream } from "./stream.ts";
import type { Retention } from "./timeline.ts";
import type { Viewing } from "./viewing.ts";

/** Milliseconds that a timer can count: more than 24 days are for ever. */
const LONGEST_WAIT = 0x7fff_ffff;

/** What happens to a newcomer with a name that a live publisher holds. */
export const Takeover = { refuse: "refuse", takeover: "takeover" } as const;
export type Takeover = (typeof Takeover)[keyof typeof Takeover];

/** Times in milliseconds. */
export interface HubOptions {
  readonly scheduler: Scheduler;
  /** Memory for outputs; the server passes one that makes Buffers. */
  readonly allocate: AllocateSlab;
  readonly retention: Retention;
  /** How long segments are to be; undefined where streams are not cut into any. */
  readonly segmentDuration: number | undefined;
  /** How long viewers stay when a publisher was lost, from when the loss is noticed. */
  readonly grace: number;
  /** The same after a publisher said that it stops. */
  readonly graceAfterUnpublish: number;
  readonly takeover: Takeover;
  /** A publisher that has sent nothing for so long gives way to a newcomer. */
  readonly silentAfter: number;
  /** A viewer whose write is not taken for so long is let go. */
  readonly stallTimeout: number;
  /** Extra delay of every walk, for fewer writes. */
  readonly extraWait: number;
  /** Streams at most, viewers that wait for a publisher at most. */
  readonly maxStreams: number;
  readonly maxWaiting: number;
  /** Who keeps the streams of a name; undefined where nobody does. The same one for a name every time. */
  readonly keeper: (name: string) => Keeper | undefined;
  /** Viewers at most who are shown the past. */
  readonly maxReplays: number;
  /** Told of our own faults that were contained. */
  readonly onFault: (error: unknown, stream: string) => void;
}

export const hubDefaults: HubOptions = {
  scheduler: systemScheduler,
  allocate: (length) => new Uint8Array(length),
  retention: { beforeNewestStart: 2000, maxBytes: 64 * 1024 * 1024 },
  segmentDuration: undefined,
  grace: 10_000,
  graceAfterUnpublish: 0,
  takeover: "refuse",
  silentAfter: 2000,
  stallTimeout: 30_000,
  extraWait: 0,
  maxStreams: 10_000,
  maxWaiting: 10_000,
  keeper: () => undefined,
  maxReplays: 200,
  onFault: () => undefined,
};

/** What happened, for logs and events. */
export type HubEvent =
  | { readonly kind: "live"; readonly stream: Stream; readonly publication: Publication }
  | { readonly kind: "lost"; readonly stream: Stream; readonly publication: Publication; readonly end: PublicationEnd }
  | { readonly kind: "ended"; readonly stream: Stream };

interface Waiter {
  readonly resolve: (stream: Stream) => void;
  readonly reject: (reason: unknown) => void;
}

/** Names to streams: who may publish, who takes over, how long a lost publisher is waited for, who waits for one. */
export class Hub implements StreamOwner, ReplaysOwner {
  readonly options: HubOptions;
  readonly pump: Pump;
  readonly #streams = new Map<string, Stream>();
  /** Streams that are over and have viewers who have not read everything. */
  readonly #draining = new Set<Stream>();
  readonly #graces = new Map<Stream, () => void>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #listeners = new Set<(event: HubEvent) => void>();
  #waiting = 0;
  readonly #replays: Replays;
  #streamsSoFar = 0;
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(options: Partial<HubOptions> = {}) {
    this.options = { ...hubDefaults, ...options };
    this.pump = new Pump(this.options.scheduler, this.options.extraWait);
    this.#replays = new Replays(this);
  }

  get scheduler(): Scheduler {
    return this.options.scheduler;
  }
  get retention(): Retention {
    return this.options.retention;
  }
  get segmentDuration(): number | undefined {
    return this.options.segmentDuration;
  }
  get allocate(): AllocateSlab {
    return this.options.allocate;
  }

  get maxReplays(): number {
    return this.options.maxReplays;
  }

  get streams(): ReadonlyMap<string, Stream> {
    return this.#streams;
  }

  /** Viewers who wait for a publisher now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @returns a function that ends it */
  onEvent(listener: (event: HubEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Gives a name to a publisher, or takes it from another that is silent, gone, or the same one before its reconnect.
   *
   * @param name as `streamAddress` made it
   * @param mayBeSame false for one that is no other's reconnect, even where it looks like it
   * @throws {Refusal} `busy`, `denied`, `full`, `closing`
   */
  publish(name: string, info: PublisherInfo, mayBeSame = true): Publication {
    if (this.#closed) throw new Refusal("closing", "This server is closing.");
    if (this.options.keeper(name)?.isClosed === true)
      throw new Refusal("denied", `"${name}" is played from a file that is for reading only.`);
    let stream = this.#streams.get(name);
    let reason: PublicationReason = "start";
    if (stream === undefined) {
      if (this.#streams.size >= this.options.maxStreams)
        throw new Refusal("full", `This server carries at most ${this.options.maxStreams} streams.`);
      stream = new Stream(name, this, this.#streamsSoFar, this.options.keeper(name));
      this.#streamsSoFar += 1;
      this.#streams.set(name, stream);
      if (!stream.clock.isEmpty) reason = "reconnect"; // it goes on from what was kept
      this.#sweepLater();
    } else {
      reason = "reconnect";
      const holder = stream.publication;
      if (holder !== undefined) {
        if (!this.#givesWay(holder, info, mayBeSame)) throw new Refusal("busy", `"${name}" is being published by somebody else.`);
        reason = "takeover";
        holder.close("replaced");
      }
    }
    const publication = new Publication(stream, this.options.scheduler, info, reason);
    this.#cancelGrace(stream);
    stream.attach(publication);
    return publication;
  }

  /** What is kept of the streams of that name, whether or not anybody publishes it now. */
  archive(name: string): Archive | undefined {
    return this.options.keeper(name)?.archive;
  }

  /**
   * The stream of that name, once viewers can start: now, or when a publisher has come.
   *
   * @param wait milliseconds to wait for it; Infinity for ever
   * @throws {Refusal} `not-live` after that, `full` where too many wait; the signal's reason
   */
  watch(name: string, wait: number, signal?: AbortSignal): Promise<Stream> {
    if (this.#closed) return Promise.reject(new Refusal("closing", "This server is closing."));
    const stream = this.#streams.get(name);
    if (stream?.timeline.current !== undefined && stream.state !== "ended") return Promise.resolve(stream);
    const keeper = this.options.keeper(name);
    if (keeper?.isClosed === true) return Promise.reject(onlyPast(name, keeper));
    if (wait <= 0) return Promise.reject(notLive(name));
    if (this.#waiting >= this.options.maxWaiting) return Promise.reject(new Refusal("full", "Too many viewers wait for publishers."));
    return new Promise((resolve, reject) => {
      const list = this.#waiters.get(name) ?? new Set<Waiter>();
      this.#waiters.set(name, list);
      this.#waiting += 1;
      const leave = (): void => {
        if (!list.delete(waiter)) return;
        this.#waiting -= 1;
        if (list.size === 0) this.#waiters.delete(name);
        cancel();
        signal?.removeEventListener("abort", aborted);
      };
      const waiter: Waiter = {
        resolve: (found) => (leave(), resolve(found)),
        reject: (error) => (leave(), reject(error)),
      };
      const aborted = (): void => waiter.reject(signal?.reason);
      const cancel = wait > LONGEST_WAIT ? () => undefined : this.options.scheduler.after(wait, () => waiter.reject(notLive(name)));
      list.add(waiter);
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  /**
   * A stream as a viewer asked for it, once it is there. A date in what is kept of it is there whether or not anybody publishes.
   *
   * @param wait milliseconds to wait for a publisher
   * @param replay where in its past to begin; live if not given
   * @throws {Refusal} `not-live`, `full`; the signal's reason
   */
  async view(name: string, wait: number, signal: AbortSignal, replay?: ReplayOptions): Promise<Viewing> {
    if (replay !== undefined && this.isKept(name, replay.from)) {
      const kept = await this.#replay(name, replay, signal);
      if (kept !== undefined) return kept;
    }
    const stream = await this.watch(name, wait, signal);
    signal.throwIfAborted();
    // Where there is nothing to start at yet it waits for that as all others do.
    return (replay && (await this.#replay(name, replay, signal))) ?? stream.live();
  }

  /** Whether what is kept of a name has that moment, so that nobody need publish it. */
  isKept(name: string, time: PastTime): boolean {
    const { origin, isClosed } = this.options.keeper(name) ?? {};
    if (!("utc" in time)) return isClosed === true && time.behind > 0;
    return origin !== undefined && time.utc <= origin.utc;
  }

  /** A place in the past of a name; undefined where there is nothing to start at. */
  findPlace(name: string, options: ReplayOptions): Promise<Place | undefined> {
    return this.#replays.find(name, options);
  }

  past(name: string): PastSource {
    const archive = this.archive(name);
    return { archive: archive && patientArchive(archive, this.scheduler), timeline: () => this.#streams.get(name)?.timeline };
  }

  async #replay(name: string, options: ReplayOptions, signal: AbortSignal): Promise<Viewing | undefined> {
    const replay = await this.#replays.open(name, options, signal);
    this.#sweepLater();
    if (!this.#closed) return replay;
    replay?.close();
    throw new Refusal("closing", "This server is closing.");
  }

  /** Ends all streams, publishers, viewers and waits. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelSweep?.();
    for (const list of [...this.#waiters.values()])
      for (const waiter of [...list]) waiter.reject(new Refusal("closing", "This server is closing."));
    for (const stream of [...this.#streams.values()]) {
      stream.publication?.close("closing");
      this.#end(stream, "closing");
    }
    this.#replays.close();
  }

  // What its streams tell it.

  replaysOf(name: string): number {
    return this.#replays.of(name);
  }

  ready(stream: Stream): void {
    const publication = stream.publication;
    if (publication !== undefined) this.#emit({ kind: "live", stream, publication });
    for (const waiter of [...(this.#waiters.get(stream.name) ?? [])]) waiter.resolve(stream);
  }

  published(stream: Stream, publication: Publication, end: PublicationEnd): void {
    this.#replays.flush(stream.name);
    this.#emit({ kind: "lost", stream, publication, end });
    if (end === "replaced" || end === "closing") return;
    const neverReady = stream.timeline.current === undefined;
    const grace = neverReady ? 0 : end === "unpublished" ? this.options.graceAfterUnpublish : this.options.grace;
    if (grace <= 0) return this.#end(stream, "ended");
    this.#graces.set(
      stream,
      this.options.scheduler.after(grace, () => this.#end(stream, "ended")),
    );
  }

  failed(stream: Stream, error: unknown): void {
    this.options.onFault(error, stream.name);
  }

  // What its replays tell it.

  replaySkipped(name: string): void {
    this.#streams.get(name)?.skipped();
  }

  replayFailed(name: string, error: unknown): void {
    this.options.onFault(error, name);
  }

  #givesWay(holder: Publication, newcomer: PublisherInfo, mayBeSame: boolean): boolean {
    if (this.options.takeover === "takeover") return true;
    if (this.options.scheduler.now() - holder.lastArrival >= this.options.silentAfter) return true;
    const { address, encoder } = holder.info;
    return mayBeSame && address !== "" && address === newcomer.address && encoder !== "" && encoder === newcomer.encoder;
  }

  #end(stream: Stream, reason: "ended" | "closing"): void {
    this.#cancelGrace(stream);
    if (this.#streams.get(stream.name) === stream) this.#streams.delete(stream.name);
    stream.end(reason);
    if (stream.isWatched) this.#draining.add(stream);
    this.#emit({ kind: "ended", stream });
  }

  #cancelGrace(stream: Stream): void {
    this.#graces.get(stream)?.();
    this.#graces.delete(stream);
  }

  #emit(event: HubEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.options.scheduler.after(1000, () => {
      this.#cancelSweep = undefined;
      const now = this.options.scheduler.now();
      for (const stream of this.#streams.values()) stream.sweep(now, this.options.stallTimeout);
      for (const stream of this.#draining) {
        stream.sweep(now, this.options.stallTimeout);
        if (!stream.isWatched) this.#draining.delete(stream);
      }
      this.#replays.sweep(now, this.options.stallTimeout);
      if (this.#streams.size > 0 || this.#draining.size > 0 || this.#replays.size > 0) this.#sweepLater();
    });
  }
}

/** Nothing of it is new: whoever asks for no time, or a later one, is told which there are. */
function onlyPast(name: string, { archive, origin }: Keeper): Refusal {
  const [from, to] = [archive.oldest?.utc, origin?.utc].map((utc) => new Date(utc ?? 0).toISOString());
  const words = `"${name}" is a file of the past, to which nobody publishes: ask for a time from ${from} to ${to} with ?date=, or for its last seconds with ?buffer=.`;
  return new Refusal("not-live", words);
}

function notLive(name: string): Refusal {
  return new Refusal("not-live", `Nobody is publishing "${name}".`);
}
