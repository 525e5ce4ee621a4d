/** Puts the PES packets of one PID together from the payloads of transport stream packets. */
import { PES_START, pesLength } from "./pes.ts";

/** Bytes of one PES packet. A picture of 8K at 25 a second and 1 Gb/s has less. */
export const MAX_PES = 16 * 1024 * 1024;
/** Bytes held for the unfinished packets of all PIDs of one stream. */
const MAX_HELD = 2 * MAX_PES;
const FIRST_CAPACITY = 8 * 1024;

/** Memory that the assemblers of one stream share. */
export class PesMemory {
  #left = MAX_HELD;

  /** Whether there is so much more; it is taken if there is. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

export interface PesSink {
  /** A whole packet, its header included: a view of memory that is used again. */
  pes(packet: Uint8Array): void;
  /** Packets are missing: what comes next does not follow what came before. Called once, after what was cut has been dropped. */
  interrupted(): void;
  /** A packet was begun and is dropped: cut, too long, or no PES packet. */
  dropped(): void;
}

/**
 * A packet whose length is told is given with its last byte, one whose length is not told when the next one begins. Memory grows to the longest
 * packet and is kept.
 */
export class PesAssembler {
  readonly #sink: PesSink;
  readonly #memory: PesMemory;
  #data = new Uint8Array(0);
  #length = 0;
  /** Length of the packet being collected: 0 where it is not told. Undefined until its first bytes are there. */
  #wanted: number | undefined;
  #collecting = false;

  constructor(sink: PesSink, memory: PesMemory) {
    this.#sink = sink;
    this.#memory = memory;
  }

  /** @param start a PES packet begins with the payload, which ends the one before */
  take(payload: Uint8Array, start: boolean): void {
    if (start) {
      this.flush();
      this.#collecting = true;
    }
    if (!this.#collecting) return;
    if (!this.#reserve(this.#length + payload.length)) return this.#drop();
    this.#data.set(payload, this.#length);
    this.#length += payload.length;
    if (this.#wanted === undefined) {
      if (this.#length < PES_START) return;
      this.#wanted = pesLength(this.#data);
      if (this.#wanted === undefined) return this.#drop();
    }
    if (this.#wanted > 0 && this.#length >= this.#wanted) this.#give(this.#wanted);
  }

  /** Transport stream packets are missing: the PES packet that is half there is dropped, and so is what comes of it or of another before the next start. */
  lost(): void {
    if (this.#collecting) this.#drop();
    this.#sink.interrupted();
  }

  /** The packet that is being collected has come to its end, or never will. */
  flush(): void {
    if (!this.#collecting) return;
    if (this.#wanted === 0) this.#give(this.#length);
    else this.#drop();
  }

  /** Lets go of its memory; it is not to be used again. */
  close(): void {
    this.#memory.give(this.#data.length);
    this.#data = new Uint8Array(0);
    this.#reset();
  }

  #give(length: number): void {
    const packet = this.#data.subarray(0, length);
    this.#reset();
    this.#sink.pes(packet);
  }

  #drop(): void {
    this.#reset();
    this.#sink.dropped();
  }

  #reset(): void {
    this.#collecting = false;
    this.#wanted = undefined;
    this.#length = 0;
  }

  #reserve(length: number): boolean {
    if (length <= this.#data.length) return true;
    const capacity = Math.min(MAX_PES, Math.max(FIRST_CAPACITY, 2 * this.#data.length, length));
    if (length > capacity || !this.#memory.take(capacity - this.#data.length)) return false;
    const larger = new Uint8Array(capacity);
    larger.set(this.#data.subarray(0, this.#length));
    this.#data = larger;
    return true;
  }
}
