// Node's own: a test that waits ends in real time, whatever its server's clock or its runner's fake timers say.
import { clearTimeout, setTimeout } from "node:timers";

/** Milliseconds that a test waits where it does not say how long. */
export const defaultTimeout = 10_000;
/** Node's timers know no longer one. */
const longestTimeout = 2 ** 31 - 1;

/** How long something is waited for. */
export interface WaitOptions {
  /** Milliseconds of real time, 10 s if not given. Above 0. */
  readonly timeout?: number;
  /** Ends the waiting: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What was waited for did not come in time. The message says what that was, and how things were instead. */
export class WaitTimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Waits for work that ends when its signal is aborted. Rejects with a `WaitTimeoutError` after the time, the signal's reason, or as
 * the work does. Holds the process until then.
 *
 * @param words what was waited for and how things are, asked for when time is up: `a frame of "live/cam": nobody publishes it`
 */
export async function waitFor<Result>(
  { timeout = defaultTimeout, signal }: WaitOptions,
  words: () => string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (!(timeout > 0 && timeout <= longestTimeout)) throw new RangeError(`a time-out is 1 to ${longestTimeout} ms, not ${timeout}`);
  signal?.throwIfAborted();
  const abort = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    reject(reason);
    abort.abort(reason);
  };
  const timer = setTimeout(() => end(new WaitTimeoutError(`waited ${timeout} ms for ${words()}`)), timeout);
  const aborted = (): void => end(signal?.reason);
  signal?.addEventListener("abort", aborted, { once: true });
  try {
    return await Promise.race([work(abort.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
    abort.abort();
  }
}
