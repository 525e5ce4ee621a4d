/**
 * HLS for the player, where neither WebSockets nor endless responses get through: hls.js, and the browser's own HLS where there are no Media Source
 * Extensions. A script of its own, which the player loads when it needs it.
 */
import HlsJs, { ErrorDetails, ErrorTypes, Events, type ErrorData } from "hls.js";
import { CloseReason, reasonOfStatus } from "../player/close-reason.ts";
import { hlsUrl } from "../player/media-url.ts";
import type { PlayerListener, PlayerOptions, StreamPlayer } from "../player/stream-player.ts";
import { PlayerState } from "../player/states.ts";
import { BitrateMeter, type PlayerStats } from "../player/stats.ts";

/** Asks for a stream that is not live, or not any more, this often; after other failures. Milliseconds. */
const askAgainAfter = 2000;
/** Paused for longer than this, going on is going live. Seconds. */
const keepPaused = 10;
/** Faster than this is heard. */
const fastest = 1.1;

/** Plays one stream by HLS. Shows on the stage's video element. */
export class HlsPlayer implements StreamPlayer {
  readonly #options: PlayerOptions;
  readonly #listener: PlayerListener;
  readonly #video: HTMLVideoElement;
  readonly #unlisten = new AbortController();
  readonly #bitrate = new BitrateMeter();
  readonly #counts = { waitings: 0, reconnects: -1 };
  #hls: HlsJs | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: PlayerState = PlayerState.connecting;
  #pausedAt: number | undefined;
  #isClosed = false;
  /** The playlist has said that nothing will come. */
  #isOver = false;
  #refusals = 0;

