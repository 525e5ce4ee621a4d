/** Reads `moof` and `prft` (ISO/IEC 14496-12 8.8.4, 8.16.5): which samples of which track, and when. */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { maybeBox, oneBox, readBoxes } from "./box-reader.ts";
import type { Box } from "./box-reader.ts";
import { TrunFlags, ntpToUnix } from "./fragment.ts";
import type { ProducerReference } from "./fragment.ts";
import type { Movie, SampleDefaults } from "./read-moov.ts";

/** Samples in one fragment, all tracks together: over a minute of audio at 2.5 ms. */
const mostSamples = 32_768;

/** tfhd flags, 8.8.7. */
const TfhdFlags = {
  baseDataOffset: 0x1,
  description: 0x2,
  duration: 0x8,
  size: 0x10,
  flags: 0x20,
  baseIsMoof: 0x2_0000,
} as const;

/** One sample of a fragment; times in ticks of its track. */
export interface ReadSample {
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
  /** Sample flags, 8.8.3.1. */
  readonly flags: number;
  readonly compositionOffset: number;
  /** Offset of the payload from the start of the moof box. */
  readonly offset: number;
}

/** The samples of one track in a fragment. */
export interface TrackFragment {
  readonly trackId: number;
  /** Decoding time of the first sample in the track's ticks. */
  readonly decodeTime: number;
  readonly samples: readonly ReadSample[];
}

/** What a `moof` box says. */
export interface MovieFragment {
  readonly sequence: number;
  readonly tracks: readonly TrackFragment[];
}

/** What a fragment leaves to its surroundings. */
export interface FragmentPlace {
  /** Bytes of the stream before the moof box. */
  readonly at: number;
  /** By track, where its samples before this fragment end; a fragment without a time goes on from there. */
  readonly ends: ReadonlyMap<number, number>;
}

/** @param payload of the `moof` box */
export function readMoof(payload: Uint8Array, movie: Movie, place: FragmentPlace): MovieFragment {
  const boxes = readBoxes(payload);
  const header = new Reader(oneBox(boxes, "mfhd").payload);
  header.skip(4);
  const sequence = header.u32();
  const tracks: TrackFragment[] = [];
  let left = mostSamples;
  let end = 0;
  for (const traf of boxes) {
    if (traf.type !== "traf") continue;
    const track = readTraf(traf, movie, { ...place, left, end });
    left -= track.samples.length;
    const last = track.samples.at(-1);
    if (last !== undefined) end = last.offset + last.size;
    tracks.push(track);
  }
  return { sequence, tracks };
}

/** The same for one track of it. */
interface TrafPlace extends FragmentPlace {
  /** Samples that it may have. */
  readonly left: number;
  /** Offset from the start of the moof box where the payloads of the track before it end; 0 for the first. */
  readonly end: number;
}

function readTraf(traf: Box, movie: Movie, place: TrafPlace): TrackFragment {
  const boxes = readBoxes(traf.payload);
  const { trackId, defaults, base } = readTfhd(oneBox(boxes, "tfhd"), movie, place);
  const samples: ReadSample[] = [];
  for (const run of boxes) if (run.type === "trun") readTrun(run, { defaults, base, most: place.left }, samples);
  const tfdt = maybeBox(boxes, "tfdt");
  return { trackId, decodeTime: tfdt === undefined ? (place.ends.get(trackId) ?? 0) : readTfdt(tfdt), samples };
}

/** The track, what its samples have where their run does not say, and from where in the moof box offsets count (8.8.7). */
function readTfhd(tfhd: Box, movie: Movie, { at, end }: TrafPlace): { trackId: number; defaults: SampleDefaults; base: number } {
  const reader = new Reader(tfhd.payload);
  const flags = reader.u32() & 0xff_ffff;
  const trackId = reader.u32();
  const track = movie.tracks.find((each) => each.id === trackId);
  if (track === undefined) throw new ProtocolError("malformed", `fragment of track ${trackId}, which the movie does not have`);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const base = has(TfhdFlags.baseDataOffset) ? reader.u64() - at : has(TfhdFlags.baseIsMoof) ? 0 : end;
  if (has(TfhdFlags.description)) reader.skip(4);
  const duration = has(TfhdFlags.duration) ? reader.u32() : track.defaults.duration;
  const size = has(TfhdFlags.size) ? reader.u32() : track.defaults.size;
  const sampleFlags = has(TfhdFlags.flags) ? reader.u32() : track.defaults.flags;
  return { trackId, defaults: { duration, size, flags: sampleFlags }, base };
}

function readTfdt(tfdt: Box): number {
  const reader = new Reader(tfdt.payload);
  const version = reader.u8();
  reader.skip(3);
  return version === 1 ? reader.u64() : reader.u32();
}

/** What the runs of one track share. */
interface RunPlace {
  readonly defaults: SampleDefaults;
  /** Where offsets count from, from the start of the moof box. */
  readonly base: number;
  /** Samples of the whole track at most. */
  readonly most: number;
}

function readTrun(run: Box, { defaults, base, most }: RunPlace, samples: ReadSample[]): void {
  const reader = new Reader(run.payload);
  const version = reader.u8();
  const flags = reader.u24();
  const count = reader.u32();
  if (samples.length + count > most) throw new ProtocolError("limit", `more than ${mostSamples} samples in one fragment`);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const last = samples.at(-1);
  let offset = has(TrunFlags.dataOffset) ? base + reader.i32() : last === undefined ? base : last.offset + last.size;
  const firstFlags = has(TrunFlags.firstFlags) ? reader.u32() : undefined;
  for (let i = 0; i < count; i++) {
    const duration = has(TrunFlags.duration) ? reader.u32() : defaults.duration;
    const size = has(TrunFlags.size) ? reader.u32() : defaults.size;
    const ownFlags = has(TrunFlags.flags) ? reader.u32() : defaults.flags;
    const compositionOffset = !has(TrunFlags.compositionOffset) ? 0 : version === 0 ? reader.u32() : reader.i32();
    samples.push({ duration, size, flags: i === 0 && firstFlags !== undefined ? firstFlags : ownFlags, compositionOffset, offset });
    offset += size;
  }
}

/** A prft box's reference to the wall clock and the track that it is for. */
export function readPrft(payload: Uint8Array): ProducerReference & { readonly trackId: number } {
  const reader = new Reader(payload);
  const version = reader.u8();
  reader.skip(3);
  const trackId = reader.u32();
  const seconds = reader.u32();
  const fraction = reader.u32();
  const mediaTime = version === 0 ? reader.u32() : reader.u64();
  // NTP seconds wrap in 2036; what is before 1970 is after that.
  const unix = seconds >= ntpToUnix ? seconds - ntpToUnix : seconds + 0x1_0000_0000 - ntpToUnix;
  return { trackId, utc: unix * 1000 + (fraction * 1000) / 0x1_0000_0000, mediaTime };
}
