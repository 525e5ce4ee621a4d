import { mediaSourceClass } from "./media-source.ts";
import { hlsUrl } from "./media-url.ts";
import type { Place } from "./place.ts";
import { Player } from "./player.ts";
import { PlayerState } from "./states.ts";
import type { PlayerStats } from "./stats.ts";
import type { PlayerListener, PlayerOptions, StreamPlayer } from "./stream-player.ts";

/** Plays by WebSocket or fetch, or by HLS where that was chosen, or where nothing else gets through. */
export class ChosenPlayer implements StreamPlayer {
  readonly #options: PlayerOptions;
  readonly #listener: PlayerListener;
  /** Undefined while the script for HLS is on its way. */
  #player: StreamPlayer | undefined;
  #volume: { volume: number; muted: boolean };
  #isPaused = false;
  #isClosed = false;
  /** HLS is being looked for. */
  #isLooking = false;

  constructor(options: PlayerOptions, listener: PlayerListener) {
    this.#options = options;
    this.#listener = listener;
    this.#volume = { volume: options.volume, muted: options.muted };
    if (options.transport === "hls" || (options.transport === "auto" && !playsFragments())) void this.#useHls();
    else this.#player = new Player(options, listener, () => void this.#lookForHls());
  }

  get isPaused(): boolean {
    return this.#player?.isPaused ?? this.#isPaused;
  }
  get latency(): number {
    return this.#player?.latency ?? this.#options.latency;
  }
  set latency(seconds: number) {
    if (this.#player !== undefined) this.#player.latency = seconds;
  }
  play(): void {
    this.#isPaused = false;
    this.#player?.play();
  }
  pause(): void {
    this.#isPaused = true;
    this.#player?.pause();
  }
  get place(): Place | undefined {
    return this.#player?.place;
  }
  seekTo(time: number): void {
    this.#player?.seekTo(time);
  }
  jumpToLive(): void {
    this.#player?.jumpToLive();
  }
  retry(): void {
    if (this.#player === undefined) void this.#useHls();
    else this.#player.retry();
  }
  setVolume(volume: number, muted: boolean): void {
    this.#volume = { volume, muted };
    this.#player?.setVolume(volume, muted);
  }
  stats(): PlayerStats | null {
    return this.#player?.stats() ?? null;
  }
  close(): void {
    this.#isClosed = true;
    this.#player?.close();
  }

  /** Neither a WebSocket nor an endless response got through: perhaps short answers do. A server that is away answers nothing. */
  async #lookForHls(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    try {
      const { src, base, getToken } = this.#options;
      const answer = await fetch(hlsUrl(src, base, (await getToken?.()) ?? ""), { credentials: "same-origin" });
      if (answer.ok && !this.#isClosed) await this.#useHls();
    } catch {
      // The player goes on trying.
    } finally {
      this.#isLooking = false;
    }
  }

  async #useHls(): Promise<void> {
    const loaded = await import("../hls/index.ts").catch(() => undefined);
    if (this.#isClosed) return;
    if (loaded === undefined) {
      if (this.#player === undefined) this.#listener.state(PlayerState.error, "The script for HLS could not be loaded.");
      return;
    }
    this.#isPaused = this.isPaused;
    this.#player?.close();
    this.#player = new loaded.HlsPlayer({ ...this.#options, ...this.#volume }, this.#listener);
    if (this.#isPaused) this.#player.pause();
  }
}

/** Whether this browser can be given fragments at all. */
function playsFragments(): boolean {
  return mediaSourceClass() !== undefined || globalThis.VideoDecoder !== undefined;
}
