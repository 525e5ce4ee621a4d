import { EngineKind } from "./engine-stats.ts";
import type { EngineStats } from "./engine-stats.ts";
import type { Engine, EngineListener, EngineOptions, Stage } from "./engine.ts";
import { bufferedAhead, rangesOf } from "./gaps.ts";
import type { Range } from "./gaps.ts";
import { attachMediaSource } from "./media-source.ts";
import { MseLane } from "./mse-lane.ts";
import { MsePlayhead } from "./mse-playhead.ts";
import { canBeSilent } from "./silence.ts";
import { holdPicture } from "./still.ts";
import type { StreamConfig, StreamFragment, StreamTrack } from "./stream.ts";

/** How often to look when nothing arrives. Milliseconds; browsers slow it down in hidden tabs. */
const lookEvery = 50;
/** Sound that is this close to running out while pictures come is replaced by silence. Seconds ahead of the playhead. */
const silenceBelow = 0.22;
/** Sound may come this much after the pictures it belongs to before it counts as late. Seconds. */
const usualLag = 0.15;
/** A track that is this far behind the other one has stopped. Seconds. */
const lostAfter = 1;
/** Connections whose clocks map to UTC this alike show the same timeline. Milliseconds. */
const sameClock = 500;
/** Holes shorter than this in all tracks are left to the playhead. Seconds. */
const shortestHole = 0.1;

/** Fragments that wait for the MediaSource to open. */
const mostEarly = 5000;

type Kind = StreamTrack["kind"];

/** Plays by Media Source Extensions: one SourceBuffer for each track, at most one track of each kind. */
export class MseEngine implements Engine {
  readonly kind = EngineKind.mse;
  readonly #stage: Stage;
  readonly #video: HTMLVideoElement;
  readonly #listener: EngineListener;
  readonly #playhead: MsePlayhead;
  readonly #unlisten = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #config: StreamConfig = { tracks: [], leftOut: [] };
  #lanes: ReadonlyMap<Kind, MseLane> = new Map();
  /** The tracks that the MediaSource being opened, or open, was made for. */
  #built: readonly StreamTrack[] = [];
  /** What came before the MediaSource was open. */
  #early: StreamFragment[] = [];
  #detach: (() => void) | undefined;
  #offset = 0;
  #utcOffset: number | undefined;
  #isNewConnection = true;
  /** Since when sound comes that has no picture to start with, seconds of the stream's clock. */
  #soundSince: number | undefined;
  /** Kinds that the configuration has and that do not come: played without. */
  #lost: ReadonlySet<Kind> = new Set();
  #wantsPlay = false;

