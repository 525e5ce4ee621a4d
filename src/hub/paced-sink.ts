import { Fifo } from "../bytes/fifo.ts";
import type { FrameSink, SourceFrame } from "../media/demuxer.ts";
import type { Metadata, Track } from "../media/track.ts";
import { type Pace, Pacer } from "./pacer.ts";
import type { Scheduler } from "./scheduler.ts";
import { sleep } from "./wait.ts";

/** What was read, and when it is due if it is a frame: milliseconds of media time. */
interface Held {
  readonly time: number | undefined;
  readonly pass: () => void;
}

/** Media that are passed on in one go, in milliseconds: what is more waits a moment, in which viewers who waited for the first come. */
const slice = 500;
/** That moment, in milliseconds: longer than the pump takes for them. */
const turn = 10;

/**
 * Passes on what an input brings, frames not before they are due. What is not due is held: the input is to be read no further
 * before `drain` has resolved.
 */
export class PacedSink implements FrameSink {
  readonly #sink: FrameSink;
  readonly #scheduler: Scheduler;
  readonly #pacer: Pacer;
  readonly #timescales = new Map<number, number>();
  readonly #held = new Fifo<Held>();
  #slice = { begun: Number.NEGATIVE_INFINITY, from: 0 };

  constructor(sink: FrameSink, scheduler: Scheduler, pace?: Pace) {
    this.#sink = sink;
    this.#scheduler = scheduler;
    this.#pacer = new Pacer(() => scheduler.now(), pace);
  }

  /** Something waits to be drained. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  announce(kinds: Parameters<FrameSink["announce"]>[0]): void {
    this.#take({ time: undefined, pass: () => this.#sink.announce(kinds) });
  }

  timesAreUnix(): void {
    this.#take({ time: undefined, pass: () => this.#sink.timesAreUnix?.() });
  }

  metadata(values: Metadata): void {
    this.#take({ time: undefined, pass: () => this.#sink.metadata(values) });
  }

  track(track: Track): void {
    this.#timescales.set(track.id, track.timescale);
    this.#take({ time: undefined, pass: () => this.#sink.track(track) });
  }

  frame(frame: SourceFrame): void {
    const time = (frame.dts * 1000) / (this.#timescales.get(frame.track) ?? 1000);
    if (!this.holds && this.#pacer.wait(time) === 0 && !this.#isSliceOver(time)) return this.#sink.frame(frame);
    this.#held.push({ time, pass: () => this.#sink.frame(frame) });
  }

  /** Passes on all that is held, each frame when it is due. Rejects with the signal's reason. */
  async drain(signal: AbortSignal): Promise<void> {
    for (let held = this.#held.first(); held !== undefined; held = this.#held.first()) {
      const { time } = held;
      if (time !== undefined) await this.#isDue(time, signal);
      signal.throwIfAborted();
      this.#held.shift();
      held.pass();
    }
  }

  #take(held: Held): void {
    if (this.holds) this.#held.push(held);
    else held.pass();
  }

  async #isDue(time: number, signal: AbortSignal): Promise<void> {
    const wait = this.#pacer.wait(time);
    if (wait > 0) return sleep(wait, this.#scheduler, signal);
    if (!this.#isSliceOver(time)) return;
    await sleep(turn, this.#scheduler, signal);
    this.#slice = { begun: this.#scheduler.now(), from: time };
  }

  #isSliceOver(time: number): boolean {
    const now = this.#scheduler.now();
    if (now - this.#slice.begun >= turn) this.#slice = { begun: now, from: time };
    return time - this.#slice.from > slice;
  }
}
