/** Closed segments of MPEG-TS, RFC 8216 3.2. */
import { joined } from "../../bytes/joined.ts";
import type { Frame } from "../../media/frame.ts";
import type { Generation } from "../../media/track.ts";
import { TsMuxer } from "./muxer.ts";
import type { TsOptions } from "./muxer.ts";

/** Milliseconds of audio from which on a PES packet is full: nobody waits for it. */
const AUDIO_FULL = 170;

/**
 * Makes one segment after the other, each from the frames between two random-access points. Each begins with PAT and PMT; continuity counters go on
 * from one to the next, and times are the timeline's, so that segments in a row are one transport stream.
 */
export class TsSegmentMuxer {
  readonly #muxer: TsMuxer;
  #parts: Uint8Array[] = [];

  constructor(options: TsOptions = {}) {
    const chunk = ({ parts }: { readonly parts: readonly Uint8Array[] }): void => void this.#parts.push(...parts);
    this.#muxer = new TsMuxer({ audioFull: AUDIO_FULL, ...options }, { init: () => undefined, chunk });
  }

  /** The tracks of the segments that follow. @throws NotCarried where none of them can be carried */
  generation(next: Generation): void {
    this.#muxer.generation(next);
  }

  /** The segments that follow do not follow from those before. */
  discontinuity(): void {
    this.#muxer.discontinuity();
  }

  /** A segment of these frames, which are in the order of the timeline. No bytes where none of them is carried. */
  segment(frames: Iterable<Frame>): Uint8Array {
    this.#muxer.restart();
    for (const frame of frames) this.#muxer.frame(frame);
    this.#muxer.flush();
    const parts = this.#parts;
    this.#parts = [];
    return joined(parts);
  }
}
