import type { AllocateSlab } from "../bytes/slab-store.ts";
import type { Archive, Keeper } from "./archive.ts";
import type { Container, ContainerOutputOwner } from "./container-output.ts";
import { ContainerOutput } from "./container-output.ts";
import type { Framing } from "./framing.ts";
import { NotCarried } from "../media/muxer.ts";
import { Output } from "./output.ts";
import type { PlayheadEnd, PlayheadOwner, PlayheadSink } from "./playhead.ts";
import { Playhead } from "./playhead.ts";
import type { Publication, PublicationEnd, PublicationOwner } from "./publication.ts";
import type { Pump } from "./pump.ts";
import { Audience } from "./pump.ts";
import { RateMeter } from "./rate-meter.ts";
import { Refusal } from "./refusal.ts";
import type { Scheduler } from "./scheduler.ts";
import { TimelineClock } from "./timeline-clock.ts";
import { Segmentation } from "./segmentation.ts";
import type { Retention } from "./timeline.ts";
import { Timeline } from "./timeline.ts";
import type { Viewing } from "./viewing.ts";

/**
 * `waiting`: a publisher is there, its tracks are not complete. `live`. `reconnecting`: the publisher was lost and
 * the timeline stays open for it. `ended`: it is over; the object is dead.
 */
export type StreamState = "waiting" | "live" | "reconnecting" | "ended";

/** What a stream needs of its hub. */
export interface StreamOwner {
  readonly scheduler: Scheduler;
  readonly pump: Pump;
  readonly retention: Retention;
  readonly allocate: AllocateSlab;
  /** Viewers of that name who are shown the past. */
  replaysOf(name: string): number;
  /** Milliseconds wanted of segments; undefined where streams are not cut into any. */
  readonly segmentDuration: number | undefined;
  /** Viewers may start. */
  ready(stream: Stream): void;
  published(stream: Stream, publication: Publication, end: PublicationEnd): void;
  /** An output failed by our own fault. */
  failed(stream: Stream, error: unknown): void;
}

/** Milliseconds that an output nobody watches is kept, for the next viewer. */
const OUTPUT_LINGER = 10_000;

/** A name's timeline, who publishes to it, the outputs made of it and who watches them. */
export class Stream implements PublicationOwner, ContainerOutputOwner, PlayheadOwner {
  readonly name: string;
  /** Of its timeline, unlike that of any other of this name, before and after a restart of the server too. In URLs. */
  readonly id: string;
  readonly timeline: Timeline;
  readonly segmentation: Segmentation | undefined;
  readonly clock: TimelineClock;
  /** Who keeps the timeline beyond its ring; undefined where nobody does. */
  readonly keeper: Keeper | undefined;
  /** Unix milliseconds since which it has been there. */
  readonly since: number;
  readonly #owner: StreamOwner;
  readonly #audience = new Audience();
  readonly #elsewhere = new Set<() => number>();
  readonly #containers = new Map<string, { readonly container: ContainerOutput; idleSince: number | undefined }>();
  readonly #rate = new RateMeter();
  #askers = 0;
  #publication: Publication | undefined;
  #state: StreamState = "waiting";
  /** How often a viewer lost its place, since the beginning. */
  skips = 0;

  /**
   * @param ordinal how many streams its hub had before
   * @param keeper keeps its timeline, which goes on from what was kept
   */
  constructor(name: string, owner: StreamOwner, ordinal: number, keeper?: Keeper) {
    this.name = name;
    this.#owner = owner;
    const { scheduler } = owner;
    this.since = scheduler.wallClock();
    const origin = keeper?.origin;
    this.timeline = new Timeline(owner.retention, origin);
    this.clock = new TimelineClock(
      origin && { time: Math.ceil(origin.micros / 1000), arrived: scheduler.now() - Math.max(0, this.since - origin.utc) },
    );
    this.id = `${Math.floor(this.since).toString(36)}-${ordinal.toString(36)}`;
    this.segmentation = owner.segmentDuration === undefined ? undefined : new Segmentation(this.timeline, owner.segmentDuration);
    this.keeper = keeper;
    keeper?.follow(this.timeline);
  }

  /** What is kept of the timeline beyond its ring. */
  get archive(): Archive | undefined {
    return this.keeper?.archive;
  }

  get state(): StreamState {
    return this.#state;
  }

  get publication(): Publication | undefined {
    return this.#publication;
  }

