import type { Scheduler } from "./scheduler.ts";

/** A promise, or the signal's reason as a rejection where that comes first. Leaves nothing behind on the signal. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}

/** Waits by a scheduler's clock. Rejects with the signal's reason. @param ms milliseconds */
export function sleep(ms: number, scheduler: Scheduler, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = scheduler.after(Math.ceil(ms), () => {
      signal.removeEventListener("abort", aborted);
      resolve();
    });
    const aborted = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
  });
}
