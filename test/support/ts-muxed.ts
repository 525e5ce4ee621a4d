/** Frames as our muxer writes them, for programs to read. */
import { joined } from "../../src/bytes/joined.ts";
import { tsMuxer } from "../../src/containers/mpegts/muxer.ts";
import type { TsOptions } from "../../src/containers/mpegts/muxer.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import type { MuxedChunk, Muxer } from "../../src/media/muxer.ts";
import type { Track } from "../../src/media/track.ts";

export interface MuxedTs {
  readonly muxer: Muxer;
  readonly chunks: MuxedChunk[];
  /** All of it, as a viewer has it who was there from the beginning. */
  readonly bytes: Uint8Array;
}

/** A muxer at work, of a stream that begins with these tracks. */
export function tsMuxing(tracks: readonly Track[], options: TsOptions = {}): MuxedTs {
  const chunks: MuxedChunk[] = [];
  const muxer = tsMuxer(options)({ init: () => undefined, chunk: (chunk) => chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks, metadata: {} });
  return {
    muxer,
    chunks,
    get bytes() {
      return joined(chunks.flatMap(({ parts }) => parts));
    },
  };
}

/** All frames of a stream. */
export function tsMuxed(tracks: readonly Track[], frames: readonly SourceFrame[], options: TsOptions = {}): MuxedTs {
  const made = tsMuxing(tracks, options);
  for (const frame of frames) made.muxer.frame({ ...frame, arrived: 0 });
  made.muxer.flush();
  return made;
}
