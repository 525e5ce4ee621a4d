import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeScheduler } from "../../test/support/fake-scheduler.ts";
import { audio, audioTrack, CollectingSink, textContainer, video, videoTrack } from "../../test/support/hub-fixtures.ts";
import { Sap } from "../media/frame.ts";
import type { Track } from "../media/track.ts";
import type { Archive, Keeper } from "./archive.ts";
import { bareFraming } from "./framing.ts";
import type { HubOptions } from "./hub.ts";
import { Hub } from "./hub.ts";
import type { Publication } from "./publication.ts";
import { Refusal } from "./refusal.ts";
import type { Timeline, TimelineOrigin } from "./timeline.ts";

const peer = { protocol: "test", address: "192.0.2.1", encoder: "enc/1" };

function setUp(options: Partial<HubOptions> = {}): { hub: Hub; clock: FakeScheduler } {
  const clock = new FakeScheduler();
  return { hub: new Hub({ scheduler: clock, ...options }), clock };
}

/** Publishes video every 40 ms and audio every 20 ms from one time to another, in real time. */
function send(
  clock: FakeScheduler,
  publication: Publication,
  from: number,
  to: number,
  keys: (t: number) => boolean = (t) => t % 1000 === 0,
): void {
  for (let t = from; t < to; t += 20) {
    if (t % 40 === 0) publication.frame(video(t, keys(t)));
    publication.frame(audio(t));
    clock.advance(20);
  }
}

function start(hub: Hub, name = "live/a", tracks: readonly Track[] = [videoTrack, audioTrack], info = peer): Publication {
  const publication = hub.publish(name, info);
  for (const track of tracks) publication.track(track);
  return publication;
}

test("a viewer starts at the newest random-access point and gets everything since", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 2080);
  const stream = await hub.watch("live/a", 0);
  const sink = new CollectingSink();
  stream.play(textContainer(), bareFraming, sink);
  clock.settle();
  assert.match(sink.text, /^<init 1\+2:1\.2\.3\+17\.144>K2000 +a2000 +a2020 +v2040 +a2040 +a2060 +$/);
  send(clock, publication, 2080, 2120);
  clock.advance(50);
  assert.match(sink.text, /v2080 +a2080 +a2100 +$/);
});

test("a viewer may wait for a publisher, for a bounded time", async () => {
  const { hub, clock } = setUp();
  const late = hub.watch("live/a", 5000);
  const never = hub.watch("live/b", 5000);
  never.catch(() => undefined);
  const publication = start(hub);
  send(clock, publication, 0, 100);
  assert.equal((await late).name, "live/a");
  assert.equal(hub.waiting, 1);
  clock.advance(5000);
  await assert.rejects(never, (error) => error instanceof Refusal && error.code === "not-live");
  assert.equal(hub.waiting, 0);
});

test("a viewer that stops waiting leaves nothing behind", async () => {
  const { hub, clock } = setUp();
  const abort = new AbortController();
  const wait = hub.watch("live/a", 5000, abort.signal);
  abort.abort(new Error("gone"));
  await assert.rejects(wait, /gone/);
  assert.equal(hub.waiting, 0);
  assert.equal(clock.pending, 0);
});

test("waiting viewers are bounded", async () => {
  const { hub } = setUp({ maxWaiting: 1 });
  hub.watch("live/a", 5000).catch(() => undefined);
  await assert.rejects(hub.watch("live/b", 5000), (error) => error instanceof Refusal && error.code === "full");
  hub.close();
});

test("audio-only and video-only streams start at once; what metadata announces is waited for", async () => {
  const { hub, clock } = setUp();
  const audioOnly = start(hub, "live/audio", [audioTrack]);
  audioOnly.frame(audio(0));
  clock.advance(499);
  await assert.rejects(hub.watch("live/audio", 0));
  clock.advance(1);
  assert.equal((await hub.watch("live/audio", 0)).state, "live");

  const announced = hub.publish("live/announced", peer);
  announced.announce({ video: false, audio: true });
  announced.track(audioTrack);
  assert.equal((await hub.watch("live/announced", 0)).state, "live");

  const many = start(hub, "live/many", [videoTrack]);
  for (let i = 0; i < 30; i++) many.frame(video(i * 40, i === 0));
  assert.equal((await hub.watch("live/many", 0)).state, "live");
});

