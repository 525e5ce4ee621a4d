/** What else RTMP carries, bit for bit over every way that has it. The other codecs are in test/slow/codecs.test.ts. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { makeClip } from "../support/clip.ts";
import { run } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { type CodecCase, everyWay, everyWayHas } from "./every-way.ts";
import { Place, Way } from "./place.ts";
import { Audience, curl, type Got } from "./players.ts";
import * as publishers from "./publishers.ts";
import { replay } from "./replay.ts";

const name = "live/cam";
const { rtmp, httpFlv, wsFlv, httpMp4, wsMp4, httpMkv } = Way;
const millisecond = 1000;
const cases: readonly CodecCase[] = [
  { name: "AV1 and Opus", clip: { video: "av1", audio: "opus" }, audioFrame: 20 * millisecond },
  { name: "H.264 and Speex", clip: { audio: "speex" }, publisher: publishers.ffmpeg5, audioNotIn: [httpMp4, wsMp4, httpMkv] },
];

describe("codecs every way", { concurrency: 3 }, () => {
  for (const each of cases) it(each.name, (t) => everyWayHas(t, each));

  it("HEVC goes to players in its old signalling where they ask for it, and comes in that way", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ video: "hevc", seconds: 2 });
    const sent = await publishers.ffmpeg8.sends(clip, place);
    const flvWays = everyWay.filter(({ way }) => way === rtmp || way === httpFlv || way === wsFlv);
    const old = await Audience.gather(place, name, flvWays, "?hevc=legacy");
    const body = place.file("flv");
    const dump = run("curl", ["-sS", "-o", body, `${place.url(httpFlv, name)}?hevc=legacy`]);
    await place.waiting(flvWays.length + 1);
    await using publishing = publishers.ffmpeg8.publish(clip, place.rtmp(name));
    await publishing.succeeded();
    await dump;
    for (const got of await old.got) compare(sent, got, "old signalling", { audio: millisecond });

    // No encoder at hand sends it like this: the messages are those that our server has just made.
    const again = await Audience.gather(place, "live/again", everyWay);
    const file = await readFile(body);
    // A key frame (1) of codec 12, a sequence header (0).
    assert.ok(file.includes(Buffer.of(0x1c, 0, 0, 0, 0)), "the old signalling");
    await replay(file, place.rtmpPort, "live/again");
    for (const [i, got] of (await again.got).entries()) {
      const { way, player } = everyWay[i]!;
      compare(sent, got, `${player.name} over ${way}`, { audio: audioTolerance(way, aacFrame) });
    }
  });

  it("what MP4 cannot carry at all is refused there in words, and plays in FLV", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ video: false, audio: "speex", seconds: 2 });
    const playing = curl.play(place.url(httpFlv, name), place);
    playing.catch(() => undefined);
    const refused = fetch(place.url(httpMp4, name));
    await place.waiting(2);
    await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
    const response = await refused;
    assert.equal(response.status, 415);
    assert.match(await response.text(), /MP4 cannot carry Speex/);
    await publishing.succeeded();
    const sent: Got[] = await publishers.ffmpeg5.sends(clip, place);
    compare(sent, await playing, "curl", { audio: millisecond });
  });
});
