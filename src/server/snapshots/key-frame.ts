import { jpegHead, wholeJpeg } from "../../media/jpeg.ts";
import { joined } from "../../bytes/joined.ts";
import type { Frame } from "../../media/frame.ts";
import type { MuxedChunk } from "../../media/muxer.ts";
import { Codec, type Generation, type VideoTrack } from "../../media/track.ts";
import type { Timeline } from "../../hub/timeline.ts";
import { type ChildInput, childInput } from "../transcode/recipe.ts";

/** The newest picture of a stream that can be decoded by itself. */
export interface KeyFrame {
  /** Number of its entry in the timeline. */
  readonly sequence: number;
  readonly track: VideoTrack;
  readonly frame: Frame;
  readonly generation: Generation;
}

/** Undefined where there is none yet, or the stream has no pictures. */
export function newestKeyFrame(timeline: Timeline): KeyFrame | undefined {
  const start = timeline.newestStart;
  const entry = start && timeline.entry(start.sequence);
  if (entry?.kind !== "frame") return undefined;
  const track = start!.generation.tracks.find(({ id }) => id === entry.frame.track);
  return track?.kind === "video" ? { sequence: start!.sequence, track, frame: entry.frame, generation: start!.generation } : undefined;
}

/** The frame itself where it is a JPEG. */
export function asJpeg({ track, frame }: KeyFrame): Uint8Array | undefined {
  return track.codec === Codec.mjpeg && jpegHead(frame.data) !== undefined ? joined(wholeJpeg(frame.data)) : undefined;
}

/** A file with this picture alone, for FFmpeg. @throws {NotCarried} where no container that FFmpeg reads carries it */
export function asFile({ track, frame, generation }: KeyFrame): { readonly demuxer: ChildInput["demuxer"]; readonly bytes: Uint8Array } {
  const alone: Generation = { ...generation, tracks: [track], metadata: {} };
  const { demuxer, container } = childInput(alone);
  const parts: Uint8Array[] = [];
  const muxer = container.muxer({
    init: ({ bytes }) => void parts.push(bytes),
    chunk: (chunk: MuxedChunk) => void parts.push(...chunk.parts),
  });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation(alone);
  muxer.frame({ ...frame, dts: 0, pts: 0 });
  muxer.flush();
  return { demuxer, bytes: joined(parts) };
}
