import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeScheduler } from "../../test/support/fake-scheduler.ts";
import { audio, audioTrack, CollectingSink, textContainer, video, videoTrack } from "../../test/support/hub-fixtures.ts";
import { MemoryKeeper } from "../../test/support/memory-keeper.ts";
import { bareFraming } from "./framing.ts";
import type { HubOptions } from "./hub.ts";
import { Hub } from "./hub.ts";
import { DISK_PATIENCE } from "./patient-archive.ts";
import type { Playhead } from "./playhead.ts";
import type { Publication } from "./publication.ts";
import { Refusal } from "./refusal.ts";
import type { ReplayOptions } from "./replay-place.ts";
import { LONGEST_HOLE } from "./replay.ts";

const name = "live/a";

interface Setting {
  readonly hub: Hub;
  readonly clock: FakeScheduler;
  publication: Publication;
}

function setUp(options: Partial<HubOptions> = {}): Setting {
  const clock = new FakeScheduler();
  const hub = new Hub({ scheduler: clock, retention: { beforeNewestStart: 60_000, maxBytes: 1e9 }, ...options });
  return { hub, clock, publication: publish(hub) };
}

function publish(hub: Hub): Publication {
  const publication = hub.publish(name, { protocol: "test", address: "192.0.2.1", encoder: "enc/1" });
  publication.track(videoTrack);
  publication.track(audioTrack);
  return publication;
}

/** Publishes in real time: video every 40 ms, a key frame a second. */
function send({ clock, publication }: Setting, from: number, to: number, length = 16): void {
  for (let t = from; t < to; t += 20) {
    if (t % 40 === 0) publication.frame(video(t, undefined, length));
    publication.frame(audio(t));
    clock.advance(20);
  }
}

async function replay(
  { hub, clock }: Setting,
  options: ReplayOptions,
  blocked = false,
): Promise<{ sink: CollectingSink; playhead: Playhead }> {
  const viewing = await hub.view(name, 0, new AbortController().signal, options);
  const sink = new CollectingSink();
  sink.blocked = blocked;
  const playhead = viewing.play(textContainer(), bareFraming, sink);
  clock.settle();
  return { sink, playhead };
}

/** Times of the pictures that came, and whether no sound between the first and the last is missing. */
function pictures(sink: CollectingSink): number[] {
  return [...sink.text.matchAll(/[Kv](\d+)/g)].map(([, time]) => Number(time));
}

/** That pictures came in order, once, and none is missing. */
function assertWhole(sink: CollectingSink, first: number, last: number): void {
  assert.deepEqual(
    pictures(sink),
    Array.from({ length: (last - first) / 40 + 1 }, (_, i) => first + i * 40),
  );
  const sounds = [...sink.text.matchAll(/a(\d+)/g)].map(([, time]) => Number(time));
  for (let i = 1; i < sounds.length; i++) assert.equal(sounds[i], sounds[i - 1]! + 20);
}

test("?buffer: begins at the key frame before, sends at once what lies before that moment, then stays as far behind", async () => {
  const setting = setUp();
  send(setting, 0, 20_520);
  const { sink } = await replay(setting, { from: { behind: 10_000 } });
  assertWhole(sink, 10_000, 10_480);
  send(setting, 20_520, 25_520);
  setting.clock.advance(0);
  const last = pictures(sink).at(-1)!;
  assert.ok(last >= 15_440 && last <= 15_520, `${last}`);
  assertWhole(sink, 10_000, last);
});

test("?date: the same by the clock on the wall", async () => {
  const setting = setUp();
  const begun = setting.clock.wallClock();
  send(setting, 0, 20_000);
  const { sink } = await replay(setting, { from: { utc: begun + 5_300 } });
  assertWhole(sink, 5000, 5280);
  setting.clock.advance(1000);
  assertWhole(sink, 5000, 6280);
});

