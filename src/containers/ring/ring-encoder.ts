import { Writer } from "../../bytes/writer.ts";
import type { Frame } from "../../media/frame.ts";
import type { Generation } from "../../media/track.ts";
import type { BlockHeader, Checksum, InForce, RingPoint } from "./block.ts";
import { BATCH_HEAD, encodeBlockHeader, encodeInForce, MAX_IN_FORCE, sealBatch } from "./block.ts";
import type { RingFileHeader } from "./file-header.ts";
import { FIRST_BLOCK } from "./file-header.ts";
import type { RingEntry } from "./record.ts";
import { encodeRecord, MAX_RECORD } from "./record.ts";
import { MAX_SIGNED_VARINT } from "./varint.ts";

/** Bytes of one batch's payload at most: a reader has to hold a whole one. */
export const MAX_BATCH = 256 * 1024;

/** Bytes to be written at a place in the file. */
export interface RingWrite {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What became of the entries since the last time. Nothing of it is in the file before all of it is written. */
export interface RingWrites {
  readonly writes: readonly RingWrite[];
  /** Blocks begun, in order: they take the place of those a round older. */
  readonly begun: readonly BlockHeader[];
  /** Random-access points and the blocks they begin in. */
  readonly points: readonly (RingPoint & { readonly block: number })[];
  /** Where the last block ends so far. */
  readonly end: { readonly block: number; readonly length: number };
}

export interface RingEncoderOptions {
  readonly file: RingFileHeader;
  readonly checksum: Checksum;
  /** A number from 0 to 2^32 - 1, another each time. */
  readonly draw: () => number;
}

/** Entries of a timeline into the bytes of a ring file, each of them once: appends only, block after block, round and round. */
export class RingEncoder {
  readonly #options: RingEncoderOptions;
  /** The block being filled, and how many bytes of it are; undefined where the next entry begins one. */
  #open: { readonly block: number; readonly tag: number; length: number } | undefined;
  #nextBlock = 0;
  #inForce: Partial<InForce> = {};
  #start: RingPoint | undefined;
  #forgets = false;
  #micros = 0;
  /** Writes so far, the last of which grows; where its open batch begins. */
  #writes: { readonly position: number; readonly writer: Writer; readonly batches: { from: number; to: number; tag: number }[] }[] = [];
  #batch: number | undefined;
  #begun: BlockHeader[] = [];
  #points: (RingPoint & { readonly block: number })[] = [];

  constructor(options: RingEncoderOptions) {
    this.#options = options;
  }

  /** Bytes that wait for `take`. */
  get waiting(): number {
    return this.#writes.reduce((sum, { writer }) => sum + writer.length, 0);
  }

  /** What is in force at the next entry. */
  get inForce(): Partial<InForce> {
    return this.#inForce;
  }

  /**
   * Drops what waits, and begins a block: the first one, or one after what was lost.
   *
   * @param inForce at the entry that comes next
   * @param start the newest random-access point before it
   * @param forgets all blocks before it are none of the past any more
   */
  restart(nextBlock: number, inForce: Partial<InForce>, start: RingPoint | undefined, forgets = false): void {
    this.#open = undefined;
    this.#nextBlock = nextBlock;
    this.#inForce = inForce;
    this.#start = forgets ? undefined : start;
    this.#forgets = forgets;
    this.#micros = Math.max(this.#micros, start?.micros ?? 0);
    this.#clear();
  }

  #clear(): void {
    this.#writes = [];
    this.#batch = undefined;
    this.#begun = [];
    this.#points = [];
  }

  /**
   * @param isStart it is a random-access point where viewers can begin
   * @returns false, and nothing is taken, where it is larger than a ring of this size can keep, or its times are no whole numbers
   */
  add(sequence: number, entry: RingEntry, isStart: boolean): boolean {
    if (entry.kind === "frame" && !hasTimes(entry.frame)) return false;
    const parts = encodeRecord(entry);
    let left = parts.reduce((sum, part) => sum + part.length, 0);
    const { blockSize, blocks } = this.#options.file;
    if (left > MAX_RECORD || left > (blockSize * blocks) / 4 || (entry.kind === "generation" && !this.fits(entry.generation))) return false;
    if (entry.kind === "frame") this.#micros = entry.micros;
    let begins = true;
    for (const part of parts) {
      for (let at = 0; at < part.length;) {
        const room = this.#room() ?? this.#begin(begins ? sequence : sequence + 1, begins ? 0 : left, entry);
        if (begins && isStart && entry.kind === "frame") this.#point(sequence, entry.micros);
        begins = false;
        const piece = part.subarray(at, at + room);
        this.#put(piece);
        at += piece.length;
        left -= piece.length;
      }
    }
    if (entry.kind === "generation") this.#inForce = { ...this.#inForce, generation: entry.generation };
    if (entry.kind === "discontinuity") this.#inForce = { ...this.#inForce, discontinuity: entry.discontinuity };
    return true;
  }

