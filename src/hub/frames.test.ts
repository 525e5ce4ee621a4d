import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeScheduler } from "../../test/support/fake-scheduler.ts";
import { audio, audioTrack, CollectingSink, textContainer, video, videoTrack } from "../../test/support/hub-fixtures.ts";
import { MemoryKeeper } from "../../test/support/memory-keeper.ts";
import type { Track } from "../media/track.ts";
import { bareFraming } from "./framing.ts";
import type { Frames, FramesFrom, StreamFrame } from "./frames.ts";
import { HubFrames } from "./frames.ts";
import type { HubOptions } from "./hub.ts";
import { Hub } from "./hub.ts";
import type { Publication } from "./publication.ts";

const peer = { protocol: "test", address: "192.0.2.1", encoder: "enc/1" };

function setUp(options: Partial<HubOptions> = {}): { hub: Hub; clock: FakeScheduler } {
  const clock = new FakeScheduler();
  return { hub: new Hub({ scheduler: clock, ...options }), clock };
}

function publish(hub: Hub, tracks: readonly Track[] = [videoTrack, audioTrack]): Publication {
  const publication = hub.publish("live/a", peer);
  publication.announce({ video: tracks.includes(videoTrack), audio: tracks.includes(audioTrack) });
  for (const track of tracks) publication.track(track);
  return publication;
}

function send(clock: FakeScheduler, publication: Publication, from: number, to: number): void {
  for (let t = from; t < to; t += 40) {
    publication.frame(video(t));
    publication.frame(audio(t));
    clock.advance(40);
  }
}