test("?preroll: so much before the moment is sent at once too", async () => {
  const setting = setUp();
  send(setting, 0, 20_000);
  const { sink } = await replay(setting, { from: { behind: 10_000 }, preroll: 3000 });
  assertWhole(sink, 6000, 9960);
  setting.clock.advance(1000);
  assertWhole(sink, 6000, 10_960);
  const live = await replay(setting, { from: { behind: 0 }, preroll: 2500 });
  assertWhole(live.sink, 17_000, 19_960);
});

test("?pace=fast: as fast as it is taken, then live", async () => {
  const setting = setUp();
  send(setting, 0, 20_000);
  const { sink } = await replay(setting, { from: { behind: 15_000 }, pace: "fast" });
  assertWhole(sink, 4000, 19_960);
  send(setting, 20_000, 20_080);
  assertWhole(sink, 4000, 20_040);
  const before = sink.writes;
  send(setting, 20_080, 21_080);
  setting.clock.advance(50);
  assert.equal(sink.writes - before, 26, "one write for each picture, the sound with it, and one for the last sound");
});

test("what is no longer there starts at the oldest key frame, what is not there yet at the newest", async () => {
  const setting = setUp({ retention: { beforeNewestStart: 5000, maxBytes: 1e9 } });
  send(setting, 0, 20_520);
  const old = await replay(setting, { from: { behind: 15_000 } });
  assert.equal(pictures(old.sink)[0], 15_000);
  assert.ok(pictures(old.sink).at(-1)! >= 16_440, "and is kept from the end of the ring");
  send(setting, 20_520, 40_520);
  assert.equal(old.playhead.skips, 0);
  assertWhole(old.sink, 15_000, pictures(old.sink).at(-1)!);
  const { sink } = await replay(setting, { from: { utc: setting.clock.wallClock() } });
  assert.equal(pictures(sink)[0], 40_000);
});

test("a reader that takes little holds little, and gets everything", async () => {
  const allocated = { bytes: 0 };
  const allocate = (length: number): Uint8Array => {
    allocated.bytes += length;
    return new Uint8Array(length);
  };
  const setting = setUp({ allocate });
  send(setting, 0, 20_000, 20_000);
  const { sink, playhead } = await replay(setting, { from: { behind: 20_000 }, pace: "fast" }, true);
  setting.clock.advance(5000);
  assert.ok(allocated.bytes <= 1024 * 1024, `${allocated.bytes} bytes are held for it`);
  assert.ok(playhead.bytes <= 300 * 1024, `${playhead.bytes} bytes were given to it in one go`);
  for (let i = 0; i < 100; i++) {
    sink.blocked = true;
    sink.unblock();
    sink.blocked = true;
    setting.clock.advance(100);
    assert.ok(playhead.lag <= 300 * 1024, `${playhead.lag} bytes wait for it`);
  }
  assertWhole(sink, 0, 19_960);
});

test("one that lost its place goes on at the oldest key frame that is left, counted", async () => {
  const setting = setUp({ retention: { beforeNewestStart: 3000, maxBytes: 1e9 } });
  send(setting, 0, 10_000, 20_000);
  const { sink, playhead } = await replay(setting, { from: { behind: 3000 } }, true);
  send(setting, 10_000, 30_000, 20_000);
  sink.unblock();
  setting.clock.advance(100);
  assert.equal(playhead.skips, 1);
  assert.equal(setting.hub.streams.get(name)!.skips, 1);
  const times = pictures(sink);
  const gap = times.findIndex((time, i) => i > 0 && time !== times[i - 1]! + 40);
  assert.equal(times[gap], 26_000);
  send(setting, 30_000, 31_000);
  assert.ok(pictures(sink).at(-1)! > times.at(-1)!, "and goes on from there");
});

