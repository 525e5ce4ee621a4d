/** A picture of a stream as it is sent. */
export interface Picture {
  /** The stream and the place in it. */
  readonly tag: string;
  readonly bytes: Uint8Array;
}

/** The last picture of each stream, the most recently made ones of them. */
export class PictureCache {
  readonly #pictures = new Map<string, Picture>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(stream: string): Picture | undefined {
    return this.#pictures.get(stream);
  }

  set(stream: string, picture: Picture): void {
    this.#remove(stream);
    this.#pictures.set(stream, picture);
    this.#bytes += picture.bytes.length;
    for (const oldest of this.#pictures.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(stream: string): void {
    this.#bytes -= this.#pictures.get(stream)?.bytes.length ?? 0;
    this.#pictures.delete(stream);
  }
}
