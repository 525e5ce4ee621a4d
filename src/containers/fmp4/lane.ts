/** A track on its way into fragments. */
import type { Frame } from "../../media/frame.ts";
import type { FragmentSample, ProducerReference } from "./fragment.ts";
import type { MediaTrack } from "./init.ts";

/** The samples of one fragment, placed in time. */
export interface Ready {
  /** Decoding time to write, in ticks of the track's MP4 timescale. */
  readonly decodeTime: number;
  readonly samples: readonly FragmentSample[];
  readonly reference?: ProducerReference;
  /** True decoding time of the first sample, in ticks of the track's own timescale. */
  readonly dts: number;
  readonly randomAccess: boolean;
}

export interface Lane {
  readonly track: MediaTrack;
  /**
   * Takes a frame, and gives what is complete with it, in order.
   *
   * @param utcOffset Unix milliseconds of the timeline's zero
   */
  add(frame: Frame, utcOffset: number): readonly Ready[];
  /** A discontinuity lies between what was added and what comes. */
  interrupt(): void;
  /** Gives what is held back. */
  flush(): readonly Ready[];
}