test("a hole in the past is waited through up to a bound, a longer one is jumped over", async () => {
  const setting = setUp({ grace: 60_000 });
  const { hub, clock } = setting;
  const away = (ms: number): void => {
    setting.publication.close("lost");
    clock.advance(ms);
    setting.publication = publish(hub);
  };
  const begun = clock.wallClock();
  send(setting, 0, 2000);
  away(5000);
  send(setting, 0, 2000);
  away(LONGEST_HOLE + 10_000);
  send(setting, 0, 20_000);
  const { sink } = await replay(setting, { from: { utc: begun + 1000 } });
  clock.advance(1000);
  assert.deepEqual(pictures(sink).slice(-2), [1920, 1960]);
  clock.advance(4900);
  assert.equal(pictures(sink).at(-1), 1960, "the pause of five seconds is one");
  clock.advance(200);
  assert.ok(pictures(sink).at(-1)! >= 7000);
  clock.advance(2100);
  assert.ok(pictures(sink).at(-1)! >= 9000 + LONGEST_HOLE, "and that of twenty is none");
});

test("the end of the stream ends it after it has seen all; the end of the server at once", async () => {
  const setting = setUp({ graceAfterUnpublish: 0 });
  send(setting, 0, 10_000);
  const one = await replay(setting, { from: { behind: 5000 } });
  setting.publication.close("unpublished");
  assert.equal(setting.hub.streams.size, 0);
  setting.clock.advance(4000);
  assert.equal(one.sink.endedBy, undefined);
  setting.clock.advance(1100);
  assertWhole(one.sink, 4000, 9960);
  assert.equal(one.sink.endedBy, "ended");

  const other = setUp();
  send(other, 0, 10_000);
  const two = await replay(other, { from: { behind: 5000 } });
  other.hub.close();
  assert.equal(two.sink.endedBy, "closing");
});

test("one that takes nothing is let go, one whose side left lets go of everything", async () => {
  const setting = setUp({ stallTimeout: 5000 });
  send(setting, 0, 10_000);
  const stalled = await replay(setting, { from: { behind: 5000 } }, true);
  assert.equal(setting.hub.streams.get(name)!.viewers, 1);
  setting.clock.advance(7000);
  assert.equal(stalled.sink.endedBy, "stalled");
  assert.equal(setting.hub.streams.get(name)!.viewers, 0);
  const left = await replay(setting, { from: { behind: 5000 } });
  left.playhead.close("left");
  const { text } = left.sink;
  setting.clock.advance(7000);
  assert.equal(left.sink.text, text);
  assert.equal(setting.hub.streams.get(name)!.viewers, 0);
});

test("so many are shown the past, no more; who never played counts no longer", async () => {
  const setting = setUp({ maxReplays: 1 });
  send(setting, 0, 10_000);
  const view = () => setting.hub.view(name, 0, new AbortController().signal, { from: { behind: 5000 } });
  const first = await view();
  await assert.rejects(view(), (error) => error instanceof Refusal && error.code === "full");
  first.close();
  const { playhead } = await replay(setting, { from: { behind: 5000 } });
  await assert.rejects(view(), (error) => error instanceof Refusal && error.code === "full");
  playhead.close("left");
  (await view()).close();
});

test("a container that cannot carry the tracks is refused, and nobody is counted", async () => {
  const setting = setUp({ maxReplays: 1 });
  send(setting, 0, 10_000);
  for (let i = 0; i < 2; i++) {
    const viewing = await setting.hub.view(name, 0, new AbortController().signal, { from: { behind: 5000 } });
    const container = textContainer("none", { refuse: () => true });
    assert.throws(
      () => viewing.play(container, bareFraming, new CollectingSink()),
      (error) => error instanceof Refusal && error.code === "not-carried",
    );
  }
});

test("maxTime: so much of media, then an end as that of the stream", async () => {
  const setting = setUp();
  send(setting, 0, 10_000);
  const past = await replay(setting, { from: { behind: 5000 }, maxTime: 2000, pace: "fast" });
  assertWhole(past.sink, 4000, 5960);
  assert.equal(past.sink.endedBy, "ended");
  const live = await replay(setting, { from: { behind: 0 }, maxTime: 2000 });
  send(setting, 10_000, 11_500);
  assert.equal(live.sink.endedBy, "ended");
  assertWhole(live.sink, 9000, 10_960);
});

