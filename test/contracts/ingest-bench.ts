/** What the ingest suite stands on: a hub with an ingest before it, and what becomes of the publishers there. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Hub, type HubEvent, type HubOptions } from "../../src/hub/hub.ts";
import type { PublicationEnd } from "../../src/hub/publication.ts";
import type { Stream } from "../../src/hub/stream.ts";
import type { Frame } from "../../src/media/frame.ts";
import type { Discontinuity } from "../../src/media/muxer.ts";
import type { Generation } from "../../src/media/track.ts";

/** A publisher of the suite's media: H.264 as `videoConfig(0)` or `(1)`, AAC. Times are what goes on the wire, milliseconds. */
export interface TestPublisher {
  metadata(kinds: { readonly video: boolean; readonly audio: boolean }, title: string): void;
  videoConfig(which: 0 | 1): void;
  audioConfig(): void;
  /** @param mark is in the payload */
  video(time: number, key: boolean, mark: number): void;
  audio(time: number, mark: number): void;
  /** Says that it stops. */
  stop(): void;
  /** Its connection is gone without a word. */
  vanish(): void;
  /** Sends what no publisher may. */
  offend(): void;
  /** Resolves when the server has ended its connection. */
  readonly closed: Promise<void>;
}

export interface IngestUnderTest {
  readonly name: string;
  /** A server that takes publishers into a hub. */
  open(hub: Hub): Promise<IngestServer>;
  /** Where senders' clocks wrap, in milliseconds. */
  readonly wraps: readonly number[];
}

export interface IngestServer extends AsyncDisposable {
  /** Publishes; rejects, with the server's words, if it is refused. @param encoder what it calls itself */
  publish(name: string, encoder: string): Promise<TestPublisher>;
}

/** The stream, where a test says nothing else. */
export const name = "live/cam";

/** A hub with an ingest before it, and all that happens there. */
export class Bench implements AsyncDisposable {
  readonly hub: Hub;
  readonly server: IngestServer;
  readonly events: HubEvent[] = [];

  private constructor(hub: Hub, server: IngestServer) {
    this.hub = hub;
    this.server = server;
    hub.onEvent((event) => this.events.push(event));
  }

  static async open(ingest: IngestUnderTest, options: Partial<HubOptions> = {}): Promise<Bench> {
    const hub = new Hub({ grace: 5000, ...options });
    return new Bench(hub, await ingest.open(hub));
  }

  publish(encoder = "suite", stream = name): Promise<TestPublisher> {
    return this.server.publish(stream, encoder);
  }

  /** The stream once it is live, or live again, and what is on its timeline from its newest start on. */
  async live(stream = name): Promise<Recording> {
    const found = await this.hub.watch(stream, 5000);
    return new Recording(found);
  }

  /** Resolves when a publication has ended, with how. */
  async lost(stream = name): Promise<PublicationEnd> {
    const find = () => this.events.findLast((event) => event.kind === "lost" && event.stream.name === stream);
    await until(() => find() !== undefined, "the publisher is lost");
    return (find() as HubEvent & { end: PublicationEnd }).end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hub.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** What a follower of a timeline is told. */
export class Recording {
  readonly stream: Stream;
  readonly frames: Frame[] = [];
  readonly generations: Generation[] = [];
  readonly discontinuities: Discontinuity[] = [];
  /** A discontinuity has come, and no frame after it. */
  #isBroken = false;

  constructor(stream: Stream) {
    this.stream = stream;
    stream.timeline.follow({
      frame: (frame) => {
        this.frames.push(frame);
        this.#isBroken = false;
      },
      generation: (next) => this.generations.push(next),
      discontinuity: (entry) => {
        // Before the first frame the start is a guess, which the first frame mends.
        if (this.#isBroken) this.discontinuities.pop();
        this.discontinuities.push(entry);
        this.#isBroken = true;
      },
      end: () => undefined,
    });
  }

  video(): Frame[] {
    return this.#of("video");
  }
  audio(): Frame[] {
    return this.#of("audio");
  }
  /** Kinds of the tracks in force, in order. */
  get kinds(): string[] {
    return this.generations.at(-1)!.tracks.map(({ kind }) => kind);
  }

  async has(pictures: number, sounds = 0): Promise<void> {
    const enough = () => this.video().length >= pictures && this.audio().length >= sounds;
    await until(enough, `${pictures} pictures and ${sounds} sounds; there are ${this.video().length} and ${this.audio().length}`);
  }

  #of(kind: string): Frame[] {
    const ids = new Set(this.generations.flatMap(({ tracks }) => tracks.filter((track) => track.kind === kind).map(({ id }) => id)));
    return this.frames.filter(({ track }) => ids.has(track));
  }
}

/** Resolves when a condition is true, looked at often. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    assert.ok(performance.now() < end, `not in time: ${what}`);
    await delay(5);
  }
}
