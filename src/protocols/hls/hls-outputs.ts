import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { Stream } from "../../hub/stream.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Generation } from "../../media/track.ts";
import { HlsOutput } from "./hls-output.ts";
import type { RenditionPath } from "./hls-path.ts";
import { type Carried, carriedIn, formatOf } from "./renditions.ts";

/** Times in milliseconds. */
export interface HlsOutputsOptions {
  readonly hub: Hub;
  /** Of parts; undefined where there are to be none. */
  readonly partDuration: number | undefined;
  /** How much is listed. */
  readonly window: number;
  /** Bytes of one rendition. */
  readonly maxBytes: number;
}

/** Target durations without a request after which an output ends. */
const PATIENCE = 3;
/** Milliseconds that it lasts at least. */
const SHORTEST_PATIENCE = 10_000;
const SWEEP_INTERVAL = 1000;

/** What is made of streams for players of HLS: begun by the first request, ended when nobody asks any more. */
export class HlsOutputs {
  readonly #options: HlsOutputsOptions;
  readonly #sweepMore: (now: number) => boolean;
  readonly #outputs = new Map<string, HlsOutput>();
  readonly #unlisten: () => void;
  /** Outputs made so far: numbers are not used twice. */
  #runs = 0;
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  /** @param sweepMore called once a second after `sweepLater`, until it says that nothing is left */
  constructor(options: HlsOutputsOptions, sweepMore: (now: number) => boolean) {
    this.#options = options;
    this.#sweepMore = sweepMore;
    this.#unlisten = options.hub.onEvent((event) => {
      if (event.kind !== "lost") return;
      for (const output of this.#outputs.values()) if (output.stream === event.stream) output.segmented.flush();
    });
  }

  /** Milliseconds that an output, and a player, may go without a request. */
  patience({ segmented }: HlsOutput): number {
    return Math.max(SHORTEST_PATIENCE, PATIENCE * 1000 * (segmented.terms?.target ?? 0));
  }

  /**
   * What is made of a stream now.
   *
   * @throws {Refusal} `not-carried`, `not-live`
   */
  of(stream: Stream, choose: (generation: Generation) => Carried): HlsOutput {
    const newest = stream.segmentation?.newest;
    const generation = newest?.generation ?? stream.timeline.current;
    if (this.#closed || generation === undefined || stream.segmentation === undefined)
      throw new Refusal("not-live", "This stream is not live.");
    const carried = choose(generation);
    const epoch = newest?.epoch ?? 0;
    const key = keyOf(stream.id, epoch, carried.format);
    const known = this.#outputs.get(key);
    if (known !== undefined) return known;
    const output = this.#make(stream, carried, epoch);
    this.#outputs.set(key, output);
    this.sweepLater();
    return output;
  }

  /** What a playlist or a piece of media belongs to: also one that ended for want of requests, and is begun again. Undefined for what is over. */
  find(name: string, { id, epoch, rendition }: RenditionPath): HlsOutput | undefined {
    const format = formatOf(rendition);
    const known = this.#outputs.get(keyOf(id, epoch, format));
    if (known !== undefined) return known.stream.name === name ? known : undefined;
    const stream = this.#options.hub.streams.get(name);
    if (stream?.id !== id || stream.segmentation?.newest?.epoch !== epoch) return undefined;
    return this.of(stream, (generation) => carriedIn(format, generation));
  }

  close(): void {
    this.#closed = true;
    this.#unlisten();
    this.#cancelSweep?.();
    for (const output of this.#outputs.values()) output.close();
    this.#outputs.clear();
  }

  #make(stream: Stream, carried: Carried, epoch: number): HlsOutput {
    const { hub, partDuration, window, maxBytes } = this.#options;
    const { scheduler } = hub;
    try {
      const output = new HlsOutput(stream, {
        scheduler,
        carried,
        epoch,
        run: this.#runs,
        partDuration: carried.format === "ts" ? undefined : partDuration,
        retention: { window: window / 1000, maxBytes, now: () => scheduler.now() },
        failed: (error) => hub.failed(stream, error),
      });
      this.#runs += 1;
      return output;
    } catch (error) {
      if (error instanceof NotCarried) throw new Refusal("not-carried", `${error.message}.`);
      throw error;
    }
  }

  sweepLater(): void {
    if (this.#closed) return;
    const { scheduler } = this.#options.hub;
    this.#cancelSweep ??= scheduler.after(SWEEP_INTERVAL, () => {
      this.#cancelSweep = undefined;
      const now = scheduler.now();
      for (const [key, output] of this.#outputs) {
        output.sweep(now);
        if (output.waiting > 0 || now - output.lastAsked < this.patience(output)) continue;
        output.close();
        this.#outputs.delete(key);
      }
      const isMore = this.#sweepMore(now);
      if (isMore || this.#outputs.size > 0) this.sweepLater();
    });
  }
}

function keyOf(id: string, epoch: number, format: string): string {
  return `${id}.${epoch}.${format}`;
}
