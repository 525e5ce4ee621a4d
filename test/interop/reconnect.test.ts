/** A publisher that is killed, or hangs, and comes back: real players go on without noticing more than a pause. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeClip, type ClipOptions } from "../support/clip.ts";
import { Place, Way } from "./place.ts";
import { Audience, curl, ffmpeg5, ffmpeg8, type Got, rtmpdump, type Viewer, webSocket } from "./players.ts";
import * as publishers from "./publishers.ts";

const name = "live/cam";
const viewers: readonly Viewer[] = [
  { way: Way.rtmp, player: ffmpeg5 },
  { way: Way.rtmp, player: ffmpeg8 },
  { way: Way.rtmp, player: rtmpdump },
  { way: Way.httpFlv, player: ffmpeg5 },
  { way: Way.httpFlv, player: curl },
  { way: Way.wsFlv, player: webSocket() },
  { way: Way.wsMp4, player: webSocket() },
];

const of = (packets: readonly Got[], kind: string): Got[] => packets.filter((packet) => packet.kind === kind);

/**
 * Publishes a clip, stops its publisher in the middle in some way, publishes another, and asserts that every viewer got
 * the beginning of the first and all of the second, in rising times.
 */
async function comesBack(
  second: ClipOptions,
  stop: (publishing: { kill(): void; pause(): void }) => void,
  among: readonly Viewer[],
): Promise<void> {
  await using place = await Place.open({ streams: { gracePeriod: "10s", silentAfter: "500ms" } });
  const clips = await Promise.all([makeClip({ seconds: 4 }), makeClip({ seconds: 2, tone: 880, ...second })]);
  const [first, then] = await Promise.all(clips.map((clip) => publishers.ffmpeg5.sends(clip, place)));
  const audience = await Audience.gather(place, name, among);
  await using publishing = publishers.ffmpeg5.publish(clips[0], place.rtmp(name));
  await place.until(() => (place.server.hub.streams.get(name)?.timeline.bytes ?? 0) > 60_000, "a second of it is there");
  stop(publishing);
  const stream = place.server.hub.streams.get(name)!;
  await place.until(
    () => stream.publication === undefined || performance.now() - stream.publication.lastArrival > 500,
    "the publisher is gone, or silent",
  );
  await using again = publishers.ffmpeg5.publish(clips[1], place.rtmp(name));
  await again.succeeded();
  for (const [i, got] of (await audience.got).entries()) {
    const who = `${among[i]!.player.name} over ${among[i]!.way}`;
    for (const kind of ["video", "audio"]) {
      const [sent, sentThen, all] = [of(first!, kind), of(then!, kind), of(got, kind)];
      const before = all.length - sentThen.length;
      assert.ok(before >= 20 && before < sent.length, `${who}: ${before} packets of ${kind} of the first publisher`);
      const expected = [...sent.slice(0, before), ...sentThen].map(({ md5 }) => md5);
      const wrong = all.findIndex(({ md5 }, at) => md5 !== expected[at]);
      assert.equal(wrong, -1, `${who}: ${kind} packet ${wrong}, ${before} of the first publisher`);
      const gap = all[before]!.ptsMicros! - Math.max(...all.slice(0, before).map(({ ptsMicros }) => ptsMicros!));
      assert.ok(gap > 0 && gap < 5_000_000, `${who}: ${kind} goes on after ${gap} µs`);
    }
  }
}

describe("a publisher comes back, and players go on", { concurrency: 2 }, () => {
  it("after it was killed", () => comesBack({}, (publishing) => publishing.kill(), viewers));
  it("with pictures of another size and sound of another rate", () =>
    comesBack({ size: "640x360", sampleRate: 44_100 }, (publishing) => publishing.kill(), viewers));
  it("while its old connection hangs", () => comesBack({}, (publishing) => publishing.pause(), viewers.slice(0, 4)));
});
