/** The suite that every way to watch passes (issue 2, "Watching"). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Publication } from "../../src/hub/publication.ts";
import { type ComposedServer, createServer } from "../../src/server/server.ts";
import type { VideoTrack } from "../../src/media/track.ts";
import { audio, hexOf, otherVideo, picture, pictureMs, sound, video } from "./media.ts";
import type { ReadFrame } from "./readers.ts";

/** Somebody who watches. */
export interface TestViewer {
  /** What has come so far. */
  readonly frames: readonly ReadFrame[];
  /** Resolves when it is over, with the words or number the protocol has for it. */
  readonly ended: Promise<string>;
  /** Takes nothing from the wire until `resume`. */
  pause(): void;
  resume(): void;
  leave(): void;
}

export interface EgressUnderTest {
  readonly name: string;
  watch(server: ComposedServer, stream: string): TestViewer;
  /** What `ended` says of a stream that is over, of one that nobody publishes, of a viewer who took nothing for too long. */
  readonly words: { readonly ended: RegExp; readonly notLive: RegExp; readonly stalled: RegExp };
  /** A viewer goes on when the decoder configuration changes; else it ends, and comes again. */
  readonly crossesConfigs: boolean;
}

const stream = "live/cam";

async function openServer(stallTimeout: `${number}s`): Promise<ComposedServer & AsyncDisposable> {
  const server = createServer({
    rtmp: { host: "127.0.0.1", port: 0 },
    http: { host: "127.0.0.1", port: 0 },
    streams: { gracePeriod: "5s", ringSize: "1MiB" },
    viewers: { waitForPublisher: "300ms", stallTimeout },
  });
  await server.listen();
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close(200) });
}

/** A publisher inside this process. */
class TestSource {
  readonly publication: Publication;
  #at: number;

  constructor(server: ComposedServer, options: { track?: VideoTrack; at?: number } = {}) {
    const { track = video, at = 0 } = options;
    this.publication = server.hub.publish(stream, { protocol: "test", address: "", encoder: "" });
    this.publication.announce({ video: true, audio: true });
    this.publication.metadata({ title: "suite" });
    this.publication.track(track);
    this.publication.track(audio);
    this.#at = at;
  }

