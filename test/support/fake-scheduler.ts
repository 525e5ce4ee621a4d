import type { Scheduler } from "../../src/hub/scheduler.ts";
import { FakeTimers } from "../../src/testing/fake-timers.ts";

/** A clock and an event loop that stand still until the test moves them, at once: `FakeClock` leaves turns to the real event loop. */
export class FakeScheduler implements Scheduler {
  #now = 1000;
  readonly #timers = new FakeTimers();
  #immediates: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  wallClock(): number {
    return 1_700_000_000_000 + this.#now;
  }

  immediate(task: () => void): void {
    this.#immediates.push(task);
  }

  after(ms: number, task: () => void): () => void {
    return this.#timers.add(this.#now + ms, task);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Runs one turn of what waits for the next turn. */
  turn(): void {
    const tasks = this.#immediates;
    this.#immediates = [];
    for (const task of tasks) task();
  }

  /** Moves time on, firing timers in order and running turns between. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      this.settle();
      const next = this.#timers.take(until);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
    this.#now = until;
    this.settle();
  }

  /** Runs turns until nothing waits for one. */
  settle(): void {
    for (let i = 0; i < 10_000 && this.#immediates.length > 0; i++) this.turn();
  }

  /** Lets time pass while a task runs, as a slow task would. */
  spend(ms: number): void {
    this.#now += ms;
  }
}
