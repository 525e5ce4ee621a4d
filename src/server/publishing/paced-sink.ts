import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { Metadata, Track } from "../../media/track.ts";
import { Pacer } from "./pacer.ts";
import { sleep } from "./wait.ts";

/** What was read, and when it is due if it is a frame: milliseconds of media time. */
interface Held {
  readonly time: number | undefined;
  readonly pass: () => void;
}

/** Holds what one piece of input brought, and passes it on at its own pace. */
export class PacedSink implements FrameSink {
  readonly #sink: FrameSink;
  readonly #scheduler: Scheduler;
  readonly #pacer: Pacer;
  readonly #timescales = new Map<number, number>();
  #held: Held[] = [];

  constructor(sink: FrameSink, scheduler: Scheduler) {
    this.#sink = sink;
    this.#scheduler = scheduler;
    this.#pacer = new Pacer(() => scheduler.now());
  }

  announce(kinds: { readonly video: boolean; readonly audio: boolean }): void {
    this.#held.push({ time: undefined, pass: () => this.#sink.announce(kinds) });
  }

  metadata(values: Metadata): void {
    this.#held.push({ time: undefined, pass: () => this.#sink.metadata(values) });
  }

  track(track: Track): void {
    this.#timescales.set(track.id, track.timescale);
    this.#held.push({ time: undefined, pass: () => this.#sink.track(track) });
  }

  frame(frame: SourceFrame): void {
    const time = (frame.dts * 1000) / (this.#timescales.get(frame.track) ?? 1000);
    this.#held.push({ time, pass: () => this.#sink.frame(frame) });
  }

  /** Passes on all that is held, each frame when it is due. Rejects with the signal's reason. */
  async drain(signal: AbortSignal): Promise<void> {
    const held = this.#held;
    this.#held = [];
    for (const { time, pass } of held) {
      const wait = time === undefined ? 0 : this.#pacer.wait(time);
      if (wait > 0) await sleep(wait, this.#scheduler, signal);
      signal.throwIfAborted();
      pass();
    }
  }
}
