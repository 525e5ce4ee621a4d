/** Real programs publish H.264 with B-frames and AAC, and real programs play it, every way. */
import assert from "node:assert/strict";
import { copyFile, readFile } from "node:fs/promises";
import { before, describe, it, type TestContext } from "node:test";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { start } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import {
  Audience,
  curl,
  curlHttp10,
  ffmpeg5,
  ffmpeg8,
  type Got,
  gstreamer,
  mpv,
  type Player,
  rtmpdump,
  type Viewer,
  webSocket,
} from "./players.ts";
import * as publishers from "./publishers.ts";

let clip: string;
let sent: Got[];

before(async () => {
  clip = await makeClip({ seconds: 4 });
  sent = await packetsOf(clip);
});

const { rtmp, httpFlv, wsFlv, httpMp4, wsMp4, httpMkv } = Way;
const at = (way: Way, ...players: readonly Player[]): Viewer[] => players.map((player) => ({ way, player }));
const oneOfEach = [
  ...at(rtmp, ffmpeg5),
  ...at(httpFlv, ffmpeg8),
  ...at(wsFlv, webSocket()),
  ...at(httpMp4, curl),
  ...at(wsMp4, webSocket()),
  ...at(httpMkv, ffmpeg5),
];

const name = "live/cam";

/** Lets viewers wait, publishes the clip, and compares what each of them got. */
async function publishTo(t: TestContext, publisher: publishers.Publisher, viewers: readonly Viewer[]): Promise<void> {
  await using place = await Place.open();
  const expected = await publisher.sends(clip, place);
  const audience = await Audience.gather(place, name, viewers);
  await using publishing = publisher.publish(clip, place.rtmp(name));
  await publishing.succeeded();
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = viewers[i]!;
    const { offset, audioError } = compare(expected, got, `${player.name} over ${way}`, { audio: audioTolerance(way, aacFrame) });
    t.diagnostic(`${player.name} over ${way}: offset ${offset} µs, audio within ${audioError} µs`);
  }
}

describe("publishers: what they send comes back every way", { concurrency: 3 }, () => {
  it(publishers.ffmpeg5.name, (t) => publishTo(t, publishers.ffmpeg5, oneOfEach));
  it(publishers.ffmpeg8.name, (t) => publishTo(t, publishers.ffmpeg8, oneOfEach));
  it(publishers.gstreamer.name, (t) => publishTo(t, publishers.gstreamer, oneOfEach));
});

describe("players: what was published comes to them", { concurrency: 2 }, () => {
  it("over RTMP", (t) => publishTo(t, publishers.ffmpeg5, at(rtmp, ffmpeg5, ffmpeg8, rtmpdump, gstreamer, mpv)));
  it("over HTTP-FLV", (t) => publishTo(t, publishers.ffmpeg5, at(httpFlv, ffmpeg5, ffmpeg8, curl, curlHttp10, mpv)));
  it("over HTTP-fMP4", (t) => publishTo(t, publishers.ffmpeg5, at(httpMp4, ffmpeg5, ffmpeg8, curl, curlHttp10, mpv)));

  it("over HTTP as Matroska", (t) => publishTo(t, publishers.ffmpeg5, at(httpMkv, ffmpeg5, ffmpeg8, curl, curlHttp10, mpv)));

  it("VLC gets over RTMP and HTTP, as FLV, fMP4 and Matroska, what it reads from the file", async () => {
    await using place = await Place.open();
    const readable = place.file("flv");
    await copyFile(clip, readable);
    const expected = await vlc(readable, place);
    assert.deepEqual(expected.video.length, sent.filter(({ kind }) => kind === "video").length);
    const ways = [rtmp, httpFlv, httpMp4, httpMkv];
    const playing = Promise.all(ways.map((way) => vlc(place.url(way, name), place)));
    playing.catch(() => undefined);
    await place.waiting(ways.length);
    await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
    await publishing.succeeded();
    for (const [i, got] of (await playing).entries()) assert.deepEqual(got, expected, `over ${ways[i]}`);
  });
});

it("players that come late begin at a key frame and get all from there", async (t) => {
  await using place = await Place.open();
  await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
  await place.until(() => place.server.hub.streams.get(name)?.timeline.hasStart ?? false, "it is live");
  // The second key frame is there, the last is not.
  await place.until(() => (place.server.hub.streams.get(name)?.timeline.bytes ?? 0) > 60_000, "a second of it is there");
  const playing = Promise.all(oneOfEach.map(({ way, player }) => player.play(place.url(way, name), place)));
  playing.catch(() => undefined);
  await publishing.succeeded();
  for (const [i, got] of (await playing).entries()) {
    const { way, player } = oneOfEach[i]!;
    const { offset, video } = compare(sent, got, `${player.name} over ${way}`, { audio: audioTolerance(way, aacFrame), late: true });
    assert.equal(video % 25, 0, `${player.name} over ${way} began at a key frame`);
    t.diagnostic(`${player.name} over ${way}: ${video} pictures, offset ${offset} µs`);
  }
});

/** What VLC demuxes: hashes of all packets, H.264 in VLC's own framing. */
async function vlc(source: string, place: Place): Promise<{ video: string[]; audio: string[] }> {
  const file = place.file("tsv");
  const args = ["-I", "dummy", "--no-plugins-cache", "--play-and-exit", "--sout", `#stats{output=${file}}`, source, "vlc://quit"];
  await using running = start("cvlc", args, { unprivileged: true, env: { HOME: place.folder } });
  await running.succeeded();
  const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split("\t"));
  const of = (type: string) => lines.filter((line) => line[2] === type).map((line) => line[6]!);
  return { video: of("Video"), audio: of("Audio") };
}
