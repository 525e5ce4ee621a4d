import { choosePlayable } from "./capabilities.ts";
import { CloseReason } from "./close-reason.ts";
import type { Closed } from "./close-reason.ts";
import { Connection } from "./connection.ts";
import { EngineKind } from "./engine-stats.ts";
import type { Engine, EngineListener } from "./engine.ts";
import { Feed } from "./feed.ts";
import { LatencyController } from "./latency-controller.ts";
import { MseEngine } from "./mse-engine.ts";
import { Place } from "./place.ts";
import { PlayerState } from "./states.ts";
import { BitrateMeter, LatencyMeter, noEngineStats } from "./stats.ts";
import type { PlayerStats } from "./stats.ts";
import type { StreamConfig, StreamFragment } from "./stream.ts";
import type { PlayerListener, PlayerOptions, StreamPlayer } from "./stream-player.ts";
import { WebCodecsEngine } from "./webcodecs-engine.ts";

/** A publisher that is silent for this long is told of; after the other time the connection itself is doubted. Milliseconds. */
const quietAfter = 4000;
const deadAfter = 20_000;
/** After sleep, or when the network comes back, a connection that was silent for this long is made anew. Milliseconds. */
const doubtfulAfter = 3000;
/** A connection that is open and brings nothing for this long waits for a publisher. Milliseconds. */
const waitingAfter = 700;
/** An answer that has begun and brings nothing for this long is held back on its way. Milliseconds. */
const collectedAfter = 4000;
/** A connection that is back within this time is not worth a word. Milliseconds. */
const shortBreak = 600;
/** Paused for longer than this, the connection is given up. Milliseconds. */
const keepPaused = 10_000;
/** So many failures of the engine within this time, and it is not tried again. */
const mostFailures = 3;
const failuresWithin = 20_000;
const lookEvery = 500;

/** Plays one stream: connection, engine, and what the viewer is told. Knows no element but the stage it shows on. */
export class Player implements StreamPlayer {
  readonly #options: PlayerOptions;
  readonly #listener: PlayerListener;
  readonly #unreachable: () => void;
  readonly place: Place;
  readonly #connection: Connection;
  readonly #controller: LatencyController;
  readonly #bitrate = new BitrateMeter();
  readonly #latency = new LatencyMeter();
  readonly #unlisten = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #feed: Feed | undefined;
  #engine: Engine | undefined;
  #config: StreamConfig = { tracks: [], leftOut: [] };
  /** Fragments that came while the engine was being chosen; undefined when it is not. */
  #held: StreamFragment[] | undefined;
  #choices = 0;
  #state: PlayerState = PlayerState.connecting;
  #openedAt: number | undefined;
  #dataAt = 0;
  #pausedAt: number | undefined;
  #isConnected = false;
  #volume: { volume: number; muted: boolean };
  #failures: number[] = [];
  /** Where the playhead was on the last look. */
  #position: number | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;
  /** Why the server let go, in words for the viewer, until it is back; "" where it did not say. */
  #goodbye = "";
  readonly #counts = { seeks: 0, waitings: 0, reconnects: -1 };

