import type { InForce } from "../../containers/ring/block.ts";
import type { RingEntry } from "../../containers/ring/record.ts";
import { leadingTrack } from "../../hub/timeline.ts";
import { isRandomAccess } from "../../media/frame.ts";

/** What is in force between the entries of a timeline. */
export class StateInForce {
  #inForce: Partial<InForce> = {};
  /** Id of the track whose random-access points are the timeline's. */
  #leading: number | undefined;

  get current(): Partial<InForce> {
    return this.#inForce;
  }

  /** It is something else from here on. */
  begin(inForce: Partial<InForce> = {}): void {
    this.#inForce = inForce;
    this.#leading = leadingTrack(inForce.generation?.tracks ?? [])?.id;
  }

  take(entry: RingEntry): void {
    if (entry.kind === "generation") this.begin({ ...this.#inForce, generation: entry.generation });
    if (entry.kind === "discontinuity") this.#inForce = { ...this.#inForce, discontinuity: entry.discontinuity };
  }

  /** Viewers can begin at this entry. */
  isStart(entry: RingEntry): boolean {
    return entry.kind === "frame" && entry.frame.track === this.#leading && isRandomAccess(entry.frame);
  }

  /** Unix milliseconds of a time on the timeline. */
  utc(micros: number): number {
    return (this.#inForce.discontinuity?.utcOffset ?? 0) + micros / 1000;
  }
}
