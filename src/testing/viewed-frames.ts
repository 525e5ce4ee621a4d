import { FlvReader } from "../containers/flv/reader.ts";
import { TagDemuxer } from "../containers/flv/tag-demuxer.ts";
import { codecStringOf } from "../containers/fmp4/read-codec.ts";
import { Fmp4Reader } from "../containers/fmp4/reader.ts";
import { fragmentSamples } from "../containers/fmp4/samples.ts";
import { isRandomAccess } from "../media/frame.ts";
import type { Track } from "../media/track.ts";
import { frameHash } from "./frame-hash.ts";

/** A frame as a viewer got it. */
export interface ViewedFrame {
  readonly kind: "video" | "audio";
  /** RFC 6381, `avc1.64001f`; empty where the codec has none. */
  readonly codec: string;
  /** Milliseconds, as the container tells. */
  readonly dts: number;
  readonly pts: number;
  readonly randomAccess: boolean;
  readonly data: Uint8Array;
  /** Of `data`, as `frameHash` makes it. */
  readonly hash: string;
}

/** Takes what a viewer gets, cut anywhere, and tells its frames. Throws `ProtocolError` where it is not that container. */
export type ViewedBytes = (bytes: Uint8Array) => void;

/** @param take gets every frame of a picture or of sound */
export function flvFrames(take: (frame: ViewedFrame) => void): ViewedBytes {
  const tracks = new Map<number, Track>();
  const demuxer = new TagDemuxer({
    announce: () => undefined,
    metadata: () => undefined,
    track: (track) => void tracks.set(track.id, track),
    frame(frame) {
      const { kind, codecString: codec, timescale } = tracks.get(frame.track)!;
      if (kind === "data") return;
      const ms = (ticks: number): number => (ticks * 1000) / timescale;
      const { dts, pts, data } = frame;
      take({ kind, codec, dts: ms(dts), pts: ms(pts), randomAccess: isRandomAccess(frame), data, hash: frameHash(data) });
    },
  });
  const reader = new FlvReader({ header: () => undefined, tag: (tag) => demuxer.tag(tag) });
  return (bytes) => reader.push(bytes);
}

/** The same for fragmented MP4. */
export function mp4Frames(take: (frame: ViewedFrame) => void): ViewedBytes {
  const reader = new Fmp4Reader();
  return (bytes) => {
    for (const event of reader.push(bytes)) {
      if (event.type === "init") continue;
      for (const { track, dts, pts, isSync, data } of fragmentSamples(event)) {
        if (track.kind === "other") continue;
        const ms = (ticks: number): number => (ticks * 1000) / track.timescale;
        const codec = codecStringOf(track) ?? "";
        take({ kind: track.kind, codec, dts: ms(dts), pts: ms(pts), randomAccess: isSync, data, hash: frameHash(data) });
      }
    }
  };
}
