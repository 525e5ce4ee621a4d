/**
 * A fragmented file's tables as those of a file that is not (ISO/IEC 14496-12 8.5 to 8.7): `moov` in front, then one `mdat` with the payloads in
 * the order in which the fragments had them.
 */
import { Writer } from "../../bytes/writer.ts";
import { type Box, oneBox, readBoxes } from "./box-reader.ts";
import { box, fields, fullBox } from "./boxes.ts";
import { nonSyncFlag } from "./fragment.ts";
import { NumberList } from "./number-list.ts";
import type { TrackFragment } from "./read-moof.ts";
import type { Movie, MovieTrack } from "./read-moov.ts";

/** Ticks per second of the movie's own times: those of the video tracks. */
const movieTimescale = 90_000;
/** The first offset that 32 bits do not hold. */
const largeOffset = 2 ** 32;
/** `mdat` with a size of 64 bits. */
const mdatHeaderSize = 16;

/** Values of which many in a row are the same. */
class Runs {
  readonly counts = new NumberList();
  readonly values = new NumberList();

  add(value: number): void {
    if (this.values.length > 0 && this.values.at(-1) === value) this.counts.setLast(this.counts.at(-1) + 1);
    else {
      this.counts.push(1);
      this.values.push(value);
    }
  }

  /** The last value, one of however many, becomes another. */
  changeLast(change: number): void {
    const value = this.values.at(-1) + change;
    const count = this.counts.at(-1);
    if (count === 1) this.values.setLast(value);
    else {
      this.counts.setLast(count - 1);
      this.counts.push(1);
      this.values.push(value);
    }
  }
}

/** What is known of one track's samples. */
class TrackTable {
  readonly track: MovieTrack;
  readonly durations = new Runs();
  readonly compositions = new Runs();
  readonly sizes = new NumberList();
  readonly syncs = new NumberList();
  readonly chunkOffsets = new NumberList();
  readonly chunkSamples = new NumberList();
  /** Decoding times at which it begins, and at which what is known of it ends. */
  start = 0;
  end = 0;

  constructor(track: MovieTrack) {
    this.track = track;
  }

  add({ decodeTime, samples }: TrackFragment, offset: number): void {
    if (this.sizes.length === 0) this.start = this.end = decodeTime;
    // A hole cannot be told but by a sample that lasts until its end.
    else if (decodeTime > this.end) {
      this.durations.changeLast(decodeTime - this.end);
      this.end = decodeTime;
    }
    this.chunkOffsets.push(offset);
    this.chunkSamples.push(samples.length);
    for (const { duration, size, flags, compositionOffset } of samples) {
      this.durations.add(duration);
      this.compositions.add(compositionOffset);
      this.sizes.push(size);
      if ((flags & nonSyncFlag) === 0) this.syncs.push(this.sizes.length);
      this.end += duration;
    }
  }
}

/** What of a movie is shown: milliseconds of its fragments' times. What lies before and after is decoded and not shown. */
export interface ShownPart {
  readonly from: number;
  readonly to: number;
}

/** Gathers what the fragments of a file say, then makes its header. */
export class ProgressiveMovie {
  readonly #movie: Movie;
  readonly #shown: ShownPart | undefined;
  readonly #tables: ReadonlyMap<number, TrackTable>;
  #payload = 0;

  /** @param shown all of it if not given */
  constructor(movie: Movie, shown?: ShownPart) {
    this.#movie = movie;
    this.#shown = shown;
    this.#tables = new Map(movie.tracks.map((track) => [track.id, new TrackTable(track)]));
  }

  /** Bytes of payload so far. */
  get payload(): number {
    return this.#payload;
  }

  /** @param moofSize bytes of the fragment's `moof`, and @param length of what its `mdat` holds, which is to be copied as it is */
  fragment(tracks: readonly TrackFragment[], moofSize: number, length: number): void {
    const base = this.#payload - moofSize - 8;
    for (const track of tracks) {
      if (track.samples.length > 0) this.#tables.get(track.trackId)?.add(track, base + track.samples[0]!.offset);
    }
    this.#payload += length;
  }

