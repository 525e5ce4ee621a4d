import type { AllocateSlab } from "../bytes/slab-store.ts";
import type { Discontinuity } from "../media/muxer.ts";
import { NotCarried } from "../media/muxer.ts";
import type { Generation } from "../media/track.ts";
import type { Container, ContainerOutputOwner } from "./container-output.ts";
import { ContainerOutput } from "./container-output.ts";
import type { Framing } from "./framing.ts";
import { Output } from "./output.ts";
import type { PlayheadEnd, PlayheadOwner, PlayheadSink } from "./playhead.ts";
import { MAX_WRITE, Playhead } from "./playhead.ts";
import { Audience, type Pump } from "./pump.ts";
import { Refusal } from "./refusal.ts";
import type { Place, ReplayOptions } from "./replay-place.ts";
import type { Scheduler } from "./scheduler.ts";
import type { EntryReader, ReadEntry } from "./timeline-reader.ts";
import type { TimelineFollower } from "./timeline.ts";
import type { Viewing } from "./viewing.ts";

/** Bytes that a replay makes ahead of what its viewer was sent, at most; one chunk may be larger. */
const AHEAD = MAX_WRITE;
/** A slab of an output with a single viewer. */
const SLAB = 64 * 1024;
/** Milliseconds that a replay waits for what comes after a hole in the past; a longer one is jumped over. */
export const LONGEST_HOLE = 10_000;

/** What a replay needs of its hub. */
export interface ReplayHost {
  readonly scheduler: Scheduler;
  readonly pump: Pump;
  readonly allocate: AllocateSlab;
  /** A viewer of that name lost its place and was moved on. */
  replaySkipped(name: string): void;
  /** Its output failed by our own fault. */
  replayFailed(name: string, error: unknown): void;
}

/**
 * Why nothing is fed to the output now: the viewer has not taken enough (`behind`), the next frame is not due (`paced`), nothing
 * more is there yet (`waiting`), the viewer has paused (`held`), nothing will come (`over`).
 */
type Pause = "behind" | "paced" | "waiting" | "held" | "over";

const keepAll = { beforeNewestStart: Infinity, maxBytes: Infinity } as const;

/**
 * A viewer who starts further back. It has an output of its own, in which only what it is about to be sent is kept: entries of the
 * past pass through the container's muxer when they are due and its playhead has taken most of what was made before. Where it
 * catches up it goes on live, as any other viewer.
 */
export class Replay implements Viewing, PlayheadOwner, ContainerOutputOwner {
  readonly name: string;
  readonly generation: Generation;
  readonly #host: ReplayHost;
  readonly #options: ReplayOptions;
  readonly #reader: EntryReader;
  readonly #audience = new Audience();
  /** Media time, in milliseconds, of what is shown at the moment of the beginning. */
  readonly #due: number;
  #container: ContainerOutput | undefined;
  #playhead: Playhead | undefined;
  #pause: Pause = "behind";
  /** Read, and not due yet. */
  #next: ReadEntry | undefined;
  /** What is added to a media time to know when it is due, in milliseconds. */
  #offset = 0;
  /** Media times in milliseconds: of the first frame, and the highest so far. */
  #first: number | undefined;
  #latest = 0;
  #skipped = false;
  #clock: Discontinuity | undefined;
  #cancelTimer: (() => void) | undefined;
  #hasLeft = false;
  /** Milliseconds of the clock since which it is held. */
  #heldAt: number | undefined;
  readonly #left: () => void;

  /** @param left called once, when it is over */
  constructor(name: string, host: ReplayHost, place: Place<EntryReader>, options: ReplayOptions, left: () => void) {
    this.name = name;
    this.generation = place.start.generation;
    this.startMs = place.start.micros / 1000;
    this.#host = host;
    this.#options = options;
    this.#due = place.due / 1000;
    this.#left = left;
    this.#reader = place.open(() => this.#woken());
  }

  /** Undefined before it is played. */
  get playhead(): Playhead | undefined {
    return this.#playhead;
  }