test("a later track is a new generation: a viewer whose container cannot go on is ended, others go on", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub, "live/a", [videoTrack]);
  for (let t = 0; t < 1200; t += 40) {
    publication.frame(video(t));
    clock.advance(40);
  }
  const stream = await hub.watch("live/a", 0);
  const sink = new CollectingSink();
  stream.play(textContainer(), bareFraming, sink);
  clock.settle();
  publication.track(audioTrack);
  publication.frame(audio(1200));
  publication.frame(video(1200));
  clock.advance(100);
  assert.equal(sink.endedBy, "new-tracks");
  assert.match(sink.text, /v1160 +$/);
  assert.equal(stream.viewers, 0);
});

test("another configuration of the same tracks reaches viewers in its place", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const sink = new CollectingSink();
  (await hub.watch("live/a", 0)).play(textContainer(), bareFraming, sink);
  clock.settle();
  publication.track({ ...videoTrack, config: new Uint8Array([9]) });
  publication.frame(video(120, true));
  clock.advance(50);
  assert.match(sink.text, /<change 1\+2:9\+17\.144>K120 +$/);
  const repeated = hub.streams.get("live/a")!.timeline.current!.id;
  publication.track({ ...videoTrack, config: new Uint8Array([9]) });
  publication.frame(video(160));
  assert.equal(hub.streams.get("live/a")!.timeline.current!.id, repeated, "a repeated header changes nothing");
});

test("a viewer that takes nothing is skipped to a random-access point, counted, and hurts nobody", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const stream = await hub.watch("live/a", 0);
  const slow = new CollectingSink();
  const good = new CollectingSink();
  slow.blocked = true;
  const slowHead = stream.play(textContainer(), bareFraming, slow);
  stream.play(textContainer(), bareFraming, good);
  clock.settle();
  send(clock, publication, 100, 8120);
  assert.equal(slow.writes, 2, "its init and one run are outstanding, nothing more");
  slow.unblock();
  clock.advance(20);
  assert.match(slow.text, /K8000 +a8000 /);
  assert.doesNotMatch(slow.text, /v4000|K5000/);
  assert.equal(slowHead.skips, 1);
  assert.equal(stream.skips, 1);
  for (let t = 100; t < 8120; t += 20) assert.ok(good.text.includes(`a${t} `));
});

test("a viewer whose write is not taken is let go after the stall time-out", async () => {
  const { hub, clock } = setUp({ stallTimeout: 5000 });
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const sink = new CollectingSink();
  sink.blocked = true;
  const stream = await hub.watch("live/a", 0);
  stream.play(textContainer(), bareFraming, sink);
  send(clock, publication, 100, 7000);
  assert.equal(sink.endedBy, "stalled");
  assert.equal(stream.viewers, 0);
});

test("a viewer of a stream that a container cannot be started at is told so in the end, one of key frames 20 s apart is not", async () => {
  const { hub, clock } = setUp();
  const gradual = start(hub, "live/gradual", [videoTrack]);
  const rare = start(hub, "live/rare", [videoTrack]);
  const waiting = new CollectingSink();
  const good = new CollectingSink();
  gradual.frame({ ...video(0), sap: Sap.gradual });
  rare.frame(video(0, true));
  clock.advance(1000); // for the sound that does not come
  (await hub.watch("live/gradual", 0)).play(textContainer(), bareFraming, waiting);
  (await hub.watch("live/rare", 0)).play(textContainer(), bareFraming, good);
  for (let t = 40; t < 33_000; t += 40) {
    gradual.frame({ ...video(t), sap: t % 1000 === 0 ? Sap.gradual : Sap.none });
    rare.frame(video(t, t % 20_000 === 0));
    clock.advance(40);
  }
  assert.equal(waiting.endedBy, "no-start");
  assert.equal(waiting.text, "");
  assert.equal(good.endedBy, undefined);
  assert.match(good.text, /K20000 /);
});

