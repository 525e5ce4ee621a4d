import { ProtocolError } from "./protocol-error.ts";

/**
 * Reads bytes of a file from anywhere: `length` of them from `offset` on, or those that there are before its end. The
 * result is the caller's to keep.
 */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/** Bytes that are read at a time where a caller needs fewer. */
const defaultWindow = 64 * 1024;

/** Looks at small pieces of a file one behind the other with few reads: what lies in one window is read once. */
export class FileWindow {
  readonly #read: ReadAt;
  readonly #window: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Bytes of the file. */
  readonly size: number;

  constructor(read: ReadAt, size: number, window = defaultWindow) {
    this.#read = read;
    this.#window = window;
    this.size = size;
  }

  /** A piece that has been read already, as a view; undefined where it has to be read first. */
  peek(at: number, length: number): Uint8Array | undefined {
    const from = at - this.#at;
    if (from < 0 || from + length > this.#bytes.length) return undefined;
    return this.#bytes.subarray(from, from + length);
  }

  /** A piece as a view of what was read; shorter where the file ends in it. */
  async view(at: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - at));
    const known = this.peek(at, wanted);
    if (known !== undefined) return known;
    this.#bytes = await this.#read(at, Math.min(Math.max(wanted, this.#window), this.size - at));
    this.#at = at;
    return this.#bytes.subarray(0, wanted);
  }

  /** A whole piece. @throws ProtocolError("truncated") where the file, which may have become shorter, ends in it */
  async whole(at: number, length: number): Promise<Uint8Array> {
    const bytes = await this.view(at, length);
    if (bytes.length < length) throw new ProtocolError("truncated", `the file ends within ${length} bytes at ${at}`);
    return bytes;
  }
}