  /** Pictures, each followed by a sound; the first is a key frame, and each `gop`th. @returns their payloads */
  send(count: number, options: { gop?: number; length?: number } = {}): string[] {
    const { gop = count, length = 40 } = options;
    return Array.from({ length: count }, (_, i) => {
      const frame = picture(this.#at, { key: i % gop === 0, length });
      this.publication.frame(frame);
      this.publication.frame({ ...sound(this.#at), dts: this.#at * pictureMs, pts: this.#at * pictureMs });
      this.#at += 1;
      return hexOf(frame.data);
    });
  }
}

async function until(condition: () => boolean, what: () => string, ms = 5000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    assert.ok(performance.now() < end, `not in time: ${what()}`);
    await delay(5);
  }
}

const pictures = (viewer: TestViewer): ReadFrame[] => viewer.frames.filter(({ kind }) => kind === "video");
const payloads = (viewer: TestViewer): string[] => pictures(viewer).map(({ data }) => data);
const has = (viewer: TestViewer, count: number): Promise<void> =>
  until(
    () => pictures(viewer).length >= count,
    () => `${count} pictures; there are ${pictures(viewer).length}`,
  );

/** Sends more than the sockets of a viewer that takes nothing can hold, at the pace of one that does. */
async function overfill(source: TestSource, quick: TestViewer): Promise<void> {
  for (let sent = 0; sent < 40; sent++) {
    const count = pictures(quick).length;
    // Longer ones are whole in MPEG-TS only when the next one begins.
    source.send(10, { gop: 5, length: 60_000 });
    await has(quick, count + 10);
  }
}

/** Runs the suite for one way to watch. */
export function egressContract(egress: EgressUnderTest): void {
  describe(`${egress.name} as an egress`, { concurrency: 1 }, () => {
    let server: ComposedServer;
    const viewers: TestViewer[] = [];

    before(async () => {
      server = await openServer("30s");
    });
    after(() => server.close(200));

    const watch = (): TestViewer => {
      const viewer = egress.watch(server, stream);
      viewers.push(viewer);
      return viewer;
    };
    /** Ends what a test leaves. */
    const done = async (source: TestSource): Promise<void> => {
      for (const viewer of viewers.splice(0)) viewer.leave();
      source.publication.close("unpublished");
      await until(
        () => server.hub.streams.size === 0,
        () => "the stream ends",
      );
    };

    it("starts at the newest key frame, at once, with its configuration", async () => {
      const source = new TestSource(server);
      source.send(20);
      const sent = source.send(12);
      const viewer = watch();
      await has(viewer, 12);
      assert.deepEqual(payloads(viewer), sent);
      assert.deepEqual(viewer.frames[0]!.kind, "video");
      assert.ok(pictures(viewer)[0]!.isKey);
      assert.equal(pictures(viewer)[0]!.config, hexOf(video.config));
      const more = source.send(3, { gop: 100 });
      await has(viewer, 15);
      assert.deepEqual(payloads(viewer), [...sent, ...more]);
      await done(source);
    });

    it("waits for a publisher, from its first frame on", async () => {
      const viewer = watch();
      await until(
        () => server.hub.waiting === 1,
        () => "it waits",
      );
      const source = new TestSource(server);
      const sent = source.send(10);
      await has(viewer, 10);
      assert.deepEqual(payloads(viewer), sent);
      await done(source);
    });

    it("says so where nobody publishes in time", async () => {
      const started = performance.now();
      assert.match(await watch().ended, egress.words.notLive);
      const waited = performance.now() - started;
      assert.ok(waited > 250 && waited < 3000, `after ${waited} ms`);
      assert.equal(server.hub.waiting, 0);
    });

    it("ends with the stream, after its last frame", async () => {
      const source = new TestSource(server);
      const sent = source.send(10);
      const viewer = watch();
      await has(viewer, 1);
      sent.push(...source.send(5, { gop: 100 }));
      source.publication.close("unpublished");
      assert.match(await viewer.ended, egress.words.ended);
      assert.deepEqual(payloads(viewer), sent);
      await done(source);
    });

    it("starts at a key frame that is 20 seconds old, and gets all since", async () => {
      const source = new TestSource(server);
      const sent = source.send(500);
      const viewer = watch();
      await has(viewer, 500);
      assert.deepEqual(payloads(viewer), sent);
      assert.equal(
        new Set(
          pictures(viewer)
            .slice(1)
            .map(({ pts }, i) => Math.round(pts - pictures(viewer)[i]!.pts)),
        ).size,
        1,
      );
      await done(source);
    });

    it("another configuration reaches a viewer, or ends it so that it comes again", async () => {
      const source = new TestSource(server);
      const earlier = source.send(10);
      const viewer = watch();
      await has(viewer, 10);
      source.publication.track(otherVideo);
      const later = source.send(10);
      await crosses(viewer, earlier, later);
      await done(source);
    });

    it("a publisher's reconnect goes unnoticed by viewers", async () => {
      const first = new TestSource(server);
      const sent = first.send(10);
      const viewer = watch();
      await has(viewer, 10);
      first.publication.close("lost");
      assert.equal(server.hub.streams.get(stream)!.state, "reconnecting");
      const second = new TestSource(server, { at: 100 });
      sent.push(...second.send(10));
      await has(viewer, 20);
      assert.deepEqual(payloads(viewer), sent);
      const times = pictures(viewer).map(({ dts }) => dts);
      assert.ok(
        times.every((time, i) => i === 0 || (time > times[i - 1]! && time < times[i - 1]! + 1000)),
        `times: ${times.join(" ")}`,
      );
      await done(second);
    });

    it("a publisher that comes back with another configuration is the same stream", async () => {
      const first = new TestSource(server);
      const earlier = first.send(10);
      const viewer = watch();
      await has(viewer, 10);
      first.publication.close("lost");
      const second = new TestSource(server, { track: otherVideo, at: 100 });
      await crosses(viewer, earlier, second.send(10));
      await done(second);
    });

    it("a slow viewer skips to a key frame, which is counted, and holds nobody up", async () => {
      const source = new TestSource(server);
      source.send(1);
      const [slow, quick] = [watch(), watch()];
      await Promise.all([has(slow, 1), has(quick, 1)]);
      const live = server.hub.streams.get(stream)!;
      slow.pause();
      await overfill(source, quick);
      assert.ok(live.timeline.bytes <= 2 ** 20, `the ring holds ${live.timeline.bytes} bytes`);
      assert.equal(live.skips, 0, "who keeps up loses nothing");
      slow.resume();
      const all = pictures(quick).length;
      await until(
        () => live.skips === 1 && payloads(slow).at(-1) === payloads(quick).at(-1),
        () => `the slow viewer is live again; ${live.skips} skips, ${pictures(slow).length} pictures`,
      );
      const times = pictures(slow).map(({ dts }) => dts);
      const hole = times.findIndex((time, i) => i > 0 && time - times[i - 1]! > 2 * pictureMs);
      assert.ok(hole > 0 && pictures(slow)[hole]!.isKey, "it goes on at a key frame");
      assert.ok(times.length < all, `it got ${times.length} of ${all}`);
      await done(source);
    });

    it("a viewer that takes nothing is let go", async () => {
      await using own = await openServer("1s");
      const source = new TestSource(own);
      source.send(1);
      const [stopped, good] = [egress.watch(own, stream), egress.watch(own, stream)];
      await Promise.all([has(stopped, 1), has(good, 1)]);
      stopped.pause();
      await overfill(source, good);
      const live = own.hub.streams.get(stream)!;
      await until(
        () => live.viewers === 1,
        () => `one viewer is left of ${live.viewers}`,
      );
      stopped.resume();
      assert.match(await stopped.ended, egress.words.stalled);
      good.leave();
    });

    /** What comes before and after a new configuration, in one viewer or in two. */
    async function crosses(viewer: TestViewer, earlier: readonly string[], later: readonly string[]): Promise<void> {
      const count = earlier.length + later.length;
      let second: TestViewer | undefined;
      if (egress.crossesConfigs) await has(viewer, count);
      else {
        assert.match(await viewer.ended, egress.words.ended);
        second = watch();
        await has(second, later.length);
      }
      const got = [...pictures(viewer), ...(second === undefined ? [] : pictures(second))];
      assert.deepEqual(
        got.map(({ data }) => data),
        [...earlier, ...later],
      );
      const configs = [...earlier.map(() => hexOf(video.config)), ...later.map(() => hexOf(otherVideo.config))];
      assert.deepEqual(
        got.map(({ config }) => config),
        configs,
      );
      const joined = got[earlier.length]!;
      assert.ok(joined.isKey);
    }
  });
}
