import type { WsViewer } from "./ws-viewer.ts";
import { CloseCode } from "./close-code.ts";

/** Pings that may stay unanswered. */
const allowed = 2;

/**
 * Pings viewers once an interval, spread over it so that thousands are not written to in one turn, with one timer for
 * all. Who leaves two pings unanswered is closed.
 */
export class Pinger {
  readonly #rounds: Set<WsViewer>[];
  #next = 0;
  #turn = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param interval milliseconds between two pings of one viewer */
  constructor(interval: number, rounds = 20) {
    this.#rounds = Array.from({ length: rounds }, () => new Set());
    this.#timer = setInterval(() => this.#ping(), interval / rounds);
    this.#timer.unref();
  }

  /** Begins to ping a viewer; the function returned ends it. */
  add(viewer: WsViewer): () => void {
    const round = this.#rounds[this.#next]!;
    this.#next = (this.#next + 1) % this.#rounds.length;
    round.add(viewer);
    return () => void round.delete(viewer);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #ping(): void {
    for (const viewer of this.#rounds[this.#turn]!) {
      if (!viewer.ping(allowed)) viewer.close(CloseCode.tooSlow, "no answer to pings");
    }
    this.#turn = (this.#turn + 1) % this.#rounds.length;
  }
}
