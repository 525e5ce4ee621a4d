/** What our demuxer reads in FFM. */
import { FfmDemuxer } from "../../src/containers/ffm/demuxer.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import type { Track } from "../../src/media/track.ts";

export interface FfmDemuxed {
  /** By id. */
  readonly tracks: readonly Track[];
  readonly frames: readonly SourceFrame[];
  readonly dropped: number;
}

/** Reads all of it, in pieces of a length that fits nothing. */
export function ffmDemuxed(data: Uint8Array): FfmDemuxed {
  const step = 1009;
  const tracks = new Map<number, Track>();
  const frames: SourceFrame[] = [];
  const demuxer = new FfmDemuxer({
    announce: () => undefined,
    metadata: () => undefined,
    track: (track) => tracks.set(track.id, track),
    frame: (frame) => frames.push(frame),
  });
  for (let at = 0; at < data.length; at += step) demuxer.push(data.subarray(at, at + step));
  demuxer.end();
  return { tracks: [...tracks.values()].toSorted((a, b) => a.id - b.id), frames, dropped: demuxer.dropped };
}