  constructor({ stage, latency, listener }: EngineOptions) {
    this.#stage = stage;
    this.#video = stage.video;
    this.#listener = listener;
    this.#playhead = new MsePlayhead(stage.video, latency, {
      playing: () => listener.playing(),
      waiting: () => listener.waiting(),
      seeked: (why) => listener.seeked(why),
      rate: (rate) => listener.rate(rate),
      stuck: () => listener.failed("the decoder does not go on"),
    });
    const { signal } = this.#unlisten;
    this.#video.addEventListener("error", () => this.#mediaError(), { signal });
    this.#video.addEventListener("timeupdate", () => this.#look(), { signal });
    this.#video.addEventListener("pause", () => this.#pausedByViewer(), { signal });
    this.#video.addEventListener("play", () => listener.paused(false), { signal });
    this.#timer = setInterval(() => this.#look(), lookEvery);
  }

  configure(config: StreamConfig): void {
    this.#config = config;
    this.#lost = new Set();
    for (const track of this.#wanted()) this.#lanes.get(track.kind)?.reconfigure(track);
  }

  reconnected(isElsewhere: boolean): void {
    this.#isNewConnection = true;
    this.#soundSince = undefined;
    if (isElsewhere) this.#forget();
  }

  append(fragment: StreamFragment): void {
    if (!this.#wanted().includes(fragment.track)) {
      // A track that had stopped comes back: with a picture, that is where it can be decoded.
      if (!this.#lost.has(fragment.track.kind) || !fragment.sync || !this.#config.tracks.includes(fragment.track)) return;
      this.#lost = new Set([...this.#lost].filter((kind) => kind !== fragment.track.kind));
    }
    if (this.#isNewConnection && !this.#connect(fragment)) return;
    this.#utcOffset = fragment.utcOffset ?? this.#utcOffset;
    if (this.#mustRebuild(fragment)) this.#rebuild();
    if (this.#lanes.size > 0) this.#give(fragment);
    else if (this.#early.push(fragment) > mostEarly) this.#listener.failed("the browser does not open its media source");
  }

  play(): void {
    this.#wantsPlay = true;
    void this.#start();
  }

  pause(): void {
    this.#wantsPlay = false;
    this.#video.pause();
  }

  jumpToLive(): void {
    this.#playhead.jumpToLive(this.#ranges());
  }

  setVolume(volume: number, muted: boolean): void {
    this.#video.volume = volume;
    this.#video.muted = muted;
  }

  stats(): EngineStats {
    const video = this.#video;
    const quality = video.getVideoPlaybackQuality?.();
    return {
      buffer: bufferedAhead(this.#ranges(), video.currentTime),
      playbackRate: video.playbackRate,
      decodedFrames: quality?.totalVideoFrames ?? 0,
      droppedFrames: quality?.droppedVideoFrames ?? 0,
      width: video.videoWidth,
      height: video.videoHeight,
      position: this.#playhead.positioned ? video.currentTime - this.#offset : undefined,
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unlisten.abort();
    this.#playhead.close();
    for (const lane of this.#lanes.values()) lane.close();
    this.#detach?.();
    this.#stage.still.hidden = true;
  }

  /** The tracks to play now: the first of each kind, without those that do not come. */
  #wanted(): readonly StreamTrack[] {
    const first = (kind: Kind) => this.#config.tracks.find((track) => track.kind === kind);
    return [first("video"), first("audio")].filter((track) => track !== undefined && !this.#lost.has(track.kind)) as StreamTrack[];
  }

  /** A SourceBuffer cannot be added later: other kinds of track need another MediaSource, from a key frame on. */
  #mustRebuild(fragment: StreamFragment): boolean {
    const wanted = this.#wanted();
    const video = wanted.some((track) => track.kind === "video");
    if (video && !(fragment.track.kind === "video" && fragment.sync)) return this.#built.length === 0 && !video;
    return (
      wanted.some((track) => !this.#built.some((built) => built.kind === track.kind)) ||
      this.#built.some((built) => !this.#stays(built, wanted))
    );
  }

  /** Whether what was built can stay: sound that the configuration no longer has is silence from then on. */
  #stays(built: StreamTrack, wanted: readonly StreamTrack[]): boolean {
    if (wanted.some((track) => track.kind === built.kind)) return true;
    return built.kind === "audio" && canBeSilent(built) && !this.#lost.has("audio");
  }

  /**
   * The first fragment of a new connection: on the same clock, or another one that is put behind what was.
   *
   * @returns false where it is not yet one to start with.
   */
  #connect(fragment: StreamFragment): boolean {
    if (!this.#canStart(fragment)) return false;
    this.#isNewConnection = false;
    const before = this.#utcOffset;
    const ends = [...this.#lanes.values()].map((lane) => lane.end ?? 0);
    const end = Math.max(this.#video.currentTime, ...ends);
    const same = before !== undefined && fragment.utcOffset !== undefined && Math.abs(before - fragment.utcOffset) < sameClock;
    if (this.#lanes.size === 0 || same) {
      for (const lane of this.#lanes.values()) lane.resume();
      return true;
    }
    // Right behind: the playhead runs on into it, and then catches up with what the server had kept.
    this.#offset = end - fragment.start;
    for (const lane of this.#lanes.values()) lane.restart(this.#offset);
    if (!this.#playhead.positioned) this.#playhead.reposition(end);
    return true;
  }

  /** Pictures start at a key frame, and sound with them; after a while of sound alone it starts without. */
  #canStart(fragment: StreamFragment): boolean {
    if (fragment.track.kind === "video") return fragment.sync;
    if (!this.#wanted().some((track) => track.kind === "video")) return true;
    this.#soundSince ??= fragment.start;
    if (Math.abs(fragment.start - this.#soundSince) < lostAfter * 2) return false;
    this.#lost = new Set(["video"]);
    return true;
  }

  /** Nothing of what there is is played any further; the element keeps its picture until there is another source. */
  #forget(): void {
    for (const lane of this.#lanes.values()) lane.close();
    this.#lanes = new Map();
    this.#early = [];
    this.#built = [];
    this.#utcOffset = undefined;
    this.#playhead.reposition(0);
  }

  #rebuild(): void {
    const tracks = this.#wanted();
    const utcOffset = this.#utcOffset;
    holdPicture(this.#video, this.#stage.still);
    this.#forget();
    this.#utcOffset = utcOffset;
    this.#built = tracks;
    this.#offset = 0;
    this.#detach?.();
    this.#detach = attachMediaSource(this.#video, (source) => {
      if (this.#built !== tracks) return;
      source.duration = Number.POSITIVE_INFINITY;
      this.#open(source, tracks);
    });
    if (this.#wantsPlay) void this.#start();
  }

  #open(source: MediaSource, tracks: readonly StreamTrack[]): void {
    const listener = {
      changed: () => this.#look(),
      failed: (message: string) => this.#listener.failed(message),
      currentTime: () => this.#video.currentTime,
    };
    try {
      this.#lanes = new Map(tracks.map((track) => [track.kind, new MseLane(source, track, listener)]));
    } catch (error) {
      this.#listener.failed(error instanceof Error ? error.message : String(error));
      return;
    }
    const early = this.#early;
    this.#early = [];
    for (const fragment of early) this.#give(fragment);
  }

  #give(fragment: StreamFragment): void {
    const lane = this.#lanes.get(fragment.track.kind);
    if (lane === undefined) return;
    this.#closeHole(lane, fragment);
    if (fragment.track.kind === "audio") this.#bridge(lane, fragment.start + this.#offset);
    lane.append(fragment);
    this.#look();
  }

  /**
   * A hole in all tracks at once (a slow viewer was skipped ahead, the publisher was away) is closed: what follows it is
   * shown right behind what was before. So the playhead need not be moved, which would empty the decoders.
   */
  #closeHole(lane: MseLane, fragment: StreamFragment): void {
    if (!fragment.sync || (fragment.track.kind === "audio" && this.#lanes.has("video"))) return;
    const ends = [...this.#lanes.values()].map((each) => each.end);
    if (!this.#playhead.positioned || ends.includes(undefined) || !lane.isHoleBefore(fragment)) return;
    const end = Math.max(...(ends as number[]));
    if (fragment.start + this.#offset - end < shortestHole) return;
    this.#offset = end - fragment.start;
    for (const each of this.#lanes.values()) each.shift(this.#offset);
    this.#listener.seeked("hole");
  }

  /** A hole in the sound beside a picture without one is filled with silence. */
  #bridge(audio: MseLane, start: number): void {
    const video = this.#lanes.get("video");
    if (video?.end === undefined || audio.end === undefined) return;
    const isHole = start - audio.end > 0.02 && start - audio.end < lostAfter * 5;
    if (isHole && video.runStart <= audio.end + 0.1 && video.end > audio.end) audio.fillSilence(audio.end, start);
  }

  #ranges(): readonly Range[] {
    return rangesOf(this.#video.buffered);
  }

  #look(): void {
    if (this.#lanes.size === 0) return;
    this.#keepTogether();
    for (const lane of this.#lanes.values()) lane.trim();
    const settled = [...this.#lanes.values()].every((lane) => lane.idle);
    this.#playhead.look(this.#ranges(), settled);
  }

  /** One track comes and the other does not: it is replaced by silence, or left out. */
  #keepTogether(): void {
    const video = this.#lanes.get("video");
    const audio = this.#lanes.get("audio");
    if (video === undefined || audio === undefined) return;
    const [pictures, sound] = [video.end, audio.end];
    if (pictures !== undefined) {
      const from = Math.max(sound ?? 0, video.runStart);
      const needed = this.#playhead.positioned ? from - this.#video.currentTime < silenceBelow : true;
      const late = pictures - from > (sound === undefined ? usualLag * 2 : usualLag);
      if (needed && late && !audio.fillSilence(from, pictures - usualLag / 3) && pictures - from > lostAfter) this.#lose("audio");
    }
    if (sound !== undefined && sound - Math.max(pictures ?? 0, audio.runStart) > lostAfter) this.#lose("video");
  }

  #lose(kind: Kind): void {
    this.#lost = new Set([...this.#lost, kind]);
    // Without pictures any time is a good one; else it is at the next key frame.
    if (kind === "video") this.#rebuild();
  }

  async #start(): Promise<void> {
    const video = this.#video;
    video.preservesPitch = true;
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || !this.#wantsPlay) return;
      this.#listener.blocked(video.muted ? "playback" : "sound");
    }
  }

  /** A pause that nobody asked us for, from a media key or picture in picture. */
  #pausedByViewer(): void {
    // Another source pauses the element, too.
    if (this.#wantsPlay && this.#lanes.size > 0 && !this.#video.ended) this.#listener.paused(true);
  }

  #mediaError(): void {
    const error = this.#video.error;
    if (error !== null && this.#built.length > 0) this.#listener.failed(error.message === "" ? `media error ${error.code}` : error.message);
  }
}
