import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import type { Metadata, Track } from "../../media/track.ts";
import { checkTimes, checkTrack } from "../publishing/check-frame.ts";

/** Passes on what somebody else's demuxer tells, as far as it can be: what is no track or no frame would be every viewer's trouble. */
export class CheckedSink implements FrameSink {
  readonly #sink: FrameSink;
  readonly #tracks = new Set<number>();

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  announce(kinds: { readonly video: boolean; readonly audio: boolean }): void {
    this.#sink.announce(kinds);
  }

  metadata(values: Metadata): void {
    this.#sink.metadata(values);
  }

  /** @throws TypeError for what is no track */
  track(track: Track): void {
    checkTrack(track);
    this.#tracks.add(track.id);
    this.#sink.track(track);
  }

  /** @throws TypeError for what is no frame, or of a track that it was not told of */
  frame(frame: SourceFrame): void {
    const { track, dts, pts, sap, data } = frame;
    if (!this.#tracks.has(track)) throw new TypeError(`a frame of track ${String(track)}, which there is not`);
    checkTimes(dts, pts);
    if (!accessPoints.has(sap)) throw new TypeError("a frame's sap is 0 to 4");
    if (!(data instanceof Uint8Array)) throw new TypeError("a frame's data is a Uint8Array");
    this.#sink.frame(frame);
  }
}

const accessPoints: ReadonlySet<Sap> = new Set(Object.values(Sap));
