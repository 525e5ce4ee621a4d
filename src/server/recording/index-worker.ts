/** The thread that has the index open: SQLite blocks, and a disk that stalls must not block the server. */
import { parentPort, workerData } from "node:worker_threads";
import { rmSync } from "node:fs";
import type { IndexAnswer, IndexCall } from "./recording-index.ts";
import { IndexStore } from "./index-store.ts";

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const damaged: ReadonlySet<unknown> = new Set([11, 26]);

/** Opens the index; what is damaged is thrown away, since the files say the same. */
function open(file: string): IndexStore {
  try {
    return new IndexStore(file);
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    if (errcode === undefined || !damaged.has(errcode & 0xff)) throw error;
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
    return new IndexStore(file);
  }
}

const store = open(workerData as string);
parentPort!.postMessage({ isNew: store.isNew }, []);
parentPort!.on("message", ({ id, method, args }: IndexCall) => {
  let answer: IndexAnswer;
  try {
    answer = { id, value: Reflect.apply(store[method], store, args) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) };
  }
  parentPort!.postMessage(answer, []);
});
