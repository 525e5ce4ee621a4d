import type { PlayheadEnd, PlayheadSink } from "../../hub/playhead.ts";
import type { Log } from "../log.ts";

/** A plug-in's sink: what it throws ends its own viewer, and not the walk over everybody's that it was called in. */
export class CheckedPlayheadSink implements PlayheadSink {
  readonly #sink: PlayheadSink;
  readonly #log: Log;
  readonly #over: () => void;
  #failed = false;

  /** @param over called, in a turn of its own, when nothing more can be sent: the stream has ended, or the sink has failed */
  constructor(sink: PlayheadSink, log: Log, over: () => void) {
    this.#sink = sink;
    this.#log = log;
    this.#over = over;
  }

  write(bytes: Uint8Array): boolean {
    return this.#guard(() => this.#sink.write(bytes)) === true;
  }

  whenTaken(taken: () => void): void {
    this.#guard(() => this.#sink.whenTaken(taken));
  }

  end(reason: PlayheadEnd): void {
    this.#guard(() => this.#sink.end(reason));
    queueMicrotask(this.#over);
  }

  #guard<Result>(call: () => Result): Result | undefined {
    if (this.#failed) return undefined;
    try {
      return call();
    } catch (err) {
      this.#failed = true;
      this.#log.error({ err }, "a viewer's sink failed");
      queueMicrotask(this.#over);
      return undefined;
    }
  }
}
