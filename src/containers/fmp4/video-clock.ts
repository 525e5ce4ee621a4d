/**
 * Decoding times of a video track, so that they never step inside a GOP: each is the one before it plus the duration
 * that was written for it. Media Source Extensions drop everything up to the next key frame when a decoding time
 * moves by more than twice the last duration, and two lost frames are enough for that. What the publisher's clock
 * really did goes into the composition offset, so presentation times are exact.
 *
 * What is written keeps half a frame behind the true decoding times, so that jitter does not bring it past a
 * presentation time: FFmpeg's reader moves all presentation times when it meets a negative offset.
 */
import { Cadence } from "./cadence.ts";

/** Ticks per second of every video track: a multiple of RTMP's 1000, so that no stamp is ever rounded. */
export const videoTimescale = 90_000;

const int32 = 2 ** 31;
/** Durations cannot be below this, in ticks; a track of 1000 frames a second has 90. */
const leastDuration = 1;
/** A lag is made up by this part of it with each frame, where that is more than one frame's length. */
const lagPart = 8;
/** Frames a second to begin with where the track does not say: too many is safe, the times written lag a little. */
const assumedRate = 60;

/** Where one frame goes, in ticks of 1/90000 s. */
export interface VideoPlace {
  /** Decoding time written (tfdt). */
  readonly start: number;
  readonly duration: number;
  /** Presentation time minus `start`; may be negative. */
  readonly compositionOffset: number;
}

export class VideoClock {
  readonly #cadence: Cadence;
  /** End of what was written, or the earliest time allowed for the first frame. */
  #end: number;
  #started = false;

  /** @param frameRate as the track declares it, 0 where unknown. */
  constructor(frameRate: number) {
    const declared = frameRate >= 1 && frameRate <= 1000;
    this.#cadence = new Cadence(Math.round(videoTimescale / (declared ? frameRate : assumedRate)));
    this.#end = 0;
  }

  /** Places the next frame. Times are true ones, in ticks of 1/90000 s. */
  place(dts: number, pts: number, isKey: boolean): VideoPlace {
    const usual = this.#cadence.after(dts);
    const target = dts - usual / 2;
    const mayStep = isKey || !this.#started;
    const start = mayStep ? Math.max(Math.ceil(target), this.#end) : this.#end;
    const duration = durationUntil(target + usual - start, usual, start > dts);
    this.#started = true;
    this.#end = start + duration;
    return { start, duration, compositionOffset: Math.max(-int32, Math.min(int32 - 1, pts - start)) };
  }

  /** A discontinuity: the next distance is not one between frames. */
  interrupt(): void {
    this.#cadence.interrupt();
  }
}

/**
 * The duration that ends where the next frame is expected, but neither so short nor so long that a player takes the
 * end of the buffer for somewhere else. What is left over goes into the frames after; it shrinks with each of them.
 */
function durationUntil(wanted: number, usual: number, isAhead: boolean): number {
  const shortest = isAhead ? usual / 2 : (usual * 3) / 4;
  const longest = usual + Math.max(usual, (wanted - usual) / lagPart);
  return Math.max(leastDuration, Math.round(Math.min(Math.max(wanted, shortest), longest)));
}
