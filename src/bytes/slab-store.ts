import { Fifo } from "./fifo.ts";

/** Makes the memory of one slab. The server passes one that returns `Buffer`s, so that views of it are Buffers too. */
export type AllocateSlab = (length: number) => Uint8Array;

/**
 * Bytes appended back to back into fixed-size slabs and addressed by an ever-growing position, so that any run is a
 * view and nothing is copied on the way out. Slabs are never written twice nor recycled: a socket may still read
 * from one after it was released here; the garbage collector frees it.
 */
export class SlabStore {
  readonly #allocate: AllocateSlab;
  readonly #slabSize: number;
  readonly #slabs = new Fifo<Uint8Array>();
  /** Position of the first byte of the first slab. */
  #base = 0;
  #end = 0;

  constructor(allocate: AllocateSlab, slabSize = 256 * 1024) {
    this.#allocate = allocate;
    this.#slabSize = slabSize;
  }

  /** Position after the last byte. */
  get end(): number {
    return this.#end;
  }

  append(part: Uint8Array): void {
    let from = 0;
    while (from < part.length) {
      const offset = (this.#end - this.#base) % this.#slabSize;
      if (this.#base + this.#slabs.length * this.#slabSize === this.#end) this.#slabs.push(this.#allocate(this.#slabSize));
      const length = Math.min(part.length - from, this.#slabSize - offset);
      const slab = this.#slabs.last()!;
      slab.set(length === part.length ? part : part.subarray(from, from + length), offset);
      from += length;
      this.#end += length;
    }
  }

  /** The view from `from` that ends at `to` or at the slab's end, whichever comes first. */
  view(from: number, to: number): Uint8Array {
    const offset = from - this.#base;
    const slab = this.#slabs.at(Math.floor(offset / this.#slabSize));
    if (slab === undefined || to > this.#end) throw new RangeError(`no bytes at ${from} to ${to}`);
    const start = offset % this.#slabSize;
    return slab.subarray(start, Math.min(start + to - from, this.#slabSize));
  }

  /** Lets go of slabs that end at or before `position`. */
  release(position: number): void {
    while (this.#slabs.length > 0 && this.#base + this.#slabSize <= position) {
      this.#slabs.shift();
      this.#base += this.#slabSize;
    }
  }
}
