import { Gathering } from "../../bytes/gathering.ts";
import type { BlockHeader, InForce } from "./block.ts";
import type { RingEntry } from "./record.ts";
import { decodeRecord, recordLength, splitRecord } from "./record.ts";

/** An entry with its number in the timeline. */
export interface NumberedRingEntry {
  readonly sequence: number;
  readonly entry: RingEntry;
}

/**
 * Entries out of the blocks of a ring, in order: told of each block, then of the payloads of its batches. It knows what is in force; where
 * a block does not go on from the last one it begins anew with it.
 */
export class RingDecoder {
  #block: number | undefined;
  #sequence = 0;
  #inForce: Partial<InForce> = {};
  #partial = new Gathering();
  /** Bytes of an entry begun before the first block, still to be passed over. */
  #foreign = 0;

  /** Number of the next entry. */
  get sequence(): number {
    return this.#sequence;
  }

  /** What is in force at the next entry. */
  get inForce(): Partial<InForce> {
    return this.#inForce;
  }

  /** @returns false where it does not go on from the last block: entries are missing before the next one, or it is the first block */
  begin({ block, sequence, continued, inForce }: BlockHeader): boolean {
    const half = this.#partial.length > 0;
    const goesOn =
      this.#block !== undefined &&
      block === this.#block + 1 &&
      sequence === this.#sequence + (half ? 1 : 0) &&
      half === continued > 0 &&
      this.#foreign === 0;
    this.#block = block;
    if (goesOn) return true;
    this.#partial = new Gathering();
    this.#foreign = continued;
    this.#sequence = sequence;
    this.#inForce = { ...inForce };
    return false;
  }

  /** @returns the entries that end in these bytes; payloads are views of them where they can be. @throws {ProtocolError} */
  payload(bytes: Uint8Array): NumberedRingEntry[] {
    const entries: NumberedRingEntry[] = [];
    let rest = bytes.subarray(Math.min(this.#foreign, bytes.length));
    this.#foreign -= bytes.length - rest.length;
    while (rest.length > 0) {
      if (this.#partial.length > 0) {
        rest = this.#complete(rest, entries);
        continue;
      }
      const record = splitRecord(rest);
      if (record === undefined) {
        this.#partial.add(rest, recordLength(rest)?.total ?? 0);
        break;
      }
      this.#take(record, entries);
      rest = rest.subarray(record.length);
    }
    return entries;
  }

  /** Goes on with a record of which a part came before. @returns what follows it */
  #complete(rest: Uint8Array, entries: NumberedRingEntry[]): Uint8Array {
    const known = recordLength(this.#partial.view);
    // A head that was cut itself comes byte by byte.
    const wanted = known === undefined ? 1 : known.total - this.#partial.length;
    const piece = rest.subarray(0, wanted);
    this.#partial.add(piece, known?.total ?? 0);
    const record = splitRecord(this.#partial.view);
    if (record !== undefined) {
      this.#partial.take();
      this.#take(record, entries);
    }
    return rest.subarray(piece.length);
  }

  #take({ kind, body }: { readonly kind: number; readonly body: Uint8Array }, entries: NumberedRingEntry[]): void {
    const entry = decodeRecord(kind, body, this.#inForce.generation);
    if (entry.kind === "generation") this.#inForce = { ...this.#inForce, generation: entry.generation };
    if (entry.kind === "discontinuity") this.#inForce = { ...this.#inForce, discontinuity: entry.discontinuity };
    entries.push({ sequence: this.#sequence, entry });
    this.#sequence += 1;
  }
}
