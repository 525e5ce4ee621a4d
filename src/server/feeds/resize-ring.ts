import { geometry } from "../../containers/ring/file-header.ts";
import { RingEncoder } from "../../containers/ring/ring-encoder.ts";
import { dirname } from "node:path";
import type { Disk } from "../storage/disk.ts";
import { BlockWalker, type Step } from "./block-walker.ts";
import { errorCode } from "./feed-file-error.ts";
import { openRingFile, type RingFile } from "./ring-file.ts";
import { StateInForce } from "./state-in-force.ts";

/** Bytes written at one time. */
const MAX_WRITE = 1024 * 1024;

/** A file has the measures that one of this size has. */
export function hasSize({ header: { blocks, blockSize } }: RingFile, maxSize: number): boolean {
  const wanted = geometry(maxSize);
  return blocks === wanted.blocks && blockSize === wanted.blockSize;
}

/**
 * Copies the newest of a file into one of another size, which takes its place once it is whole. The old one is closed.
 *
 * @param created Unix milliseconds
 */
export async function resizeRing(disk: Disk, old: RingFile, maxSize: number, created: number): Promise<RingFile> {
  const { path } = old;
  const temporary = `${path}.new`;
  await disk.unlink(temporary).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
  });
  const ring = await openRingFile(disk, temporary, maxSize, created);
  try {
    await new Copy(old, ring).run();
    await ring.sync();
  } finally {
    await Promise.all([ring.close(), old.close()]);
  }
  await disk.rename(temporary, path);
  await disk.syncFolder(dirname(path)).catch(() => undefined); // not every system lets a folder be opened
  return openRingFile(disk, path, maxSize, created);
}

/** Entries of one file on their way into another. */
class Copy {
  readonly #from: RingFile;
  readonly #to: RingFile;
  readonly #encoder: RingEncoder;
  readonly #state = new StateInForce();
  /** Number of the entry that follows the last one copied; undefined before the first, and where one was left out. */
  #expected: number | undefined;

  constructor(from: RingFile, to: RingFile) {
    this.#from = from;
    this.#to = to;
    this.#encoder = new RingEncoder({ file: to.header, checksum: to.checksum, draw: to.draw });
  }

  async run(): Promise<void> {
    const headers = await this.#from.scan();
    const { blocks, blockSize } = this.#to.header;
    const first = headers.at(-Math.floor((blocks * blockSize) / this.#from.header.blockSize)) ?? headers[0];
    if (first === undefined) return;
    const walker = new BlockWalker(this.#from, first.block);
    for (let step = await walker.next(); step !== undefined; step = await walker.next()) await this.#copy(step);
    await this.#write();
  }

  async #copy({ begun, entries }: Step): Promise<void> {
    if (begun?.goesOn === false) this.#state.begin(begun.header.inForce);
    for (const { sequence, entry } of entries) {
      const isStart = this.#state.isStart(entry);
      if (sequence !== this.#expected) this.#expected = undefined;
      if (this.#expected === undefined && isStart) {
        await this.#write();
        this.#encoder.restart(this.#to.end.block + 1, this.#state.current, this.#to.index.newest);
        this.#expected = sequence;
      }
      const isCopied = this.#expected !== undefined && this.#encoder.add(sequence, entry, isStart);
      this.#expected = isCopied ? sequence + 1 : undefined;
      this.#state.take(entry);
      if (this.#encoder.waiting >= MAX_WRITE) await this.#write();
    }
  }

  async #write(): Promise<void> {
    await this.#to.write(this.#encoder.take());
  }
}
