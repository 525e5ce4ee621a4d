/** What is where in an MP4 file (ISO/IEC 14496-12): progressive, fragmented, or both. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { FileWindow, type ReadAt } from "../../bytes/read-at.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { IndexedTrack, MediaIndex, SampleList } from "../../media/media-index.ts";
import { SampleFlag } from "../../media/media-index.ts";
import { SampleBudget, SampleCollector } from "../../media/sample-collector.ts";
import { indexOf, type FoundTrack } from "../../media/index-of.ts";
import { largestBox, readBoxHeader, type Box } from "./box-reader.ts";
import { CarriedTracks, isDisposable } from "./carried-tracks.ts";
import { nonSyncFlag, SampleFlags } from "./fragment.ts";
import type { ReadTrack } from "./media-track.ts";
import { readMoof } from "./read-moof.ts";
import { isFragmented, readMoov, readTabledMoov, type Movie, type MovieTrack } from "./read-moov.ts";
import { sampleTableSteps } from "./sample-table.ts";

/** Bytes of the header of a box at most. */
const boxHead = 16;
/** Boxes at the top level of a file: two or three a second for a day of recording. */
const mostBoxes = 1_000_000;
/** Samples in the tables of one track of a file that is not fragmented. */
const mostTabled = 3_000_000;
/** Bytes that are read around a box of which the header is wanted: a fragment's moof box fits. */
const window = 16 * 1024;

/** What an indexer is given besides the file. */
export interface IndexOptions {
  /** Lets others go on: awaited every few milliseconds of work. */
  readonly pause: () => Promise<void>;
}

/**
 * Lists the samples of an MP4 file. Only its headers are read: the moov box, and of a fragmented file the moof boxes. A
 * fragmented file may end anywhere: what is whole is listed.
 *
 * @param size bytes of the file
 * @throws ProtocolError for a file that makes no sense, or has no track that we carry
 */
export async function indexMp4(read: ReadAt, size: number, options: IndexOptions): Promise<MediaIndex> {
  const file = new FileWindow(read, size, window);
  return new Mp4Walk(file, options).run();
}

/** A track on its way into the index. */
interface Lane {
  readonly read: ReadTrack;
  readonly samples: SampleCollector;
}

class Mp4Walk {
  readonly #file: FileWindow;
  readonly #options: IndexOptions;
  readonly #budget: SampleBudget;
  readonly #lanes = new Map<number, Lane>();
  #carried: CarriedTracks | undefined;
  #moov: Uint8Array | undefined;
  /** Of a fragmented file. */
  #movie: Movie | undefined;
  /** By track, where what was read of it ends, in its ticks. */
  readonly #ends = new Map<number, number>();
  #leftOut = "";

  constructor(file: FileWindow, options: IndexOptions) {
    this.#file = file;
    this.#options = options;
    this.#budget = new SampleBudget(file.size);
  }

