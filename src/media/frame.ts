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

/** Every audio packet decodes on its own, in every codec we carry. */
export function isRandomAccess(frame: Frame): boolean {
  return frame.sap !== Sap.none;
}
