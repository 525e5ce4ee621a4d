/** The suite that every ingest passes: what a publisher sends, however oddly, becomes one timeline (design, section 2). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
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

const name = "live/cam";
const pictureMs = 40;

/** A hub with an ingest before it, and all that happens there. */
class Bench implements AsyncDisposable {
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
class Recording {
  readonly stream: Stream;
  readonly frames: Frame[] = [];
  readonly generations: Generation[] = [];
  readonly discontinuities: Discontinuity[] = [];

  constructor(stream: Stream) {
    this.stream = stream;
    stream.timeline.follow({
      frame: (frame) => this.frames.push(frame),
      generation: (next) => this.generations.push(next),
      discontinuity: (entry) => this.discontinuities.push(entry),
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

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    assert.ok(performance.now() < end, `not in time: ${what}`);
    await delay(5);
  }
}

const steps = (frames: readonly Frame[]): number[] => frames.slice(1).map(({ dts }, i) => dts - frames[i]!.dts);

/** Pictures, a key frame every tenth, and a sound after each. */
function send(
  publisher: TestPublisher,
  from: number,
  count: number,
  options: { at?: number; kinds?: "both" | "video" | "audio" } = {},
): void {
  const { at = 0, kinds = "both" } = options;
  for (let i = from; i < from + count; i++) {
    const time = at + (i - from) * pictureMs;
    if (kinds !== "audio") publisher.video(time, i % 10 === 0, i);
    if (kinds !== "video") publisher.audio(time, i);
  }
}

/** Announces and configures. */
function begin(publisher: TestPublisher, kinds = { video: true, audio: true }): void {
  publisher.metadata(kinds, "suite");
  if (kinds.video) publisher.videoConfig(0);
  if (kinds.audio) publisher.audioConfig();
}

/** Runs the suite for one ingest. */
export function ingestContract(ingest: IngestUnderTest): void {
  const open = (options: Partial<HubOptions> = {}): Promise<Bench> => Bench.open(ingest, options);

  describe(`${ingest.name} as an ingest`, () => {
    it("is live with the first frame, and its frames are in their places", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      begin(publisher);
      send(publisher, 0, 1);
      const got = await bench.live();
      assert.equal(bench.hub.streams.get(name)?.state, "live");
      assert.deepEqual(got.kinds, ["video", "audio"]);
      assert.equal(got.generations.at(-1)!.metadata["title"], "suite");
      send(publisher, 1, 9, { at: pictureMs });
      await got.has(10, 10);
      assert.deepEqual(
        got.video().map(({ dts }) => dts),
        Array.from({ length: 10 }, (_, i) => i * pictureMs),
      );
      assert.deepEqual(
        got.video().map(({ sap }) => sap),
        [1, ...Array<number>(9).fill(0)],
      );
      assert.equal(new Set(got.video().map(({ data }) => Buffer.from(data).toString("hex"))).size, 10);
    });

    it("repeated configurations and metadata change nothing", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      begin(publisher);
      send(publisher, 0, 10);
      const got = await bench.live();
      begin(publisher);
      send(publisher, 10, 10, { at: 10 * pictureMs });
      await got.has(20);
      assert.equal(got.generations.length, 1);
    });

    it("another configuration is a new generation of the same track", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      begin(publisher);
      send(publisher, 0, 5);
      const got = await bench.live();
      publisher.videoConfig(1);
      send(publisher, 10, 5, { at: 5 * pictureMs });
      await got.has(10);
      const [before, after] = got.generations.slice(-2).map(({ tracks }) => tracks[0]!);
      assert.equal(before!.id, after!.id);
      assert.notDeepEqual(before!.config, after!.config);
      assert.equal(got.discontinuities.length, 1);
    });

    it("metadata may be absent, or come late", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      publisher.videoConfig(0);
      publisher.audioConfig();
      send(publisher, 0, 5);
      const got = await bench.live();
      publisher.metadata({ video: true, audio: true }, "late");
      send(publisher, 5, 5, { at: 5 * pictureMs });
      await got.has(10);
      assert.equal(got.generations.at(-1)!.metadata["title"], "late");
      assert.equal(got.generations.at(-1)!.tracks, got.generations[0]!.tracks);
    });

    for (const only of ["video", "audio"] as const) {
      it(`${only} alone is live at once where metadata says so, and soon where nothing does`, async () => {
        await using bench = await open();
        const told = await bench.publish("suite", "live/told");
        begin(told, { video: only === "video", audio: only === "audio" });
        send(told, 0, 1, { kinds: only });
        assert.deepEqual((await bench.live("live/told")).kinds, [only]);
        const untold = await bench.publish("suite", "live/untold");
        if (only === "video") untold.videoConfig(0);
        else untold.audioConfig();
        send(untold, 0, 10, { kinds: only });
        const got = await bench.live("live/untold");
        assert.deepEqual(got.kinds, [only]);
      });
    }

    it("audio that starts midway is a new generation beside the video", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      publisher.metadata({ video: true, audio: false }, "mute");
      publisher.videoConfig(0);
      send(publisher, 0, 10, { kinds: "video" });
      const got = await bench.live();
      publisher.audioConfig();
      send(publisher, 10, 10, { at: 10 * pictureMs });
      await got.has(20, 10);
      assert.deepEqual(
        got.generations.map(({ tracks }) => tracks.length),
        [1, 2],
      );
      assert.deepEqual(got.audio()[0]!.dts, got.video()[10]!.dts);
      assert.equal(got.discontinuities.length, 1);
    });