  async run(): Promise<MediaIndex> {
    let boxes = 0;
    for (let at = 0; at < this.#file.size && this.#leftOut === "";) {
      if (++boxes > mostBoxes) throw new ProtocolError("limit", `more than ${mostBoxes} boxes side by side`);
      if (boxes % 4096 === 0) await this.#options.pause();
      const header = readBoxHeader(this.#file.peek(at, boxHead) ?? (await this.#file.view(at, boxHead)));
      if (header === undefined) break; // the file ends in it
      const { type, headerSize } = header;
      const length = header.size === 0 ? this.#file.size - at : header.size;
      if (length < headerSize) throw new ProtocolError("malformed", `box of ${length} bytes at ${at}`);
      const isLast = await this.#box(type, at, headerSize, length);
      if (isLast) break;
      at += length;
    }
    return this.#finish();
  }

  /** @returns whether nothing that comes after it counts */
  async #box(type: string, at: number, headerSize: number, length: number): Promise<boolean> {
    if (type !== "moov" && type !== "moof") return false;
    const isCut = length > this.#file.size - at;
    if (isCut && type === "moof") return true; // a recording that was cut off
    if (isCut) throw new ProtocolError("truncated", `the file ends within its moov box`);
    if (length > largestBox) throw new ProtocolError("limit", `${type} box of ${length} bytes, at most ${largestBox} allowed`);
    const payload = (await this.#file.whole(at, length)).subarray(headerSize);
    if (type === "moof") return this.#moof(payload, at);
    if (this.#moov === undefined) return this.#firstMoov(payload);
    if (!sameBytes(this.#moov, payload)) this.#leftOut = `another moov box at ${at}`;
    return false;
  }

  async #firstMoov(payload: Uint8Array): Promise<boolean> {
    this.#moov = payload.slice();
    if (isFragmented(this.#moov)) this.#movie = readMoov(this.#moov);
    const tabled = readTabledMoov(this.#moov);
    const tracks = tabled.map(({ track }) => track);
    const carried = new CarriedTracks(tracks, nobody);
    this.#carried = carried;
    for (const read of carried.all)
      this.#lanes.set(read.track.id, { read, samples: new SampleCollector(this.#budget, read.track.timescale) });
    for (const { track, table } of tabled) await this.#tables(track, table);
    return this.#movie === undefined;
  }

  /** Samples that the tables of the moov box place; a fragmented file may have some too. */
  async #tables({ id }: MovieTrack, boxes: readonly Box[]): Promise<void> {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    const steps = sampleTableSteps(boxes, { samples: mostTabled, bytes: this.#file.size });
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await this.#options.pause();
    const { count, offsets, sizes, dts, end, compositionOffsets, flags } = step.value;
    for (let i = 0; i < count; i++) {
      if (i % 32_768 === 32_767) await this.#options.pause();
      const [offset, size, time] = [offsets[i]!, sizes[i]!, dts[i]!];
      if (offset + size > this.#file.size) throw new ProtocolError("truncated", `the file ends before sample ${i + 1} of ${count}`);
      const duration = (i + 1 < count ? dts[i + 1]! : end) - time;
      lane.samples.add({ offset, size, dts: time, compositionOffset: compositionOffsets[i]!, flags: flagsOf(flags[i]!) }, duration);
    }
    if (this.#movie !== undefined) this.#ends.set(id, end);
  }

  /** @returns whether the file ends in its media */
  #moof(payload: Uint8Array, at: number): boolean {
    if (this.#movie === undefined) throw new ProtocolError("order", "moof box before the moov box");
    const { tracks } = readMoof(payload, this.#movie, { at, ends: this.#ends });
    let isCut = false;
    for (const { trackId, decodeTime, samples } of tracks) {
      const lane = this.#lanes.get(trackId);
      let dts = decodeTime;
      for (const { offset: from, size, duration, compositionOffset, flags } of samples) {
        const offset = at + from;
        if (offset < 0) throw new ProtocolError("malformed", "a sample before the beginning of the file");
        if (offset + size > this.#file.size) isCut = true;
        else if (!isCut) lane?.samples.add({ offset, size, dts, compositionOffset, flags: flagsOf(flags) }, duration);
        dts += duration;
      }
      this.#ends.set(trackId, dts);
    }
    return isCut;
  }

  #finish(): MediaIndex {
    const carried = this.#carried;
    if (carried === undefined) throw new ProtocolError("truncated", "the file has no moov box");
    const tracks = [...this.#lanes.values()].map(({ read, samples }): FoundTrack => {
      const { track, edit } = read;
      return { samples, timescale: track.timescale, offset: edit, make: (list) => indexedTrack(carried, read, list) };
    });
    return indexOf(tracks, {}, this.#leftOut);
  }
}

function indexedTrack(carried: CarriedTracks, { track }: ReadTrack, samples: SampleList): IndexedTrack {
  return {
    track,
    samples,
    frame(sample, payload) {
      const content = carried.content(track.id, sampleFlags(samples.flags[sample]!), payload);
      if (content === undefined) return undefined;
      const dts = samples.dts[sample]!;
      return { track: track.id, dts, pts: dts + (samples.compositionOffsets?.[sample] ?? 0), ...content };
    },
  };
}

/** Of an MP4's sample flags (8.8.3.1) what an index keeps, and back. */
function flagsOf(flags: number): number {
  return ((flags & nonSyncFlag) === 0 ? SampleFlag.sync : 0) | (isDisposable(flags) ? SampleFlag.disposable : 0);
}

function sampleFlags(flags: number): number {
  if ((flags & SampleFlag.sync) !== 0) return SampleFlags.sync;
  return (flags & SampleFlag.disposable) === 0 ? SampleFlags.dependent : SampleFlags.disposable;
}

const nobody = { announce: () => undefined, metadata: () => undefined, track: () => undefined, frame: () => undefined };
