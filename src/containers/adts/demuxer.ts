import { adtsFormat } from "../../media/audio-format.ts";
import type { FrameSink } from "../../media/demuxer.ts";
import { AudioFramesDemuxer, beginsWithFrames } from "../audio-frames.ts";

/** Reads AAC in ADTS (ISO/IEC 13818-7 6.2), as encoders of internet radio send it. */
export class AdtsDemuxer extends AudioFramesDemuxer {
  constructor(sink: FrameSink) {
    super(sink, { name: "ADTS", format: adtsFormat() });
  }
}

/** Whether input begins with ADTS frames; undefined where more has to come to tell. */
export function beginsWithAdts(head: Uint8Array): boolean | undefined {
  return beginsWithFrames(head, adtsFormat(), false);
}
