import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import { type StreamOwner, Stream } from "../../hub/stream.ts";
import type { Viewing } from "../../hub/viewing.ts";
import { unlessAborted } from "../../hub/wait.ts";
import { HttpProblem } from "../http/http-problem.ts";
import type { Log } from "../log.ts";
import { Child, type ChildEnd } from "./child.ts";
import type { Wanted } from "./recipe.ts";

/** Times in milliseconds. */
export interface ProductionOptions {
  readonly hub: Hub;
  /** The identity of the stream. */
  readonly name: string;
  /** The stream, where it is there: the past of one may be kept that nobody publishes. */
  readonly source: Stream | undefined;
  /** The place in its past that it is made from, for one viewer; live, and for everybody, if not given. */
  readonly past?: Viewing | undefined;
  readonly wanted: Wanted;
  readonly path: string;
  readonly nice: number;
  /** In which a child has to write something, and how long it may be fed and write nothing later on. */
  readonly startTimeout: number;
  /** How long it is kept when its last viewer has left. */
  readonly linger: number;
  readonly log: Log;
  /** Told once that it is over. */
  readonly over: () => void;
}

/** Milliseconds from the failure of a child to the next, doubled with each that follows. */
const FIRST_PAUSE = 500;
/** Children that fail one after the other before it is given up, and the milliseconds after which one counts as sound. */
const [MOST_FAILURES, SOUND_AGE] = [5, 10_000];
/** Milliseconds between two looks. */
const SWEEP = 1000;
/** Milliseconds for which what failed is not tried again. */
const GIVEN_UP = 5000;

/**
 * Something that FFmpeg makes of a stream, once for all who want it. It has a timeline of its own which viewers read as they read any other, and lives
 * until nobody reads it any more or its source has ended.
 */
export class Production {
  /** What viewers play. It is in no list, and has its source's name. */
  readonly stream: Stream;
  readonly #options: ProductionOptions;
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #unlist: () => void;
  #child: Child | undefined;
  #failures = 0;
  #waiting = 0;
  #idleSince: number | undefined;
  #cancel: (() => void) | undefined;
  #isOver = false;
  #failed: HttpProblem | undefined;

  constructor(options: ProductionOptions) {
    this.#options = options;
    const { hub, name, source } = options;
    this.stream = new Stream(name, this.#owner(hub), 0);
    // What feeds FFmpeg is a viewer of its source, and stands for one of those who watch what it makes.
    this.#unlist = source?.countAlso(() => this.stream.viewers - (this.#child === undefined ? 0 : 1)) ?? (() => undefined);
    this.#ready.promise.catch(() => undefined);
    this.#sweepLater();
    this.#begin();
  }

  /** Resolves when viewers can start. Rejects with a `Refusal` or `HttpProblem` where it comes to nothing, or with the signal's reason. */
  async ready(signal: AbortSignal): Promise<Stream> {
    this.#waiting += 1;
    try {
      await unlessAborted(this.#ready.promise, signal);
      return this.stream;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Nothing more comes of it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** FFmpeg failed, and is not tried again for a while. */
  get hasFailed(): boolean {
    return this.#failed !== undefined;
  }

  /** Ends it at once, and its viewers. */
  close(): void {
    this.#finish(new Refusal("closing", "This server is closing."));
    this.#child?.kill("the server is closing");
  }

  #owner(hub: Hub): StreamOwner {
    return {
      scheduler: hub.scheduler,
      pump: hub.pump,
      retention: hub.retention,
      allocate: hub.allocate,
      ready: () => undefined,
      published: () => undefined,
      replaysOf: () => 0,
      segmentDuration: undefined,
      failed: (_stream, error) => this.#options.log.error({ err: error, stream: this.stream.name }, "an output failed"),
    };
  }

  /** Viewers can start once there is a header, or a track set. */
  readonly #wrote = (): void => {
    if (this.stream.timeline.current !== undefined) this.#ready.resolve(undefined);
  };

  #begin(): void {
    const { source: stream, past, wanted, hub, path, nice } = this.#options;
    try {
      const source = past ?? liveView(stream);
      const told = { wrote: this.#wrote, over: (end: ChildEnd) => this.#childEnded(end) };
      this.#child = new Child({ source, made: this.stream, wanted, scheduler: hub.scheduler, path, nice, ...told });
    } catch (error) {
      // Its source has ended, or has nothing that FFmpeg could be given.
      this.#finish(error instanceof Refusal ? error : undefined);
      if (!(error instanceof Refusal)) throw error;
    }
  }

  #childEnded({ reason, words }: ChildEnd): void {
    const child = this.#child!;
    this.#child = undefined;
    if (this.#isOver) return;
    const { log, name, hub, past } = this.#options;
    if (reason === "complete") return this.#finish();
    // A place in the past is played once: its viewer asks again.
    if (reason === "new-tracks") return past === undefined ? this.#begin() : this.#finish();
    this.#failures = child.hasWritten && child.age > SOUND_AGE ? 1 : this.#failures + 1;
    log.warn({ stream: name, failures: this.#failures, ffmpeg: words }, "FFmpeg failed");
    // Who has got something is worth another try; what fails from the beginning would fail again.
    if (this.stream.timeline.current === undefined || this.#failures >= MOST_FAILURES || past !== undefined) return this.#giveUp();
    this.#cancel = hub.scheduler.after(FIRST_PAUSE * 2 ** (this.#failures - 1), () => this.#begin());
  }

  /** It stays for a while as what has failed, so that not every viewer who asks starts a child that fails. */
  #giveUp(): void {
    this.#failed = new HttpProblem(503, "ffmpeg-failed", "FFmpeg could not make this of the stream; the server's log says why.", {
      "Retry-After": "5",
    });
    this.#ready.reject(this.#failed);
    this.stream.end();
    this.#cancel = this.#options.hub.scheduler.after(GIVEN_UP, () => this.#finish());
  }

  /** Once a second: lets go of what stalls, hangs, or is wanted by nobody. */
  #sweep(): void {
    const { hub, startTimeout, linger } = this.#options;
    const now = hub.scheduler.now();
    this.stream.sweep(now, hub.options.stallTimeout);
    if (this.#isOver) {
      // Who is behind reads it to its end.
      if (this.stream.viewers > 0) this.#sweepLater();
      return;
    }
    const child = this.#child;
    if (child !== undefined && (child.silence > startTimeout || (!child.hasWritten && child.age > startTimeout)))
      child.kill(`it wrote nothing for ${startTimeout} ms`);
    if (this.stream.viewers + this.#waiting > 0 || this.#failed !== undefined) this.#idleSince = undefined;
    else this.#idleSince ??= now;
    if (this.#idleSince !== undefined && now - this.#idleSince >= linger) {
      this.#finish();
      child?.kill("nobody watches");
    } else this.#sweepLater();
  }

  #sweepLater(): void {
    this.#options.hub.scheduler.after(SWEEP, () => this.#sweep());
  }

  #finish(refusal: Refusal = new Refusal("not-live", "The stream has ended.")): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel?.();
    this.#ready.reject(this.#failed ?? refusal);
    this.#unlist();
    this.stream.end(refusal.code === "closing" ? "closing" : "ended");
    this.#options.over();
  }
}

/** @throws {Refusal} `not-live` */
function liveView(stream: Stream | undefined): Viewing {
  if (stream?.timeline.current === undefined || stream.timeline.ended) throw new Refusal("not-live", "The stream has ended.");
  return stream.live();
}
