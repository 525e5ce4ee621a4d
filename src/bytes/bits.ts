import { ProtocolError } from "./protocol-error.ts";

/** Reads bit fields, most significant bit first. Throws `ProtocolError("truncated")` past the end. */
export class BitReader {
  readonly #data: Uint8Array;
  #bit = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** Bits not read yet. */
  get left(): number {
    return this.#data.length * 8 - this.#bit;
  }

  /** One bit. */
  flag(): boolean {
    return this.u(1) === 1;
  }

  /** An unsigned field of 0 to 32 bits. */
  u(count: number): number {
    if (count > this.left) throw new ProtocolError("truncated", `${count} bits wanted, ${this.left} left`);
    let value = 0;
    let wanted = count;
    while (wanted > 0) {
      const offset = this.#bit & 7;
      const taken = Math.min(8 - offset, wanted);
      const byte = this.#data[this.#bit >> 3]!;
      value = value * 2 ** taken + ((byte >> (8 - offset - taken)) & ((1 << taken) - 1));
      this.#bit += taken;
      wanted -= taken;
    }
    return value;
  }

  skip(count: number): void {
    if (count > this.left) throw new ProtocolError("truncated", `${count} bits to skip, ${this.left} left`);
    this.#bit += count;
  }

  /** Unsigned Exp-Golomb, ITU-T H.264 9.1. */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) {
      if (++zeros > 32) throw new ProtocolError("malformed", "Exp-Golomb code longer than 32 bits");
    }
    return 2 ** zeros - 1 + this.u(zeros);
  }

  /** Signed Exp-Golomb, ITU-T H.264 9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -(code / 2);
  }
}
