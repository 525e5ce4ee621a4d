/** What hooks decide, as real encoders and players meet it. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { AccessDenied } from "../../src/index.ts";
import { makeClip } from "../support/clip.ts";
import { start } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, ffmpeg5, ffmpeg8 } from "./players.ts";
import * as publishers from "./publishers.ts";

let clip: string;
const all = [publishers.ffmpeg5, publishers.ffmpeg8, publishers.gstreamer];

before(async () => {
  clip = await makeClip({ seconds: 2 });
});

describe("encoders", { concurrency: 3 }, () => {
  for (const publisher of all) {
    it(`${publisher.name} waits for a slow hook, and what it sends arrives whole under the name that was granted`, async () => {
      await using place = await Place.open();
      place.server.onPublish(async ({ stream, key }) => {
        await delay(600);
        assert.deepEqual([stream, key], ["live/key-of-anna", "k1"]);
        return { as: "live/anna" };
      });
      const expected = await publisher.sends(clip, place);
      const audience = await Audience.gather(place, "live/anna", [
        { way: Way.rtmp, player: ffmpeg5 },
        { way: Way.httpFlv, player: ffmpeg8 },
      ]);
      await using publishing = publisher.publish(clip, place.rtmp("live/key-of-anna?key=k1"));
      await publishing.succeeded();
      for (const got of await audience.got) compare(expected, got, publisher.name, { audio: audioTolerance(Way.rtmp, aacFrame) });
      assert.equal(place.server.hub.streams.has("live/key-of-anna"), false);
    });

    it(`${publisher.name} ends when it is refused`, async () => {
      await using place = await Place.open();
      place.server.onPublish(() => {
        throw new AccessDenied("The doors open at eight.");
      });
      await using publishing = publisher.publish(clip, place.rtmp("live/cam"));
      const { code, stderr } = await publishing.finished;
      assert.notEqual(code, 0);
      // GStreamer has words of its own for it.
      assert.match(stderr, /The doors open at eight\.|denied/i);
      assert.equal(place.server.hub.streams.size, 0);
    });
  }

  it("of two that are granted one name the second is refused", async () => {
    await using place = await Place.open();
    place.server.onPublish(() => ({ as: "live/anna" }));
    await using first = publishers.ffmpeg5.publish(clip, place.rtmp("live/a"));
    await place.until(() => place.server.hub.streams.get("live/anna")?.state === "live", "the first is live");
    await using second = publishers.gstreamer.publish(clip, place.rtmp("live/b"));
    assert.notEqual((await second.finished).code, 0);
    await first.succeeded();
  });
});

describe("players", { concurrency: 3 }, () => {
  const key = "s3cret";
  const spellings: readonly (readonly [what: string, url: (place: Place) => string])[] = [
    ["?key= over RTMP", (place) => place.url(Way.rtmp, `live/front?key=${key}`)],
    ["?key= over HTTP", (place) => `${place.url(Way.httpFlv, "live/front")}?key=${key}`],
    ["the password over HTTP", (place) => place.url(Way.httpMp4, "live/front").replace("//", `//anna:${key}@`)],
  ];
  it("send the key in their ways, and get the stream under another name", async () => {
    await using place = await Place.open();
    place.server.onPlay((request) => request.key === key && { as: "live/cam" });
    const players = spellings.map(async ([what, url]) => ({ what, got: await ffmpeg5.play(url(place), place) }));
    const playing = Promise.all(players);
    playing.catch(() => undefined);
    await place.waiting(spellings.length);
    await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp("live/cam"));
    await publishing.succeeded();
    for (const { what, got } of await playing) assert.ok(got.filter(({ kind }) => kind === "video").length > 40, what);
  });

  for (const way of [Way.rtmp, Way.httpFlv, Way.httpMp4]) {
    it(`end when they are refused over ${way}`, async () => {
      await using place = await Place.open();
      place.server.onPlay(() => {
        throw new AccessDenied("Members only.");
      });
      await using playing = start("ffprobe", ["-v", "info", place.url(way, "live/cam")]);
      const { code, stderr } = await playing.finished;
      assert.notEqual(code, 0);
      assert.match(stderr, way === Way.rtmp ? /Members only\./ : /401/);
    });
  }
});
