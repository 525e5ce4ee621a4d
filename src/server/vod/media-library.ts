import { setImmediate } from "node:timers/promises";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { ReadAt } from "../../bytes/read-at.ts";
import { indexFlv } from "../../containers/flv/file-index.ts";
import { indexMp4 } from "../../containers/fmp4/file-index.ts";
import { indexBytes, type MediaIndex } from "../../media/media-index.ts";
import type { VodFile } from "./vod-folders.ts";

/** Bytes of all indexes that are kept, and how many. */
const mostKept = 256 * 1024 * 1024;
const mostIndexes = 256;
/** Indexes that are made at one time: each reads a file through. */
const mostAtOnce = 2;
/** Milliseconds that making one may take. */
const longestIndexing = 60_000;

/** What came of looking into a file. */
type Outcome = { readonly index: MediaIndex; readonly bytes: number } | { readonly error: ProtocolError; readonly bytes: number };

/** What is in the files of the folders: looked into when somebody asks, and remembered for those who ask next. */
export class MediaLibrary {
  readonly #log: { warn(fields: object, message: string): void };
  /** By path and version, those asked for last at the end. */
  readonly #known = new Map<string, Outcome>();
  readonly #running = new Map<string, Promise<Outcome>>();
  readonly #waiting: (() => void)[] = [];
  #bytes = 0;
  #atOnce = 0;

  constructor(log: { warn(fields: object, message: string): void }) {
    this.#log = log;
  }

  /** @param file stays the caller's, and open until this settles @throws {ProtocolError} where it is no media that we read */
  async index(file: VodFile): Promise<MediaIndex> {
    const key = `${file.path} ${file.version}`;
    const outcome = this.#recall(key) ?? (await this.#make(key, file));
    if ("error" in outcome) throw outcome.error;
    return outcome.index;
  }

  #recall(key: string): Outcome | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }

  #make(key: string, file: VodFile): Promise<Outcome> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const made = this.#inTurn(key, file).finally(() => void this.#running.delete(key));
    this.#running.set(key, made);
    return made;
  }

  async #inTurn(key: string, file: VodFile): Promise<Outcome> {
    // Who asked first may leave, and takes its file along.
    const own = await file.reopened();
    if (this.#atOnce >= mostAtOnce) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#atOnce += 1;
    try {
      const outcome = await look(own);
      this.#keep(key, outcome);
      if ("index" in outcome && outcome.index.leftOut !== "")
        this.#log.warn({ file: file.path, reason: outcome.index.leftOut }, "only the beginning of a file is shown");
      return outcome;
    } finally {
      this.#atOnce -= 1;
      this.#waiting.shift()?.();
      await own.close();
    }
  }

  #keep(key: string, outcome: Outcome): void {
    this.#known.set(key, outcome);
    this.#bytes += outcome.bytes;
    for (const [old, { bytes }] of this.#known) {
      if (old === key || (this.#bytes <= mostKept && this.#known.size <= mostIndexes)) return;
      this.#known.delete(old);
      this.#bytes -= bytes;
    }
  }
}

async function look({ read, size }: VodFile): Promise<Outcome> {
  try {
    const index = await indexed(untilLate(read), size);
    return { index, bytes: indexBytes(index) };
  } catch (error) {
    if (error instanceof ProtocolError && error.code !== "timeout") return { error, bytes: 1024 };
    throw error;
  }
}

async function indexed(read: ReadAt, size: number): Promise<MediaIndex> {
  const head = await read(0, Math.min(8, size));
  const isFlv = String.fromCharCode(...head.subarray(0, 3)) === "FLV";
  if (isFlv) return indexFlv(read, size);
  if (!boxTypes.has(String.fromCharCode(...head.subarray(4, 8)))) throw new ProtocolError("unsupported", "the file is neither MP4 nor FLV");
  return indexMp4(read, size, { pause: () => setImmediate() });
}

/** What an MP4 or QuickTime file begins with. */
const boxTypes: ReadonlySet<string> = new Set(["ftyp", "styp", "moov", "moof", "mdat", "free", "skip", "wide", "pnot", "sidx"]);

/** A disk that does not answer, or a file without an end, is given up. */
function untilLate(read: ReadAt): ReadAt {
  const end = performance.now() + longestIndexing;
  return async (offset, length) => {
    const { promise, reject } = Promise.withResolvers<never>();
    const late = (): void => reject(new ProtocolError("timeout", `looking into the file took more than ${longestIndexing / 1000} s`));
    const timer = setTimeout(late, Math.max(0, end - performance.now()));
    try {
      return await Promise.race([read(offset, length), promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}