  /** Everything since the last time, to be written in this order. */
  take(): RingWrites {
    this.#seal();
    const writes = this.#writes.map(({ position, writer, batches }) => {
      const bytes = writer.done();
      for (const { from, to, tag } of batches) sealBatch(bytes.subarray(from, to), tag, this.#options.checksum);
      return { position, bytes };
    });
    const end = { block: this.#open?.block ?? this.#nextBlock - 1, length: this.#open?.length ?? 0 };
    const taken = { writes, begun: this.#begun, points: this.#points, end };
    this.#clear();
    return taken;
  }

  /** What must be said again in every block may not fill it. */
  fits(generation: Generation): boolean {
    return encodeInForce({ discontinuity: { reason: "start", utcOffset: 0 }, generation }).length <= MAX_IN_FORCE;
  }

  /** Bytes that go into the open block, in a batch that is begun where none is; undefined where it is full. */
  #room(): number | undefined {
    if (this.#open === undefined) return undefined;
    const { blockSize } = this.#options.file;
    const { writer } = this.#writes.at(-1) ?? this.#write(this.#open.block, this.#open.length);
    const inBatch = this.#batch === undefined ? 0 : writer.length - this.#batch - BATCH_HEAD;
    if (inBatch >= MAX_BATCH) this.#seal();
    if (this.#batch !== undefined) {
      const room = Math.min(blockSize - this.#open.length, MAX_BATCH - inBatch);
      return room > 0 ? room : this.#full();
    }
    const room = Math.min(blockSize - this.#open.length - BATCH_HEAD, MAX_BATCH);
    if (room <= 0) return this.#full();
    this.#batch = writer.length;
    writer.zeros(BATCH_HEAD);
    this.#open.length += BATCH_HEAD;
    return room;
  }

  #full(): undefined {
    this.#seal();
    this.#open = undefined;
  }

  #put(piece: Uint8Array): void {
    this.#writes.at(-1)!.writer.bytes(piece);
    this.#open!.length += piece.length;
  }

  #seal(): void {
    const write = this.#writes.at(-1);
    if (this.#batch === undefined || write === undefined || this.#open === undefined) return;
    write.batches.push({ from: this.#batch, to: write.writer.length, tag: this.#open.tag });
    this.#batch = undefined;
  }

  /** @returns the room for the first batch of a new block */
  #begin(sequence: number, continued: number, entry: RingEntry): number {
    const { file, checksum, draw } = this.#options;
    const { discontinuity, generation } = this.#inForce;
    const block = this.#nextBlock;
    const micros = this.#micros;
    const map = entry.kind === "discontinuity" ? entry.discontinuity : discontinuity;
    const header: BlockHeader = {
      tag: draw(),
      block,
      sequence,
      continued,
      micros,
      utc: (map?.utcOffset ?? 0) + micros / 1000,
      start: this.#start,
      forgets: this.#forgets,
      inForce: discontinuity && generation && { discontinuity, generation },
    };
    const bytes = encodeBlockHeader(header, file.id, checksum);
    const last = this.#writes.at(-1);
    const position = this.#position(block, 0);
    const padding = last === undefined ? -1 : position - (last.position + last.writer.length);
    // Blocks that lie one behind the other are one write.
    const { writer } = padding >= 0 && padding < BATCH_HEAD ? last! : this.#write(block, 0);
    if (padding > 0 && padding < BATCH_HEAD) writer.zeros(padding);
    writer.bytes(bytes);
    this.#begun.push(header);
    this.#forgets = false;
    this.#nextBlock += 1;
    this.#open = { block, tag: header.tag, length: bytes.length };
    return this.#room()!;
  }

  #write(block: number, offset: number) {
    const write = { position: this.#position(block, offset), writer: new Writer(64 * 1024), batches: [] };
    this.#writes.push(write);
    return write;
  }

  #position(block: number, offset: number): number {
    const { blocks, blockSize } = this.#options.file;
    return FIRST_BLOCK + (block % blocks) * blockSize + offset;
  }

  #point(sequence: number, micros: number): void {
    const point = { sequence, micros, utc: (this.#inForce.discontinuity?.utcOffset ?? 0) + micros / 1000 };
    this.#points.push({ ...point, block: this.#open!.block });
    this.#start = point;
  }
}

function hasTimes({ track, dts, pts }: Frame): boolean {
  const [delay, most] = [pts - dts, MAX_SIGNED_VARINT];
  return [track, dts, delay].every((ticks) => Number.isSafeInteger(ticks) && Math.abs(ticks) <= most) && track >= 0;
}
