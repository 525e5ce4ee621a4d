import { ProtocolError } from "../bytes/protocol-error.ts";
import type { IndexedTrack, MediaIndex, SampleList } from "./media-index.ts";
import type { SampleCollector } from "./sample-collector.ts";
import { rescale } from "./time.ts";
import type { Metadata } from "./track.ts";

/** A track of a file whose samples have all been found. */
export interface FoundTrack {
  readonly samples: SampleCollector;
  readonly timescale: number;
  /** Ticks to be added to all its times to have them on the file's own clock. */
  readonly offset: number;
  /** Makes the track with its samples. */
  readonly make: (samples: SampleList) => IndexedTrack;
}

/**
 * Puts together what an indexer found: the tracks that have samples, all moved by the same whole number of milliseconds, so
 * that the media begin at 0.
 *
 * @throws ProtocolError where no track has samples
 */
export function indexOf(found: readonly FoundTrack[], metadata: Metadata, leftOut: string): MediaIndex {
  const filled = found.filter(({ samples }) => samples.count > 0);
  if (filled.length === 0) throw new ProtocolError("truncated", "the file has no media");
  const begins = filled.map(({ samples, timescale, offset }) => ((samples.first! + offset) * 1000) / timescale);
  const startMs = Math.floor(Math.min(...begins));
  let durationMs = 0;
  const tracks = filled.map(({ samples, timescale, offset, make }) => {
    const start = Math.min(rescale(startMs, 1000, timescale) - offset, samples.first!);
    const list = samples.finish(start);
    durationMs = Math.max(durationMs, Math.ceil((list.end * 1000) / timescale));
    return make(list);
  });
  return { tracks, metadata, startMs, durationMs, leftOut };
}
