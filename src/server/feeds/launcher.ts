import { type ChildProcess, spawn } from "node:child_process";
import type { Scheduler } from "../../hub/scheduler.ts";

/** Milliseconds before a program is started again that ended at once; doubled each time. */
const firstDelay = 1000;
const longestDelay = 60_000;
/** A program that ran for so many milliseconds had begun well. */
const ranWell = 30_000;
/** Characters of what a program said last. */
const longestSaying = 300;

export interface LaunchOptions {
  /** Of the feed. */
  readonly name: string;
  /** The program and its words, without the feed's URL, which comes behind them. */
  readonly words: readonly string[];
  readonly url: string;
  readonly scheduler: Scheduler;
  readonly log: Record<"info" | "warn", (fields: object, message: string) => void>;
}

/** A program that publishes to a feed, kept running until it is stopped. */
export class Launched {
  readonly #options: LaunchOptions;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #delay = firstDelay;
  #cancel: (() => void) | undefined;
  #stopped = false;
  #gone: (() => void) | undefined;

  constructor(options: LaunchOptions) {
    this.#options = options;
    this.#start();
  }

  /** Of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends it, and kills it where it has not ended within so many milliseconds. Resolves when it is gone. */
  async stop(within: number): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => (this.#gone = resolve));
    child.kill("SIGTERM");
    const kill = setTimeout(() => child.kill("SIGKILL"), within);
    await gone;
    clearTimeout(kill);
  }

  #start(): void {
    const { words, url, name, scheduler, log } = this.#options;
    const [program = "", ...rest] = words;
    this.#startedAt = scheduler.now();
    const child = spawn(program, [...rest, url], { stdio: ["ignore", "ignore", "pipe"], windowsHide: true });
    this.#child = child;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2 * longestSaying)));
    let isOver = false;
    const over = (fields: object): void => {
      if (isOver) return;
      isOver = true;
      this.#over({ ...fields, said: lastLine(said) });
    };
    child.once("spawn", () => log.info({ feed: name, pid: child.pid }, "the program of a feed was started"));
    child.once("error", (error: NodeJS.ErrnoException) => over({ error: error.code ?? error.message }));
    child.once("exit", (code, signal) => over({ code, signal }));
  }

  #over(fields: object): void {
    const { name, scheduler, log } = this.#options;
    const pid = this.#child?.pid;
    const seconds = Math.round((scheduler.now() - this.#startedAt) / 1000);
    this.#child = undefined;
    this.#gone?.();
    if (this.#stopped) return;
    if (seconds * 1000 >= ranWell) this.#delay = firstDelay;
    log.warn({ feed: name, pid, ...fields, seconds, again: `${this.#delay / 1000} s` }, "the program of a feed has ended");
    this.#cancel = scheduler.after(this.#delay, () => this.#start());
    this.#delay = Math.min(longestDelay, this.#delay * 2);
  }
}

/** What a program said last, without the passwords of URLs. */
function lastLine(text: string): string {
  const line =
    text
      .trimEnd()
      .split(/[\r\n]/)
      .at(-1) ?? "";
  return line
    .slice(-longestSaying)
    .replaceAll(/(\w:\/\/)[^/?#\s]*@/g, "$1…@")
    .replaceAll(/([?&](?:key|token|password)=)[^&\s]*/gi, "$1-");
}
