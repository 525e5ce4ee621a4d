import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { PollPage } from "./poll.ts";
import { poll } from "./poll.ts";

class FakePage implements PollPage {
  hidden = false;
  readonly timers = new Map<number, { task: () => void; milliseconds: number }>();
  #listener: () => void = () => undefined;
  #next = 1;

  onVisibility(listener: () => void): void {
    this.#listener = listener;
  }
  later(task: () => void, milliseconds: number): number {
    this.timers.set(this.#next, { task, milliseconds });
    return this.#next++;
  }
  cancel(timer: number): void {
    this.timers.delete(timer);
  }
  turn(hidden: boolean): void {
    this.hidden = hidden;
    this.#listener();
  }
  /** The one timer there is runs out. */
  async elapse(): Promise<void> {
    const timers = [...this.timers];
    assert.equal(timers.length, 1);
    this.timers.clear();
    for (const [, { task }] of timers) task();
    await setImmediate();
  }
}

test("asks again after each pause, which the task chooses", async () => {
  const page = new FakePage();
  let asked = 0;
  poll(() => Promise.resolve(++asked * 1000), page);
  await setImmediate();
  assert.deepEqual([asked, [...page.timers.values()].map((timer) => timer.milliseconds)], [1, [1000]]);
  await page.elapse();
  assert.deepEqual([asked, [...page.timers.values()].map((timer) => timer.milliseconds)], [2, [2000]]);
});

test("rests while hidden, and asks at once when seen again", async () => {
  const page = new FakePage();
  let asked = 0;
  poll(() => Promise.resolve(++asked), page);
  await setImmediate();
  page.turn(true);
  await setImmediate();
  assert.deepEqual([asked, page.timers.size], [1, 0]);
  page.turn(false);
  await setImmediate();
  assert.deepEqual([asked, page.timers.size], [2, 1]);
});

test("never asks twice at a time; who asks meanwhile is served right after", async () => {
  const page = new FakePage();
  const answers: (() => void)[] = [];
  const now = poll(() => new Promise((resolve) => answers.push(() => resolve(1))), page);
  now();
  now();
  assert.equal(answers.length, 1);
  answers[0]?.();
  await setImmediate();
  assert.equal(answers.length, 2);
  answers[1]?.();
  await setImmediate();
  assert.deepEqual([answers.length, page.timers.size], [2, 1]);
});
