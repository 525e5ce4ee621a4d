import type { DiskFile } from "../storage/disk.ts";

/** Bytes that are read at a time. */
const WINDOW = 256 * 1024;

/** Reads a file here and there, mostly onwards, without a call for every few bytes. */
export class DiskWindow {
  readonly size: number;
  readonly #file: DiskFile;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** The bytes there, fewer at the end of the file. A view, until the next call. */
  async bytes(at: number, length: number): Promise<Uint8Array> {
    const end = Math.min(at + length, this.size);
    if (at < this.#at || end > this.#at + this.#bytes.length) {
      const into = new Uint8Array(Math.max(0, Math.min(Math.max(length, WINDOW), this.size - at)));
      const read = await this.#file.read(into, at);
      this.#bytes = into.subarray(0, read);
      this.#at = at;
    }
    return this.#bytes.subarray(at - this.#at, Math.max(at, end) - this.#at);
  }
}