test("new tracks in the past end it where nobody can go on, as live", async () => {
  const setting = setUp();
  send(setting, 0, 3000);
  setting.publication.track({ ...videoTrack, config: new Uint8Array([9]) });
  send(setting, 3000, 6000);
  const crossed = await replay(setting, { from: { behind: 5000 }, pace: "fast" });
  assert.match(crossed.sink.text, /^<init 1\+2:1\.2\.3\+17\.144>K0 .*a2980 +<change 1\+2:9\+17\.144>K3000 .*v5960 +a5960 +a5980 +$/);
  setting.publication.track({ ...audioTrack, id: 3 });
  send(setting, 6000, 7000);
  const ended = await replay(setting, { from: { behind: 3000 }, pace: "fast" });
  assert.equal(ended.sink.endedBy, "new-tracks");
  assert.match(ended.sink.text, /a5980 +$/);
});

/** A hub whose streams are kept as in a file. */
function setUpKept(options: Partial<HubOptions> = {}): Setting & { readonly keeper: MemoryKeeper } {
  const keeper = new MemoryKeeper();
  const setting = setUp({ retention: { beforeNewestStart: 2000, maxBytes: 1e9 }, keeper: () => keeper, ...options });
  return Object.assign(setting, { keeper });
}

/** Lets reads of the file come, and what follows from them. */
async function settle({ clock }: Setting): Promise<void> {
  for (let i = 0; i < 300; i++) {
    await new Promise((resolve) => void setImmediate(resolve));
    clock.settle();
  }
}

test("what the ring has no more is read from what is kept: as far behind as asked for, bit for bit", async () => {
  const setting = setUpKept();
  setting.keeper.thinning = 3;
  send(setting, 0, 40_000);
  const { sink, playhead } = await replay(setting, { from: { behind: 30_500 } });
  await settle(setting);
  assertWhole(sink, 9000, 9480);
  for (let t = 40_000; t < 43_000; t += 200) {
    send(setting, t, t + 200);
    await settle(setting);
  }
  const last = pictures(sink).at(-1)!;
  assert.ok(last >= 12_400 && last <= 12_480, `${last}`);
  assertWhole(sink, 9000, last);
  assert.equal(playhead.skips, 0);
  playhead.close("left");
  await settle(setting);
  assert.equal(setting.keeper.readers, 0);
});

test("?pace=fast passes from the file into the ring and is live", async () => {
  const setting = setUpKept();
  send(setting, 0, 40_000);
  const { sink } = await replay(setting, { from: { behind: 40_000 }, pace: "fast" });
  await settle(setting);
  assertWhole(sink, 0, 39_960);
  assert.equal(setting.keeper.readers, 0);
  send(setting, 40_000, 41_000);
  assertWhole(sink, 0, 40_960);
});

test("a date in what is kept is shown though nobody publishes, over the restart of a publisher, and ends where nothing follows", async () => {
  const setting = setUpKept();
  const begun = setting.clock.wallClock();
  send(setting, 0, 5000);
  setting.publication.close("unpublished");
  setting.clock.advance(5000);
  assert.equal(setting.hub.streams.size, 0);
  const { sink } = await replay(setting, { from: { utc: begun + 2500 } });
  await settle(setting);
  assertWhole(sink, 2000, 2480);
  setting.publication = publish(setting.hub);
  for (let t = 0; t < 5000; t += 200) {
    send(setting, t, t + 200);
    await settle(setting);
  }
  setting.publication.close("unpublished");
  for (let i = 0; i < 100; i++) {
    setting.clock.advance(200);
    await settle(setting);
  }
  const times = pictures(sink);
  const gap = times.findIndex((time, i) => i > 0 && time !== times[i - 1]! + 40);
  assert.equal(times[gap - 1], 4960);
  assert.ok(times[gap]! >= 10_000, `${times[gap]}`);
  assert.equal(times.length, 75 + 125);
  assert.equal(sink.endedBy, "ended");
  const late = setting.hub.view(name, 0, new AbortController().signal, { from: { utc: setting.clock.wallClock() } });
  await assert.rejects(late, (error) => error instanceof Refusal && error.code === "not-live");
  const relative = setting.hub.view(name, 0, new AbortController().signal, { from: { behind: 1000 } });
  await assert.rejects(relative, (error) => error instanceof Refusal && error.code === "not-live");
});

