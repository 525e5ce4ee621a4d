import type { Frame } from "../media/frame.ts";
import type { Discontinuity } from "../media/muxer.ts";
import type { Generation, Track } from "../media/track.ts";
import type { Hub } from "./hub.ts";
import type { PastReader } from "./past-reader.ts";
import type { PastTime } from "./replay-place.ts";
import type { ReadEntry, ReadFrom } from "./timeline-reader.ts";
import { TimelineReader } from "./timeline-reader.ts";

/**
 * Why a frame does not follow from the one before it: it is the first (`start`), its publisher came back (`reconnect`),
 * was taken over from (`takeover`) or jumped in its time stamps (`jump`), or the consumer was too slow (`skip`).
 */
export type FrameGap = Discontinuity["reason"] | "skip";

/**
 * One coded frame as a consumer gets it, with what is needed to decode it.
 *
 * `data` is a view: valid and unchanged for ever, shared with every other consumer and viewer, and not to be written to. It
 * may be a small part of a larger read buffer, which it keeps in memory: copy what is kept for longer than a few seconds.
 */
export interface StreamFrame extends Omit<Frame, "track"> {
  /**
   * The frame's track: codec, decoder configuration, timescale of `dts` and `pts`. The same object as long as nothing of it
   * changes; another one means that a decoder has to be configured anew.
   */
  readonly track: Track;
  /** All tracks that are there at this point, and the publisher's metadata. The same object until one of them changes. */
  readonly generation: Generation;
  /** Set on the first frame after a break, whichever track it is of: decoders begin again at each track's next random-access point. */
  readonly gap: FrameGap | undefined;
  /** Unix milliseconds of time 0 of `dts` and `pts`, by the arrival of frames; it changes at gaps only. */
  readonly utcOffset: number;
}

/**
 * A moment in a stream's past, so many seconds before what is newest or at a date: reading begins at the random-access point before
 * it, in the ring in memory or in what is kept on disk; at the oldest where it is no longer there, at the newest where it is still to come.
 */
export type FramesFrom = { readonly buffer: number } | { readonly date: Date };

/** What of a stream is read, from where on, and how long its publisher is waited for. */
export interface FramesOptions {
  /** Ends the iteration: it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Where to begin; `newest` by default. */
  readonly from?: ReadFrom | FramesFrom;
  /** Which tracks are wanted; all by default. Asked again whenever the tracks change. */
  readonly tracks?: (track: Track) => boolean;
  /** Milliseconds to wait for a publisher if none is there; by default for ever. */
  readonly wait?: number;
}

/**
 * The frames of one stream in order of arrival, across reconnects of its publisher, until the stream ends. Nothing is read
 * and nothing is held before the first `next()`.
 *
 * It keeps no queue: it is a position in the stream's ring. Who reads more slowly than frames come loses what the ring
 * forgets and goes on at the newest random-access point; `skips` counts that and the frame there has the gap `skip`.
 * Leaving the loop lets go of everything.
 */
export interface Frames extends AsyncIterableIterator<StreamFrame, undefined>, AsyncDisposable {
  /** The stream's identity. */
  readonly name: string;
  /** How often frames were missed because they were read too slowly. */
  readonly skips: number;
  /** Milliseconds of media between the newest frame of the stream and the last one read; 0 before the first. */
  readonly lag: number;
  /**
   * The next frame, as soon as there is one. Several may be asked for at a time.
   *
   * Rejects with the signal's reason; with a `Refusal`: `not-live` when nobody published within `wait`, `full` when too many
   * wait, `closing`.
   */
  next(): Promise<IteratorResult<StreamFrame, undefined>>;
  /** Ends the iteration; whoever waits for a frame is told that there are no more. */
  return(): Promise<IteratorResult<StreamFrame, undefined>>;
  [Symbol.asyncIterator](): this;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<StreamFrame, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/** Reads a stream of a hub frame by frame: waits for its publisher, then follows its timeline. */
export class HubFrames implements Frames {
  readonly name: string;
  readonly #hub: Hub;
  readonly #options: FramesOptions;
  readonly #abort = new AbortController();
  readonly #waiting: Waiting[] = [];
  #state: "idle" | "open" | "over" = "idle";
  #reader: TimelineReader | PastReader | undefined;
  #generation: Generation | undefined;
  #utcOffset = 0;
  #gap: FrameGap | undefined;
  /** Wanted tracks of the current generation by id. */
  #tracks = new Map<number, Track>();

