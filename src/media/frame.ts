/**
 * Stream access point type of a frame, ISO/IEC 14496-12 Annex I in the small: what a decoder that starts here gets.
 */
export const Sap = {
  /** Not a random-access point. */
  none: 0,
  /** Closed: everything from here on decodes (IDR). */
  closed: 1,
  /** Leading pictures follow and decode. */
  leading: 2,
  /** Open: leading pictures follow that do not decode (CRA). */
  open: 3,
  /** Gradual decoder refresh. */
  gradual: 4,
} as const;
export type Sap = (typeof Sap)[keyof typeof Sap];

/**
 * One coded frame (an access unit, an audio packet, a data message). Immutable, shared by everybody.
 *
 * Video is length-prefixed NAL units (4 bytes; low-overhead OBUs with size fields for AV1), audio raw (no ADTS).
 */
export interface Frame {
  /** Id of the track in the current generation. */
  readonly track: number;
  /** Decoding time in ticks of the track's timescale, on the timeline's own clock. Strictly rising per track. */
  readonly dts: number;
  /** Presentation time, same ticks. May be less than `dts` where an encoder is broken. */
  readonly pts: number;
  readonly sap: Sap;
  /** No other frame refers to this one. */
  readonly discardable: boolean;
  /** Monotonic microseconds at ingest. */
  readonly arrived: number;
  /** The payload. Owned by the timeline; nobody writes to it. */
  readonly data: Uint8Array;
}

/** What a coded frame says of itself: where decoding may start, and whether it may be left out. */
export type FrameAccess = Pick<Frame, "sap" | "discardable">;

/** The values that occur, shared so that none is made per frame. A random-access point is never discardable. */
export const Access = {
  none: Object.freeze({ sap: Sap.none, discardable: false }),
  discardable: Object.freeze({ sap: Sap.none, discardable: true }),
  closed: Object.freeze({ sap: Sap.closed, discardable: false }),
  leading: Object.freeze({ sap: Sap.leading, discardable: false }),
  open: Object.freeze({ sap: Sap.open, discardable: false }),
  gradual: Object.freeze({ sap: Sap.gradual, discardable: false }),
} as const satisfies Record<string, FrameAccess>;

/** Every audio packet decodes on its own, in every codec we carry. */
export function isRandomAccess(frame: Pick<Frame, "sap">): boolean {
  return frame.sap !== Sap.none;
}
