/**
 * Fragmented MP4 as a file: fragments of about a second with all tracks in each (ISO/IEC 14496-12 8.8), so that what was written whole plays to its
 * end whatever happened after, and an index of random access (8.8.9) when the file ends well.
 *
 * Unlike a live output it knows the next frame before it writes one: decoding times and durations of video are the true ones.
 */
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { samplesIn } from "../../media/frame-samples.ts";
import type { Frame } from "../../media/frame.ts";
import { Sap } from "../../media/frame.ts";
import { rescale } from "../../media/time.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import { TrackKind } from "../../media/track.ts";
import { AudioClock, audioTimescale } from "./audio-clock.ts";
import { Cadence } from "./cadence.ts";
import type { FragmentSample } from "./fragment.ts";
import { SampleFlags } from "./fragment.ts";
import type { MediaTrack } from "./init.ts";
import { fmp4Init } from "./init.ts";
import { randomAccessIndex, StartList } from "./random-access-index.ts";
import { moofHeader, type TrackRun } from "./track-runs.ts";
import { videoTimescale } from "./video-clock.ts";

/** Frames a second where a track does not say: for the duration of a last frame whose next never came. */
const assumedRate = 25;

/** A number that is another for other bytes, a CRC-32 for example. */
export type Checksum = (parts: readonly Uint8Array[]) => number;

/** Makes one file after its `begin()`: `fragment()` as often as there is something, `end()` once. */
export class Fmp4FileMuxer {
  readonly #tracks: readonly MediaTrack[];
  readonly #checksum: Checksum;
  readonly #lanes: ReadonlyMap<number, FileLane>;
  #sequence = 0;
  #position = 0;

