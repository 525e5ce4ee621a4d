/**
 * Decoding times of an audio track, counted in samples. Stamps in milliseconds, jitter and a clock that is slow or
 * fast would otherwise become tiny gaps and overlaps: gaps click, and an overlap can freeze the video beside it.
 * So durations are what was coded, changed by at most 1 % while the count is off; a real hole stays a hole.
 */
import { Codec } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";

/** Seconds that the count may be off before durations are changed. */
const tolerance = 0.005;
/** Seconds of missing audio that are no longer drift. */
const hole = 0.1;
/** Part of a duration that may be added or taken away. */
const slew = 0.01;
/** The error is averaged over about this many frames, so that jitter does not pull at it. */
const averaged = 16;

/** Ticks per second of an audio track in MP4: its sampling rate. Opus always counts in 1/48000 s. */
export function audioTimescale(track: AudioTrack): number {
  if (track.codec === Codec.opus) return 48_000;
  return track.sampleRate > 0 ? track.sampleRate : 48_000;
}

/** Where one audio frame goes, in samples. */
export interface AudioPlace {
  readonly start: number;
  readonly duration: number;
}

export class AudioClock {
  readonly #rate: number;
  /** End of what was written, or the earliest time allowed for the first frame. */
  #end: number;
  #started = false;
  /** Averaged lag of `#end` behind the stamps, in samples. */
  #lag = 0;

  /**
   * @param rate samples per second
   * @param notBefore where what was written for this track before ends, in samples
   */
  constructor(rate: number, notBefore = 0) {
    this.#rate = rate;
    this.#end = notBefore;
  }

  /** End of what was written, in samples. */
  get end(): number {
    return this.#end;
  }

  /**
   * Places the next frame.
   *
   * @param time its true time in samples
   * @param samples how many it decodes to, at least 1
   */
  place(time: number, samples: number): AudioPlace {
    const steps = !this.#started || time - this.#end > hole * this.#rate;
    const start = steps ? Math.max(time, this.#end) : this.#end;
    if (steps) this.#lag = 0;
    this.#started = true;
    const change = this.#correction(time - start, samples);
    this.#lag -= change;
    const duration = samples + change;
    this.#end = start + duration;
    return { start, duration };
  }

  #correction(lag: number, samples: number): number {
    this.#lag += (lag - this.#lag) / averaged;
    const most = Math.max(1, Math.floor(samples * slew));
    const wanted = Math.round(this.#lag);
    const slewed = Math.abs(this.#lag) < tolerance * this.#rate ? 0 : Math.max(-most, Math.min(most, wanted));
    // Stamps closer together than the frames are long, for long: a publisher that misstates its sampling rate. Its
    // sound is wrong anyway; keeping to the stamps keeps it beside the picture.
    const tooFar = lag + Math.round(hole * this.#rate);
    return Math.max(1 - samples, tooFar < 0 ? Math.min(slewed, tooFar) : slewed);
  }
}
