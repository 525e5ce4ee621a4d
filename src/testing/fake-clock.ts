// Node's own: neither the server's clock nor a test runner's fake timers may stop them.
import { setImmediate } from "node:timers";
import type { Scheduler } from "../hub/scheduler.ts";
import { FakeTimers } from "./fake-timers.ts";

/** Turns of the event loop that are given to what goes on by itself, at most. */
const mostTurns = 10_000;

/**
 * A clock that stands still until the test moves it: `createServer({ clock: new FakeClock() })`. Grace periods, waits for
 * publishers, answers of hooks, stalls and the pace of test clips follow it. What is sent over sockets takes the real time that it
 * takes, and viewers over sockets are written to at most every 8 ms of this clock.
 *
 * Several servers may share one. It holds no handles: a process with nothing but fake timers ends.
 */
export class FakeClock implements Scheduler {
  readonly #timers = new FakeTimers();
  readonly #wallClock: number;
  #now = 0;
  #immediates = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param start what the wall clock says at first, Unix milliseconds or a `Date` */
  constructor(start: number | Date = Date.UTC(2026, 0, 1)) {
    this.#wallClock = Number(start);
  }

  /** Milliseconds that it was moved by so far. */
  now(): number {
    return this.#now;
  }

  /** Unix milliseconds. */
  wallClock(): number {
    return this.#wallClock + this.#now;
  }

  /** Runs the task in the next turn of the real event loop. */
  immediate(task: () => void): void {
    this.#immediates += 1;
    setImmediate(() => {
      this.#immediates -= 1;
      task();
    });
  }

  /** Runs the task when the clock has been moved by that many milliseconds. */
  after(ms: number, task: () => void): () => void {
    return this.#timers.add(this.#now + ms, task);
  }

  /** Timers that wait for their time. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves the time on. What becomes due runs in order, each at its own time, with a turn of the event loop after it, so that what it
   * sets off (promises, listeners, writes) has happened too. Resolves when all that has. Calls do not overlap.
   *
   * Rejects with a `RangeError` for what is no length of time, and with what a task threw.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) return Promise.reject(new RangeError(`a clock moves on by 0 or more milliseconds, not by ${ms}`));
    const moved = this.#last.then(() => this.#move(ms));
    this.#last = moved.catch(() => undefined);
    return moved;
  }

  async #move(ms: number): Promise<void> {
    const until = this.#now + ms;
    await turn();
    for (let timer = this.#timers.take(until); timer !== undefined; timer = this.#timers.take(until)) {
      this.#now = Math.max(this.#now, timer.at);
      timer.task();
      await turn();
    }
    this.#now = until;
    for (let turns = 0; turns < mostTurns && this.#immediates > 0; turns++) await turn();
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