  /** @param unreachable told where neither transport brings media */
  constructor(options: PlayerOptions, listener: PlayerListener, unreachable: () => void = () => undefined) {
    this.#unreachable = unreachable;
    this.#options = options;
    this.#listener = listener;
    this.#volume = { volume: options.volume, muted: options.muted };
    this.#controller = new LatencyController(options.latency);
    this.place = new Place(options.src, options.base);
    this.#connection = new Connection(
      { ...options, beginning: () => this.place.beginning },
      {
        attempt: () => this.#attempt(),
        opened: () => {
          this.#openedAt = performance.now();
          this.#goodbye = "";
        },
        described: (message) => {
          this.place.past.described(message);
          this.#feed?.described(message);
        },
        data: (bytes) => this.#data(bytes),
        closed: (end, retrying) => this.#closed(end, retrying),
        allBlocked: () => unreachable(),
        failed: (message) => this.#set(PlayerState.error, message),
      },
    );
    const { signal } = this.#unlisten;
    document.addEventListener("visibilitychange", () => this.#woken(), { signal });
    window.addEventListener("pageshow", () => this.#woken(), { signal });
    window.addEventListener("online", () => this.#woken(), { signal });
    this.#timer = setInterval(() => this.#look(), lookEvery);
  }

  get isPaused(): boolean {
    return this.#pausedAt !== undefined;
  }
  get latency(): number {
    return this.#controller.target;
  }
  set latency(seconds: number) {
    this.#controller.target = seconds;
  }

  play(): void {
    const wasPaused = this.#pausedAt;
    this.#pausedAt = undefined;
    const { shown, isPast } = this.place;
    if (isPast && wasPaused !== undefined && shown !== undefined) return this.seekTo(shown);
    if (!this.#isConnected && wasPaused !== undefined) this.#connection.retryNow();
    this.#engine?.play();
    this.#engine?.jumpToLive();
    if (wasPaused !== undefined && this.#isConnected) this.#set(PlayerState.playing, "");
  }

  pause(): void {
    if (this.#pausedAt !== undefined) return;
    this.#pausedAt = performance.now();
    this.#engine?.pause();
    this.#set(PlayerState.paused, "");
  }

  seekTo(time: number): void {
    if (!this.place.moveTo(time)) return this.play();
    this.#pausedAt = undefined;
    this.#listener.buffering(true);
    this.#connection.retryNow();
    this.#engine?.play();
    if (this.#state === PlayerState.paused) this.#set(PlayerState.playing, "");
  }

  jumpToLive(): void {
    if (this.place.isPast) this.seekTo(Infinity);
    else this.#engine?.jumpToLive();
  }

  retry(): void {
    this.#failures = [];
    this.#connection.retryNow();
    this.#set(PlayerState.connecting, "");
  }

  setVolume(volume: number, muted: boolean): void {
    this.#volume = { volume, muted };
    this.#engine?.setVolume(volume, muted);
  }

  stats(): PlayerStats {
    const { position, ...engine } = this.#engine?.stats() ?? noEngineStats;
    const codec = (kind: "video" | "audio") => this.#config.tracks.find((track) => track.kind === kind)?.codec ?? "";
    return {
      ...engine,
      latency: this.#latency.latency(position, Date.now()),
      targetBuffer: this.#controller.target,
      bitrate: this.#bitrate.rate(performance.now() / 1000),
      videoCodec: codec("video"),
      audioCodec: codec("audio"),
      seeks: this.#counts.seeks,
      waitings: this.#counts.waitings,
      reconnects: Math.max(0, this.#counts.reconnects),
      transport: this.#connection.transport,
      engine: this.#engine?.kind ?? null,
    };
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#later);
    this.#unlisten.abort();
    this.#choices += 1;
    this.#connection.close();
    this.#engine?.close();
  }

  #set(state: PlayerState, detail: string): void {
    clearTimeout(this.#later);
    this.#state = state;
    this.#listener.state(state, detail);
  }

  #attempt(): void {
    this.#noteShown();
    this.place.reconnect();
    this.#feed = new Feed({ configuration: (config) => void this.#configure(config), fragment: (fragment) => this.#fragment(fragment) });
    this.#openedAt = undefined;
    this.#dataAt = 0;
    this.#isConnected = true;
    this.#latency.reset();
    this.#engine?.reconnected(this.place.isMoving);
  }

  #data(bytes: Uint8Array): void {
    const now = performance.now();
    // Going elsewhere is what the viewer wants, and no fault to be counted.
    if (this.#dataAt === 0) this.#counts.reconnects = Math.max(0, this.#counts.reconnects + (this.place.isMoving ? 0 : 1));
    this.#dataAt = now;
    clearTimeout(this.#later);
    this.#bitrate.add(now / 1000, bytes.length);
    try {
      this.#feed?.data(bytes);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  async #configure(config: StreamConfig): Promise<void> {
    const choice = ++this.#choices;
    this.#held = [];
    const playable = await choosePlayable(config, this.#options.engine);
    if (choice !== this.#choices) return;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#config = playable.config;
    if (playable.engine === undefined) {
      this.#set(PlayerState.unsupported, playable.missing);
      return;
    }
    this.#listener.missing(playable.missing);
    this.#useEngine(playable.engine);
    this.#engine?.configure(playable.config);
    for (const fragment of held) this.#append(fragment);
  }

  #fragment(fragment: StreamFragment): void {
    this.#latency.arrived(fragment.utcOffset, fragment.end, Date.now());
    if (this.#held === undefined) this.#append(fragment);
    else this.#held.push(fragment);
  }

  #append(fragment: StreamFragment): void {
    if (this.#config.tracks.includes(fragment.track)) this.#engine?.append(fragment);
  }

  #useEngine(kind: EngineKind): void {
    if (this.#engine?.kind === kind) return;
    this.#engine?.close();
    const { stage } = this.#options;
    const options = { stage, latency: this.#controller, listener: this.#engineListener() };
    stage.video.hidden = kind !== EngineKind.mse;
    stage.canvas.hidden = kind !== EngineKind.webcodecs;
    this.#engine = kind === EngineKind.mse ? new MseEngine(options) : new WebCodecsEngine(options);
    this.#engine.setVolume(this.#volume.volume, this.#volume.muted);
    if (this.#pausedAt === undefined) this.#engine.play();
  }

  #engineListener(): EngineListener {
    const listener = this.#listener;
    return {
      playing: () => {
        listener.buffering(false);
        if (this.place.isMoving && this.#dataAt > 0) {
          this.place.arrived();
          listener.arrived();
        }
        // What is buffered is played to its end when the stream is over already.
        if (this.#pausedAt === undefined && this.#isConnected && this.#dataAt > 0) this.#set(PlayerState.playing, "");
      },
      waiting: () => {
        this.#counts.waitings += 1;
        listener.buffering(true);
      },
      seeked: (why) => {
        this.#counts.seeks += 1;
        listener.seeked(why);
      },
      rate: (rate) => listener.rate(rate),
      blocked: (what) => listener.blocked(what),
      paused: (paused) => listener.paused(paused),
      failed: (message) => this.#failed(message),
    };
  }

  /** The engine or the bytes are at fault: both are made anew, some times. */
  #failed(message: string): void {
    const now = performance.now();
    this.#failures = [...this.#failures.filter((at) => now - at < failuresWithin), now];
    this.#engine?.close();
    this.#engine = undefined;
    this.#choices += 1;
    if (this.#failures.length > mostFailures) {
      this.#isConnected = false;
      this.#connection.stop();
      this.#set(PlayerState.error, message);
      return;
    }
    this.#set(PlayerState.reconnecting, "");
    this.#connection.retryNow();
  }

  #closed(end: Closed, retrying: boolean): void {
    this.#isConnected = false;
    this.#noteShown();
    if (end.reason === CloseReason.ended) this.place.ended();
    if (this.#pausedAt !== undefined) {
      if (retrying) this.#connection.stop();
      return;
    }
    const [state, detail] = this.#stateAfter(end, retrying);
    // One who waits, or saw the end, goes on waiting: that nobody is there is no news.
    if (this.#state === PlayerState.ended && state === PlayerState.waiting) return;
    // What is buffered is played on; with some luck the connection is back before its end.
    const isShort = this.#state === PlayerState.playing && state === PlayerState.reconnecting;
    if (isShort) this.#later = setTimeout(() => this.#set(state, detail), shortBreak);
    else this.#set(state, detail);
  }

  #stateAfter(end: Closed, retrying: boolean): [PlayerState, string] {
    switch (end.reason) {
      case CloseReason.ended:
        return [PlayerState.ended, ""];
      case CloseReason.notLive:
        return [PlayerState.waiting, ""];
      case CloseReason.refused:
        return retrying ? [PlayerState.connecting, ""] : [PlayerState.refused, end.detail];
      case CloseReason.notCarried:
        return [PlayerState.unsupported, end.detail];
      case CloseReason.tooSlow:
        this.#controller.underrun(performance.now() / 1000);
        return [PlayerState.reconnecting, "Your connection is too slow for this stream. It is tried again by itself."];
      case CloseReason.goingAway:
        this.#goodbye = "The server restarts. It is tried again by itself.";
        return [PlayerState.reconnecting, this.#goodbye];
      case CloseReason.blocked:
      case CloseReason.finished:
      case CloseReason.lost:
        return this.#counts.reconnects < 0 ? [PlayerState.connecting, this.#firstAttempts()] : [PlayerState.reconnecting, this.#goodbye];
    }
  }

  /** Before anything was ever seen, failing is told of only after the first attempts. */
  #firstAttempts(): string {
    return this.#connection.attempts < 2 ? "" : "The server does not answer. It is tried again by itself.";
  }

  /** The page is seen again, or the network is back: what was asleep may be dead, and is surely late. */
  #woken(): void {
    if (document.visibilityState === "hidden" || this.#pausedAt !== undefined) return;
    if (!this.#isConnected) {
      if (this.#state === PlayerState.reconnecting) this.#connection.retryNow();
      return;
    }
    if (this.#dataAt > 0 && performance.now() - this.#dataAt > doubtfulAfter) this.#connection.retryNow();
    else if (this.stats().buffer > this.#controller.target + 1) this.#engine?.jumpToLive();
  }

  /** Where the viewer is on the server's clock. */
  #noteShown(): void {
    if (!this.place.isMoving) this.place.saw(this.#latency.date(this.#engine?.stats().position));
  }

  #look(): void {
    const now = performance.now();
    this.#noteShown();
    if (this.#pausedAt !== undefined) {
      if (this.#isConnected && now - this.#pausedAt > keepPaused) this.#disconnect();
      return;
    }
    if (!this.#isConnected) return;
    if (this.#dataAt === 0) {
      const open = this.#openedAt !== undefined && now - this.#openedAt > waitingAfter;
      // A proxy that collects the answer before it passes it on.
      const isCollected = this.#connection.transport === "fetch" && this.#options.transport === "auto";
      if (open && isCollected && now - this.#openedAt! > collectedAfter) this.#unreachable();
      const says = this.#state === PlayerState.connecting || this.#state === PlayerState.reconnecting;
      if (open && says) this.#set(PlayerState.waiting, "");
      return;
    }
    const quiet = now - this.#dataAt;
    if (quiet > deadAfter) this.#connection.retryNow();
    else if (quiet > quietAfter && this.#state === PlayerState.playing) {
      this.#set(PlayerState.waiting, "The publisher has gone silent. It goes on by itself.");
    } else if (quiet < waitingAfter) this.#noticePlaying();
  }

  /** Where the connection was made anew before playback ran dry, no engine has told that it goes on: it never stopped. */
  #noticePlaying(): void {
    const position = this.#engine?.stats().position;
    const goesOn = position !== undefined && this.#position !== undefined && position !== this.#position;
    this.#position = position;
    if (goesOn && this.#state !== PlayerState.playing) this.#set(PlayerState.playing, "");
  }

  #disconnect(): void {
    this.#isConnected = false;
    this.#connection.stop();
  }
}
