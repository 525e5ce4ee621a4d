const utf8 = new TextEncoder();

/** Builds bytes in a buffer that grows. Big-endian unless the name says `le`. `done()` hands the bytes over. */
export class Writer {
  #data: Uint8Array;
  #view: DataView;
  #at = 0;

  /** @param capacity bytes reserved at first; grows by doubling. */
  constructor(capacity = 64) {
    this.#data = new Uint8Array(capacity);
    this.#view = new DataView(this.#data.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** Makes room and moves on. Call it before `#view` or `#data` is read: it may replace both. */
  #grow(length: number): number {
    const at = this.#at;
    const end = at + length;
    if (end > this.#data.length) {
      const larger = new Uint8Array(Math.max(end, this.#data.length * 2));
      larger.set(this.#data);
      this.#data = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#at = end;
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }
  u16le(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
    return this;
  }
  u24(value: number): this {
    const at = this.#grow(3);
    this.#view.setUint16(at, value >>> 8);
    this.#view.setUint8(at + 2, value);
    return this;
  }
  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }
  u32le(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }
  /** Exact for integers up to 2^53; negative ones come out in two's complement. */
  u64(value: number): this {
    const at = this.#grow(8);
    this.#view.setUint32(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 4, value);
    return this;
  }
  f64(value: number): this {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value);
    return this;
  }
  bytes(data: Uint8Array): this {
    const at = this.#grow(data.length);
    this.#data.set(data, at);
    return this;
  }
  zeros(length: number): this {
    this.#grow(length);
    return this;
  }
  /** One byte a character; for four-character codes and other ASCII. */
  ascii(text: string): this {
    const at = this.#grow(text.length);
    for (let i = 0; i < text.length; i++) this.#data[at + i] = text.charCodeAt(i);
    return this;
  }
  utf8(text: string): this {
    return this.bytes(utf8.encode(text));
  }
  /** Overwrites a u32 written before. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }
  /** The bytes written, as a view; the writer must not be used afterwards. */
  done(): Uint8Array {
    return this.#data.subarray(0, this.#at);
  }
}
