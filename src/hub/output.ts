import { Fifo } from "../bytes/fifo.ts";
import type { AllocateSlab } from "../bytes/slab-store.ts";
import { SlabStore } from "../bytes/slab-store.ts";
import type { MuxedChunk, MuxedInit } from "../media/muxer.ts";
import type { Framing } from "./framing.ts";
import type { Retention } from "./timeline.ts";

/** Where a chunk lies in an output. A plain record: it could be posted to a worker. */
export interface ChunkRecord {
  /** Position of its first byte. */
  readonly at: number;
  readonly length: number;
  /** Number of the init it needs. */
  readonly init: number;
  /** Decoding time in microseconds. */
  readonly dts: number;
  readonly randomAccess: boolean;
}

/** An init as viewers of this output are sent it. */
export interface OutputInit {
  /** For a viewer who starts. */
  readonly start: Uint8Array;
  /** For a viewer who had an earlier init; undefined: its response ends. */
  readonly change: Uint8Array | undefined;
}

/** Why an output has nothing more: the stream ended, or what it carried so far cannot go on. */
export type OutputEnd = "ended" | "not-carried";

/**
 * The bytes of one container in one framing, made once and shared by all who watch it. Viewers know positions in it;
 * it knows nothing of them.
 */
export class Output {
  readonly framing: Framing;
  readonly #slabs: SlabStore;
  readonly #retention: Retention;
  readonly #chunks = new Fifo<ChunkRecord>();
  readonly #inits = new Fifo<OutputInit>();
  #firstInit = 0;
  /** Number of the newest init that nobody can cross to. */
  #newestBreak = -1;
  #newestStart: ChunkRecord | undefined;
  #end: OutputEnd | undefined;
  #view: Uint8Array = new Uint8Array(0);
  #viewFrom = -1;
  #viewTo = -1;

  /** @param slabSize bytes of a slab; that of all others if not given */
  constructor(framing: Framing, allocate: AllocateSlab, retention: Retention, slabSize?: number) {
    this.framing = framing;
    this.#slabs = new SlabStore(allocate, slabSize);
    this.#retention = retention;
  }

  /** Position after the last byte. */
  get end(): number {
    return this.#slabs.end;
  }

  /** Position of the oldest chunk kept. Who stands before it has lost its place. */
  get start(): number {
    return this.#chunks.first()?.at ?? this.#slabs.end;
  }

  /** Number of the init that the newest chunk needs; -1 before the first. */
  get currentInit(): number {
    return this.#firstInit + this.#inits.length - 1;
  }

  /** The newest chunk a viewer may start at. */
  get newestStart(): ChunkRecord | undefined {
    return this.#newestStart;
  }

  /** The oldest chunk a viewer may start at. */
  get oldestStart(): ChunkRecord | undefined {
    for (const chunk of this.#chunks) if (chunk.randomAccess) return chunk;
    return undefined;
  }

  /** Set once nothing more will come. */
  get over(): OutputEnd | undefined {
    return this.#end;
  }

  init(number: number): OutputInit | undefined {
    return this.#inits.at(number - this.#firstInit);
  }

  /**
   * Bytes from a position to `to` or the end of their slab. Viewers at the live edge ask for the same one after the
   * other and get the same view.
   */
  view(from: number, to: number): Uint8Array {
    if (from !== this.#viewFrom || to !== this.#viewTo) {
      this.#view = this.#slabs.view(from, to);
      this.#viewFrom = from;
      this.#viewTo = to;
    }
    return this.#view;
  }

  /** Whether a viewer that had one init can go on to a later one. */
  continues(from: number): boolean {
    return this.#newestBreak <= from;
  }

  addInit(init: MuxedInit): void {
    const change = this.framing.change(init);
    this.#inits.push({ start: this.framing.start(init), change });
    if (change === undefined) this.#newestBreak = this.currentInit;
  }

  addChunk(chunk: MuxedChunk): void {
    const at = this.#slabs.end;
    let length = 0;
    for (const part of chunk.parts) length += part.length;
    this.#slabs.append(this.framing.before(length));
    for (const part of chunk.parts) this.#slabs.append(part);
    this.#slabs.append(this.framing.after);
    const record: ChunkRecord = {
      at,
      length: this.#slabs.end - at,
      init: this.currentInit,
      dts: chunk.dts,
      randomAccess: chunk.randomAccess,
    };
    this.#chunks.push(record);
    if (chunk.randomAccess) this.#newestStart = record;
    this.#evict();
  }

  finish(end: OutputEnd): void {
    this.#end ??= end;
  }

  /** Lets go of chunks before a position that nobody will ask for again: those of an output with a single viewer. */
  release(position: number): void {
    for (let chunk = this.#chunks.first(); chunk !== undefined && chunk.at + chunk.length <= position; chunk = this.#chunks.first()) {
      this.#chunks.shift();
      if (chunk === this.#newestStart) this.#newestStart = undefined;
    }
    this.#letGo();
  }

  /** The first chunk at or after a position that needs a newer init than the one given. */
  firstChunkBeyondInit(position: number, init: number): ChunkRecord | undefined {
    for (let i = this.#indexAt(position); i < this.#chunks.length; i++) {
      const chunk = this.#chunks.at(i)!;
      if (chunk.init > init) return chunk;
    }
    return undefined;
  }

  /** Where a write from `position` of at most `budget` bytes ends: on a chunk's edge, after at least one chunk. */
  edge(position: number, budget: number): number {
    let low = this.#indexAt(position);
    let high = this.#chunks.length - 1;
    if (low > high) return this.#slabs.end;
    // The last chunk that ends within the budget, by bisection; never less than the first.
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const chunk = this.#chunks.at(middle)!;
      if (chunk.at + chunk.length - position <= budget) low = middle;
      else high = middle - 1;
    }
    const chunk = this.#chunks.at(low)!;
    return chunk.at + chunk.length;
  }

  /** Index of the first chunk at or after a position. */
  #indexAt(position: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#chunks.at(middle)!.at < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #evict(): void {
    const newest = this.#newestStart;
    const newestAt = newest?.at ?? Infinity;
    const keepFrom = (newest?.dts ?? this.#chunks.last()!.dts) - this.#retention.beforeNewestStart * 1000;
    for (;;) {
      const chunk = this.#chunks.first();
      if (chunk === undefined || this.#chunks.length === 1) break;
      const old = chunk.at < newestAt && chunk.dts < keepFrom;
      if (!old && this.#slabs.end - chunk.at <= this.#retention.maxBytes) break;
      this.#chunks.shift();
      if (chunk === newest) this.#newestStart = undefined;
    }
    this.#letGo();
  }

  /** Lets go of bytes and inits that no chunk needs any more. */
  #letGo(): void {
    const first = this.#chunks.first();
    this.#slabs.release(first?.at ?? this.#slabs.end);
    const needed = first?.init ?? this.currentInit;
    while (this.#firstInit < needed) {
      this.#inits.shift();
      this.#firstInit += 1;
    }
  }
}
