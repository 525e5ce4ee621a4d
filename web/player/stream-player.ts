import type { EngineChoice } from "./capabilities.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { EngineListener, Stage } from "./engine.ts";
import type { Place } from "./place.ts";
import type { PlayerState } from "./states.ts";
import type { PlayerStats } from "./stats.ts";

export interface PlayerOptions extends ConnectionOptions {
  readonly engine: EngineChoice;
  /** Seconds of buffer aimed at. */
  readonly latency: number;
  readonly stage: Stage;
  readonly volume: number;
  readonly muted: boolean;
}

export interface PlayerListener extends Pick<EngineListener, "seeked" | "rate" | "blocked" | "paused"> {
  state(state: PlayerState, detail: string): void;
  /** Playback waits for media, or goes on. */
  buffering(isBuffering: boolean): void;
  /** The moment that was gone to is shown. */
  arrived(): void;
  /** Something of the stream is not played; "" where all is. */
  missing(text: string): void;
}

/** What plays a stream, however its media travel. */
export interface StreamPlayer {
  readonly isPaused: boolean;
  latency: number;
  play(): void;
  pause(): void;
  /** Where in the stream's past the viewer is; undefined where nothing can be seen of that. */
  readonly place: Place | undefined;
  /** Goes to a moment, in Unix milliseconds of the server's clock; the nearest there is. */
  seekTo(time: number): void;
  jumpToLive(): void;
  retry(): void;
  setVolume(volume: number, muted: boolean): void;
  /** Null while there is nothing to tell. */
  stats(): PlayerStats | null;
  close(): void;
}
