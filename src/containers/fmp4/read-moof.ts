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

/** @param payload of the `moof` box */
export function readMoof(payload: Uint8Array, movie: Movie): MovieFragment {
  const boxes = readBoxes(payload);
  const header = new Reader(oneBox(boxes, "mfhd").payload);
  header.skip(4);
  const sequence = header.u32();
  const tracks: TrackFragment[] = [];
  let left = mostSamples;
  for (const traf of boxes) {
    if (traf.type !== "traf") continue;
    const track = readTraf(traf, movie, left);
    left -= track.samples.length;
    tracks.push(track);
  }
  return { sequence, tracks };
}

function readTraf(traf: Box, movie: Movie, most: number): TrackFragment {
  const boxes = readBoxes(traf.payload);
  const { trackId, defaults } = readTfhd(oneBox(boxes, "tfhd"), movie);
  const samples: ReadSample[] = [];
  for (const run of boxes) if (run.type === "trun") readTrun(run, defaults, samples, most);
  return { trackId, decodeTime: readTfdt(maybeBox(boxes, "tfdt")), samples };
}

function readTfhd(tfhd: Box, movie: Movie): { trackId: number; defaults: SampleDefaults } {
  const reader = new Reader(tfhd.payload);
  const flags = reader.u32() & 0xff_ffff;
  const trackId = reader.u32();
  const track = movie.tracks.find((each) => each.id === trackId);
  if (track === undefined) throw new ProtocolError("malformed", `fragment of track ${trackId}, which the movie does not have`);
  if ((flags & TfhdFlags.baseDataOffset) !== 0 || (flags & TfhdFlags.baseIsMoof) === 0) {
    throw new ProtocolError("unsupported", "a fragment whose offsets do not start at its moof");
  }
  if ((flags & TfhdFlags.description) !== 0) reader.skip(4);
  const duration = (flags & TfhdFlags.duration) === 0 ? track.defaults.duration : reader.u32();
  const size = (flags & TfhdFlags.size) === 0 ? track.defaults.size : reader.u32();
  const sampleFlags = (flags & TfhdFlags.flags) === 0 ? track.defaults.flags : reader.u32();
  return { trackId, defaults: { duration, size, flags: sampleFlags } };
}

function readTfdt(tfdt: Box | undefined): number {
  if (tfdt === undefined) throw new ProtocolError("malformed", "no tfdt box");
  const reader = new Reader(tfdt.payload);
  const version = reader.u8();
  reader.skip(3);
  return version === 1 ? reader.u64() : reader.u32();
}

function readTrun(run: Box, defaults: SampleDefaults, samples: ReadSample[], most: number): void {
  const reader = new Reader(run.payload);
  const version = reader.u8();
  const flags = reader.u24();
  const count = reader.u32();
  if (samples.length + count > most) throw new ProtocolError("limit", `more than ${mostSamples} samples in one fragment`);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const last = samples.at(-1);
  let offset = has(TrunFlags.dataOffset) ? reader.i32() : last === undefined ? 0 : last.offset + last.size;
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
