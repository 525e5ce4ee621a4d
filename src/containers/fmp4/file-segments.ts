/** A file's track cut into segments of fragmented MP4 that are made one by one, each by itself, whenever somebody asks for it. */
import type { ReadAt } from "../../bytes/read-at.ts";
import { firstFrom, type IndexedTrack, isSync, ptsOf } from "../../media/media-index.ts";
import { SampleReader } from "../../media/sample-reader.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import { AudioClock, audioTimescale } from "./audio-clock.ts";
import { type FragmentSample, fragmentParts, SampleFlags } from "./fragment.ts";
import { fmp4Init, type MediaTrack } from "./init.ts";

/** Samples from the first to the last, that one not included. */
export interface FileSegment {
  readonly from: number;
  readonly to: number;
  /** Ticks of the rendition from its first picture or sound to that of the next segment. */
  readonly duration: number;
}

/** One track in segments. */
export interface SegmentedTrack {
  readonly indexed: IndexedTrack;
  readonly track: MediaTrack;
  /** Ticks per second of its segments: the track's own for pictures. */
  readonly timescale: number;
  readonly segments: readonly FileSegment[];
  /** When a sample is decoded, in ticks of `timescale`; of the one after the last, where that ends. */
  readonly times: (sample: number) => number;
}

/** How much a cut may come before the wished length is reached, in seconds: key frames a little too early. */
const tolerance = 0.25;
/** Bytes of payload, and samples, in one fragment of a segment: a segment is sent fragment by fragment. */
const fragmentBytes = 512 * 1024;
const fragmentSamples = 1024;

/** Cuts pictures at key frames. @param target seconds; segments are a little shorter at least, and as long as key frames make them */
export function cutVideo(indexed: IndexedTrack, track: MediaTrack, target: number): SegmentedTrack {
  const { samples } = indexed;
  const { timescale } = track;
  const cuts: number[] = [];
  for (let i = 0; i < samples.count; i++) {
    if (!isSync(samples, i)) continue;
    const begun = cuts.at(-1);
    if (begun === undefined || ptsOf(samples, i) - ptsOf(samples, begun) >= (target - tolerance) * timescale) cuts.push(i);
  }
  const segments = cuts.map((from, i): FileSegment => {
    const to = cuts[i + 1] ?? samples.count;
    const end = i + 1 < cuts.length ? ptsOf(samples, to) : endOf(indexed, from);
    return { from, to, duration: Math.max(1, end - ptsOf(samples, from)) };
  });
  return { indexed, track, timescale, segments, times: (sample) => timeOf(indexed, sample) };
}

/** Where what is shown of the last segment ends. */
function endOf({ samples }: IndexedTrack, from: number): number {
  let last = 0;
  for (let i = from; i < samples.count; i++) last = Math.max(last, ptsOf(samples, i));
  return last + (samples.end - samples.dts[samples.count - 1]!);
}

/** Cuts sound at given times, and where those end, at the target. @param at seconds, rising */
export function cutAudio(indexed: IndexedTrack, track: MediaTrack, at: readonly number[], target: number): SegmentedTrack {
  const timescale = audioTicks(track);
  const times = audioTimes(indexed, track, timescale);
  const { count } = indexed.samples;
  const end = times(count) / timescale;
  const wished = [...at];
  for (let next = (at.at(-1) ?? times(0) / timescale) + target; next < end - tolerance; next += target) wished.push(next);
  const cuts = [0];
  for (const seconds of wished) {
    const from = firstFrom(count, (sample) => times(sample) >= Math.round(seconds * timescale));
    if (from > cuts.at(-1)! && from < count) cuts.push(from);
  }
  const segments = cuts.map((from, i): FileSegment => {
    const to = cuts[i + 1] ?? count;
    return { from, to, duration: Math.max(1, times(to) - times(from)) };
  });
  return { indexed, track, timescale, segments, times };
}

/** Seconds at which the segments of a track begin. */
export function cutTimes({ indexed: { samples }, timescale, segments }: SegmentedTrack): number[] {
  return segments.slice(1).map(({ from }) => ptsOf(samples, from) / timescale);
}

/** The header of all of a track's segments. */
export function segmentsInit({ track, timescale }: SegmentedTrack): Uint8Array {
  return fmp4Init([track], () => timescale);
}

/**
 * The bytes of a segment, a fragment at a time.
 *
 * @throws ProtocolError for a file that is not what it was, or frames that their codec does not allow
 */
export async function* segmentBytes(segmented: SegmentedTrack, number: number, read: ReadAt): AsyncGenerator<Uint8Array> {
  const { indexed, track, times } = segmented;
  const { from, to } = segmented.segments[number]!;
  const reader = new SampleReader(indexed.samples, read);
  let held: HeldFragment = { bytes: 0, start: 0, samples: [] };
  let sequence = number + 1;
  for (let sample = from; sample < to; sample++) {
    const payload = reader.buffered(sample) ?? (await reader.load(sample));
    hold(held, indexed.frame(sample, payload), times(sample), times(sample + 1) - times(sample));
    const isFull = held.bytes >= fragmentBytes || held.samples.length >= fragmentSamples;
    if (held.samples.length === 0 || (!isFull && sample + 1 < to)) continue;
    yield* fragmentParts({ sequence, trackId: track.id, decodeTime: held.start, samples: held.samples });
    sequence += 1;
    held = { bytes: 0, start: 0, samples: [] };
  }
}

/** A fragment that is not full. */
interface HeldFragment {
  bytes: number;
  start: number;
  readonly samples: Mutable<FragmentSample>[];
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** @param frame undefined for an empty one, whose time is the last one's */
function hold(held: HeldFragment, frame: SourceFrame | undefined, start: number, duration: number): void {
  const last = held.samples.at(-1);
  if (frame === undefined) {
    if (last !== undefined) last.duration += duration;
    return;
  }
  if (last === undefined) held.start = start;
  held.bytes += frame.data.length;
  const flags = isKey(frame.sap) ? SampleFlags.sync : frame.discardable ? SampleFlags.disposable : SampleFlags.dependent;
  held.samples.push({ duration, flags, compositionOffset: frame.pts - frame.dts, data: frame.data });
}

function isKey(sap: Sap): boolean {
  return sap !== Sap.none && sap !== Sap.gradual;
}

/** When a sample is decoded; of the one after the last, where that ends. */
function timeOf({ samples }: IndexedTrack, sample: number): number {
  return sample < samples.count ? samples.dts[sample]! : samples.end;
}

/** Sound is counted in its own samples where its frames are all of one length, and the file counts no finer. */
function audioTicks(track: MediaTrack): number {
  if (track.kind !== "audio" || track.samplesPerFrame === 0) return track.timescale;
  return Math.max(track.timescale, audioTimescale(track));
}

/** Stamps in milliseconds would become gaps and overlaps: frames are counted instead, and kept within 5 ms of their stamps. */
function audioTimes(indexed: IndexedTrack, track: MediaTrack, timescale: number): (sample: number) => number {
  if (timescale === track.timescale || track.kind !== "audio") return (sample) => timeOf(indexed, sample);
  const { count, dts } = indexed.samples;
  const clock = new AudioClock(timescale);
  const times = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) times[i] = clock.place(Math.round((dts[i]! * timescale) / track.timescale), track.samplesPerFrame).start;
  times[count] = clock.end;
  return (sample) => times[sample]!;
}
