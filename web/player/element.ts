import { choice, latencyOf, reflect, takeProperties } from "./attributes.ts";
import type { Given } from "./attributes.ts";
import { EngineChoice } from "./capabilities.ts";
import { TransportChoice } from "./connection.ts";
import { Controls } from "./controls.ts";
import type { MillracePlayerEventMap, PlayerEventTarget } from "./events.ts";
import { handleKey } from "./keyboard.ts";
import { ChosenPlayer } from "./chosen-player.ts";
import { canFullscreen, canPictureInPicture, isFullscreen, toggleFullscreen, togglePictureInPicture } from "./screen.ts";
import { PlayerState, stateText } from "./states.ts";
import type { PlayerStats } from "./stats.ts";
import { styles } from "./styles.ts";

/** Buffered this much beyond the target, the picture is no longer called live. Seconds. */
const liveWithin = 1.5;
/** The figures are told this often. Milliseconds. */
const statsEvery = 1000;

// In Node there is no HTMLElement, and importing the module must not fail there.
const ElementBase = (globalThis.HTMLElement ?? Object) as unknown as new () => PlayerEventTarget;

const settable = ["src", "muted", "volume", "autoplay", "controls", "latency", "engine", "transport", "poster", "getToken"] as const;

/**
 * `<millrace-player src="/live/cam" autoplay controls>`: plays a Millrace stream as live as it gets.
 *
 * Attributes: `src` (the stream's URL without extension), `autoplay`, `controls`, `muted`, `poster`, `latency` (seconds of
 * buffer aimed at, 0.25), `engine` (`auto`, `mse`, `webcodecs`), `transport` (`auto`, `websocket`, `fetch`, `hls`). Parts: `root`,
 * `video`, `canvas`, `poster`, `controls`, `button` (and `play`, `mute`, `live`, `pip`, `fullscreen`, `start`, `unmute`,
 * `action`), `seek`, `behind`, `volume`, `message`, `title`, `hint`, `notice`, `buffering`. Custom properties: `--millrace-accent`,
 * `--millrace-background`, `--millrace-text`.
 */
export class MillracePlayer extends ElementBase {
  static readonly observedAttributes = ["src", "autoplay", "controls", "muted", "poster", "latency", "engine", "transport"];

  #controls: Controls | undefined;
  #player: ChosenPlayer | undefined;
  #getToken: (() => string | Promise<string>) | undefined;
  #state: PlayerState = PlayerState.idle;
  #detail = "";
  #muted = false;
  #mutedByBrowser = false;
  #volume = 1;
  #isPaused = false;
  #isBuffering = false;
  #missing = "";
  /** A new start is due at the end of this turn; and `play()` was called before it. */
  #restarting = false;
  #mustStart = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #unlisten: AbortController | undefined;

  /** The stream's URL without extension; "" plays nothing. */
  get src(): string {
    return this.getAttribute("src") ?? "";
  }
  set src(src: Given<string>) {
    reflect(this, "src", src);
  }
  get autoplay(): boolean {
    return this.hasAttribute("autoplay");
  }
  set autoplay(on: Given<boolean>) {
    this.toggleAttribute("autoplay", Boolean(on));
  }
  get controls(): boolean {
    return this.hasAttribute("controls");
  }
  set controls(on: Given<boolean>) {
    this.toggleAttribute("controls", Boolean(on));
  }
  get poster(): string {
    return this.getAttribute("poster") ?? "";
  }
  set poster(url: Given<string>) {
    reflect(this, "poster", url);
  }
  /** Seconds of buffer aimed at. */
  get latency(): number {
    return latencyOf(this.getAttribute("latency"));
  }
  set latency(seconds: Given<number>) {
    reflect(this, "latency", seconds);
  }
  get engine(): EngineChoice {
    return choice(EngineChoice, this.getAttribute("engine"));
  }
  set engine(engine: Given<EngineChoice>) {
    reflect(this, "engine", engine);
  }
  get transport(): TransportChoice {
    return choice(TransportChoice, this.getAttribute("transport"));
  }
  set transport(transport: Given<TransportChoice>) {
    reflect(this, "transport", transport);
  }
  /** Asked for a token before each connection; sent as `key=`. A refusal asks once more. */
  get getToken(): (() => string | Promise<string>) | undefined {
    return this.#getToken;
  }
  set getToken(getToken: Given<() => string | Promise<string>>) {
    this.#getToken = getToken ?? undefined;
  }
  get muted(): boolean {
    return this.#muted;
  }
  set muted(muted: Given<boolean>) {
    this.#setVolume(this.#volume, Boolean(muted));
  }
  /** 0 to 1. */
  get volume(): number {
    return this.#volume;
  }
  set volume(volume: Given<number>) {
    this.#setVolume(Math.min(1, Math.max(0, volume ?? 1)), this.#muted);
  }
  get paused(): boolean {
    return this.#isPaused || this.#player === undefined;
  }
  get state(): PlayerState {
    return this.#state;
  }

