import type { Scheduler } from "../../hub/scheduler.ts";
import type { SegmentedOptions, Rendition } from "../../hub/segmented-output.ts";
import { SegmentedOutput } from "../../hub/segmented-output.ts";
import type { Stream } from "../../hub/stream.ts";
import { livePlaylist } from "./live-playlist.ts";
import type { Carried } from "./renditions.ts";

/** Somebody who waits for something that is not there yet. */
export interface HlsWaiter {
  /** Cheap: it is asked whenever there is more. */
  isReady(): boolean;
  /** Called once. */
  done(outcome: "ready" | "timeout" | "closing"): void;
}

export interface HlsOutputOptions extends Pick<SegmentedOptions, "retention" | "partDuration" | "failed"> {
  readonly scheduler: Scheduler;
  readonly carried: Carried;
  readonly epoch: number;
  /** How often this was made of the timeline before. */
  readonly run: number;
}

/** Milliseconds that answers may hold the event loop before they yield. */
const SLICE = 4;
/** Answers between two looks at the clock. */
const BATCH = 8;

/** What is made of a stream for those who ask for it over HLS, and who waits for more of it. */
export class HlsOutput {
  readonly stream: Stream;
  readonly carried: Carried;
  readonly run: number;
  readonly segmented: SegmentedOutput;
  readonly #options: HlsOutputOptions;
  readonly #waiting = new Map<HlsWaiter, { readonly rendition: Rendition; readonly until: number }>();
  readonly #versions = new Map<Rendition, number>();
  readonly #texts = new Map<string, string>();
  #due: HlsWaiter[] = [];
  #scheduled = false;
  /** Monotonic milliseconds. */
  lastAsked: number;

  /** @throws NotCarried */
  constructor(stream: Stream, options: HlsOutputOptions) {
    const { scheduler, carried, epoch, run, retention, partDuration, failed } = options;
    this.stream = stream;
    this.carried = carried;
    this.run = run;
    this.#options = options;
    this.lastAsked = scheduler.now();
    const { renditions } = carried;
    const grown = (): void => this.#grown();
    this.segmented = new SegmentedOutput(stream.timeline, stream.segmentation!, epoch, {
      renditions,
      retention,
      partDuration,
      grown,
      failed,
    });
  }

  get waiting(): number {
    return this.#waiting.size + this.#due.length;
  }

  rendition(name: string): Rendition | undefined {
    return this.segmented.rendition(name);
  }

  /** A playlist's text, made once for all who ask for the same. @param query is put behind every URI, with its question mark */
  playlist(rendition: Rendition, skip: boolean, query: string): string {
    const key = `${rendition.name} ${skip} ${query}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
      text = livePlaylist(this.segmented, this.run, rendition, skip, query);
      this.#texts.set(key, text);
    }
    return text;
  }

  /** @param within milliseconds. @returns what ends the wait without an answer */
  wait(rendition: Rendition, within: number, waiter: HlsWaiter): () => void {
    this.#waiting.set(waiter, { rendition, until: this.#options.scheduler.now() + within });
    return () => {
      this.#waiting.delete(waiter);
      const at = this.#due.indexOf(waiter);
      if (at >= 0) this.#due.splice(at, 1);
    };
  }

  /** Answers those who have waited long enough. */
  sweep(now: number): void {
    for (const [waiter, { until }] of [...this.#waiting]) {
      if (now < until) continue;
      this.#waiting.delete(waiter);
      waiter.done("timeout");
    }
  }

  close(): void {
    const waiting = [...this.#waiting.keys(), ...this.#due];
    this.#waiting.clear();
    this.#due = [];
    this.segmented.close();
    for (const waiter of waiting) waiter.done("closing");
  }

  #grown(): void {
    let isNew = this.segmented.over;
    for (const rendition of this.segmented.renditions) {
      const { version } = rendition.segments;
      if (this.#versions.get(rendition) === version) continue;
      this.#versions.set(rendition, version);
      isNew = true;
    }
    if (!isNew) return;
    // Every playlist says how far the others are.
    this.#texts.clear();
    for (const waiter of this.#waiting.keys()) {
      if (!waiter.isReady()) continue;
      this.#waiting.delete(waiter);
      this.#due.push(waiter);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#due.length === 0) return;
    this.#scheduled = true;
    this.#options.scheduler.immediate(() => this.#serve());
  }

  /** Answers in slices: a thousand at once would keep others waiting. */
  #serve(): void {
    const { scheduler } = this.#options;
    this.#scheduled = false;
    const deadline = scheduler.now() + SLICE;
    let served = 0;
    while (served < this.#due.length) {
      this.#due[served]!.done("ready");
      served += 1;
      if (served % BATCH === 0 && scheduler.now() >= deadline) break;
    }
    this.#due.splice(0, served);
    this.#schedule();
  }
}

/** Texts of playlists kept until there is more: those of players with different keys differ. */
const MAX_TEXTS = 64;
