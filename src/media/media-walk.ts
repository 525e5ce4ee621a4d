import type { ReadAt } from "../bytes/read-at.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { type IndexedTrack, leadingIndexed, type MediaIndex, sampleAt, syncAt, ticksOf } from "./media-index.ts";
import type { SourceFrame } from "./demuxer.ts";
import { toMicros } from "./time.ts";

/** Bytes of a file that are read at once for the frames in them. */
const runBytes = 256 * 1024;

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

/** The key frame shown at or before a time, and of all other tracks what is decoded from there on. @param ms from the file's beginning on */
export function walkStart({ tracks }: MediaIndex, ms: number): WalkStart {
  const leading = leadingIndexed(tracks);
  const sync = syncAt(leading.samples, ticksOf(leading, ms));
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
  bytes: Uint8Array;
  /** Bytes of the file before them. */
  at: number;
}

/** Reads the frames of a file from a place to its end, those of all tracks in order of decoding, after the random-access point itself. */
export class MediaWalk {
  readonly #read: ReadAt;
  readonly #lanes: readonly Lane[];
  #leading: Lane | undefined;

  constructor({ tracks }: MediaIndex, read: ReadAt, { samples }: WalkStart) {
    this.#read = read;
    this.#lanes = tracks.map((indexed, i) => ({ indexed, next: samples[i]!, bytes: new Uint8Array(0), at: 0 }));
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
    for (let bytes = 0; bytes < runBytes / 2 && frames.length < 1000;) {
      const lane = this.#laneAhead();
      if (lane === undefined) break;
      const { indexed } = lane;
      const sample = lane.next++;
      const payload = this.#buffered(lane, sample) ?? (await this.#load(lane, sample));
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

  #buffered({ indexed: { samples }, bytes, at }: Lane, sample: number): Uint8Array | undefined {
    const from = samples.offsets[sample]! - at;
    const size = samples.sizes[sample]!;
    return from >= 0 && from + size <= bytes.length ? bytes.subarray(from, from + size) : undefined;
  }

  /** Reads a sample, and those after it that lie near behind it. */
  async #load(lane: Lane, sample: number): Promise<Uint8Array> {
    const { offsets, sizes, count } = lane.indexed.samples;
    const at = offsets[sample]!;
    let end = at + sizes[sample]!;
    for (let i = sample + 1; i < count; i++) {
      const [offset, size] = [offsets[i]!, sizes[i]!];
      if (offset < end || offset + size - at > runBytes) break;
      end = offset + size;
    }
    lane.bytes = await this.#read(at, end - at);
    lane.at = at;
    const payload = this.#buffered(lane, sample);
    if (payload === undefined) throw new ProtocolError("truncated", "the file has become shorter");
    return payload;
  }
}
