import type { ReadEntry } from "../../hub/timeline-reader.ts";
import { leadingTrack } from "../../hub/timeline.ts";
import { sameTrack } from "../../hub/track-set.ts";
import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import { toMicros } from "../../media/time.ts";
import type { Generation, Track } from "../../media/track.ts";

/** A part of a stream's time. Unix milliseconds. */
export interface ClipSpan {
  readonly from: number;
  readonly to: number;
}

/** The frames of a clip: from the key frame shown at or before its beginning on. */
export interface ClipFrames {
  /** All tracks that were there, with their configuration. */
  readonly generation: Generation;
  readonly frames: readonly Frame[];
  /** What of them is shown: Unix milliseconds are these plus `utcOffset`, milliseconds of the frames' own times. */
  readonly from: number;
  readonly to: number;
  readonly utcOffset: number;
}

/** The clip would be longer than one may be. */
export class ClipTooLarge extends Error {
  override readonly name = "ClipTooLarge";
}

/** Milliseconds that tracks may lie apart in order of arrival. */
const apart = 1000;

/**
 * Takes the frames of a span of time out of a stream's entries. It ends before tracks that are others or have another configuration:
 * one file has one. Undefined where nothing of it is there.
 *
 * @param entries in their order, beginning with what is in force
 * @throws {ClipTooLarge} where the frames have more bytes than `maxBytes`
 */
export async function gatherClip(entries: AsyncIterable<ReadEntry>, span: ClipSpan, maxBytes: number): Promise<ClipFrames | undefined> {
  const clip = new Gathered(span, maxBytes);
  for await (const entry of entries) if (!clip.take(entry)) break;
  return clip.done();
}

class Gathered {
  readonly #span: ClipSpan;
  readonly #maxBytes: number;
  #generation: Generation | undefined;
  #leading: Track | undefined;
  #timescales = new Map<number, number>();
  /** The map to UTC in force now, and where the clip begins. */
  #now = 0;
  #utcOffset = 0;
  #frames: Frame[] = [];
  #bytes = 0;
  /** Presentation time of the key frame it begins with, and the latest decoding time; milliseconds. */
  #first = 0;
  #last = 0;

  constructor(span: ClipSpan, maxBytes: number) {
    this.#span = span;
    this.#maxBytes = maxBytes;
  }

  /** False where no more is wanted. */
  take(entry: ReadEntry): boolean {
    switch (entry.kind) {
      case "discontinuity":
        this.#now = entry.discontinuity.utcOffset;
        return true;
      case "generation":
        return this.#change(entry.generation);
      case "frame":
        return this.#add(entry.frame);
      case "skip":
        return true;
    }
  }

  done(): ClipFrames | undefined {
    if (this.#generation === undefined || this.#frames.length === 0) return undefined;
    const from = Math.max(this.#first, this.#span.from - this.#utcOffset);
    // The last frame lasts as long as its muxer thinks.
    const to = Math.min(this.#span.to - this.#utcOffset, this.#last + apart);
    if (to <= from) return undefined;
    return { generation: this.#generation, frames: this.#frames, from, to, utcOffset: this.#utcOffset };
  }

  #change(next: Generation): boolean {
    const isSame =
      this.#generation?.tracks.length === next.tracks.length &&
      this.#generation.tracks.every((track, i) => sameTrack(track, next.tracks[i]!));
    if (isSame) return true;
    // What was before the beginning is of no use beside other tracks.
    if (this.#frames.length > 0 && this.#last + this.#utcOffset >= this.#span.from) return false;
    this.#generation = next;
    this.#leading = leadingTrack(next.tracks);
    this.#timescales = new Map(next.tracks.map(({ id, timescale }) => [id, timescale]));
    this.#frames = [];
    this.#bytes = 0;
    return true;
  }

  #add(frame: Frame): boolean {
    const { from, to } = this.#span;
    const dts = this.#ms(frame.dts, frame);
    const pts = this.#ms(frame.pts, frame);
    const isLeading = frame.track === this.#leading?.id;
    if (isLeading && isRandomAccess(frame) && (this.#frames.length === 0 || pts + this.#now <= from)) this.#begin(pts);
    else if (this.#frames.length === 0) return true;
    if (dts + this.#now >= to) return dts + this.#now < to + apart;
    this.#frames.push(frame);
    this.#bytes += frame.data.length;
    this.#last = Math.max(this.#last, dts);
    if (this.#bytes > this.#maxBytes) throw new ClipTooLarge("The clip would have more bytes than clips may have.");
    return true;
  }

  #begin(pts: number): void {
    this.#frames = [];
    this.#bytes = 0;
    this.#first = pts;
    this.#utcOffset = this.#now;
  }

  #ms(ticks: number, { track }: Frame): number {
    return toMicros(ticks, this.#timescales.get(track) ?? 1000) / 1000;
  }
}
