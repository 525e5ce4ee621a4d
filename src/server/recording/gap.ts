/** A part of a stream's time of which a recording has nothing. Milliseconds of the timeline. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** Unix milliseconds of the timeline's time 0 there. */
  readonly utcOffset: number;
  /** The disk failed, it was too slow, or nobody published. */
  readonly reason: "disk" | "slow" | "publisher";
}
