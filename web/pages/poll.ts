/** What polling needs of the page; tests pass their own. */
export interface PollPage {
  readonly hidden: boolean;
  /** Calls `listener` whenever the page is shown or hidden. */
  onVisibility(listener: () => void): void;
  later(task: () => void, milliseconds: number): number;
  cancel(timer: number): void;
}

export const browserPage: PollPage = {
  get hidden() {
    return document.visibilityState === "hidden";
  },
  onVisibility: (listener) => document.addEventListener("visibilitychange", listener),
  later: (task, milliseconds) => window.setTimeout(task, milliseconds),
  cancel: (timer) => window.clearTimeout(timer),
};

/**
 * Does `task` at once and again and again, one at a time: the pause begins when it is done. Rests while the page is hidden and
 * starts over as soon as it is seen.
 *
 * @param task resolves to the milliseconds until the next time; must not reject
 * @returns does the task as soon as possible
 */
export function poll(task: () => Promise<number>, page: PollPage = browserPage): () => void {
  let timer: number | undefined;
  let isBusy = false;
  let isWanted = false;
  const run = async (): Promise<void> => {
    if (timer !== undefined) page.cancel(timer);
    timer = undefined;
    if (page.hidden) return;
    if (isBusy) {
      isWanted = true;
      return;
    }
    isBusy = true;
    isWanted = false;
    const pause = await task();
    isBusy = false;
    if (isWanted) void run();
    else if (!page.hidden) timer = page.later(() => void run(), pause);
  };
  page.onVisibility(() => void run());
  void run();
  return () => void run();
}
