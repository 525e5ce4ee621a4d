/** A video track on its way into fragments: one frame each, at once. */
import type { Frame } from "../../media/frame.ts";
import { Sap } from "../../media/frame.ts";
import { rescale } from "../../media/time.ts";
import type { VideoTrack } from "../../media/track.ts";
import { SampleFlags } from "./fragment.ts";
import type { Lane, Ready } from "./lane.ts";
import { VideoClock, videoTimescale } from "./video-clock.ts";

export class VideoLane implements Lane {
  readonly track: VideoTrack;
  readonly #clock: VideoClock;
  readonly #isMain: boolean;

  /**
   * @param isMain viewers start at this track's key frames
   * @param before the same track in the generation before
   */
  constructor(track: VideoTrack, isMain: boolean, before?: VideoLane) {
    this.track = track;
    this.#isMain = isMain;
    this.#clock = before === undefined ? new VideoClock(track.frameRate) : before.#clock;
  }

  add(frame: Frame, utcOffset: number): readonly Ready[] {
    const { timescale } = this.track;
    const isKey = frame.sap !== Sap.none && frame.sap !== Sap.gradual;
    const pts = rescale(frame.pts, timescale, videoTimescale);
    const place = this.#clock.place(rescale(frame.dts, timescale, videoTimescale), pts, isKey);
    const flags = isKey ? SampleFlags.sync : frame.discardable ? SampleFlags.disposable : SampleFlags.dependent;
    const sample = { duration: place.duration, flags, compositionOffset: place.compositionOffset, data: frame.data };
    const ready = { decodeTime: place.start, samples: [sample], dts: frame.dts, randomAccess: isKey && this.#isMain };
    if (!isKey) return [ready];
    return [{ ...ready, reference: { utc: utcOffset + (frame.pts * 1000) / timescale, mediaTime: pts } }];
  }

  interrupt(): void {
    this.#clock.interrupt();
  }

  flush(): readonly Ready[] {
    return []; // nothing is ever held back
  }
}
