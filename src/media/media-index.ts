/** A file of media as a list of what is where: a closed timeline, to be read from anywhere. */
import type { SourceFrame } from "./demuxer.ts";
import { rescale } from "./time.ts";
import type { Metadata, Recorded, Track } from "./track.ts";

/** Bits of `SampleList.flags`. */
export const SampleFlag = {
  /** Decoding may start here, as the file says. */
  sync: 1,
  /** No other sample refers to this one. */
  disposable: 2,
} as const;

/** The samples of a track in order of decoding; one entry of each list a sample. */
export interface SampleList {
  readonly count: number;
  /** Bytes of the file before the payload. */
  readonly offsets: Float64Array | Uint32Array;
  /** Bytes of the payload, at least 1. */
  readonly sizes: Uint32Array;
  /** Ticks of the track, from the beginning of the file's media on: none is below 0. Strictly rising. */
  readonly dts: Float64Array | Uint32Array;
  /** Presentation time less decoding time, same ticks; undefined where all are 0. */
  readonly compositionOffsets: Int32Array | undefined;
  /** `SampleFlag`. */
  readonly flags: Uint8Array;
  /** Where the last sample ends, same ticks. */
  readonly end: number;
}

/** A track of a file with its samples. */
export interface IndexedTrack {
  readonly track: Track;
  readonly samples: SampleList;
  /**
   * A sample as a frame, its times those of the list. Undefined for one that is empty.
   *
   * @param payload as the file has it; given away
   * @throws ProtocolError if it is not what its codec allows
   */
  readonly frame: (sample: number, payload: Uint8Array) => SourceFrame | undefined;
}

/** What is in a file. Never changes; takes some 20 bytes a sample. */
export interface MediaIndex {
  /** At least one, each with at least one sample. */
  readonly tracks: readonly IndexedTrack[];
  /** What the file says of itself (onMetaData). */
  readonly metadata: Metadata;
  /** Milliseconds on the file's own clock where the media begin, which is time 0 here. */
  readonly startMs: number;
  /** Milliseconds from there to the end of the longest track. */
  readonly durationMs: number;
  /** Why what follows in the file was left out, for a log; "" where nothing was. */
  readonly leftOut: string;
}

/** Bytes of memory that an index takes, nearly. */
export function indexBytes({ tracks }: MediaIndex): number {
  let bytes = 4096;
  for (const { samples } of tracks) {
    const { offsets, sizes, dts, compositionOffsets, flags } = samples;
    bytes += offsets.byteLength + sizes.byteLength + dts.byteLength + (compositionOffsets?.byteLength ?? 0) + flags.byteLength;
  }
  return bytes;
}

/** Presentation time of a sample in ticks of its track. */
export function ptsOf({ dts, compositionOffsets }: SampleList, sample: number): number {
  return dts[sample]! + (compositionOffsets?.[sample] ?? 0);
}

export function isSync({ flags }: SampleList, sample: number): boolean {
  return (flags[sample]! & SampleFlag.sync) !== 0;
}

/** The last sample decoded at or before a time; the first where there is none. @param ticks of the track */
export function sampleAt({ dts, count }: SampleList, ticks: number): number {
  return Math.max(0, firstFrom(count, (sample) => dts[sample]! > ticks) - 1);
}

/** The first of `count` numbers from 0 on for which a condition holds that holds for all after it too; `count` if for none. */
export function firstFrom(count: number, holds: (number: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The track whose random-access points are the file's: the default video track, else the default audio track, else the
 * first.
 */
export function leadingIndexed(tracks: readonly IndexedTrack[]): IndexedTrack {
  const of = (kind: Track["kind"]): IndexedTrack | undefined => {
    const list = tracks.filter(({ track }) => track.kind === kind);
    return list.find(({ track }) => track.isDefault) ?? list[0];
  };
  return of("video") ?? of("audio") ?? tracks[0]!;
}

/** The key frame that is shown at or before a time, as a sample of a track; the first where there is none. */
export function syncAt(samples: SampleList, ticks: number): number {
  let sample = sampleAt(samples, ticks);
  // Leading pictures are decoded after the key frame and shown before it.
  while (sample > 0 && !(isSync(samples, sample) && ptsOf(samples, sample) <= ticks)) sample -= 1;
  if (isSync(samples, sample)) return sample;
  while (sample < samples.count && !isSync(samples, sample)) sample += 1;
  return sample < samples.count ? sample : 0;
}

/** Key frames that are told to players at most; of more, every second, third and so on. */
const mostKeyFrames = 4000;

/** What players are told of a file. */
export function recordedOf({ tracks, durationMs }: MediaIndex): Recorded {
  const leading = leadingIndexed(tracks);
  const { track, samples } = leading;
  if (track.kind !== "video") return { durationMs };
  const keys: number[] = [];
  for (let i = 0; i < samples.count; i++) if (isSync(samples, i)) keys.push(i);
  const step = Math.ceil(keys.length / mostKeyFrames);
  const told = keys.filter((_, i) => i % step === 0);
  const times = told.map((sample) => (ptsOf(samples, sample) - shownFirst(leading)) / track.timescale);
  return { durationMs, keyFrames: { times, positions: told.map((sample) => samples.offsets[sample]!) } };
}

/** When the first key frame of a track is shown, in its ticks: what viewers take for the beginning. */
export function shownFirst({ samples }: IndexedTrack): number {
  return ptsOf(samples, syncAt(samples, 0));
}

/** Milliseconds as ticks of a track. */
export function ticksOf({ track }: Pick<IndexedTrack, "track">, ms: number): number {
  return rescale(ms, 1000, track.timescale);
}
