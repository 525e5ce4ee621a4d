/** Pictures that are spread over several PES packets, because one cannot tell a length over 64 KiB. */
import { joined } from "../../bytes/joined.ts";
import { MAX_PES } from "./pes-assembler.ts";
import type { Stamps } from "./pes.ts";

export interface PacketJoinerSink {
  /** What belongs together: a view of memory that is used again. */
  pictures(payload: Uint8Array, stamps: Stamps | undefined): void;
  dropped(): void;
}

/** Puts packets together where they were full and those that follow have no stamps. Others go on at once. */
export class PacketJoiner {
  readonly #sink: PacketJoinerSink;
  /** What may go on in the next packet. */
  #held: { readonly pieces: Uint8Array[]; readonly stamps: Stamps | undefined; length: number } | undefined;

  constructor(sink: PacketJoinerSink) {
    this.#sink = sink;
  }

  packet(payload: Uint8Array, stamps: Stamps | undefined, isFull: boolean): void {
    if (stamps !== undefined) this.flush();
    if (this.#held === undefined && !isFull) return this.#sink.pictures(payload, stamps);
    const held = (this.#held ??= { pieces: [], stamps, length: 0 });
    held.pieces.push(new Uint8Array(payload));
    held.length += payload.length;
    if (held.length > MAX_PES) this.drop();
    else if (!isFull) this.flush();
  }

  /** What comes next does not go on with what is held. */
  drop(): void {
    if (this.#held !== undefined) this.#sink.dropped();
    this.#held = undefined;
  }

  flush(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#sink.pictures(joined(held.pieces), held.stamps);
  }
}