test("a lost publisher that comes back within the grace period: one timeline, viewers stay", async () => {
  const { hub, clock } = setUp();
  const first = start(hub);
  send(clock, first, 0, 1100);
  const stream = await hub.watch("live/a", 0);
  const sink = new CollectingSink();
  stream.play(textContainer(), bareFraming, sink);
  clock.settle();
  first.close("lost");
  assert.equal(stream.state, "reconnecting");
  clock.advance(9000);
  const second = start(hub);
  send(clock, second, 0, 100);
  assert.equal(stream.state, "live");
  assert.equal(hub.streams.get("live/a"), stream);
  assert.match(sink.text, /a1080 +K101\d\d /, "the timeline goes on after the real time away, with no header repeated");
  assert.equal(sink.endedBy, undefined);
});

test("frames that depend on what was lost are not shown after a reconnect", async () => {
  const { hub, clock } = setUp();
  const first = start(hub);
  send(clock, first, 0, 1100);
  const sink = new CollectingSink();
  (await hub.watch("live/a", 0)).play(textContainer(), bareFraming, sink);
  first.close("lost");
  const second = start(hub);
  send(clock, second, 40, 1040);
  const after = sink.text.slice(sink.text.indexOf("a1080"));
  assert.doesNotMatch(after, /v/);
  send(clock, second, 1040, 1100, (t) => t === 1040);
  assert.match(sink.text, /K2\d\d\d /);
});

test("after the grace period the stream is over and viewers are told", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const sink = new CollectingSink();
  (await hub.watch("live/a", 0)).play(textContainer(), bareFraming, sink);
  publication.close("lost");
  clock.advance(9999);
  assert.equal(sink.endedBy, undefined);
  clock.advance(1);
  assert.equal(sink.endedBy, "ended");
  assert.equal(hub.streams.size, 0);
  clock.advance(20_000);
  assert.equal(clock.pending, 0, "no timer outlives the last stream");
});

test("a publisher that says it stops ends the stream at once, unless set otherwise", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 100);
  publication.close("unpublished");
  assert.equal(hub.streams.size, 0);
});

test("who may take a name over", () => {
  const { hub, clock } = setUp();
  const holder = start(hub);
  send(clock, holder, 0, 1000);
  const stranger = { ...peer, address: "192.0.2.9" };
  assert.throws(
    () => hub.publish("live/a", stranger),
    (error) => error instanceof Refusal && error.code === "busy",
  );
  assert.throws(() => hub.publish("live/a", { ...peer, encoder: "other" }), Refusal);
  const again = hub.publish("live/a", peer);
  assert.equal(holder.signal.aborted, true, "the same encoder from the same address takes over at once");
  assert.equal(holder.end, "replaced");
  clock.advance(1999);
  assert.throws(() => hub.publish("live/a", stranger), Refusal);
  clock.advance(1);
  hub.publish("live/a", stranger);
  assert.equal(again.end, "replaced", "a silent publisher gives way after 2 s");

  const open = setUp({ takeover: "takeover" });
  start(open.hub);
  open.hub.publish("live/a", stranger);
});

test("a container that can carry nothing is refused with its words; a change to such a set ends its viewers alone", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const stream = await hub.watch("live/a", 0);
  assert.throws(
    () => stream.play(textContainer("refusing", { refuse: () => true }), bareFraming, new CollectingSink()),
    (error) => error instanceof Refusal && error.code === "not-carried" && /text cannot/.test(error.message),
  );
  const picky = new CollectingSink();
  const easy = new CollectingSink();
  stream.play(textContainer("picky", { refuse: (generation) => generation.tracks[0]!.config[0] === 9 }), bareFraming, picky);
  stream.play(textContainer(), bareFraming, easy);
  publication.track({ ...videoTrack, config: new Uint8Array([9]) });
  send(clock, publication, 100, 200, (t) => t === 120);
  assert.equal(picky.endedBy, "not-carried");
  assert.equal(easy.endedBy, undefined);
});