  /** Over all protocols, those included who are shown the past, or ask for piece after piece. */
  get viewers(): number {
    let count = this.#audience.size + this.#owner.replaysOf(this.name) + this.#askers;
    for (const more of this.#elsewhere) count += more();
    return count;
  }

  /**
   * Counts viewers of what is made of this stream elsewhere among its own.
   *
   * @param more how many there are now besides those who play it here
   * @returns a function that ends it
   */
  countAlso(more: () => number): () => void {
    this.#elsewhere.add(more);
    return () => void this.#elsewhere.delete(more);
  }

  /** Some of those who watched it live have not seen all of it. */
  get isWatched(): boolean {
    return this.#audience.size > 0;
  }

  /** What a viewer may go back to, in Unix milliseconds, and how long before what is newest that is. Undefined before there is anything. */
  get past(): { readonly oldest: number; readonly milliseconds: number } | undefined {
    const { timeline } = this;
    const start = timeline.oldestStart;
    const inRing = start && { ...start, utc: start.discontinuity.utcOffset + start.micros / 1000 };
    const kept = this.archive?.oldest;
    const oldest = kept !== undefined && kept.sequence < (inRing?.sequence ?? Infinity) ? kept : inRing;
    return oldest && { oldest: oldest.utc, milliseconds: Math.max(0, timeline.lastMicros - oldest.micros) / 1000 };
  }

  /** Outputs being made now, for tests and metrics. */
  get outputs(): number {
    let count = 0;
    for (const { container } of this.#containers.values()) count += container.outputs.size;
    return count;
  }

  /** What the publisher sends, in bits per second. */
  get bitrate(): number {
    return this.#rate.bitsPerSecond(this.#owner.scheduler.now());
  }

  /**
   * Starts a viewer at the newest random-access point; its first bytes are given to the sink in the next turn.
   *
   * @throws {Refusal} `not-carried`, where the container has no use for these tracks; `not-live`
   */
  play(container: Container, framing: Framing, sink: PlayheadSink): Playhead {
    const playhead = new Playhead(this.#output(container, framing), sink, this);
    this.#audience.add(playhead);
    this.#owner.pump.move(playhead);
    return playhead;
  }

  /** Counts a viewer who has no playhead. @returns what ends that; calling it again changes nothing */
  countViewer(): () => void {
    this.#askers += 1;
    let counted = true;
    return () => {
      if (counted) this.#askers -= 1;
      counted = false;
    };
  }

  /** What a viewer who comes now is shown. */
  live(): Viewing {
    const { name, timeline } = this;
    return { name, generation: timeline.current!, play: (...viewer) => this.play(...viewer), close: () => undefined };
  }

  /** Takes a publisher in. The hub has decided that it may. */
  attach(publication: Publication): void {
    this.#publication = publication;
    if (this.#state === "ended") throw new Error("a publisher for a stream that is over");
  }

  /** The grace period is over, or the server is ending. */
  end(reason: PlayheadEnd = "ended"): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.timeline.end();
    for (const { container } of this.#containers.values()) container.close();
    // Who has read everything is told at once; who is behind ends by itself, or stalls and is swept.
    if (reason === "closing") for (const playhead of this.#audience) playhead.close(reason);
  }

  /** Once a second: ends viewers that take nothing or have nothing to start at, drops outputs that nobody watches. */
  sweep(now: number, stallTimeout: number): void {
    for (const playhead of this.#audience) playhead.sweep(now, stallTimeout);
    const watched = new Set<Output>();
    for (const playhead of this.#audience) watched.add(playhead.output);
    for (const [key, entry] of this.#containers) {
      const outputs = [...entry.container.outputs.values()];
      if (outputs.some((output) => watched.has(output))) entry.idleSince = undefined;
      else entry.idleSince ??= now;
      if (entry.container.over === undefined && (entry.idleSince === undefined || now - entry.idleSince < OUTPUT_LINGER)) continue;
      entry.container.close();
      this.#containers.delete(key);
    }
  }

  // What its publication tells it.

  ready(publication: Publication): void {
    if (publication !== this.#publication) return;
    this.#state = "live";
    this.#owner.ready(this);
  }

  received(bytes: number, now: number): void {
    this.#rate.add(bytes, now);
  }

  ended(ended: Publication | Playhead, reason: PublicationEnd | PlayheadEnd): void {
    if (ended instanceof Playhead) return this.#audience.remove(ended);
    if (ended !== this.#publication) return;
    this.#publication = undefined;
    if (this.#state === "live") this.#state = "reconnecting";
    for (const { container } of this.#containers.values()) container.flush();
    this.#owner.published(this, ended, reason as PublicationEnd);
  }

  // What its outputs tell it.

  appended(urgent: boolean): void {
    this.#owner.pump.wake(this.#audience, urgent);
  }

  failed(error: unknown): void {
    this.#owner.failed(this, error);
  }

  // What its playheads tell it.

  behind(playhead: Playhead): void {
    this.#owner.pump.move(playhead);
  }

  skipped(): void {
    this.skips += 1;
  }

  /** The shared output for a container and framing, made where nobody else has asked for it yet. */
  #output(wanted: Container, framing: Framing): Output {
    if (this.timeline.current === undefined || this.timeline.ended) throw new Refusal("not-live", "This stream is not live.");
    let entry = this.#containers.get(wanted.key);
    if (entry === undefined || entry.container.over !== undefined) {
      try {
        const container = new ContainerOutput(wanted, this.timeline, this, this.#owner.retention.maxBytes);
        entry = { container, idleSince: undefined };
      } catch (error) {
        if (error instanceof NotCarried) throw new Refusal("not-carried", error.message);
        throw error;
      }
      this.#containers.set(wanted.key, entry);
    }
    const existing = entry.container.outputs.get(framing.name);
    if (existing !== undefined) return existing;
    const output = new Output(framing, this.#owner.allocate, this.#owner.retention);
    entry.container.attach(output);
    return output;
  }
}
