/** The suite that every ingest passes: what a publisher sends, however oddly, becomes one timeline (design, section 2). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HubOptions } from "../../src/hub/hub.ts";
import type { Frame } from "../../src/media/frame.ts";
import { Bench, name, until, type IngestUnderTest, type TestPublisher } from "./ingest-bench.ts";

const pictureMs = 40;

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
