import type { PlayerState } from "./states.ts";
import type { PlayerStats } from "./stats.ts";

/** What the player's events carry. None of them bubble. */
export interface MillracePlayerEventMap {
  /** The state, or the words that go with it, changed. */
  statechange: CustomEvent<{
    readonly state: PlayerState;
    readonly previous: PlayerState;
    readonly message: string;
    readonly hint: string;
  }>;
  /** It was refused, is not supported, or failed: `code` is the state, `message` the reason in words. */
  error: CustomEvent<{ readonly code: PlayerState; readonly message: string }>;
  /** The figures, once a second while there is a stream. */
  stats: CustomEvent<PlayerStats>;
  /** The player changed its rate, or moved the playhead, to keep its latency. */
  latency: CustomEvent<{ readonly buffer: number; readonly rate: number; readonly seek: "hole" | "latency" | "stall" | null }>;
  /** Another moment of the stream was gone to and is shown: `behind` is how many seconds before now it is, 0 for live. */
  seeked: CustomEvent<{ readonly behind: number; readonly past: number }>;
  /** Volume or muting changed; `byBrowser` where the browser insists on silence. */
  volumechange: CustomEvent<{ readonly volume: number; readonly muted: boolean; readonly byBrowser: boolean }>;
}

/** Those, and those of every element. */
type ElementEventMap = Omit<HTMLElementEventMap, keyof MillracePlayerEventMap> & MillracePlayerEventMap;

/** An element that has the player's events: listeners get them with their types. */
export interface PlayerEventTarget extends HTMLElement {
  addEventListener<Type extends keyof ElementEventMap>(
    type: Type,
    listener: (event: ElementEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<Type extends keyof ElementEventMap>(
    type: Type,
    listener: (event: ElementEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}