  /** @param name as `streamName` made it */
  constructor(hub: Hub, name: string, options: FramesOptions = {}) {
    this.name = name;
    this.#hub = hub;
    this.#options = options;
  }

  get skips(): number {
    return this.#reader?.skips ?? 0;
  }

  get lag(): number {
    return this.#reader?.lag ?? 0;
  }

  next(): Promise<IteratorResult<StreamFrame, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#state === "idle") this.#open();
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<StreamFrame, undefined>> {
    this.#close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  #open(): void {
    this.#state = "open";
    const { signal } = this.#options;
    if (signal?.aborted === true) return this.#fail(signal.reason);
    signal?.addEventListener("abort", this.#aborted);
    this.#openReader().then(
      (reader) => {
        if (this.#state === "over") return reader.close();
        this.#reader = reader;
        this.#serve();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** A reader at the place where to begin, once that is there. */
  async #openReader(): Promise<TimelineReader | PastReader> {
    const { wait = Infinity, from = "newest" } = this.#options;
    const wake = (): void => this.#serve();
    const time = typeof from === "string" ? undefined : pastTime(from);
    const kept = time !== undefined && this.#hub.isKept(this.name, time) ? await this.#hub.findPlace(this.name, { from: time }) : undefined;
    if (kept !== undefined) return kept.open(wake);
    const { timeline } = await this.#hub.watch(this.name, wait, this.#abort.signal);
    if (typeof from === "string") return new TimelineReader(timeline, from, wake);
    const place = await this.#hub.findPlace(this.name, { from: time! });
    return place?.open(wake) ?? new TimelineReader(timeline, "newest", wake);
  }

  readonly #aborted = (): void => this.#fail(this.#options.signal?.reason);

  /** Hands frames to those who wait, as far as there are any. */
  #serve(): void {
    try {
      while (this.#waiting.length > 0) {
        const value = this.#take();
        if (value !== undefined) this.#waiting.shift()!.resolve({ done: false, value });
        else if (this.#state === "over" || this.#reader?.over === true) return this.#close();
        else return;
      }
    } catch (error) {
      // Thrown by the choice of tracks: the consumer's trouble, not that of the publisher whose frame woke us.
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#state === "over") return;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#close();
  }

  #close(): void {
    this.#state = "over";
    this.#reader?.close();
    this.#options.signal?.removeEventListener("abort", this.#aborted);
    this.#abort.abort();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }

  /** The next wanted frame that is there. */
  #take(): StreamFrame | undefined {
    for (;;) {
      const entry = this.#reader?.read();
      if (entry === undefined) return undefined;
      const frame = this.#see(entry);
      if (frame !== undefined) return frame;
    }
  }

  #see(entry: ReadEntry): StreamFrame | undefined {
    switch (entry.kind) {
      case "skip":
        this.#gap = "skip";
        return undefined;
      case "discontinuity":
        this.#utcOffset = entry.discontinuity.utcOffset;
        this.#gap ??= this.#generation === undefined ? "start" : entry.discontinuity.reason;
        return undefined;
      case "generation":
        this.#takeTracks(entry.generation);
        return undefined;
      case "frame":
        return this.#frame(entry.frame);
    }
  }

  #takeTracks(generation: Generation): void {
    const { tracks: wanted = () => true } = this.#options;
    const before = this.#generation?.tracks;
    this.#generation = generation;
    if (generation.tracks === before) return;
    this.#tracks = new Map(generation.tracks.filter((track) => wanted(track)).map((track) => [track.id, track]));
  }

  #frame({ dts, pts, sap, discardable, arrived, data, track: id }: Frame): StreamFrame | undefined {
    const track = this.#tracks.get(id);
    if (track === undefined) return undefined;
    const gap = this.#gap;
    this.#gap = undefined;
    return { track, generation: this.#generation!, gap, utcOffset: this.#utcOffset, dts, pts, sap, discardable, arrived, data };
  }
}

function pastTime(from: FramesFrom): PastTime {
  const time = "date" in from ? { utc: from.date.getTime() } : { behind: from.buffer * 1000 };
  const value = "utc" in time ? time.utc : time.behind;
  if (!Number.isFinite(value) || ("behind" in time && value < 0)) throw new TypeError("from takes a date, or seconds from 0 on");
  return time;
}
