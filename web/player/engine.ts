import type { EngineKind, EngineStats } from "./engine-stats.ts";
import type { LatencyController } from "./latency-controller.ts";
import type { StreamConfig, StreamFragment } from "./stream.ts";

/** What an engine tells. */
export interface EngineListener {
  /** Pictures or sound go on. */
  playing(): void;
  /** The playhead waits for media. */
  waiting(): void;
  /** The playhead was moved by us. */
  seeked(why: "hole" | "latency" | "stall"): void;
  /** The playback rate was changed by us. */
  rate(rate: number): void;
  /** The browser does not let sound, or anything, start without the viewer's doing. */
  blocked(what: "sound" | "playback"): void;
  /** The viewer paused or resumed by other ways than ours: a media key, picture in picture. */
  paused(paused: boolean): void;
  /** It cannot go on; a new connection and a new engine may help. */
  failed(message: string): void;
}

/** Where an engine shows its pictures. */
export interface Stage {
  readonly video: HTMLVideoElement;
  readonly canvas: HTMLCanvasElement;
  /** Holds the last picture while the video element has none. */
  readonly still: HTMLCanvasElement;
}

export interface EngineOptions {
  readonly stage: Stage;
  readonly latency: LatencyController;
  readonly listener: EngineListener;
}

/** Plays fragments. One lives as long as the player plays one stream; connections come and go. */
export interface Engine {
  readonly kind: EngineKind;
  /** Fragments that follow are of these tracks; those the engine cannot play were taken out. */
  configure(config: StreamConfig): void;
  append(fragment: StreamFragment): void;
  /**
   * What follows comes from a new connection, perhaps from another start of the server.
   *
   * @param isElsewhere it is of another moment, and what there is is shown no further than its last picture
   */
  reconnected(isElsewhere: boolean): void;
  play(): void;
  pause(): void;
  /** Goes to the newest media at once. */
  jumpToLive(): void;
  setVolume(volume: number, muted: boolean): void;
  stats(): EngineStats;
  close(): void;
}
