import type { Frame } from "../media/frame.ts";
import { isRandomAccess } from "../media/frame.ts";
import type { Discontinuity, MuxedChunk, MuxedInit, Muxer, MuxerFactory, MuxerSink } from "../media/muxer.ts";
import { NotCarried } from "../media/muxer.ts";
import type { Generation } from "../media/track.ts";
import type { Output } from "./output.ts";
import type { TimelineFollower } from "./timeline.ts";
import { leadingTrack } from "./timeline.ts";

/** A container as viewers ask for it. Viewers with equal keys share one muxer. */
export interface Container {
  /** `flv`, `mp4`, `rtmp:enhanced:amf0:1`: all options that change a byte are in it. */
  readonly key: string;
  readonly muxer: MuxerFactory;
}

/** What a container output follows: a timeline, or what of it one viewer is shown. */
export interface Followed {
  /** Tells a follower what is in force and whatever comes. @returns a function that ends it */
  follow(follower: TimelineFollower): () => void;
}

/** What a container output tells its stream. */
export interface ContainerOutputOwner {
  /** Chunks were added to all its outputs. */
  appended(urgent: boolean): void;
  /** The muxer failed, which is our bug or a stream no one foresaw; the output is over, nothing else is. */
  failed(error: unknown): void;
}

/**
 * One muxer run once over one timeline. It keeps the chunks since the newest random-access point as views (no bytes
 * of its own), so that an output in another framing can be made at any time; outputs hold the bytes.
 */
export class ContainerOutput implements TimelineFollower, MuxerSink {
  readonly key: string;
  readonly outputs = new Map<string, Output>();
  readonly #owner: ContainerOutputOwner;
  readonly #muxer: Muxer;
  /** Undefined during the replay, when errors belong to the viewer that asked. */
  readonly #unfollow: (() => void) | undefined;
  #init: MuxedInit | undefined;
  readonly #maxBytes: number;
  /** Chunks since the newest random-access point; none where those are more bytes than a ring may hold. */
  #recent: MuxedChunk[] = [];
  #recentBytes = 0;
  /** The init in force at the first of them. */
  #recentInit: MuxedInit | undefined;
  /** Inits that came since, each before the chunk of that index. */
  #inits: { readonly before: number; readonly init: MuxedInit }[] = [];
  /** The track that has to reach a random-access point before frames mean anything to the muxer. */
  #awaited: number | undefined;
  /** It has been reached. */
  #begun = false;
  #over: "ended" | "not-carried" | undefined;
  /** Why it is over, for the viewer, where it is `not-carried`. */
  words = "";

  /**
   * @param maxBytes most bytes of chunks that are kept for outputs yet to be made
   * @throws {NotCarried} where the container can carry nothing of the current generation
   */
  constructor(container: Container, timeline: Followed, owner: ContainerOutputOwner, maxBytes: number) {
    this.key = container.key;
    this.#owner = owner;
    this.#maxBytes = maxBytes;
    this.#muxer = container.muxer(this);
    this.#unfollow = timeline.follow(this);
  }

  get over(): "ended" | "not-carried" | undefined {
    return this.#over;
  }

  discontinuity(entry: Discontinuity): void {
    this.#guard(() => this.#muxer.discontinuity(entry));
  }

  generation(next: Generation): void {
    if (!this.#begun) this.#awaited = leadingTrack(next.tracks)?.id;
    this.#guard(() => this.#muxer.generation(next));
  }

  frame(frame: Frame): void {
    if (this.#awaited !== undefined) {
      if (frame.track !== this.#awaited || !isRandomAccess(frame)) return;
      this.#awaited = undefined;
    }
    this.#begun = true;
    this.#guard(() => this.#muxer.frame(frame));
  }

  /** Lets go of what the muxer holds back: nothing may come for a while. */
  flush(): void {
    this.#guard(() => this.#muxer.flush());
  }

  end(): void {
    this.flush();
    this.#finish("ended");
  }

  init(init: MuxedInit): void {
    this.#init = init;
    this.#inits.push({ before: this.#recent.length, init });
    for (const output of this.outputs.values()) output.addInit(init);
  }

  chunk(chunk: MuxedChunk): void {
    if (chunk.randomAccess) this.#forget();
    if (chunk.randomAccess || this.#recent.length > 0) {
      this.#recent.push(chunk);
      for (const part of chunk.parts) this.#recentBytes += part.length;
      if (this.#recentBytes > this.#maxBytes) this.#forget();
    }
    for (const output of this.outputs.values()) output.addChunk(chunk);
    this.#owner.appended(chunk.urgent);
  }

  #forget(): void {
    this.#recent = [];
    this.#recentBytes = 0;
    this.#inits = [];
    this.#recentInit = this.#init;
  }

  /** Fills a new output with the newest random-access point and all since, and keeps it going. */
  attach(output: Output): void {
    if (this.#recentInit !== undefined) output.addInit(this.#recentInit);
    let next = 0;
    this.#recent.forEach((chunk, i) => {
      while (next < this.#inits.length && this.#inits[next]!.before <= i) output.addInit(this.#inits[next++]!.init);
      output.addChunk(chunk);
    });
    for (; next < this.#inits.length; next++) output.addInit(this.#inits[next]!.init);
    this.outputs.set(output.framing.name, output);
  }

  /** Nobody watches any more. */
  close(): void {
    this.#unfollow?.();
    this.#forget();
  }

  #finish(end: "ended" | "not-carried"): void {
    this.#over = end;
    for (const output of this.outputs.values()) output.finish(end);
    this.#owner.appended(true);
  }

  /** A muxer's failure ends this output and nothing else. */
  #guard(call: () => void): void {
    if (this.#over !== undefined) return;
    try {
      call();
    } catch (error) {
      if (this.#unfollow === undefined) throw error;
      this.words = error instanceof NotCarried ? error.message : "";
      this.#unfollow();
      this.#finish("not-carried");
      if (!(error instanceof NotCarried)) this.#owner.failed(error);
    }
  }
}
