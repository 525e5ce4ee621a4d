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
  #at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
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

  // Words are put together from bytes: a DataView per reader costs more than the few words of a message.
  u8(): number {
    return this.data[this.#take(1)]!;
  }
  u16(): number {
    const at = this.#take(2);
    return (this.data[at]! << 8) | this.data[at + 1]!;
  }
  u16le(): number {
    const at = this.#take(2);
    return this.data[at]! | (this.data[at + 1]! << 8);
  }
  i16(): number {
    return (this.u16() << 16) >> 16;
  }
  u24(): number {
    const at = this.#take(3);
    return (this.data[at]! << 16) | (this.data[at + 1]! << 8) | this.data[at + 2]!;
  }
  i24(): number {
    return (this.u24() << 8) >> 8;
  }
  i32(): number {
    const at = this.#take(4);
    return (this.data[at]! << 24) | (this.data[at + 1]! << 16) | (this.data[at + 2]! << 8) | this.data[at + 3]!;
  }
  u32(): number {
    return this.i32() >>> 0;
  }
  u32le(): number {
    const at = this.#take(4);
    return ((this.data[at + 3]! << 24) | (this.data[at + 2]! << 16) | (this.data[at + 1]! << 8) | this.data[at]!) >>> 0;
  }
  /** Exact up to 2^53; above, rounded as any double is. */
  u64(): number {
    const high = this.u32();
    return high * 0x1_0000_0000 + this.u32();
  }
  f32(): number {
    const bytes = this.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0);
  }
  /** Two's complement; exact within ±2^53. */
  i64(): number {
    const high = this.i32();
    return high * 0x1_0000_0000 + this.u32();
  }
  f64(): number {
    const bytes = this.bytes(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
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