  /** The figures now; null while there is no stream. */
  stats(): PlayerStats | null {
    return this.#player?.stats() ?? null;
  }

  /** Starts, or goes on at the newest there is. */
  play(): void {
    if (this.#restarting) this.#mustStart = true;
    else if (this.#player === undefined) this.#start();
    else if (this.#isPaused) {
      this.#isPaused = false;
      this.#player.play();
    }
    this.#update();
  }

  pause(): void {
    this.#isPaused = true;
    this.#player?.pause();
    this.#update();
  }

  /** Goes to the newest there is at once. */
  jumpToLive(): void {
    if (this.paused && this.behind === 0) this.play();
    else this.#seek((player) => player.jumpToLive());
  }

  /** Seconds before now that one may go back to; 0 where there is no past to see. */
  get past(): number {
    return this.#player?.place?.past.seconds() ?? 0;
  }
  /** Seconds that what is shown is behind now; 0 for live. */
  get behind(): number {
    return this.#player?.place?.behind ?? 0;
  }

  /** Goes to a moment of the stream, or to the nearest there is: the oldest that is kept, or live. */
  seekTo(date: Date): void {
    this.#seek((player) => player.seekTo(date.getTime()));
  }

  /** Goes so many seconds further back from what is shown; forward where they are negative. */
  seekBack(seconds: number): void {
    this.#seek((player) => player.seekTo(player.place?.before(seconds) ?? Infinity));
  }

  connectedCallback(): void {
    takeProperties(this, settable);
    this.#build();
    const unlisten = new AbortController();
    this.#unlisten = unlisten;
    const { signal } = unlisten;
    this.addEventListener("keydown", (event) => handleKey(event, this.#asked), { signal });
    document.addEventListener("fullscreenchange", () => this.#update(), { signal });
    this.#timer = setInterval(() => this.#tick(), statsEvery);
    // Frameworks set properties before the element is in the page: what they muted stays so.
    this.#muted ||= this.hasAttribute("muted");
    this.#restart();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    this.#unlisten?.abort();
    this.#controls?.close();
    this.#stop();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || this.#controls === undefined) return;
    switch (name) {
      case "src":
      case "engine":
      case "transport":
        this.#restart();
        return;
      case "latency":
        if (this.#player !== undefined) this.#player.latency = this.latency;
        return;
      case "muted":
        this.#setVolume(this.#volume, after !== null);
        return;
      case "poster":
        this.#controls.setPoster(this.poster);
        return;
      case "autoplay":
        if (this.autoplay && this.#player === undefined) this.#restart();
        return;
      default:
        this.#update();
    }
  }

  /** What the viewer asks for, by buttons and keys. */
  readonly #asked = {
    togglePlay: () => (this.paused ? this.play() : this.pause()),
    toggleMute: () => this.#setVolume(this.#volume === 0 ? 1 : this.#volume, !this.#muted),
    setVolume: (volume: number) => this.#setVolume(volume, volume === 0),
    changeVolume: (by: number) => {
      const volume = Math.min(1, Math.max(0, Math.round((this.#volume + by) * 20) / 20));
      this.#setVolume(volume, volume === 0);
    },
    jumpToLive: () => this.jumpToLive(),
    seekBehind: (seconds: number) => (seconds === 0 ? this.jumpToLive() : this.seekBack(seconds - this.behind)),
    stepBack: (seconds: number) => this.#controls!.step(seconds),
    toggleFullscreen: () => void toggleFullscreen(this, this.#controls!.video),
    togglePictureInPicture: () => void togglePictureInPicture(this.#controls!.video),
    retry: () => (this.#player === undefined ? this.#start() : this.#player.retry()),
  };

  #seek(go: (player: ChosenPlayer) => void): void {
    if (this.#player === undefined) return;
    this.#isPaused = false;
    go(this.#player);
    this.#update();
  }

  #build(): void {
    if (this.#controls !== undefined) return;
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    shadow.adoptedStyleSheets = [sheet];
    this.#controls = new Controls(this.#asked);
    this.#controls.setPoster(this.poster);
    shadow.append(this.#controls.root);
    this.#update();
    if (!this.hasAttribute("tabindex")) this.tabIndex = 0;
    if (!this.hasAttribute("role")) this.setAttribute("role", "region");
    if (!this.hasAttribute("aria-label")) this.setAttribute("aria-label", "Live video");
  }

  /** Starts anew once all attributes of this turn are set. */
  #restart(): void {
    if (this.#restarting) return;
    this.#restarting = true;
    queueMicrotask(() => {
      this.#restarting = false;
      const wasPlaying = this.#mustStart || (this.#player !== undefined && !this.#isPaused);
      this.#mustStart = false;
      if (!this.isConnected) return;
      this.#stop();
      if (this.src !== "" && (this.autoplay || wasPlaying)) this.#start();
      else this.#setState(PlayerState.idle, "");
    });
  }

  #stop(): void {
    this.#player?.close();
    this.#player = undefined;
    this.#isBuffering = false;
    this.#missing = "";
  }

  #start(): void {
    if (this.src === "" || this.#controls === undefined || !this.isConnected) return;
    this.#isPaused = false;
    this.#setState(PlayerState.connecting, "");
    const { video, canvas, still } = this.#controls;
    const options = {
      src: this.src,
      base: document.baseURI,
      transport: this.transport,
      getToken: this.#getToken,
      engine: this.engine,
      latency: this.latency,
      stage: { video, canvas, still },
      volume: this.#volume,
      muted: this.#muted,
    };
    this.#player = new ChosenPlayer(options, {
      state: (state, detail) => this.#setState(state, detail),
      buffering: (isBuffering) => {
        this.#isBuffering = isBuffering;
        this.#update();
      },
      missing: (text) => {
        this.#missing = text;
        this.#update();
      },
      arrived: () => {
        this.#update();
        this.#tell("seeked", { behind: this.behind, past: this.past });
      },
      seeked: (why) => this.#tellLatency(why),
      rate: () => this.#tellLatency(null),
      blocked: (what) => this.#blocked(what),
      paused: (paused) => (paused ? this.pause() : this.play()),
    });
  }

  /** The browser wants a gesture first: for sound it goes on muted and offers a button, else it waits for a press of play. */
  #blocked(what: "sound" | "playback"): void {
    if (what === "playback") {
      this.pause();
      return;
    }
    this.#mutedByBrowser = true;
    this.#muted = true;
    this.#player?.setVolume(this.#volume, true);
    if (!this.#isPaused) this.#player?.play();
    this.#tellVolume();
  }

  #setVolume(volume: number, muted: boolean): void {
    if (volume === this.#volume && muted === this.#muted) return;
    this.#volume = volume;
    this.#muted = muted;
    this.#mutedByBrowser = false;
    this.#player?.setVolume(volume, muted);
    this.#tellVolume();
  }

  #tellVolume(): void {
    this.#update();
    this.#tell("volumechange", { volume: this.#volume, muted: this.#muted, byBrowser: this.#mutedByBrowser });
  }

  #tellLatency(seek: "hole" | "latency" | "stall" | null): void {
    const stats = this.stats();
    if (stats !== null) this.#tell("latency", { buffer: stats.buffer, rate: stats.playbackRate, seek });
  }

  #setState(state: PlayerState, detail: string): void {
    const previous = this.#state;
    if (state === previous && detail === this.#detail) return;
    this.#state = state;
    this.#detail = detail;
    if (state !== PlayerState.playing) this.#isBuffering = false;
    this.#update();
    const { title, hint } = stateText(state, detail);
    this.#tell("statechange", { state, previous, message: title, hint });
    if (state === PlayerState.refused || state === PlayerState.unsupported || state === PlayerState.error) {
      this.#tell("error", { code: state, message: detail === "" ? title : detail });
    }
  }

  #tick(): void {
    const stats = this.stats();
    if (stats === null) return;
    this.#update();
    this.#tell("stats", stats);
  }

  #update(): void {
    const controls = this.#controls;
    if (controls === undefined) return;
    const stats = this.stats();
    const hasPicture = stats !== null && (stats.width > 0 || !controls.still.hidden);
    const { past, behind } = this;
    const isNear = stats !== null && stats.buffer < stats.targetBuffer + liveWithin;
    const atLive = this.#state === PlayerState.playing && isNear && behind === 0;
    controls.show({
      state: this.#state,
      detail: this.#detail,
      isBuffering: this.#isBuffering,
      isPaused: this.paused,
      muted: this.#muted,
      volume: this.#volume,
      mutedByBrowser: this.#mutedByBrowser,
      atLive,
      past,
      behind,
      hasPicture,
      hasAudio: stats === null || stats.audioCodec !== "",
      missing: this.#missing,
      showBar: this.controls,
      isFullscreen: isFullscreen(this),
      canFullscreen: canFullscreen(this, controls.video),
      canPictureInPicture: stats?.engine === "mse" && hasPicture && canPictureInPicture(controls.video),
    });
  }

  #tell<Type extends keyof MillracePlayerEventMap>(type: Type, detail: MillracePlayerEventMap[Type]["detail"]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
