/** What decodes and shows. */
export const EngineKind = { mse: "mse", webcodecs: "webcodecs" } as const;
export type EngineKind = (typeof EngineKind)[keyof typeof EngineKind];

/** Figures of an engine since it was made. */
export interface EngineStats {
  /** Seconds of media ahead of the playhead. */
  readonly buffer: number;
  readonly playbackRate: number;
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** Pixels of the picture; 0 without one. */
  readonly width: number;
  readonly height: number;
  /** Position on the stream's own clock in seconds; undefined before the first picture. */
  readonly position: number | undefined;
}
