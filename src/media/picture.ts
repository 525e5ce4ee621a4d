/** Bounds on what a sequence header may say of its pictures, the same for every video codec. */

/** Pixels of a picture's side: what level 6.2 of AVC and HEVC allows, rounded down. */
export const MAX_PICTURE_SIDE = 16384;
/** More frames a second than this is a broken clock, not a frame rate. */
const MAX_FRAME_RATE = 1000;

/** Frames per second as ticks per second over ticks per frame; 0 where the two make no rate. */
export function frameRateOf(timeScale: number, ticksPerFrame: number): number {
  const rate = timeScale / ticksPerFrame;
  return rate > 0 && rate <= MAX_FRAME_RATE ? rate : 0;
}
