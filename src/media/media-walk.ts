import type { ReadAt } from "../bytes/read-at.ts";
import { type IndexedTrack, leadingIndexed, type MediaIndex, sampleAt, shownFirst, syncAt, ticksOf } from "./media-index.ts";
import type { SourceFrame } from "./demuxer.ts";
import { SampleReader } from "./sample-reader.ts";
import { toMicros } from "./time.ts";

/** Bytes of payload, and frames, that are read at a time. */
const batchBytes = 128 * 1024;
const batchFrames = 1000;

/** Where in a file to begin: of each track, the sample that comes first. */
export interface WalkStart {
  readonly samples: readonly number[];
  /** Decoding time of the random-access point. */
  readonly micros: number;
}

/** A frame, and when it is decoded. */
export interface WalkedFrame {
  readonly frame: SourceFrame;
  readonly micros: number;
}

/** The key frame shown at or before a time, and of all other tracks what is decoded from there on. @param ms from the first picture on */
export function walkStart({ tracks }: MediaIndex, ms: number): WalkStart {
  const leading = leadingIndexed(tracks);
  const sync = syncAt(leading.samples, shownFirst(leading) + ticksOf(leading, ms));
  const micros = toMicros(leading.samples.dts[sync]!, leading.track.timescale);
  const isBeginning = sync === syncAt(leading.samples, 0);
  const samples = tracks.map((each) => (each === leading ? sync : isBeginning ? 0 : firstAt(each, micros)));
  return { samples, micros };
}

/** The first sample decoded at or after a time. */
function firstAt({ samples, track }: IndexedTrack, micros: number): number {
  const ticks = (micros * track.timescale) / 1e6;
  const at = sampleAt(samples, ticks);
  return samples.dts[at]! < ticks ? at + 1 : at;
}

/** One track on the way. */
interface Lane {
  readonly indexed: IndexedTrack;
  /** The sample that comes next. */
  next: number;
  readonly payloads: SampleReader;
}

/** Reads the frames of a file from a place to its end, those of all tracks in order of decoding, after the random-access point itself. */
export class MediaWalk {
  readonly #lanes: readonly Lane[];
  #leading: Lane | undefined;

  constructor({ tracks }: MediaIndex, read: ReadAt, { samples }: WalkStart) {
    this.#lanes = tracks.map((indexed, i) => ({ indexed, next: samples[i]!, payloads: new SampleReader(indexed.samples, read) }));
    const leading = leadingIndexed(tracks);
    this.#leading = this.#lanes.find(({ indexed }) => indexed === leading);
  }

  /**
   * The next frames, some 100 KiB of them; undefined at the end.
   *
   * @throws ProtocolError for a frame that its codec does not allow, or a file that is not what it was; what reading throws
   */
  async next(): Promise<readonly WalkedFrame[] | undefined> {
    const frames: WalkedFrame[] = [];
    for (let bytes = 0; bytes < batchBytes && frames.length < batchFrames;) {
      const lane = this.#laneAhead();
      if (lane === undefined) break;
      const { indexed } = lane;
      const sample = lane.next++;
      const payload = lane.payloads.buffered(sample) ?? (await lane.payloads.load(sample));
      bytes += payload.length;
      const frame = indexed.frame(sample, payload);
      if (frame !== undefined) frames.push({ frame, micros: toMicros(frame.dts, indexed.track.timescale) });
    }
    return frames.length > 0 || this.#laneAhead() !== undefined ? frames : undefined;
  }

  #laneAhead(): Lane | undefined {
    const leading = this.#leading;
    this.#leading = undefined;
    if (leading !== undefined) return leading;
    let ahead: Lane | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      const { samples, track } = lane.indexed;
      if (lane.next >= samples.count) continue;
      const time = samples.dts[lane.next]! / track.timescale;
      if (time < least) [ahead, least] = [lane, time];
    }
    return ahead;
  }
}
