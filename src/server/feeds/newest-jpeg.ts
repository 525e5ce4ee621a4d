import { joined } from "../../bytes/joined.ts";
import type { Timeline } from "../../hub/timeline.ts";
import { wholeJpeg } from "../../media/jpeg.ts";
import type { FeedView } from "./feed-view.ts";

/** The newest picture of the Motion JPEG that a view shows; undefined where it shows none, or none has come. */
export function newestJpeg(timeline: Timeline, view: FeedView): Uint8Array | undefined {
  const { current } = timeline;
  const track = current && view.of(current).tracks.find(({ codec }) => codec === "mjpeg");
  if (track === undefined) return undefined;
  for (let sequence = timeline.endSequence - 1; sequence >= timeline.firstSequence; sequence--) {
    const entry = timeline.entry(sequence);
    if (entry?.kind === "frame" && entry.frame.track === track.id) return joined(wholeJpeg(entry.frame.data));
  }
  return undefined;
}
