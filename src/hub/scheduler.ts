/** Time and turns, passed in so that a test can own them. */
export interface Scheduler {
  /** Monotonic milliseconds with fractions. */
  now(): number;
  /** Unix milliseconds; read only where a map to UTC is made. */
  wallClock(): number;
  /** Runs the task after the input that is waiting now has been read. */
  immediate(task: () => void): void;
  /** Runs the task once after `ms` milliseconds, unless the function returned is called before. */
  after(ms: number, task: () => void): () => void;
}

/** The process's own clock and event loop. Its timers keep no process alive. */
export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  immediate: (task) => void setImmediate(task),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