test("a muxer that fails ends its own viewers and is reported, the publisher and others go on", async () => {
  const faults: unknown[] = [];
  const { hub, clock } = setUp({ onFault: (error) => faults.push(error) });
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const stream = await hub.watch("live/a", 0);
  const broken = new CollectingSink();
  const good = new CollectingSink();
  stream.play(
    {
      key: "broken",
      muxer: (sink) => ({
        ...textContainer().muxer(sink),
        generation: () => undefined,
        discontinuity: () => undefined,
        flush: () => undefined,
        frame: (frame) => {
          if (frame.dts >= 120) throw new Error("our bug");
        },
      }),
    },
    bareFraming,
    broken,
  );
  stream.play(textContainer(), bareFraming, good);
  send(clock, publication, 100, 200);
  assert.equal(faults.length, 1);
  assert.equal(broken.endedBy, "not-carried");
  assert.match(good.text, /v160 /);
});

test("outputs nobody watches are dropped after a while, and closing ends everybody", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const stream = await hub.watch("live/a", 0);
  const head = stream.play(textContainer(), bareFraming, new CollectingSink());
  assert.equal(stream.outputs, 1);
  head.close("left");
  send(clock, publication, 100, 12_100);
  assert.equal(stream.outputs, 0);
  const sink = new CollectingSink();
  stream.play(textContainer(), bareFraming, sink);
  hub.close();
  assert.equal(sink.endedBy, "closing");
  assert.equal(publication.signal.aborted, true);
  await assert.rejects(hub.watch("live/a", 1000), (error) => error instanceof Refusal && error.code === "closing");
  clock.advance(20_000);
  assert.equal(clock.pending, 0);
});

test("memory of a stream is bounded, whatever the key frames do", async () => {
  const { hub, clock } = setUp({ retention: { beforeNewestStart: 2000, maxBytes: 100_000 } });
  const publication = start(hub);
  publication.frame(video(0, true));
  publication.frame(audio(0));
  const stream = await hub.watch("live/a", 0);
  const sink = new CollectingSink();
  stream.play(textContainer(), bareFraming, sink);
  for (let t = 40; t < 60_000; t += 40) {
    publication.frame(video(t, false, 1000));
    clock.advance(40);
  }
  assert.ok(stream.timeline.bytes <= 101_000, `${stream.timeline.bytes}`);
  assert.match(sink.text, /v59960 +$/, "who was there goes on");
  const late = new CollectingSink();
  stream.play(textContainer(), bareFraming, late);
  clock.advance(100);
  assert.equal(late.text, "", "who comes late waits for a key frame");
  publication.frame(video(60_000, true));
  clock.advance(100);
  assert.match(late.text, /^<init[^>]*>K60000 /);
});

test("a paused viewer goes on live, not where it stopped", async () => {
  const { hub, clock } = setUp();
  const publication = start(hub);
  send(clock, publication, 0, 100);
  const stream = await hub.watch("live/a", 0);
  const sink = new CollectingSink();
  const head = stream.play(textContainer(), bareFraming, sink);
  clock.settle();
  head.pause();
  send(clock, publication, 100, 5060);
  head.resume();
  clock.advance(10);
  assert.match(sink.text, /K5000 +a5000 /);
  assert.doesNotMatch(sink.text, /v4000 |K1000 /);
  assert.equal(head.skips, 0);
});