    it("audio may stop; video goes on", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      begin(publisher);
      send(publisher, 0, 5);
      const got = await bench.live();
      send(publisher, 5, 15, { at: 5 * pictureMs, kinds: "video" });
      await got.has(20);
      assert.equal(got.generations.length, 1);
    });

    it("frames before the first key frame are left out", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      begin(publisher);
      send(publisher, 7, 8);
      const got = await bench.live();
      await got.has(5);
      assert.equal(got.video()[0]!.sap, 1);
    });

    for (const wrap of ingest.wraps) {
      it(`time goes on over a clock's wrap at ${wrap} ms`, async () => {
        await using bench = await open();
        const publisher = await bench.publish();
        begin(publisher);
        const both = (i: number): void => {
          publisher.video((wrap + (i - 10) * pictureMs) % wrap, i % 10 === 0, i);
          publisher.audio((wrap + (i - 10) * pictureMs + 20) % wrap, i);
        };
        both(0);
        const got = await bench.live();
        for (let i = 1; i < 20; i++) both(i);
        await got.has(20, 20);
        const [video, audio] = [got.video(), got.audio()];
        for (const frames of [video, audio]) assert.deepEqual(new Set(steps(frames)), new Set([pictureMs]));
        assert.ok(video[0]!.dts < 2000, "it starts near 0");
        assert.deepEqual(got.discontinuities.length, 1);
      });
    }

    for (const [what, jump] of [
      ["forward", 60_000],
      ["back", -30_000],
    ] as const) {
      it(`a jump ${what} is a discontinuity, and time goes on from where it was`, async () => {
        await using bench = await open();
        const publisher = await bench.publish();
        begin(publisher);
        const start = 100_000;
        publisher.video(start, true, 0);
        publisher.audio(start, 0);
        const got = await bench.live();
        send(publisher, 1, 9, { at: start + pictureMs });
        send(publisher, 10, 10, { at: start + jump });
        await got.has(20, 20);
        assert.deepEqual(
          got.discontinuities.map(({ reason }) => reason),
          ["start", "jump"],
        );
        for (const step of [...steps(got.video()), ...steps(got.audio())]) assert.ok(step > 0 && step < 500, `a step of ${step} ms`);
        const [picture, sound] = [got.video(), got.audio()].map((frames) => frames.at(-1)!.dts);
        assert.ok(Math.abs(picture! - sound!) < 100, "picture and sound stay together");
      });
    }

    it("a publisher that was lost comes back, and the timeline goes on", async () => {
      await using bench = await open();
      const first = await bench.publish();
      begin(first);
      first.video(0, true, 0);
      const got = await bench.live();
      send(first, 1, 5, { at: pictureMs });
      await got.has(6);
      first.vanish();
      assert.equal(await bench.lost(), "lost");
      assert.equal(got.stream.state, "reconnecting");
      const second = await bench.publish();
      begin(second);
      send(second, 10, 5);
      await got.has(11);
      assert.equal(got.stream.state, "live");
      assert.deepEqual(
        got.discontinuities.map(({ reason }) => reason),
        ["start", "reconnect"],
      );
      assert.equal(new Set(got.generations.map(({ tracks }) => tracks)).size, 1, "the same tracks");
      assert.ok(steps(got.video()).every((step) => step > 0));
    });

    it("a publisher that says it stops ends its stream", async () => {
      await using bench = await open();
      const publisher = await bench.publish();
      begin(publisher);
      send(publisher, 0, 5);
      await bench.live();
      publisher.stop();
      assert.equal(await bench.lost(), "unpublished");
      await until(() => bench.hub.streams.size === 0, "the stream ends");
    });

    it("the same encoder takes over at once; another is refused while the first is alive", async () => {
      await using bench = await open();
      const first = await bench.publish("one");
      begin(first);
      first.video(0, true, 0);
      const got = await bench.live();
      await assert.rejects(bench.publish("another"), /published by somebody else|in use|busy/i);
      const second = await bench.publish("one");
      assert.equal(await bench.lost(), "replaced");
      await first.closed;
      begin(second);
      send(second, 10, 5);
      await got.has(6);
      assert.deepEqual(
        got.discontinuities.map(({ reason }) => reason),
        ["start", "takeover"],
      );
    });

    it("anybody takes over from a publisher that has gone silent", async () => {
      await using bench = await open({ silentAfter: 60 });
      const first = await bench.publish("one");
      begin(first);
      first.video(0, true, 0);
      const got = await bench.live();
      await until(() => performance.now() - got.stream.publication!.lastArrival > 60, "it is silent");
      const second = await bench.publish("another");
      begin(second);
      send(second, 10, 5);
      await got.has(6);
    });

    it("a publisher that breaks the rules ends alone", async () => {
      await using bench = await open();
      const good = await bench.publish("suite", "live/good");
      const bad = await bench.publish("suite", "live/bad");
      for (const publisher of [good, bad]) {
        begin(publisher);
        send(publisher, 0, 1);
      }
      const [got] = await Promise.all([bench.live("live/good"), bench.live("live/bad")]);
      bad.offend();
      await bad.closed;
      assert.equal(await bench.lost("live/bad"), "refused");
      send(good, 1, 9, { at: pictureMs });
      await got.has(10);
      assert.equal(got.stream.state, "live");
    });
  });
}
