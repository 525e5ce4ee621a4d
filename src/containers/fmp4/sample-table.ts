/** The sample table of a track that is not fragmented (ISO/IEC 14496-12 8.5 to 8.7): where its samples are, and when. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { type Box, maybeBox, oneBox } from "./box-reader.ts";
import { SampleFlags } from "./fragment.ts";

/** Samples of one track at most: a day of video, four hours of audio in 10 ms. */
export const mostTabledSamples = 1_500_000;

/** All samples of a track in order of decoding; one entry of each list a sample. */
export interface SampleTable {
  readonly count: number;
  /** Bytes of the file before the sample. */
  readonly offsets: Float64Array;
  readonly sizes: Uint32Array;
  /** Ticks of the track. */
  readonly dts: Float64Array;
  /** Ticks; where the last sample ends. */
  readonly end: number;
  readonly compositionOffsets: Int32Array;
  readonly flags: Uint32Array;
}

/** Entries in one step: a few milliseconds. */
const stepSize = 32_768;

/** What a table may have. */
export interface SampleTableLimits {
  readonly samples: number;
  /** All of them together. */
  readonly bytes: number;
}

/** @param boxes children of the `stbl` box @throws ProtocolError for tables that do not fit each other */
export function readSampleTable(boxes: readonly Box[]): SampleTable {
  const steps = sampleTableSteps(boxes, { samples: mostTabledSamples, bytes: Number.POSITIVE_INFINITY });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of some milliseconds, for those who have other things to do in between. */
export function* sampleTableSteps(boxes: readonly Box[], limits: SampleTableLimits): Generator<void, SampleTable> {
  const sizes = yield* readSizes(boxes, limits);
  const count = sizes.length;
  const offsets = yield* readOffsets(boxes, sizes);
  const times = yield* readTimes(oneBox(boxes, "stts"), count);
  const compositionOffsets = yield* readCompositionOffsets(maybeBox(boxes, "ctts"), count);
  return { count, sizes, offsets, ...times, compositionOffsets, flags: readFlags(maybeBox(boxes, "stss"), count) };
}

function full(table: Box): { readonly version: number; readonly reader: Reader } {
  const reader = new Reader(table.payload);
  const version = reader.u8();
  reader.skip(3);
  return { version, reader };
}

function* readSizes(boxes: readonly Box[], { samples: most, bytes }: SampleTableLimits): Generator<void, Uint32Array> {
  const stsz = maybeBox(boxes, "stsz");
  if (stsz === undefined) throw new ProtocolError("unsupported", "an MP4 without an stsz box");
  const { reader } = full(stsz);
  const shared = reader.u32();
  const count = reader.u32();
  if (count > most) throw new ProtocolError("limit", `${count} samples in one track, ${most} allowed`);
  if (shared * count > bytes) throw new ProtocolError("malformed", `${count} samples of ${shared} bytes, which the file has no room for`);
  if (shared === 0 && reader.left < count * 4) throw new ProtocolError("truncated", `${count} samples, and the sizes of fewer`);
  const sizes = new Uint32Array(count).fill(shared);
  for (let i = 0; shared === 0 && i < count; i++) {
    sizes[i] = reader.u32();
    if (i % stepSize === 0) yield;
  }
  return sizes;
}

/** stsc says how many samples the chunks have whose places stco or co64 tells. */
function* readOffsets(boxes: readonly Box[], sizes: Uint32Array): Generator<void, Float64Array> {
  const chunks = yield* readChunks(boxes);
  const offsets = new Float64Array(sizes.length);
  const runs = new ChunkRuns(oneBox(boxes, "stsc"));
  let sample = 0;
  for (let chunk = 1; chunk <= chunks.length && sample < sizes.length; chunk++) {
    let at = chunks[chunk - 1]!;
    if (chunk % stepSize === 0) yield;
    for (let left = runs.samplesOf(chunk); left > 0 && sample < sizes.length; left--) {
      offsets[sample] = at;
      at += sizes[sample]!;
      sample += 1;
      if (sample % stepSize === 0) yield;
    }
  }
  if (sample < sizes.length) throw new ProtocolError("malformed", `${sizes.length} samples, of which ${sample} have a place`);
  return offsets;
}

/** How many samples each chunk has (stsc, 8.7.4): runs of chunks, each of which begins at the chunk that it names. */
class ChunkRuns {
  readonly #reader: Reader;
  #left: number;
  #samples = 0;
  /** Where the next run begins, and the samples of its chunks. */
  #next: { readonly chunk: number; readonly samples: number } | undefined;

  constructor(stsc: Box) {
    this.#reader = full(stsc).reader;
    this.#left = this.#reader.u32();
    this.#readNext();
  }

  /** @param chunk from 1, to be asked for in order */
  samplesOf(chunk: number): number {
    while (this.#next !== undefined && this.#next.chunk <= chunk) {
      this.#samples = this.#next.samples;
      this.#readNext();
    }
    return this.#samples;
  }

  #readNext(): void {
    this.#next = undefined;
    if (this.#left === 0) return;
    this.#left -= 1;
    this.#next = { chunk: this.#reader.u32(), samples: this.#reader.u32() };
    this.#reader.skip(4); // sample_description_index
  }
}

function* readChunks(boxes: readonly Box[]): Generator<void, Float64Array> {
  const long = maybeBox(boxes, "co64");
  const { reader } = full(long ?? oneBox(boxes, "stco"));
  const count = reader.u32();
  if (reader.left < count * (long === undefined ? 4 : 8)) throw new ProtocolError("truncated", `${count} chunks, and the places of fewer`);
  const chunks = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    chunks[i] = long === undefined ? reader.u32() : reader.u64();
    if (i % stepSize === 0) yield;
  }
  return chunks;
}