test("a slow reader of a file holds little", async () => {
  const setting = setUpKept();
  send(setting, 0, 20_000, 20_000);
  const { sink, playhead } = await replay(setting, { from: { behind: 20_000 }, pace: "fast" }, true);
  for (let i = 0; i < 40; i++) {
    await settle(setting);
    assert.ok(playhead.lag <= 300 * 1024, `${playhead.lag} bytes wait for it`);
    sink.unblock();
    sink.blocked = true;
  }
  assertWhole(sink, 0, pictures(sink).at(-1)!);
  assert.ok(pictures(sink).at(-1)! > 10_000);
});

test("a viewer who leaves while its place is looked for leaves nothing behind", async () => {
  const setting = setUpKept({ maxReplays: 1 });
  send(setting, 0, 20_000);
  const abort = new AbortController();
  const view = setting.hub.view(name, 0, abort.signal, { from: { behind: 10_000 } });
  abort.abort(new Error("gone"));
  await assert.rejects(view, /gone/);
  await settle(setting);
  assert.equal(setting.keeper.readers, 0);
  const { playhead } = await replay(setting, { from: { behind: 10_000 } });
  playhead.close("left");
});

test("how far back a stream goes", async () => {
  const kept = setUpKept();
  const begun = kept.clock.wallClock();
  assert.equal(kept.hub.streams.get(name)!.past, undefined);
  send(kept, 0, 20_000);
  assert.deepEqual(kept.hub.streams.get(name)!.past, { oldest: begun, milliseconds: 19_980 });
  const ring = setUp({ retention: { beforeNewestStart: 2000, maxBytes: 1e9 } });
  send(ring, 0, 20_000);
  assert.deepEqual(ring.hub.streams.get(name)!.past, { oldest: begun + 17_000, milliseconds: 2980 });
});

test("who is not behind is live, however unevenly media come", async () => {
  const setting = setUp();
  send(setting, 0, 10_000);
  setting.clock.advance(2000);
  const { sink } = await replay(setting, { from: { behind: 0 }, preroll: 2000 });
  assertWhole(sink, 7000, 9960);
  // Two seconds that were on the way come at once.
  for (let t = 10_000; t < 12_000; t += 40) setting.publication.frame(video(t));
  setting.clock.advance(100);
  assert.equal(pictures(sink).at(-1), 11_960);
});

test("a disk that hangs is waited for no longer than it may: what the ring has is shown", async () => {
  const setting = setUpKept();
  send(setting, 0, 20_000);
  setting.keeper.hangs = true;
  const place = setting.hub.view(name, 0, new AbortController().signal, { from: { behind: 10_000 }, pace: "fast" });
  await settle(setting);
  setting.clock.advance(DISK_PATIENCE);
  const sink = new CollectingSink();
  (await place).play(textContainer(), bareFraming, sink);
  await settle(setting);
  assertWhole(sink, 17_000, 19_960);

  setting.keeper.hangs = false;
  const { sink: other, playhead } = await replay(setting, { from: { behind: 10_000 }, pace: "fast" });
  setting.keeper.hangs = true;
  await settle(setting);
  setting.clock.advance(DISK_PATIENCE);
  await settle(setting);
  assert.equal(playhead.skips, 1);
  assert.equal(pictures(other).at(-1), 19_960);
  assert.equal(setting.keeper.readers, 0);
});
