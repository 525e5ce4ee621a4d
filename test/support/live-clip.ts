/** A clip played in a loop as if it were live, through the real fMP4 muxer, with the faults that a live stream has. */
import { EventEmitter } from "node:events";
import { fmp4Muxer } from "../../src/containers/fmp4/muxer.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import type { MuxedInit, Muxer } from "../../src/media/muxer.ts";
import type { Track } from "../../src/media/track.ts";
import type { LoopClip } from "./loop-clip.ts";

/** What goes out to a viewer. */
export interface LiveMessage {
  readonly init?: MuxedInit;
  readonly bytes: Uint8Array;
  readonly randomAccess: boolean;
}

/** Says of each frame, with its time in seconds of the timeline, whether it comes. */
export type FrameFilter = (frame: SourceFrame, track: Track, time: number) => boolean;

const tickEvery = 5;

/** Emits `message`; remembers what a newcomer needs. */
export class LiveClip extends EventEmitter<{ message: [LiveMessage] }> {
  /** What a newcomer is sent: the init, and all since the newest random-access point. */
  backlog: LiveMessage[] = [];
  filter: FrameFilter = () => true;
  #muxer: Muxer;
  #clip: LoopClip;
  #startedAt = performance.now();
  /** Frames that went out, in the present clip's loops. */
  #next = 0;
  /** Where, in seconds of the timeline, the present clip begins. */
  #base = 0;
  #generation = 0;
  #utcOffset = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(clip: LoopClip) {
    super();
    this.#clip = clip;
    this.#muxer = this.#begin();
    this.#timer = setInterval(() => this.#tick(), tickEvery);
  }

  /** Seconds of the timeline. */
  get now(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Another clip takes over now, on the same timeline: a new generation. */
  change(clip: LoopClip, tracks = clip.tracks): void {
    this.#tick();
    this.#clip = clip;
    this.#base = this.now;
    this.#next = 0;
    this.#generate(tracks);
  }

  /** The same pictures with other tracks announced: audio that comes or goes midway. */
  announce(tracks: readonly Track[]): void {
    this.#generate(tracks);
  }

  /** The publisher is away for a while, and begins again with a key frame. */
  interrupt(seconds: number): void {
    const from = this.now;
    this.filter = (frame, track, time) => {
      if (time < from + seconds || track.kind !== "video" || frame.sap === 0) return false;
      this.filter = () => true;
      this.#muxer.discontinuity({ reason: "reconnect", utcOffset: this.#utcOffset });
      return true;
    };
  }

  /** A server that restarts: a new timeline from zero, nothing kept. */
  restart(): void {
    this.#startedAt = performance.now();
    this.#base = 0;
    this.#next = 0;
    this.backlog = [];
    this.#muxer = this.#begin();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.removeAllListeners();
  }

  #begin(): Muxer {
    const muxer = fmp4Muxer()({
      init: (init) => this.#send({ init, bytes: init.bytes, randomAccess: false }),
      chunk: ({ parts, randomAccess }) => this.#send({ bytes: Buffer.concat(parts), randomAccess }),
    });
    this.#utcOffset = Date.now();
    muxer.discontinuity({ reason: "start", utcOffset: this.#utcOffset });
    this.#muxer = muxer;
    this.#generate(this.#clip.tracks);
    return muxer;
  }

  #generate(tracks: readonly Track[]): void {
    this.#generation += 1;
    this.#muxer.generation({ id: this.#generation, tracks, metadata: {} });
  }

  #send(message: LiveMessage): void {
    if (message.init !== undefined) this.backlog = [message];
    else if (message.randomAccess) this.backlog = [...this.backlog.filter((each) => each.init !== undefined).slice(-1), message];
    else if (this.backlog.length > 0) this.backlog.push(message);
    this.emit("message", message);
  }

  #tick(): void {
    const { frames, tracks, seconds } = this.#clip;
    for (;;) {
      const loop = Math.floor(this.#next / frames.length);
      const frame = frames[this.#next % frames.length]!;
      const track = tracks.find((each) => each.id === frame.track)!;
      const offset = this.#base + loop * seconds;
      const time = frame.dts / track.timescale + offset;
      if (time > this.now) return;
      this.#next += 1;
      if (!this.filter(frame, track, time)) continue;
      const shift = Math.round(offset * track.timescale);
      this.#muxer.frame({ ...frame, dts: frame.dts + shift, pts: frame.pts + shift, arrived: Math.round(time * 1e6) });
    }
  }
}