  play(container: Container, framing: Framing, sink: PlayheadSink): Playhead {
    const output = new Output(framing, this.#host.allocate, keepAll, SLAB);
    try {
      this.#container = new ContainerOutput(container, { follow: (follower) => this.#introduce(follower) }, this, 0);
    } catch (error) {
      this.close();
      if (error instanceof NotCarried) throw new Refusal("not-carried", error.message);
      throw error;
    }
    this.#container.attach(output);
    const playhead = new Playhead(output, sink, this, "oldest");
    this.#playhead = playhead;
    this.#audience.add(playhead);
    this.#offset = this.#host.scheduler.now() - this.#due;
    this.#fill();
    return playhead;
  }

  close(): void {
    if (this.#playhead === undefined) this.#leave();
  }

  /** Milliseconds on the timeline of the random-access point that it begins at. */
  readonly startMs: number;

  /** Milliseconds on the timeline up to which it has been sent. */
  get position(): number {
    return this.#latest;
  }

  /** Nothing more is passed on until `goOn`: what would be due then is due as much later. */
  hold(): void {
    this.#heldAt ??= this.#host.scheduler.now();
    this.#cancelTimer?.();
    if (this.#pause !== "over") this.#pause = "held";
  }

  goOn(): void {
    if (this.#heldAt === undefined) return;
    this.#offset += this.#host.scheduler.now() - this.#heldAt;
    this.#heldAt = undefined;
    if (this.#pause !== "over") this.#fill();
  }

  /** All that is to come is due so much earlier; later, below 0. @param by milliseconds */
  hurry(by: number): void {
    this.#offset -= by;
    if (this.#pause !== "paced") return;
    this.#cancelTimer?.();
    this.#fill();
  }

  /** Lets go of what the muxer holds back: nothing may come for a while. */
  flush(): void {
    if (this.#pause === "waiting") this.#container?.flush();
  }

  // What its playhead tells it.

  behind(playhead: Playhead): void {
    if (this.#pause === "behind") this.#fill();
    else this.#host.pump.move(playhead);
  }

  drained(): void {
    if (this.#pause === "behind") this.#fill();
  }

  skipped(): void {
    this.#host.replaySkipped(this.name);
  }

  ended(playhead: Playhead, _reason: PlayheadEnd): void {
    this.#audience.remove(playhead);
    this.#leave();
  }

  // What its output tells it.

  appended(urgent: boolean): void {
    // While it catches up each fill ends with a turn of its playhead, which waits for nothing.
    if (this.#pause !== "behind") this.#host.pump.wake(this.#audience, urgent);
  }

  failed(error: unknown): void {
    this.#host.replayFailed(this.name, error);
  }

  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#pause = "over";
    this.#cancelTimer?.();
    this.#next = undefined;
    this.#reader.close();
    this.#container?.close();
    this.#left();
  }

  /** The reader has something. */
  #woken(): void {
    if (this.#pause === "waiting") this.#fill();
  }

  /** What is in force where it begins. */
  #introduce(follower: TimelineFollower): () => void {
    for (let entry = this.#reader.read(); entry !== undefined; entry = this.#reader.read()) {
      if (entry.kind === "discontinuity") follower.discontinuity((this.#clock = entry.discontinuity));
      if (entry.kind !== "generation") continue;
      follower.generation(entry.generation);
      break;
    }
    return () => undefined;
  }

  #fill(): void {
    const wasBehind = this.#pause === "behind";
    this.#cancelTimer = undefined;
    this.#pause = this.#feed();
    if (wasBehind) this.#host.pump.move(this.#playhead!);
  }

  /** Feeds the output with what is due and finds room. */
  #feed(): Pause {
    const container = this.#container!;
    for (;;) {
      if (container.over !== undefined) return "over";
      if (this.#heldAt !== undefined) return "held";
      if (!this.#hasRoom()) return "behind";
      const entry = this.#next ?? this.#reader.read();
      this.#next = undefined;
      if (entry === undefined && !this.#reader.over) return "waiting";
      if (entry === undefined || this.#isEnough(entry)) {
        container.end();
        return "over";
      }
      const wait = entry.kind === "frame" ? this.#wait(entry.micros / 1000) : 0;
      if (wait > 0) {
        this.#next = entry;
        this.#cancelTimer = this.#host.scheduler.after(Math.ceil(wait), () => this.#fill());
        return "paced";
      }
      this.#pass(entry, container);
    }
  }

  #pass(entry: ReadEntry, container: ContainerOutput): void {
    switch (entry.kind) {
      case "frame":
        return container.frame(entry.frame);
      case "generation":
        return container.generation(entry.generation);
      case "discontinuity":
        return container.discontinuity((this.#clock = entry.discontinuity));
      case "skip":
        this.#skipped = true;
        this.#playhead!.skips += 1;
        this.skipped();
        if (this.#clock !== undefined) container.discontinuity({ ...this.#clock, reason: "jump" });
    }
  }

  /** Lets go of what was sent, and says whether the viewer has taken so much that more may be made. */
  #hasRoom(): boolean {
    const { output, position } = this.#playhead!;
    if (position >= 0) output.release(position);
    else if (output.oldestStart === undefined) output.release(output.end);
    return output.end - Math.max(position, output.start) < AHEAD;
  }

  /** Milliseconds until media of that time are due. Tracks may lie a little apart: none is waited for twice. */
  #wait(time: number): number {
    this.#first ??= time;
    this.#latest = Math.max(this.#latest, time);
    if (this.#options.pace === "fast") return 0;
    const wait = this.#offset + this.#latest - this.#host.scheduler.now();
    if (wait <= LONGEST_HOLE && !this.#skipped) return wait;
    this.#skipped = false;
    this.#offset -= wait;
    return 0;
  }

  #isEnough(entry: ReadEntry): boolean {
    const { maxTime = Infinity } = this.#options;
    return entry.kind === "frame" && this.#first !== undefined && entry.micros / 1000 - this.#first >= maxTime;
  }
}
