import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { BlockHeader } from "../../containers/ring/block.ts";
import { BATCH_HEAD, batchLength, batchPayload } from "../../containers/ring/block.ts";
import { RingDecoder, type NumberedRingEntry } from "../../containers/ring/ring-decoder.ts";
import { MAX_BATCH } from "../../containers/ring/ring-encoder.ts";
import type { RingFile } from "./ring-file.ts";

/** Bytes of one read: more than any batch has, so that every read brings one to its end. */
const CHUNK = 2 * MAX_BATCH;

/** What one read brought. */
export interface Step {
  /** A block that begins, before the entries; `goesOn` where nothing is missing since the last one. */
  readonly begun?: { readonly header: BlockHeader; readonly goesOn: boolean };
  readonly entries: readonly NumberedRingEntry[];
}

/** Reads the blocks of a ring file one after the other, and passes over what is damaged. */
export class BlockWalker {
  readonly #ring: RingFile;
  #block: number;
  /** Bytes of the block that were read. */
  #offset = 0;
  #tag = 0;
  #decoder = new RingDecoder();

  constructor(ring: RingFile, block: number) {
    this.#ring = ring;
    this.#block = block;
  }

  /** The block that is read next has been written over meanwhile. */
  get isOvertaken(): boolean {
    return this.#block < (this.#ring.index.oldestBlock ?? 0);
  }

  /** @returns undefined where there is no more, or where it was overtaken. @throws what the disk throws */
  async next(): Promise<Step | undefined> {
    for (;;) {
      const limit = this.#ring.written(this.#block);
      if (limit === undefined || this.isOvertaken) return undefined;
      if (this.#offset >= limit) {
        if (this.#block === this.#ring.end.block) return undefined;
        this.#nextBlock();
        continue;
      }
      const chunk = await this.#ring.read(this.#block, this.#offset, Math.min(CHUNK, limit - this.#offset));
      if (this.isOvertaken) return undefined;
      const step = this.#parse(chunk, limit);
      if (step !== undefined) return step;
    }
  }

  #nextBlock(): void {
    this.#block += 1;
    this.#offset = 0;
  }

  #parse(chunk: Uint8Array, limit: number): Step | undefined {
    let at = 0;
    let begun: Step["begun"];
    const entries: NumberedRingEntry[] = [];
    const step = (): Step | undefined => (begun === undefined && entries.length === 0 ? undefined : { ...(begun && { begun }), entries });
    try {
      if (this.#offset === 0) {
        const { header, length } = this.#ring.decodeHeader(chunk);
        // Something else than was expected stands here: it was not written, or written over.
        if (header.block !== this.#block) throw new ProtocolError("malformed", "another block");
        begun = { header, goesOn: this.#decoder.begin(header) };
        this.#tag = header.tag;
        at = length;
      }
      for (;;) {
        const length = batchLength(chunk.subarray(at), this.#tag);
        const isWhole = length !== undefined && at + length <= chunk.length;
        // The rest of this batch, or what follows, is in the next read.
        if (!isWhole && at > 0 && this.#offset + chunk.length < limit && (length ?? 0) <= MAX_BATCH + BATCH_HEAD) break;
        if (!isWhole) throw new ProtocolError("truncated", "the block's end");
        entries.push(...this.#decoder.payload(batchPayload(chunk.subarray(at, at + length), this.#tag, this.#ring.checksum)));
        at += length;
        if (this.#offset + at >= limit) break;
      }
      this.#offset += at;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // What is behind it in this block cannot be told.
      this.#decoder = new RingDecoder();
      this.#offset = this.#ring.header.blockSize;
    }
    return step();
  }
}
