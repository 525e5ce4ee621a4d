import { ProtocolError } from "../bytes/protocol-error.ts";
import { type SampleList } from "./media-index.ts";

/** Samples of one file at most, all tracks together: a day of video at 25 and audio at 47 frames a second. */
export const mostSamples = 6_500_000;

/** Bytes of one sample at most: those of a picture of 8K without compression. */
const largestSample = 64 * 1024 * 1024;

/** What is counted over all tracks of a file while it is read. */
export class SampleBudget {
  readonly #fileSize: number;
  #samples = 0;
  #bytes = 0;

  constructor(fileSize: number) {
    this.#fileSize = fileSize;
  }

  /** @throws ProtocolError for more or larger samples than allowed, or than the file has room for */
  spend(bytes: number): void {
    if (bytes > largestSample) throw new ProtocolError("limit", `a sample of ${bytes} bytes, at most ${largestSample} allowed`);
    this.#samples += 1;
    this.#bytes += bytes;
    if (this.#samples > mostSamples) throw new ProtocolError("limit", `more than ${mostSamples} samples in one file`);
    if (this.#bytes > this.#fileSize) throw new ProtocolError("malformed", "samples that are longer together than their file");
  }
}

/** One sample as it is found; times are the file's own. */
export interface FoundSample {
  readonly offset: number;
  readonly size: number;
  readonly dts: number;
  readonly compositionOffset: number;
  /** `SampleFlag`. */
  readonly flags: number;
}

/** A step back of so many seconds is where another recording was put behind the first. */
const restartAfter = 1;

/** Lists the samples of a track, in arrays that grow as samples come. */
export class SampleCollector {
  readonly #budget: SampleBudget;
  readonly #timescale: number;
  #count = 0;
  #offsets = new Float64Array(64);
  #sizes = new Uint32Array(64);
  #dts = new Float64Array(64);
  #compositionOffsets = new Int32Array(64);
  #flags = new Uint8Array(64);
  #isComposed = false;
  /** Added to times since the file's clock went back. */
  #shift = 0;
  #end = Number.NEGATIVE_INFINITY;

  constructor(budget: SampleBudget, timescale: number) {
    this.#budget = budget;
    this.#timescale = timescale;
  }

  get count(): number {
    return this.#count;
  }

  /** Decoding time of the first sample; undefined without one. */
  get first(): number | undefined {
    return this.#count === 0 ? undefined : this.#dts[0];
  }

  /**
   * Takes a sample, unless it is empty. One that is not later than the one before is put a tick behind it.
   *
   * @param duration ticks; 0 where it is not known
   */
  add(sample: FoundSample, duration: number): void {
    const { offset, size, compositionOffset, flags } = sample;
    if (size === 0) return;
    this.#budget.spend(size);
    const at = this.#count;
    if (at === this.#sizes.length) this.#grow();
    const dts = this.#place(sample.dts);
    // Where a decoding time has to move, the presentation time stays.
    const composition = Math.max(-0x8000_0000, Math.min(0x7fff_ffff, compositionOffset + (sample.dts + this.#shift - dts)));
    this.#offsets[at] = offset;
    this.#sizes[at] = size;
    this.#dts[at] = dts;
    this.#compositionOffsets[at] = composition;
    this.#flags[at] = flags;
    if (composition !== 0) this.#isComposed = true;
    this.#count += 1;
    this.#end = dts + duration;
  }

  /** @param start ticks of the file's clock that are 0 in the list */
  finish(start: number): SampleList {
    const count = this.#count;
    const dts = this.#dts.subarray(0, count);
    if (start !== 0) for (let i = 0; i < count; i++) dts[i] = dts[i]! - start;
    const last = dts[count - 1]!;
    const known = this.#end - start - last;
    return {
      count,
      offsets: compact(this.#offsets.subarray(0, count)),
      sizes: this.#sizes.slice(0, count),
      dts: compact(dts),
      compositionOffsets: this.#isComposed ? this.#compositionOffsets.slice(0, count) : undefined,
      flags: this.#flags.slice(0, count),
      // A length that nobody says is that of the sample before.
      end: last + Math.max(1, known > 0 || count < 2 ? known : last - dts[count - 2]!),
    };
  }

  #place(dts: number): number {
    if (!Number.isSafeInteger(dts)) throw new ProtocolError("malformed", `a sample at ${dts} ticks`);
    if (this.#count === 0) return dts;
    const last = this.#dts[this.#count - 1]!;
    if (dts + this.#shift < last - restartAfter * this.#timescale) this.#shift = Math.max(this.#end, last + 1) - dts;
    return Math.max(dts + this.#shift, last + 1);
  }

  #grow(): void {
    const length = this.#sizes.length * 2;
    const grown = <T extends { set(from: T): void }>(bigger: T, from: T): T => (bigger.set(from), bigger);
    this.#offsets = grown(new Float64Array(length), this.#offsets);
    this.#sizes = grown(new Uint32Array(length), this.#sizes);
    this.#dts = grown(new Float64Array(length), this.#dts);
    this.#compositionOffsets = grown(new Int32Array(length), this.#compositionOffsets);
    this.#flags = grown(new Uint8Array(length), this.#flags);
  }
}

/** Half the memory where no number needs more than 32 bits. */
function compact(numbers: Float64Array): Float64Array | Uint32Array {
  // Not for-of, nor Uint32Array.from(): both go by an iterator, ten times as slow.
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! > 0xffff_ffff || numbers[i]! < 0) return numbers.slice();
  return new Uint32Array(numbers);
}