  /**
   * @param tracks that `carriedByFmp4` lets pass; one at least
   * @param checksum of each fragment, written behind it in a `free` box: whoever finds the file after a crash can tell which are whole
   */
  constructor(tracks: readonly MediaTrack[], checksum: Checksum) {
    this.#tracks = tracks;
    this.#checksum = checksum;
    this.#lanes = new Map(
      tracks.map((track) => [track.id, track.kind === TrackKind.video ? new VideoFileLane(track) : new AudioFileLane(track)]),
    );
  }

  /** The header. @param after boxes that follow it, of the caller's own */
  begin(after: Uint8Array = new Uint8Array(0)): Uint8Array[] {
    const init = fmp4Init(this.#tracks);
    this.#position = init.length + after.length;
    return [init, after];
  }

  /**
   * A fragment of these frames, but for the last of each video track, which waits for the next to know how long it is. No bytes where nothing is
   * left. Frames of other tracks and empty ones are left out. Payloads go out as views.
   */
  fragment(frames: readonly Frame[]): Uint8Array[] {
    for (const frame of frames) if (frame.data.length > 0) this.#lanes.get(frame.track)?.add(frame);
    return this.#write(false);
  }

  /** What comes does not follow from what came: the frame that waits is as long as usual, and what is between stays a hole. */
  interrupt(): Uint8Array[] {
    const parts = this.#write(true);
    for (const lane of this.#lanes.values()) lane.interrupt();
    return parts;
  }

  /** The rest, and the index. */
  end(): Uint8Array[] {
    const rest = this.#write(true);
    const index = randomAccessIndex([...this.#lanes].map(([trackId, { starts }]) => ({ trackId, starts: starts.entries })));
    return [...rest, index];
  }

  #write(everything: boolean): Uint8Array[] {
    const runs: TrackRun[] = [];
    for (const [trackId, lane] of this.#lanes) {
      const ready = lane.take(everything);
      if (ready === undefined) continue;
      lane.note(this.#position, runs.length + 1, ready.samples);
      runs.push({ trackId, ...ready });
    }
    if (runs.length === 0) return [];
    this.#sequence = (this.#sequence % 0xffff_ffff) + 1;
    const payloads = runs.flatMap(({ samples }) => samples.map(({ data }) => data));
    const parts = [moofHeader(this.#sequence, runs), ...payloads];
    parts.push(checksumBox(this.#checksum(parts)));
    for (const part of parts) this.#position += part.length;
    return parts;
  }
}

const checksumName = "crc ";
const checksumBoxSize = 16;

function checksumBox(checksum: number): Uint8Array {
  return new Writer(checksumBoxSize).u32(checksumBoxSize).ascii("free").ascii(checksumName).u32(checksum).done();
}

/** The checksum in the box that begins here; undefined where it is another box, or none. */
export function readChecksum(bytes: Uint8Array): number | undefined {
  if (bytes.length < checksumBoxSize) return undefined;
  const reader = new Reader(bytes);
  const isOne = reader.u32() === checksumBoxSize && reader.fourCc() === "free" && reader.fourCc() === checksumName;
  return isOne ? reader.u32() : undefined;
}

/** A box for what programs of their own keep in a file (4.2, `uuid`). @param id 16 bytes */
export function uuidBox(id: Uint8Array, payload: Uint8Array): Uint8Array {
  return new Writer()
    .u32(24 + payload.length)
    .ascii("uuid")
    .bytes(id)
    .bytes(payload)
    .done();
}

interface Run {
  readonly decodeTime: number;
  readonly samples: readonly FragmentSample[];
}

interface FileLane {
  /** Where reading may start, so far. */
  readonly starts: StartList;
  add(frame: Frame): void;
  /** What is complete; with `everything`, also what waits for a next frame. */
  take(everything: boolean): Run | undefined;
  /** Told where the fragment with those samples begins, and which of its tracks this is. */
  note(moof: number, traf: number, samples: readonly FragmentSample[]): void;
  interrupt(): void;
}

class VideoFileLane implements FileLane {
  readonly starts = new StartList();
  readonly #track: VideoTrack;
  readonly #cadence: Cadence;
  #frames: Frame[] = [];
  /** Where the samples taken last begin. */
  #decodeTime = 0;

  constructor(track: VideoTrack) {
    this.#track = track;
    this.#cadence = new Cadence(
      Math.round(videoTimescale / (track.frameRate >= 1 && track.frameRate <= 1000 ? track.frameRate : assumedRate)),
    );
  }

  add(frame: Frame): void {
    this.#frames.push(frame);
  }

  take(everything: boolean): Run | undefined {
    const count = everything ? this.#frames.length : this.#frames.length - 1;
    if (count < 1) return undefined;
    const taken = this.#frames.slice(0, count);
    this.#frames = this.#frames.slice(count);
    const samples = taken.map((frame, i) => this.#sample(frame, taken[i + 1] ?? this.#frames[0]));
    this.#decodeTime = Math.max(0, this.#ticks(taken[0]!.dts));
    return { decodeTime: this.#decodeTime, samples };
  }

  note(moof: number, traf: number, samples: readonly FragmentSample[]): void {
    let time = this.#decodeTime;
    samples.forEach(({ flags, duration, compositionOffset }, i) => {
      if (flags === SampleFlags.sync) this.starts.add({ time: time + compositionOffset, moof, traf, sample: i + 1 });
      time += duration;
    });
  }

  interrupt(): void {
    this.#cadence.interrupt();
  }

  #ticks(time: number): number {
    return rescale(time, this.#track.timescale, videoTimescale);
  }

  #sample(frame: Frame, next: Frame | undefined): FragmentSample {
    const dts = this.#ticks(frame.dts);
    const usual = this.#cadence.after(dts);
    const isKey = frame.sap !== Sap.none && frame.sap !== Sap.gradual;
    const flags = isKey ? SampleFlags.sync : frame.discardable ? SampleFlags.disposable : SampleFlags.dependent;
    const duration = next === undefined ? usual : Math.min(0xffff_ffff, this.#ticks(next.dts) - dts);
    return { duration, flags, compositionOffset: this.#ticks(frame.pts) - dts, data: frame.data };
  }
}

class AudioFileLane implements FileLane {
  readonly starts = new StartList();
  readonly #track: AudioTrack;
  readonly #rate: number;
  readonly #clock: AudioClock;
  #samples: { duration: number; readonly data: Uint8Array }[] = [];
  #from = 0;
  #end = 0;
  #decodeTime = 0;

  constructor(track: AudioTrack) {
    this.#track = track;
    this.#rate = audioTimescale(track);
    this.#clock = new AudioClock(this.#rate);
  }

  add(frame: Frame): void {
    const { start, duration } = this.#clock.place(
      Math.max(0, rescale(frame.pts, this.#track.timescale, this.#rate)),
      samplesIn(this.#track, frame.data),
    );
    // One run has no holes: the frame before it lasts until then.
    const last = this.#samples.at(-1);
    if (last === undefined) this.#from = start;
    else last.duration += start - this.#end;
    this.#samples.push({ duration, data: frame.data });
    this.#end = start + duration;
  }

  take(): Run | undefined {
    if (this.#samples.length === 0) return undefined;
    const samples = this.#samples.map((sample) => ({ ...sample, flags: SampleFlags.sync, compositionOffset: 0 }));
    this.#samples = [];
    this.#decodeTime = this.#from;
    return { decodeTime: this.#from, samples };
  }

  note(moof: number, traf: number): void {
    this.starts.add({ time: this.#decodeTime, moof, traf, sample: 1 });
  }

  interrupt(): void {}
}
