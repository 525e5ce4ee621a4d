import { EngineKind } from "./engine-stats.ts";
import type { EngineStats } from "./engine-stats.ts";
import type { Engine, EngineListener, EngineOptions } from "./engine.ts";
import type { LatencyController } from "./latency-controller.ts";
import { MediaClock } from "./media-clock.ts";
import type { StreamConfig, StreamFragment, StreamTrack } from "./stream.ts";
import { ContextAudio } from "./webcodecs-audio.ts";
import { CanvasVideo } from "./webcodecs-video.ts";

/** At the start, how long to wait for the burst of what the server has kept. Seconds. */
const burstPatience = 0.15;
const lookEvery = 50;
/** A track whose media ends this much before the other's does not come any more, and is not waited for. Seconds. */
const lostAfter = 0.6;
/** A hole in the media is jumped when it is longer than this. Seconds. */
const shortestHole = 0.1;
/** The pitch follows the rate here, so that it is changed less than a media element's. */
const mostDetune = 0.03;

type Kind = StreamTrack["kind"];

/** Plays by WebCodecs: pictures on a canvas, sound through an AudioContext, a clock of its own. */
export class WebCodecsEngine implements Engine {
  readonly kind = EngineKind.webcodecs;
  readonly #listener: EngineListener;
  readonly #latency: LatencyController;
  readonly #canvas: HTMLCanvasElement;
  readonly #clock = new MediaClock(() => performance.now() / 1000);
  readonly #video: CanvasVideo;
  readonly #audio: ContextAudio;
  readonly #timer: ReturnType<typeof setInterval>;
  #tracks: readonly StreamTrack[] = [];
  #ends = new Map<Kind, number>();
  #firstStart: number | undefined;
  #firstAt = 0;
  #wantsPlay = false;
  #isDry = true;
  #volume = { volume: 1, muted: false };
  #frameRequest = 0;

  constructor({ stage, latency, listener }: EngineOptions) {
    this.#listener = listener;
    this.#latency = latency;
    this.#canvas = stage.canvas;
    const failed = (message: string) => listener.failed(message);
    this.#video = new CanvasVideo(stage.canvas, failed);
    this.#audio = new ContextAudio(this.#clock, failed);
    this.#timer = setInterval(() => this.#look(), lookEvery);
    this.#frameRequest = requestAnimationFrame(() => this.#draw());
  }

  configure(config: StreamConfig): void {
    const first = (kind: Kind) => config.tracks.find((track) => track.kind === kind);
    const [video, audio] = [first("video"), first("audio")];
    this.#tracks = [video, audio].filter((track) => track !== undefined);
    this.#ends = new Map([...this.#ends].filter(([kind]) => this.#tracks.some((track) => track.kind === kind)));
    if (video !== undefined) this.#video.configure(video);
    if (audio !== undefined) {
      this.#audio.configure(audio);
      this.#unmute();
    }
  }

  reconnected(): void {
    this.#ends.clear();
    this.#firstStart = undefined;
    this.#isDry = true;
    this.#clock.run(false);
    this.#video.reset();
    this.#audio.reset();
    this.#latency.moved();
  }

