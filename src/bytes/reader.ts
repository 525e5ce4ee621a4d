import { ProtocolError } from "./protocol-error.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A cursor over bytes that somebody else owns. All multi-byte words are big-endian unless the name says `le`.
 *
 * Every read is bounds-checked once and throws `ProtocolError("truncated")` past the end. `bytes()` returns views,
 * never copies: they live as long as the underlying buffer.
 */
export class Reader {
  readonly data: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** Offset of the next byte from the start of the data. */
  get at(): number {
    return this.#at;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.data.length - this.#at;
  }

  /** Moves the cursor forward by `length` bytes and returns where it stood. */
  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || length > this.data.length - at) {
      throw new ProtocolError("truncated", `${length} bytes wanted at offset ${at} of ${this.data.length}`);
    }
    this.#at = at + length;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }
  u16le(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }
  u24(): number {
    const at = this.#take(3);
    return (this.#view.getUint16(at) << 8) | this.#view.getUint8(at + 2);
  }
  i24(): number {
    return (this.u24() << 8) >> 8;
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }
  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }
  /** Exact up to 2^53; above, rounded as any double is. */
  u64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** The next byte without moving the cursor. */
  peek(): number {
    const byte = this.u8();
    this.#at -= 1;
    return byte;
  }
  skip(length: number): void {
    this.#take(length);
  }
  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.data.subarray(at, at + length);
  }
  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }
  /** UTF-8; malformed sequences become U+FFFD. */
  text(length: number): string {
    return utf8.decode(this.bytes(length));
  }
  /** A four-character code, one character a byte. */
  fourCc(): string {
    const b = this.bytes(4);
    return String.fromCharCode(b[0]!, b[1]!, b[2]!, b[3]!);
  }
}