  constructor(options: PlayerOptions, listener: PlayerListener) {
    this.#options = options;
    this.#listener = listener;
    const { video, canvas } = options.stage;
    this.#video = video;
    video.hidden = false;
    canvas.hidden = true;
    video.volume = options.volume;
    video.muted = options.muted;
    const { signal } = this.#unlisten;
    const on = (name: string, heard: () => void): void => video.addEventListener(name, heard, { signal });
    on("playing", () => this.#playing());
    on("waiting", () => this.#waiting());
    on("ended", () => this.#ended());
    on("error", () => void (this.#hls === undefined && this.#again(PlayerState.reconnecting)));
    void this.#start();
  }

  get isPaused(): boolean {
    return this.#pausedAt !== undefined;
  }
  /** Its own: four parts, or three segments. */
  get latency(): number {
    return this.#hls?.targetLatency ?? 0;
  }
  set latency(_seconds: number) {
    // The playlist says it.
  }

  play(): void {
    const wasPaused = this.#pausedAt;
    this.#pausedAt = undefined;
    if (wasPaused !== undefined && performance.now() - wasPaused > keepPaused * 1000) this.retry();
    else void this.#play();
  }

  pause(): void {
    this.#pausedAt ??= performance.now();
    this.#video.pause();
    this.#set(PlayerState.paused, "");
  }

  /** Its playlist holds what is newest and no past. */
  readonly place = undefined;
  seekTo(): void {
    // There is nowhere to go.
  }
  jumpToLive(): void {
    const live = this.#hls?.liveSyncPosition;
    if (live != null && live > this.#video.currentTime) this.#video.currentTime = live;
  }

  retry(): void {
    this.#set(PlayerState.connecting, "");
    void this.#start();
  }

  setVolume(volume: number, muted: boolean): void {
    this.#video.volume = volume;
    this.#video.muted = muted;
  }

  stats(): PlayerStats {
    const video = this.#video;
    const hls = this.#hls;
    const level = hls?.levels[Math.max(0, hls.currentLevel)];
    const quality = video.getVideoPlaybackQuality?.();
    const { buffered, currentTime } = video;
    const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : currentTime;
    const date = hls?.playingDate;
    return {
      latency: date == null ? null : (Date.now() - date.getTime()) / 1000,
      buffer: Math.max(0, end - currentTime),
      targetBuffer: hls?.targetLatency ?? 0,
      playbackRate: video.playbackRate,
      decodedFrames: quality?.totalVideoFrames ?? 0,
      droppedFrames: quality?.droppedVideoFrames ?? 0,
      bitrate: this.#bitrate.rate(performance.now() / 1000),
      width: video.videoWidth,
      height: video.videoHeight,
      videoCodec: level?.videoCodec ?? "",
      audioCodec: level?.audioCodec ?? "",
      seeks: 0,
      waitings: this.#counts.waitings,
      reconnects: Math.max(0, this.#counts.reconnects),
      transport: "hls",
      engine: hls === undefined ? null : "mse",
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#unlisten.abort();
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.#hls = undefined;
    this.#video.removeAttribute("src");
  }

  async #start(): Promise<void> {
    this.#stop();
    this.#isOver = false;
    let url: string;
    try {
      const token = (await this.#options.getToken?.()) ?? "";
      if (this.#isClosed) return;
      url = hlsUrl(this.#options.src, this.#options.base, token);
    } catch (error) {
      return this.#set(PlayerState.error, error instanceof Error ? error.message : String(error));
    }
    // Chromium says that it plays HLS, and does it badly.
    if (HlsJs.isSupported()) this.#load(url);
    else if (this.#video.canPlayType("application/vnd.apple.mpegurl") !== "") this.#video.src = url;
    else return this.#set(PlayerState.unsupported, "It has neither Media Source Extensions nor HLS.");
    void this.#play();
  }

  #load(url: string): void {
    const hls = new HlsJs({ lowLatencyMode: true, maxLiveSyncPlaybackRate: fastest, enableWorker: false, backBufferLength: 10 });
    this.#hls = hls;
    hls.on(Events.ERROR, (_, data) => this.#failed(hls, data));
    hls.on(Events.FRAG_LOADED, (_, { payload }) => this.#bitrate.add(performance.now() / 1000, payload.byteLength));
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => {
      this.#isOver = !details.live;
    });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  async #play(): Promise<void> {
    if (this.#pausedAt !== undefined) return;
    try {
      await this.#video.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError" && !this.#isClosed)
        this.#listener.blocked(this.#video.muted ? "playback" : "sound");
    }
  }

  #playing(): void {
    if (this.#state !== PlayerState.playing) this.#counts.reconnects += 1;
    this.#refusals = 0;
    this.#listener.buffering(false);
    if (this.#pausedAt === undefined) this.#set(PlayerState.playing, "");
  }

  #waiting(): void {
    if (this.#state !== PlayerState.playing) return;
    if (this.#isOver) return this.#ended();
    this.#counts.waitings += 1;
    this.#listener.buffering(true);
  }

  #ended(): void {
    this.#again(PlayerState.ended);
  }

  #failed(hls: HlsJs, { type, details, fatal, response }: ErrorData): void {
    if (hls !== this.#hls || !fatal) return;
    if (type === ErrorTypes.MEDIA_ERROR && details !== ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR) return hls.recoverMediaError();
    if (details === ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR)
      return this.#give(PlayerState.unsupported, "It lacks the codecs of this stream.");
    const reason = reasonOfStatus(response?.code ?? 0);
    if (reason === CloseReason.refused) {
      this.#refusals += 1;
      // A token that ran out is asked for anew, once.
      if (this.#options.getToken !== undefined && this.#refusals === 1) return void this.#start();
      return this.#give(PlayerState.refused, "");
    }
    if (reason === CloseReason.notCarried) return this.#give(PlayerState.unsupported, "The codecs of this stream do not fit into MP4.");
    const isEnded = this.#state === PlayerState.ended;
    if (reason === CloseReason.notLive) this.#again(isEnded ? PlayerState.ended : PlayerState.waiting);
    else this.#again(this.#counts.reconnects < 0 ? PlayerState.connecting : PlayerState.reconnecting);
  }

  /** It makes no sense to try again. */
  #give(state: PlayerState, detail: string): void {
    this.#stop();
    this.#set(state, detail);
  }

  /** Starts anew in a while. */
  #again(state: PlayerState): void {
    this.#set(state, "");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#start(), askAgainAfter);
  }

  #set(state: PlayerState, detail: string): void {
    this.#state = state;
    this.#listener.state(state, detail);
  }
}
