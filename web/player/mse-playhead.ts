import type { EngineListener } from "./engine.ts";
import { bufferedAhead, jumpTarget } from "./gaps.ts";
import type { Range } from "./gaps.ts";
import type { LatencyController } from "./latency-controller.ts";

/** This close before a hole the playhead jumps over it, before the element notices. Seconds. */
const holeMargin = 0.06;
/** An element may wait with this much before it: sound is decoded that far ahead. Seconds. */
const unplayable = 0.3;
/** At the start, how long to wait for the burst of what the server has kept, and for a first buffer. Seconds. */
const burstPatience = 0.15;
const fillPatience = 0.5;
/** A seek lands this far behind the start of a range, where rounding cannot put it outside. Seconds. */
const landing = 0.001;
/** The playhead stands still with media ahead: after this long it is nudged, and after that given up. Seconds. */
const nudgeAfter = 1;
const giveUpAfter = 4;
const nudge = 0.1;
/** Playback that ran dry and goes on within this time ran dry for want of buffer. Seconds. */
const underrunWithin = 1.5;

export interface PlayheadListener extends Pick<EngineListener, "seeked" | "rate" | "playing" | "waiting"> {
  stuck(): void;
}

/** Moves a video element's playhead: to the first picture, over holes, to the latency wanted, out of stalls. */
export class MsePlayhead {
  readonly #video: HTMLVideoElement;
  readonly #latency: LatencyController;
  readonly #listener: PlayheadListener;
  readonly #unlisten = new AbortController();
  #positioned = false;
  #firstSeen: number | undefined;
  /** Media before this is of an earlier start. */
  #notBefore = 0;
  #dryAt: number | undefined;
  #moved = { time: -1, at: 0 };
  #nudged = false;

  constructor(video: HTMLVideoElement, latency: LatencyController, listener: PlayheadListener) {
    this.#video = video;
    this.#latency = latency;
    this.#listener = listener;
    const { signal } = this.#unlisten;
    video.addEventListener("waiting", () => this.#waiting(), { signal });
    video.addEventListener("playing", () => this.#playing(), { signal });
  }

  /** Whether the playhead stands in the media. */
  get positioned(): boolean {
    return this.#positioned;
  }

  /** Begins anew: the playhead goes to the newest of the media at and after `notBefore`, seconds of the element's clock. */
  reposition(notBefore: number): void {
    this.#positioned = false;
    this.#firstSeen = undefined;
    this.#notBefore = notBefore;
    this.#latency.moved();
  }

  /**
   * Looks at what is buffered and does what is due. Called whenever that changed, and some times a second.
   *
   * @param settled nothing is on its way into the buffers.
   */
  look(ranges: readonly Range[], settled: boolean): void {
    const now = performance.now() / 1000;
    if (!this.#positioned) this.#position(ranges, settled, now);
    if (!this.#positioned) return;
    const at = this.#video.currentTime;
    const to = jumpTarget(ranges, at, this.#margin());
    if (to !== undefined) {
      this.#seek(to + landing, "hole");
      return;
    }
    if (this.#video.paused || this.#video.seeking) return;
    const ahead = bufferedAhead(ranges, at);
    this.#keepLatency(ranges, ahead, now);
    this.#watchStall(at, ahead, now);
  }

  /** Goes to the newest media at once. */
  jumpToLive(ranges: readonly Range[]): void {
    const last = ranges.at(-1);
    if (last === undefined) return;
    const to = Math.max(last[0] + landing, last[1] - this.#latency.target);
    if (Math.abs(to - this.#video.currentTime) > 0.1) this.#seek(to, "latency");
  }

  close(): void {
    this.#unlisten.abort();
  }

  #position(ranges: readonly Range[], settled: boolean, now: number): void {
    const last = ranges.at(-1);
    if (last === undefined || last[1] <= this.#notBefore) return;
    this.#firstSeen ??= now;
    const waited = now - this.#firstSeen;
    const start = Math.max(last[0], this.#notBefore);
    if (!settled && waited < burstPatience) return;
    if (last[1] - start < this.#latency.target && waited < fillPatience) return;
    this.#positioned = true;
    this.#moved = { time: -1, at: now };
    const to = Math.max(start + landing, last[1] - this.#latency.target);
    if (Math.abs(this.#video.currentTime - to) > 0.05) this.#video.currentTime = to;
    this.#latency.moved();
  }

  /** How much before a hole to leave unplayed. An element that waits already will not play it either. */
  #margin(): number {
    if (this.#video.seeking) return 0;
    return this.#dryAt === undefined ? holeMargin : unplayable;
  }

  #seek(to: number, why: "hole" | "latency" | "stall"): void {
    this.#video.currentTime = to;
    this.#dryAt = undefined;
    this.#latency.moved();
    this.#listener.seeked(why);
  }

  #keepLatency(ranges: readonly Range[], ahead: number, now: number): void {
    const { rate, seek } = this.#latency.update(now, ahead);
    if (seek) {
      this.jumpToLive(ranges);
      return;
    }
    if (Math.abs(this.#video.playbackRate - rate) < 0.001) return;
    this.#video.playbackRate = rate;
    this.#listener.rate(rate);
  }

  /** A decoder that hangs, or a browser that waits for what is there. */
  #watchStall(at: number, ahead: number, now: number): void {
    if (at !== this.#moved.time || ahead < Math.max(this.#latency.target, unplayable)) {
      this.#moved = { time: at, at: now };
      this.#nudged = false;
      return;
    }
    const stood = now - this.#moved.at;
    if (stood > giveUpAfter) {
      this.#moved.at = now;
      this.#listener.stuck();
    } else if (stood > nudgeAfter && !this.#nudged) {
      this.#nudged = true;
      const since = this.#moved.at;
      this.#seek(at + Math.min(nudge, ahead / 2), "stall");
      this.#moved = { time: this.#video.currentTime, at: since };
    }
  }

  #waiting(): void {
    if (!this.#positioned || this.#video.seeking) return;
    this.#dryAt = performance.now() / 1000;
    this.#listener.waiting();
  }

  #playing(): void {
    const now = performance.now() / 1000;
    if (this.#dryAt !== undefined && now - this.#dryAt < underrunWithin) this.#latency.underrun(now);
    this.#dryAt = undefined;
    this.#listener.playing();
  }
}
