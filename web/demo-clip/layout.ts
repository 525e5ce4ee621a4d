/** Size of the picture in pixels. */
export const WIDTH = 960;
export const HEIGHT = 540;
/** Everything repeats after this many seconds: 240 pictures at 30 a second, 375 AAC frames at 48 kHz. */
export const LOOP_SECONDS = 8;

/** Where the parts of the picture stand, in pixels. */
export const layout = {
  axle: { x: 612, y: 322 },
  wheelRadius: 128,
  /** Surface of the stream below. */
  waterline: 442,
  /** Underside of the wooden trough that brings the water, and where it ends. */
  flume: { y: 186, end: 604 },
} as const;
