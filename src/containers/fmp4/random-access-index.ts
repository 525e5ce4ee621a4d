/** Where a fragmented file can be entered: `mfra` at its end (ISO/IEC 14496-12 8.8.9 to 8.8.11). */
import { Writer } from "../../bytes/writer.ts";
import { box, fields, fullBox } from "./boxes.ts";

/** A sample that decoding may start at. */
export interface RandomAccessEntry {
  /** Presentation time in ticks of the track's MP4 timescale. */
  readonly time: number;
  /** Where its `moof` begins in the file. */
  readonly moof: number;
  /** Which `traf` of it, and which sample of its only run; from 1. */
  readonly traf: number;
  readonly sample: number;
}

export interface TrackStarts {
  readonly trackId: number;
  readonly starts: readonly RandomAccessEntry[];
}

/** Entries of one track at most, so that a file may be as long as it likes. */
const mostStarts = 16_384;

/** Notes where a file can be entered. Where that is very often, only so many of the places are kept, evenly. */
export class StartList {
  #entries: RandomAccessEntry[] = [];
  /** Of so many places one is kept. */
  #every = 1;
  #seen = 0;

  get entries(): readonly RandomAccessEntry[] {
    return this.#entries;
  }

  add(entry: RandomAccessEntry): void {
    if (this.#seen++ % this.#every !== 0) return;
    this.#entries.push(entry);
    if (this.#entries.length < mostStarts) return;
    this.#entries = this.#entries.filter((_, i) => i % 2 === 0);
    this.#every *= 2;
  }
}

const mfroSize = 16;

/** The box. Its last four bytes are its length, by which readers find it from the end of the file. */
export function randomAccessIndex(tracks: readonly TrackStarts[]): Uint8Array {
  const tables = tracks.filter(({ starts }) => starts.length > 0).map(tfra);
  const size = 8 + tables.reduce((sum, table) => sum + table.length, 0) + mfroSize;
  return box(
    "mfra",
    ...tables,
    fullBox(
      "mfro",
      0,
      0,
      fields((out) => out.u32(size)),
    ),
  );
}

/** Version 1: times and offsets of 64 bits; numbers of the traf in 1 byte, of the run in 1, of the sample in 4. */
function tfra({ trackId, starts }: TrackStarts): Uint8Array {
  const out = new Writer(24 + starts.length * 22);
  out
    .u32(24 + starts.length * 22)
    .ascii("tfra")
    .u32(0x0100_0000);
  out.u32(trackId).u32(0b00_00_11).u32(starts.length);
  for (const { time, moof, traf, sample } of starts) out.u64(Math.max(0, time)).u64(moof).u8(traf).u8(1).u32(sample);
  return out.done();
}
