/** An audio track on its way into fragments: a few frames each. */
import type { Frame } from "../../media/frame.ts";
import { samplesIn } from "../../media/frame-samples.ts";
import { rescale } from "../../media/time.ts";
import type { AudioTrack } from "../../media/track.ts";
import { AudioClock, audioTimescale } from "./audio-clock.ts";
import { SampleFlags } from "./fragment.ts";
import type { FragmentSample, ProducerReference } from "./fragment.ts";
import type { Lane, Ready } from "./lane.ts";

/** Seconds of audio that one fragment may hold back. */
const longest = 0.06;
/** Seconds between references to the wall clock where no video carries them. */
const referenceInterval = 1;

export interface AudioGrouping {
  /** Frames in a fragment. */
  readonly frames: number;
  /** No video beside it: viewers may start at any fragment. */
  readonly alone: boolean;
}

export class AudioLane implements Lane {
  readonly track: AudioTrack;
  readonly #rate: number;
  readonly #grouping: AudioGrouping;
  readonly #clock: AudioClock;
  #held: FragmentSample[] = [];
  #heldFrom = 0;
  #heldDts = 0;
  #heldReference: ProducerReference | undefined;
  /** Samples; where the next reference to the wall clock is due. */
  #referenceDue = 0;

  /** @param before the same track in the generation before, flushed; its time goes on */
  constructor(track: AudioTrack, grouping: AudioGrouping, before?: AudioLane) {
    this.track = track;
    this.#rate = audioTimescale(track);
    this.#grouping = grouping;
    if (before === undefined) this.#clock = new AudioClock(this.#rate);
    else if (before.#rate === this.#rate) this.#clock = before.#clock;
    else this.#clock = new AudioClock(this.#rate, Math.ceil((before.#clock.end * this.#rate) / before.#rate));
  }

  add(frame: Frame, utcOffset: number): readonly Ready[] {
    const time = rescale(frame.pts, this.track.timescale, this.#rate);
    const place = this.#clock.place(time, samplesIn(this.track, frame.data));
    const heldEnd = this.#heldFrom + this.#heldLength();
    const before = this.#held.length > 0 && place.start !== heldEnd ? this.flush() : [];
    if (this.#held.length === 0) this.#begin(frame, place.start, utcOffset);
    this.#held.push({ duration: place.duration, flags: SampleFlags.sync, compositionOffset: 0, data: frame.data });
    const full = this.#held.length >= this.#grouping.frames || this.#heldLength() >= longest * this.#rate;
    return full ? [...before, ...this.flush()] : before;
  }

  interrupt(): void {
    this.#referenceDue = 0;
  }

  flush(): readonly Ready[] {
    if (this.#held.length === 0) return [];
    const ready = { decodeTime: this.#heldFrom, samples: this.#held, dts: this.#heldDts, randomAccess: this.#grouping.alone };
    this.#held = [];
    return [this.#heldReference === undefined ? ready : { ...ready, reference: this.#heldReference }];
  }

  #begin(frame: Frame, start: number, utcOffset: number): void {
    this.#heldFrom = start;
    this.#heldDts = frame.dts;
    this.#heldReference = undefined;
    if (!this.#grouping.alone || start < this.#referenceDue) return;
    this.#referenceDue = start + referenceInterval * this.#rate;
    this.#heldReference = { utc: utcOffset + (frame.pts * 1000) / this.track.timescale, mediaTime: start };
  }

  #heldLength(): number {
    return this.#held.reduce((sum, sample) => sum + sample.duration, 0);
  }
}
