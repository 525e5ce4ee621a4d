import { Worker } from "node:worker_threads";
import type { IndexStore } from "./index-store.ts";

/** What can be asked of the index. */
type Method = Exclude<keyof IndexStore, "isNew">;

/** A question to the thread that has the index, and its answer. */
export interface IndexCall {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}
export type IndexAnswer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Milliseconds until the index must be open, and until a question must be answered. */
const PATIENCE = 60_000;

/** The index of recordings, asked from here and kept by a thread of its own. */
export class RecordingIndex {
  /** It was made anew: what is in the folder is not in it yet. */
  readonly isNew: boolean;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #over: Error | undefined;

  private constructor(worker: Worker, isNew: boolean) {
    this.#worker = worker;
    this.isNew = isNew;
    worker.on("message", (answer: IndexAnswer) => this.#answered(answer));
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("the index is closed")));
  }

  /** Opens an index, or makes it. Rejects where that is not possible, or another process has it open. */
  static async open(file: string): Promise<RecordingIndex> {
    // Beside us as it was written, and as it is in the package.
    const script = import.meta.url.endsWith(".ts") ? "./index-worker.ts" : "./index-worker.js";
    // Without our environment; Node still calls its SQLite an experiment, on standard error.
    const worker = new Worker(new URL(script, import.meta.url), {
      workerData: file,
      env: {},
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdin: false,
    });
    worker.unref();
    const { promise, resolve, reject } = Promise.withResolvers<{ readonly isNew: boolean }>();
    worker.once("message", resolve);
    worker.once("error", reject);
    const timer = setTimeout(() => reject(new Error("the index does not open in time")), PATIENCE);
    try {
      return new RecordingIndex(worker, (await promise).isNew);
    } catch (error) {
      await worker.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Calls a method of the `IndexStore`. Rejects with what it throws. */
  ask<Name extends Method>(method: Name, ...args: Parameters<IndexStore[Name]>): Promise<ReturnType<IndexStore[Name]>> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => this.#waiting.get(id)?.reject(new Error("the index does not answer in time")), PATIENCE);
    const settled = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    };
    this.#waiting.set(id, {
      resolve: (value) => (settled(), resolve(value)),
      reject: (error) => (settled(), reject(error)),
    });
    this.#worker.postMessage({ id, method, args } satisfies IndexCall, []);
    return promise as Promise<ReturnType<IndexStore[Name]>>;
  }

  async close(): Promise<void> {
    if (this.#over === undefined) await this.ask("close").catch(() => undefined);
    await this.#worker.terminate();
  }

  #answered(answer: IndexAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.value);
  }

  #fail(error: unknown): void {
    this.#over ??= error instanceof Error ? error : new Error(String(error));
    for (const waiting of [...this.#waiting.values()]) waiting.reject(this.#over);
  }
}
