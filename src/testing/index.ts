/**
 * `millrace/testing`: what tests of programs with a Millrace server in them need. No FFmpeg, no fixed ports, nothing global; works in
 * any test runner.
 */
export { collectFrames, type CollectFramesOptions } from "./collect-frames.ts";
export { FakeClock } from "./fake-clock.ts";
export { frameHash } from "./frame-hash.ts";
export { publishTestClip, type TestClip, type TestClipFrame, type TestClipOptions } from "./test-clip.ts";
export type { ViewedFrame } from "./viewed-frames.ts";
export { ViewerError } from "./viewer.ts";
export { waitForFrame, type WaitForFrameOptions } from "./wait-for-frame.ts";
export { type WaitOptions, WaitTimeoutError } from "./wait.ts";