/** Runs of samples of the same value, told to `take` one by one; those that no run has are left out. */
function* eachOfRuns(reader: Reader, count: number, read: () => number, take: (sample: number, value: number) => void): Generator<void> {
  let sample = 0;
  for (let runs = reader.u32(); runs > 0 && sample < count; runs--) {
    const length = reader.u32();
    const value = read();
    if (runs % stepSize === 0) yield;
    for (let i = 0; i < length && sample < count; i++) {
      take(sample++, value);
      if (sample % stepSize === 0) yield;
    }
  }
}

function* readTimes(stts: Box, count: number): Generator<void, Pick<SampleTable, "dts" | "end">> {
  const dts = new Float64Array(count);
  const { reader } = full(stts);
  let at = 0;
  let known = 0;
  yield* eachOfRuns(
    reader,
    count,
    () => reader.u32(),
    (sample, delta) => {
      dts[sample] = at;
      at += delta;
      known = sample + 1;
    },
  );
  if (known < count) throw new ProtocolError("malformed", `${count} samples, of which ${known} have a time`);
  return { dts, end: at };
}

function* readCompositionOffsets(ctts: Box | undefined, count: number): Generator<void, Int32Array> {
  const offsets = new Int32Array(count);
  if (ctts === undefined) return offsets;
  const { reader } = full(ctts);
  // Version 0 says unsigned; QuickTime writes negative ones all the same, and none are over 2^31.
  yield* eachOfRuns(
    reader,
    count,
    () => reader.i32(),
    (sample, offset) => void (offsets[sample] = offset),
  );
  return offsets;
}

/** Without an stss box decoding may start at every sample. */
function readFlags(stss: Box | undefined, count: number): Uint32Array {
  const flags = new Uint32Array(count).fill(stss === undefined ? SampleFlags.sync : SampleFlags.dependent);
  if (stss === undefined) return flags;
  const { reader } = full(stss);
  for (let left = Math.min(reader.u32(), count); left > 0; left--) {
    const number = reader.u32();
    if (number > 0 && number <= count) flags[number - 1] = SampleFlags.sync;
  }
  return flags;
}
