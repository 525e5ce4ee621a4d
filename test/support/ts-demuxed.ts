/** What our demuxer reads in a transport stream, in the terms in which FFmpeg tells what it reads (packets.ts). */
import { createHash } from "node:crypto";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import type { Track } from "../../src/media/track.ts";
import type { TsCounts } from "../../src/containers/mpegts/demuxer.ts";
import { TsDemuxer } from "../../src/containers/mpegts/demuxer.ts";
import type { Packet } from "./packets.ts";

export interface Demuxed {
  /** As they were last said to be, by id. */
  readonly tracks: ReadonlyMap<number, Track>;
  /** Every word on tracks, in order. */
  readonly told: readonly Track[];
  readonly frames: readonly SourceFrame[];
  readonly announced: readonly { readonly video: boolean; readonly audio: boolean }[];
  readonly counts: Readonly<TsCounts>;
}

/**
 * Reads all of it, in pieces of a length. The frames come in the order in which the demuxer gives them.
 *
 * @param isCut the stream has no end, it breaks off
 */
export function demuxed(data: Uint8Array, step = 1009, isCut = false): Demuxed {
  const tracks = new Map<number, Track>();
  const told: Track[] = [];
  const frames: SourceFrame[] = [];
  const announced: { video: boolean; audio: boolean }[] = [];
  const demuxer = new TsDemuxer({
    announce: (kinds) => announced.push(kinds),
    metadata: () => undefined,
    track: (track) => {
      tracks.set(track.id, track);
      told.push(track);
    },
    frame: (frame) => frames.push(frame),
  });
  for (let at = 0; at < data.length; at += step) demuxer.push(data.subarray(at, at + step));
  if (!isCut) demuxer.end();
  return { tracks, told, frames, announced, counts: demuxer.counts };
}

/** The frames of one track as packets. */
export function packetsOfTrack({ tracks, frames }: Demuxed, id: number): Packet[] {
  const { kind, timescale } = tracks.get(id)!;
  const micros = (ticks: number): number => Math.round((ticks / timescale) * 1_000_000);
  return frames
    .filter(({ track }) => track === id)
    .map(({ dts, pts, sap, data }) => ({
      kind,
      dtsMicros: micros(dts),
      ptsMicros: micros(pts),
      isKey: sap !== 0,
      bytes: data.length,
      md5: createHash("md5").update(data).digest("hex"),
    }));
}
