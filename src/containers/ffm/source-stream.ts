import type { FrameAccess } from "../../media/frame.ts";
import type { AudioTrack, VideoTrack } from "../../media/track.ts";
import type { FfmFrame } from "./reader.ts";

/** What the place of a stream in its header makes of its track. */
export type TrackIdentity = Pick<VideoTrack, "id" | "timescale" | "isDefault">;

/** One frame in the form ours have. */
export interface SourcePart extends FrameAccess {
  readonly data: Uint8Array;
  /** Microseconds after the time that FFM has for it; 0 if not given. */
  readonly later?: number;
}

/** One stream of an FFM header. */
export interface SourceStream {
  /** Once enough is known of it. Another object means that something of it changed. */
  readonly track: VideoTrack | AudioTrack | undefined;
  /** What becomes of a frame: none where it cannot be placed yet. @throws ProtocolError if it is broken */
  frames(frame: FfmFrame): readonly SourcePart[];
}