/** Reads so many frames. */
async function take(frames: Frames, count: number): Promise<StreamFrame[]> {
  const taken: StreamFrame[] = [];
  while (taken.length < count) {
    const { value, done } = await frames.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

const words = (list: readonly StreamFrame[]): string =>
  list.map(({ track, dts, sap, gap }) => `${track.kind === "audio" ? "a" : sap > 0 ? "K" : "v"}${dts}${gap ? `!${gap}` : ""}`).join(" ");

test("frames come with their tracks and payload as they are, from the newest key frame on", async () => {
  const { hub, clock } = setUp();
  const publication = publish(hub);
  send(clock, publication, 0, 1080);
  const frames = new HubFrames(hub, "live/a");
  const taken = await take(frames, 4);
  assert.equal(words(taken), "K1000!start a1000 v1040 a1040");
  const [key, sound] = taken as [StreamFrame, StreamFrame];
  assert.deepEqual(key.track, videoTrack);
  assert.deepEqual(sound.track, audioTrack);
  assert.equal(key.pts, 1040);
  assert.equal(key.utcOffset, 1_700_000_000_000 + 1000);
  assert.deepEqual(key.generation.tracks, [videoTrack, audioTrack]);
  const waits = frames.next();
  const source = video(1080);
  publication.frame(source);
  assert.equal((await waits).value?.data, source.data, "not copied");
});

test("frames are waited for before there is a publisher, for as long as was said", async () => {
  const { hub, clock } = setUp();
  const patient = new HubFrames(hub, "live/a").next();
  const hasty = new HubFrames(hub, "live/a", { wait: 100 }).next();
  hasty.catch(() => undefined);
  const now = new HubFrames(hub, "live/a", { wait: 0 }).next();
  await assert.rejects(now, { name: "Refusal", code: "not-live" });
  clock.advance(100);
  await assert.rejects(hasty, { name: "Refusal", code: "not-live" });
  clock.advance(3_600_000);
  send(clock, publish(hub), 0, 40);
  assert.equal((await patient).value?.gap, "start");
});

test("they go on over a reconnect, which is told, and end with the stream, whose last frames still come", async () => {
  const { hub, clock } = setUp();
  const first = publish(hub);
  send(clock, first, 0, 80);
  const frames = new HubFrames(hub, "live/a");
  assert.equal(words(await take(frames, 4)), "K0!start a0 v40 a40");
  first.close("lost");
  clock.advance(2000);
  const second = publish(hub);
  send(clock, second, 0, 80);
  second.close("unpublished");
  const rest = await take(frames, 10);
  assert.equal(words(rest), "K2080!reconnect a2080 v2120 a2120");
  assert.deepEqual(await frames.next(), { done: true, value: undefined });
});

test("a track keeps its object until it changes, and only what changed is another one", async () => {
  const { hub, clock } = setUp();
  const publication = publish(hub);
  send(clock, publication, 0, 40);
  publication.metadata({ title: "x" });
  send(clock, publication, 40, 80);
  publication.track({ ...videoTrack, config: new Uint8Array([9]) });
  send(clock, publication, 80, 120);
  publication.close("lost");
  const again = publish(hub, [{ ...videoTrack, config: new Uint8Array([9]) }, { ...audioTrack }]);
  send(clock, again, 0, 40);
  const [v0, a0, v40, a40, v80, a80, k, a] = (await take(new HubFrames(hub, "live/a", { from: "oldest" }), 8)).map(({ track }) => track);
  assert.equal(v0, v40);
  assert.notEqual(v40, v80);
  assert.deepEqual([a40, a80, a], [a0, a0, a0]);
  assert.ok(a40 === a0 && a80 === a0 && a === a0 && k === v80);
});

test("a slow consumer is moved on and told; a fast one and a viewer notice nothing; memory is the ring's alone", async () => {
  const { hub, clock } = setUp({ retention: { beforeNewestStart: 0, maxBytes: 1e9 } });
  const publication = publish(hub);
  send(clock, publication, 0, 40);
  const slow = new HubFrames(hub, "live/a");
  const fast = new HubFrames(hub, "live/a");
  const viewer = new CollectingSink();
  (await hub.watch("live/a", 0)).play(textContainer(), bareFraming, viewer);
  await take(slow, 1);
  await take(fast, 2);
  let read = "";
  let most = 0;
  for (let t = 40; t < 10_040; t += 40) {
    send(clock, publication, t, t + 40);
    most = Math.max(most, hub.streams.get("live/a")!.timeline.bytes);
    read += `${words(await take(fast, 2))} `;
  }
  assert.equal(fast.skips, 0);
  assert.ok(most <= 26 * (16 + 2), `${most} bytes in the ring: a group of pictures and the next key frame`);
  assert.match(read, /^v40 a40 .* v9960 a9960 K10000 a10000 $/);
  assert.equal(slow.lag, 10_000);
  assert.equal(words(await take(slow, 2)), "K10000!skip a10000");
  assert.equal(slow.skips, 1);
  assert.equal(slow.lag, 0);
  clock.advance(100);
  assert.equal(hub.streams.get("live/a")!.skips, 0);
  assert.match(viewer.text, /v9960 +a9960 +K10000 +a10000 +$/);
});

test("only the tracks that are wanted; a choice that throws ends the consumer and nobody else", async () => {
  const { hub, clock } = setUp();
  const publication = publish(hub);
  send(clock, publication, 0, 80);
  const sound = new HubFrames(hub, "live/a", { tracks: (track) => track.kind === "audio" });
  assert.equal(words(await take(sound, 2)), "a0!start a40");
  let faulty = false;
  const frames = new HubFrames(hub, "live/a", {
    tracks() {
      if (faulty) throw new TypeError("mine");
      return true;
    },
  });
  await take(frames, 4);
  const pending = frames.next();
  faulty = true;
  publication.track({ ...videoTrack, config: new Uint8Array([9]) });
  publication.frame(video(80));
  await assert.rejects(pending, /mine/);
  assert.equal((await frames.next()).done, true);
  assert.equal(publication.end, undefined);
});

test("the signal ends it with its reason, at whatever it waits for", async () => {
  const { hub, clock } = setUp();
  const early = new AbortController();
  const unborn = new HubFrames(hub, "live/a", { signal: early.signal });
  const waiting = unborn.next();
  early.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  assert.equal(hub.waiting, 0);
  assert.equal((await unborn.next()).done, true);
  await assert.rejects(new HubFrames(hub, "live/a", { signal: early.signal }).next(), /enough/);

  send(clock, publish(hub), 0, 40);
  const late = new AbortController();
  const frames = new HubFrames(hub, "live/a", { signal: late.signal });
  await take(frames, 2);
  const pending = [frames.next(), frames.next()];
  late.abort(new Error("now"));
  for (const each of pending) await assert.rejects(each, /now/);
});

test("leaving the loop lets go of everything", async () => {
  const { hub, clock } = setUp();
  const publication = publish(hub);
  send(clock, publication, 0, 80);
  const { timeline } = hub.streams.get("live/a")!;
  const frames = new HubFrames(hub, "live/a");
  for await (const frame of frames) if (frame.dts > 0) break;
  publication.close("unpublished");
  assert.equal(timeline.bytes, 0, "nobody holds the ring");
  assert.equal((await frames.next()).done, true);

  send(clock, publish(hub), 0, 40);
  await using other = new HubFrames(hub, "live/a");
  await take(other, 2);
  const pending = other.next();
  await other.return();
  assert.equal((await pending).done, true);
});

test("closing the hub tells who waits for a publisher, and ends who reads", async () => {
  const { hub, clock } = setUp();
  send(clock, publish(hub), 0, 40);
  const reads = new HubFrames(hub, "live/a");
  await take(reads, 2);
  const pending = reads.next();
  const waits = new HubFrames(hub, "live/other").next();
  waits.catch(() => undefined);
  hub.close();
  assert.equal((await pending).done, true);
  await assert.rejects(waits, { code: "closing" });
});

test("frames begin in the past, in the ring and in what is kept", async () => {
  const keeper = new MemoryKeeper();
  const { hub, clock } = setUp({ keeper: () => keeper, retention: { beforeNewestStart: 2000, maxBytes: 1e9 } });
  const begun = clock.wallClock();
  const publication = publish(hub);
  send(clock, publication, 0, 20_000);
  const first = async (from: FramesFrom): Promise<string> => {
    await using frames = new HubFrames(hub, "live/a", { from, wait: 0 });
    return words(await take(frames, 2));
  };
  assert.equal(await first({ buffer: 1.5 }), "K18000!start a18000");
  assert.equal(await first({ buffer: 15 }), "K4000!start a4000");
  assert.equal(await first({ date: new Date(begun + 7700) }), "K7000!start a7000");
  assert.equal(await first({ date: new Date(0) }), "K0!start a0");
  await assert.rejects(first({ buffer: -1 }), TypeError);
  await assert.rejects(first({ date: new Date(Number.NaN) }), TypeError);

  const all = new HubFrames(hub, "live/a", { from: { buffer: 15 } });
  const reading = take(all, 2000);
  publication.close("unpublished");
  const read = await reading;
  assert.equal(read.length, 800);
  assert.equal(read.filter(({ gap }) => gap !== undefined).length, 1);
  assert.equal(await first({ date: new Date(begun + 7700) }), "K7000!start a7000");
  assert.equal(keeper.readers, 0);
});
