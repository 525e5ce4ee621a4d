import { nonSyncFlag } from "./fragment.ts";
import type { MovieTrack } from "./read-moov.ts";
import type { FragmentEvent } from "./reader.ts";

/** One sample of a fragment with its payload. Times are ticks of the track's timescale. */
export interface FragmentSample {
  readonly track: MovieTrack;
  readonly dts: number;
  readonly pts: number;
  readonly duration: number;
  readonly isSync: boolean;
  /** A view of the fragment's mdat. */
  readonly data: Uint8Array;
}

/** The samples of all tracks of a fragment, in its order. */
export function* fragmentSamples({ movie, fragment, payloads }: FragmentEvent): Generator<FragmentSample> {
  let payload = 0;
  for (const { trackId, decodeTime, samples } of fragment.tracks) {
    const track = movie.tracks.find(({ id }) => id === trackId)!;
    let dts = decodeTime;
    for (const { duration, flags, compositionOffset } of samples) {
      const isSync = (flags & nonSyncFlag) === 0;
      yield { track, dts, pts: dts + compositionOffset, duration, isSync, data: payloads[payload++]! };
      dts += duration;
    }
  }
}