  /** `ftyp`, `moov`, what the caller puts between, and the header of `mdat`; the payloads follow. */
  header(between: Uint8Array): Uint8Array {
    const brand = box(
      "ftyp",
      fields((out) => out.ascii("isom").u32(512).ascii("isom").ascii("iso2").ascii("mp41")),
    );
    const isLarge = this.#payload + 2 ** 30 > largeOffset;
    // Offsets count from the beginning of the file: how long the header is, is known when it is made.
    const length = brand.length + this.#moov(0, isLarge).length + between.length + mdatHeaderSize;
    const moov = this.#moov(length, isLarge);
    const mdat = new Writer(mdatHeaderSize)
      .u32(1)
      .ascii("mdat")
      .u64(mdatHeaderSize + this.#payload);
    return fields((out) => out.bytes(brand).bytes(moov).bytes(between).bytes(mdat.done()));
  }

  #moov(base: number, isLarge: boolean): Uint8Array {
    const tables = [...this.#tables.values()].filter(({ sizes }) => sizes.length > 0);
    const edits = tables.map((table) => editOf(table, this.#shown));
    const ends = edits.map(({ empty, duration }) => empty + duration);
    const mvhd = withDuration(readBoxes(this.#movie.mvhd)[0]!, Math.max(0, ...ends), movieTimescale);
    return box("moov", mvhd, ...tables.map((table, i) => trak(table, edits[i]!, { base, isLarge })));
  }
}

/** Where the payloads lie in the file. */
interface Offsets {
  readonly base: number;
  readonly isLarge: boolean;
}

/** What is shown of a track, and when (8.6.6). */
interface Edit {
  /** Ticks of the movie before it begins, and those that it lasts. */
  readonly empty: number;
  readonly duration: number;
  /** Ticks of the track that are left out at its beginning. */
  readonly skipped: number;
}

function editOf({ track, start, end }: TrackTable, shown: ShownPart | undefined): Edit {
  const toMovie = (ticks: number): number => Math.round((ticks * movieTimescale) / track.timescale);
  const from = Math.round(((shown?.from ?? 0) * track.timescale) / 1000);
  const to = shown === undefined ? end : Math.min(end, Math.round((shown.to * track.timescale) / 1000));
  const begins = Math.max(from, start);
  return { empty: toMovie(begins - from), duration: toMovie(Math.max(0, to - begins)), skipped: begins - start };
}

function trak(table: TrackTable, edit: Edit, { base, isLarge }: Offsets): Uint8Array {
  const { track, start, end } = table;
  const parts = readBoxes(readBoxes(track.trak)[0]!.payload).map((part) => {
    if (part.type === "tkhd") return withDuration(part, edit.empty + edit.duration);
    return part.type === "mdia" ? mdia(part, table, base, isLarge) : part.bytes;
  });
  const [tkhd, ...rest] = parts;
  const isWhole = edit.empty === 0 && edit.skipped === 0 && edit.duration >= Math.round(((end - start) * movieTimescale) / track.timescale);
  return box("trak", tkhd!, ...(isWhole ? [] : [editList(edit)]), ...rest);
}

/** An empty edit where the track begins later than the movie, then what is shown of it. */
function editList({ empty, duration, skipped }: Edit): Uint8Array {
  const body = fields((out) => {
    out.u32(empty > 0 ? 2 : 1);
    if (empty > 0) out.u64(empty).u64(-1).u32(0x1_0000);
    out.u64(duration).u64(skipped).u32(0x1_0000);
  });
  return box("edts", fullBox("elst", 1, 0, body));
}

function mdia(part: Box, table: TrackTable, base: number, isLarge: boolean): Uint8Array {
  const boxes = readBoxes(part.payload).map((inner) => {
    if (inner.type === "mdhd") return withDuration(inner, table.end - table.start);
    return inner.type === "minf" ? minf(inner, table, base, isLarge) : inner.bytes;
  });
  return box("mdia", ...boxes);
}

function minf(part: Box, table: TrackTable, base: number, isLarge: boolean): Uint8Array {
  const boxes = readBoxes(part.payload).map((inner) => {
    if (inner.type !== "stbl") return inner.bytes;
    return box("stbl", oneBox(readBoxes(inner.payload), "stsd").bytes, ...sampleTables(table, base, isLarge));
  });
  return box("minf", ...boxes);
}

function sampleTables(table: TrackTable, base: number, isLarge: boolean): Uint8Array[] {
  const { durations, compositions, sizes, syncs, chunkOffsets } = table;
  const isComposed = compositions.values.length > 1 || compositions.values.at(0) !== 0;
  const samples = new Writer(8 + sizes.length * 4).u32(0).u32(sizes.length);
  for (let i = 0; i < sizes.length; i++) samples.u32(sizes.at(i));
  const offsets = new Writer(4 + chunkOffsets.length * 8).u32(chunkOffsets.length);
  for (let i = 0; i < chunkOffsets.length; i++) {
    const at = base + chunkOffsets.at(i);
    if (isLarge) offsets.u64(at);
    else offsets.u32(at);
  }
  return [
    fullBox("stts", 0, 0, runs(durations)),
    ...(isComposed ? [fullBox("ctts", 1, 0, runs(compositions))] : []),
    ...(syncs.length === sizes.length ? [] : [fullBox("stss", 0, 0, list(syncs))]),
    fullBox("stsc", 0, 0, chunks(table)),
    fullBox("stsz", 0, 0, samples.done()),
    fullBox(isLarge ? "co64" : "stco", 0, 0, offsets.done()),
  ];
}

function runs({ counts, values }: Runs): Uint8Array {
  const out = new Writer(4 + values.length * 8).u32(values.length);
  for (let i = 0; i < values.length; i++) out.u32(counts.at(i)).u32(values.at(i));
  return out.done();
}

function list(numbers: NumberList): Uint8Array {
  const out = new Writer(4 + numbers.length * 4).u32(numbers.length);
  for (let i = 0; i < numbers.length; i++) out.u32(numbers.at(i));
  return out.done();
}

/** Which chunks have how many samples (8.7.4): an entry for each that differs from the one before. */
function chunks({ chunkSamples }: TrackTable): Uint8Array {
  const out = new Writer(1024).u32(0);
  let entries = 0;
  for (let i = 0; i < chunkSamples.length; i++) {
    if (i > 0 && chunkSamples.at(i) === chunkSamples.at(i - 1)) continue;
    out
      .u32(i + 1)
      .u32(chunkSamples.at(i))
      .u32(1);
    entries += 1;
  }
  out.patchU32(0, entries);
  return out.done();
}

/** An mvhd, tkhd or mdhd of version 0 (8.2.2, 8.3.2, 8.4.2) as one of version 1, whose duration has 64 bits. */
function withDuration({ type, payload }: Box, duration: number, timescale?: number): Uint8Array {
  const flags = (payload[1]! << 16) | (payload[2]! << 8) | payload[3]!;
  const body = fields((out) => {
    out.zeros(16);
    // mvhd and mdhd: timescale; tkhd: track id and four reserved bytes.
    if (timescale === undefined) out.bytes(payload.subarray(12, type === "tkhd" ? 20 : 16));
    else out.u32(timescale);
    out.u64(duration).bytes(payload.subarray(type === "tkhd" ? 24 : 20));
  });
  return fullBox(type, 1, flags, body);
}