  append(fragment: StreamFragment): void {
    if (!this.#tracks.includes(fragment.track)) return;
    const hasVideo = this.#tracks.some((track) => track.kind === "video");
    if (this.#firstStart === undefined) {
      if (hasVideo && (fragment.track.kind !== "video" || !fragment.sync)) return;
      this.#firstStart = fragment.start;
      this.#firstAt = performance.now() / 1000;
      this.#clock.set(fragment.start);
    }
    this.#ends.set(fragment.track.kind, fragment.end);
    if (fragment.track.kind === "video") this.#video.decode(fragment);
    else this.#audio.decode(fragment);
    this.#look();
  }

  play(): void {
    this.#wantsPlay = true;
    this.#unmute();
  }

  pause(): void {
    this.#wantsPlay = false;
    this.#clock.run(false);
    this.#audio.replaced();
  }

  jumpToLive(): void {
    const end = this.#end();
    if (end !== undefined) this.#moveTo(Math.max(this.#firstStart ?? 0, end - this.#latency.target));
  }

  setVolume(volume: number, muted: boolean): void {
    this.#volume = { volume, muted };
    this.#audio.setLoudness(muted ? 0 : volume);
    this.#unmute();
  }

  stats(): EngineStats {
    return {
      buffer: this.#ahead() ?? 0,
      playbackRate: this.#clock.rate,
      decodedFrames: this.#video.shownFrames + this.#video.droppedFrames,
      droppedFrames: this.#video.droppedFrames,
      width: this.#canvas.width,
      height: this.#canvas.height,
      position: this.#clock.now(),
    };
  }

  close(): void {
    clearInterval(this.#timer);
    cancelAnimationFrame(this.#frameRequest);
    this.#video.close();
    this.#audio.close();
  }

  /** End of the media there is of all tracks that come; undefined before there is any. */
  #end(): number | undefined {
    const ends = [...this.#ends.values()];
    const newest = Math.max(...ends);
    return ends.length === 0 ? undefined : Math.min(...ends.filter((end) => newest - end < lostAfter));
  }

  #ahead(): number | undefined {
    const [end, now] = [this.#end(), this.#clock.now()];
    return end === undefined || now === undefined ? undefined : Math.max(0, end - now);
  }

  #moveTo(time: number): void {
    this.#clock.set(time);
    this.#audio.replaced();
    this.#latency.moved();
  }

  #look(): void {
    const ahead = this.#ahead();
    if (!this.#wantsPlay || ahead === undefined) return;
    if (this.#isDry) this.#startWhenReady(ahead);
    else if (ahead <= 0) this.#ranDry();
    else this.#keepUp(ahead);
  }

  #startWhenReady(ahead: number): void {
    const now = performance.now() / 1000;
    if (now - this.#firstAt < burstPatience || ahead < this.#latency.target) return;
    this.#isDry = false;
    const excess = ahead - this.#latency.target;
    if (excess > 0.05) this.#clock.set(this.#clock.now()! + excess);
    this.#clock.run(true);
    this.#audio.replaced();
    this.#latency.moved();
    this.#listener.playing();
  }

  #ranDry(): void {
    this.#isDry = true;
    this.#clock.run(false);
    this.#latency.underrun(performance.now() / 1000);
    this.#listener.waiting();
  }

  #keepUp(ahead: number): void {
    if (!this.#clock.isRunning) {
      this.#clock.run(true);
      this.#audio.replaced();
    }
    const next = this.#video.next;
    const now = this.#clock.now()!;
    // Sound bridges a hole in the pictures; without it there is nothing to wait for.
    if (next !== undefined && next - now > Math.max(shortestHole, this.#latency.target) && !this.#hasSound()) {
      this.#moveTo(next);
      this.#listener.seeked("hole");
      return;
    }
    const { rate, seek } = this.#latency.update(performance.now() / 1000, ahead);
    if (seek) {
      this.jumpToLive();
      this.#listener.seeked("latency");
      return;
    }
    const gentle = Math.min(1 + mostDetune, Math.max(1 - mostDetune, rate));
    if (Math.abs(gentle - this.#clock.rate) < 0.001) return;
    this.#clock.setRate(gentle);
    this.#listener.rate(gentle);
  }

  #hasSound(): boolean {
    const [sound, now] = [this.#ends.get("audio"), this.#clock.now()];
    return sound !== undefined && now !== undefined && sound > now;
  }

  /** Sound starts where the browser lets it; where it does not, the picture goes on without and the viewer is told. */
  #unmute(): void {
    if (!this.#wantsPlay || this.#volume.muted || !this.#tracks.some((track) => track.kind === "audio")) return;
    void this.#audio.resume().then(() => this.#audio.replaced());
    setTimeout(() => {
      if (this.#wantsPlay && !this.#volume.muted && this.#tracks.length > 0 && !this.#audio.isRunning) this.#listener.blocked("sound");
    }, 500);
  }

  #draw(): void {
    this.#frameRequest = requestAnimationFrame(() => this.#draw());
    const now = this.#clock.now();
    if (now !== undefined) this.#video.draw(now);
  }
}
