import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import type { Discontinuity } from "../../media/muxer.ts";
import { toMicros } from "../../media/time.ts";
import type { Generation, Track } from "../../media/track.ts";
import { leadingTrack } from "../../hub/timeline.ts";

/** Why a piece does not go on in the file of the one before it. */
export type NewFile = "start" | "cut" | "tracks" | "skip";

/** Frames that are written together, about a second of them at most, and what is in force there. */
export interface Piece {
  readonly frames: readonly Frame[];
  readonly bytes: number;
  readonly generation: Generation;
  readonly clock: Discontinuity;
  /** It begins a file, for that reason. */
  readonly newFile: NewFile | undefined;
  /** It does not follow from the piece before: the publisher was away, or its clock jumped. */
  readonly breaks: boolean;
  /** Index of the first frame that a file may begin with; -1 where there is none. */
  readonly start: number;
  /** Milliseconds of the timeline: the earliest decoding time, and the end of the last frame. */
  readonly from: number;
  readonly to: number;
}

/** What of a stream is read next. */
interface Place {
  readonly generation: Generation;
  readonly clock: Discontinuity;
  readonly newFile: NewFile | undefined;
  readonly breaks: boolean;
}

/** Gathers frames for one piece. */
export class PieceBuilder {
  readonly #place: Place;
  readonly #timescales: ReadonlyMap<number, number>;
  readonly #leading: Track | undefined;
  readonly #frames: Frame[] = [];
  #bytes = 0;
  #start = -1;
  #from = Infinity;
  #to = -Infinity;

  constructor(place: Place) {
    this.#place = place;
    this.#timescales = new Map(place.generation.tracks.map(({ id, timescale }) => [id, timescale]));
    this.#leading = leadingTrack(place.generation.tracks);
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Milliseconds of media from the first decoding time to the last. */
  get length(): number {
    return this.isEmpty ? 0 : this.#to - this.#from;
  }

  /** Whether a file may begin with a frame. */
  isStart(frame: Frame): boolean {
    return frame.track === this.#leading?.id && isRandomAccess(frame);
  }

  add(frame: Frame): void {
    const time = toMicros(frame.dts, this.#timescales.get(frame.track) ?? 1000) / 1000;
    if (this.#start < 0 && this.isStart(frame)) this.#start = this.#frames.length;
    this.#frames.push(frame);
    this.#bytes += frame.data.length;
    this.#from = Math.min(this.#from, time);
    this.#to = Math.max(this.#to, time);
  }

  done(): Piece {
    const { length } = this.#frames;
    // As if the last frame were as long as the others of its track.
    const last = this.#frames.filter(({ track }) => track === this.#leading?.id);
    const step = last.length > 1 ? this.length / (last.length - 1) : 0;
    const to = this.#to + Math.min(step, 1000);
    // Without a track that leads any frame will do.
    const start = this.#leading === undefined && length > 0 ? 0 : this.#start;
    return { ...this.#place, frames: this.#frames, bytes: this.#bytes, start, from: this.#from, to };
  }
}

/** A file's times begin at 0: frames moved back by so many milliseconds. What would be before the beginning is at it. */
export function rebased(frames: readonly Frame[], tracks: readonly Track[], epoch: number): Frame[] {
  const offsets = new Map(tracks.map(({ id, timescale }) => [id, Math.round((epoch * timescale) / 1000)]));
  return frames.map((frame) => {
    const offset = offsets.get(frame.track) ?? 0;
    const dts = frame.dts - offset;
    return { ...frame, dts: Math.max(0, dts), pts: frame.pts - offset + (dts < 0 ? -dts : 0) };
  });
}
