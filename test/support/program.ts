/** Real programs in tests: started so that they never outlive the test, and with what they said in every failure. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import type { Writable } from "node:stream";
import { findProgram, programs } from "../../tools/programs.ts";

export interface StartOptions {
  /** Ends the program as `stop` does. */
  readonly signal?: AbortSignal;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs it as nobody if the tests run as root: VLC refuses root. */
  readonly unprivileged?: boolean;
  /** Bytes for its standard input, which is closed after them; `open`: the test writes to `stdin` by itself. */
  readonly input?: Uint8Array | "open";
  /** What `stop` sends first; default SIGINT, at which FFmpeg, GStreamer and mpv end their streams properly. */
  readonly stopSignal?: NodeJS.Signals;
}

/** How a program ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Time that a program has to end by itself once asked, before it is killed. */
const stopTimeoutMs = 3000;

/**
 * Where a program of tools/programs.ts is. Throws if it is missing: a test is never left out for want of a program. Throws for a program that
 * is not in the list even where it happens to be installed: on the next machine nothing would install it.
 */
export function programPath(name: string): string {
  if (!programs.some((program) => program.name === name)) throw new Error(`${name} is not in tools/programs.ts, so nothing installs it`);
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed: \`npm test\` installs it, or tells how`);
  return path;
}

/** A running program; `await using` ends it with the test. */
export class RunningProgram implements AsyncDisposable {
  /** Resolves when it has ended and its output is read, whatever the exit code. Rejects if it could not be started. */
  readonly finished: Promise<Finished>;
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  constructor(name: string, child: ChildProcess, options: StartOptions) {
    this.name = name;
    this.#child = child;
    this.#stopSignal = options.stopSignal ?? "SIGINT";
    child.stdout?.on("data", (bytes: Buffer) => this.#heard(this.#stdout, bytes));
    child.stderr?.on("data", (bytes: Buffer) => this.#heard(this.#stderr, bytes));
    const kill = (): void => void child.kill("SIGKILL");
    process.setMaxListeners(Math.max(process.getMaxListeners(), process.listenerCount("exit") + 2)).once("exit", kill);
    const { promise, resolve, reject } = Promise.withResolvers<Finished>();
    child.once("error", reject);
    child.once("close", (code, signal) => {
      this.#isOver = true;
      process.off("exit", kill);
      resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      for (const tell of this.#listeners) tell();
    });
    this.finished = promise;
    promise.catch(() => {});
    options.signal?.addEventListener("abort", () => void this.stop(), { once: true });
  }

  /** What it has written so far. */
  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString("utf8");
  }

  /** Its standard input, where it was started with `input: "open"`. */
  get stdin(): Writable {
    if (this.#child.stdin === null) throw new Error(`${this.name} was started without an open input`);
    return this.#child.stdin;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when its standard output or error contains `pattern`. Rejects, with what it said, if it ends or `signal` aborts before. */
  async said(pattern: RegExp, signal?: AbortSignal): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.stderr) ?? pattern.exec(this.stdout.toString("utf8"));
      if (match !== null) resolve(match);
      else if (this.#isOver) reject(this.#failure(`ended without saying ${pattern}`));
      else if (signal?.aborted === true) reject(this.#failure(`did not say ${pattern} in time`));
    };
    this.#listeners.add(look);
    signal?.addEventListener("abort", look);
    look();
    try {
      return await promise;
    } finally {
      this.#listeners.delete(look);
      signal?.removeEventListener("abort", look);
    }
  }

  /** Resolves with its output if it ends with code 0; rejects, with what it said, if not. */
  async succeeded(): Promise<Finished> {
    const finished = await this.finished;
    if (finished.code !== 0) throw this.#failure(`ended with ${finished.signal ?? `code ${finished.code}`}`);
    return finished;
  }

  /** Asks it to end, kills it if it does not, and waits until it has. */
  async stop(): Promise<Finished> {
    this.#child.kill(this.#stopSignal);
    const timer = setTimeout(() => this.kill(), stopTimeoutMs);
    try {
      return await this.finished;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills it at once, as a crash would: it says goodbye to nobody. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Freezes it, as a hung host would: its sockets stay open and say nothing. `resume` ends that. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid === undefined) return;
    this.resume();
    await this.stop();
  }

  #heard(into: Buffer[], bytes: Buffer): void {
    into.push(bytes);
    for (const tell of this.#listeners) tell();
  }

  #failure(what: string): Error {
    return new Error(`${this.name} ${what}; it said:\n${this.stderr.slice(-4000)}`);
  }
}

/** Starts a program of tools/programs.ts, or one given by its path. */
export function start(name: string, args: readonly string[], options: StartOptions = {}): RunningProgram {
  options.signal?.throwIfAborted();
  exitWhenTerminated();
  const isRoot = process.getuid?.() === 0;
  const child = spawn(name.includes("/") || name.includes("\\") ? name : programPath(name), args, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: { ...process.env, ...(options.unprivileged === true && { HOME: tmpdir() }), ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.unprivileged === true && isRoot && { uid: nobody, gid: nobody }),
  });
  child.stdin?.on("error", () => {});
  if (options.input !== "open") child.stdin?.end(options.input);
  return new RunningProgram(name, child, options);
}

/** Runs a program to its end. Throws, with what it said, if it does not end with code 0. */
export async function run(name: string, args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  await using program = start(name, args, options);
  return await program.succeeded();
}

/** A TCP port of the loopback that was free a moment ago, for programs that cannot be told to choose one. Our own servers take port 0. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The user and group that own nothing. */
const nobody = 65534;

/** Node's runner ends a test file that takes too long with SIGTERM: then the exit handlers must run, which kill the programs. */
function exitWhenTerminated(): void {
  if (!process.listeners("SIGTERM").includes(exit)) process.once("SIGTERM", exit);
}

function exit(): void {
  process.exit(143);
}