test("what is kept of a name that is closed is viewed by time only, and nobody publishes under it", async () => {
  const point = { sequence: 2, micros: 0, utc: 1_462_356_000_000 };
  const keeper: Keeper = {
    archive: { oldest: point, find: () => point, open: () => assert.fail("nobody reads it") },
    health: { failing: false, lost: 0, written: 0 },
    origin: { sequence: 90, generation: 1, micros: 10_000_000, utc: 1_462_356_010_000 },
    isClosed: true,
    follow: () => assert.fail("nobody publishes"),
  };
  const hub = new Hub({ scheduler: new FakeScheduler(), keeper: () => keeper });
  assert.throws(() => start(hub), /is for reading only/);
  const words = /from 2016-05-04T10:00:00\.000Z to 2016-05-04T10:00:10\.000Z with \?date=/;
  await assert.rejects(hub.watch("live/a", 10_000), words);
  const { signal } = new AbortController();
  await assert.rejects(hub.view("live/a", 10_000, signal, { from: { utc: 1_462_356_010_001 } }), words);
  await assert.rejects(hub.view("live/a", 10_000, signal, { from: { behind: 0 }, preroll: 5000 }), words);
  assert.deepEqual(
    [{ utc: 0 }, { utc: 1_462_356_010_000 }, { behind: 5000 }, { behind: 0 }].map((time) => hub.isKept("live/a", time)),
    [true, true, true, false],
  );
});

test("a stream that is kept goes on from what was kept: numbers, generations, time", async () => {
  const clock = new FakeScheduler();
  const archive: Archive = { oldest: undefined, find: () => undefined, open: () => assert.fail("nobody reads it") };
  const kept: { readonly timeline: Timeline; readonly from: number }[] = [];
  const origins: TimelineOrigin[] = [];
  const keeper: Keeper = {
    archive,
    health: { failing: false, lost: 0, written: 0 },
    get origin() {
      return origins[0];
    },
    follow: (timeline) => void kept.push({ timeline, from: timeline.firstSequence }),
  };
  const hub = new Hub({ scheduler: clock, grace: 0, keeper: (name) => (name === "live/a" ? keeper : undefined) });
  assert.equal(hub.archive("live/a"), archive);
  assert.equal(hub.archive("live/b"), undefined);
  const first = start(hub);
  send(clock, first, 0, 1000);
  first.close("lost");
  assert.equal(kept[0]!.timeline.ended, true);
  assert.equal(kept[0]!.from, 0);
  // Ten seconds later by the clock on the wall, as after a restart of the machine.
  origins.push({ sequence: 77, generation: 3, micros: 1_000_000, utc: clock.wallClock() - 10_000 });
  const second = start(hub);
  send(clock, second, 50_000, 50_040);
  const stream = hub.streams.get("live/a")!;
  assert.equal(stream.archive, archive);
  assert.equal(kept[1]!.timeline, stream.timeline);
  // Nobody has sent a frame when viewers may come: the first discontinuity is a guess, the next is right.
  const entries = [77, 78, 79, 80].map((sequence) => stream.timeline.entry(sequence)!);
  assert.equal(stream.timeline.entry(76), undefined);
  assert.ok(entries[0]!.kind === "discontinuity" && entries[0]!.discontinuity.reason === "reconnect");
  assert.ok(entries[1]!.kind === "generation" && entries[1]!.generation.id === 4);
  assert.ok(entries[2]!.kind === "discontinuity" && entries[2]!.discontinuity.reason === "reconnect");
  assert.equal(entries[2]!.discontinuity.utcOffset + 11_000, clock.wallClock() - 40);
  assert.ok(entries[3]!.kind === "frame" && entries[3]!.micros === 11_000_000);
  assert.equal(start(hub, "live/b").end, undefined);
  assert.equal(hub.streams.get("live/b")!.archive, undefined);
});

test("a stream that was never there starts, also where frames waited for the tracks", () => {
  const { hub } = setUp();
  const publication = hub.publish("live/a", peer);
  publication.track(videoTrack);
  publication.frame(video(0));
  publication.track(audioTrack);
  publication.frame(audio(0));
  const { timeline } = hub.streams.get("live/a")!;
  assert.equal(timeline.clock?.reason, "start");
});
