/** MPEG-TS as programs publish it into the server that they embed, and as viewers get it. More codecs are in test/slow/mpegts.test.ts. */
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start } from "../support/program.ts";
import { Place, Way } from "./place.ts";
import * as publishers from "./publishers.ts";
import { comesBackAsTs, watchAsTs } from "./watched-as-ts.ts";

const name = "live/cam";
const { httpTs } = Way;
const millisecond = 1000;

describe("what is published over RTMP is watched as MPEG-TS", { concurrency: 2 }, () => {
  it("H.264 and AAC: over HTTP by FFmpeg and curl, over WebSocket", (t) =>
    watchAsTs(t, { name: "H.264 and AAC", clip: {}, publisher: publishers.ffmpeg5, options: { video: "h264", audio: "aac" } }));

  it("HEVC and AAC: as many pictures, at their times", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ seconds: 3, video: "hevc" });
    const playing = packetsOf(place.url(httpTs, name));
    playing.catch(() => undefined);
    await place.waiting(1);
    await using publishing = publishers.ffmpeg8.publish(clip, place.rtmp(name));
    await publishing.succeeded();
    const of = (packets: readonly { kind: string; ptsMicros: number | undefined }[]): number[] =>
      packets.filter(({ kind }) => kind === "video").map(({ ptsMicros }) => ptsMicros!);
    const [sent, got] = [of(await packetsOf(clip)), of(await playing)];
    assert.equal(got.length, 75);
    for (const [i, time] of got.entries()) assert.ok(Math.abs(time - got[0]! - sent[i]! + sent[0]!) <= millisecond);
  });

  it("VLC gets what it reads in FFmpeg's", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ seconds: 3 });
    const theirs = place.file("ts");
    await run("ffmpeg", ["-v", "error", "-nostdin", "-i", clip, "-c", "copy", theirs]);
    const wanted = await vlc(theirs, place);
    const playing = vlc(place.url(httpTs, name), place);
    playing.catch(() => undefined);
    await place.waiting(1);
    await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
    await publishing.succeeded();
    const got = await playing;
    // Where streams end it drops a picture or two.
    const length = Math.min(got.length, wanted.length);
    assert.ok(length >= 70, `${got.length} and ${wanted.length} pictures`);
    assert.deepEqual(got.slice(0, length), wanted.slice(0, length));
  });
});

it("what is published as MPEG-TS, as FFmpeg 5.1 writes it, comes back", () => comesBackAsTs([]));

it("says what it is, and in words what it cannot carry", async () => {
  await using place = await Place.open();
  const clips = [
    await makeClip({ seconds: 3, video: "vp9", audio: "opus", container: "webm" }),
    await makeClip({ seconds: 3, container: "ts" }),
  ];
  const publishing = clips.map((clip, i) => place.server.publish(`live/${i}`, createReadStream(clip), { pace: "realtime" }));
  for (const each of publishing) each.catch(() => undefined);
  const answer = async (url: string): Promise<readonly [number, string | null, string]> => {
    const response = await fetch(url);
    const words = response.ok ? (await response.body?.cancel(), "") : await response.text();
    return [response.status, response.headers.get("content-type"), words];
  };
  assert.deepEqual(await answer(place.url(httpTs, "live/1")), [200, "video/mp2t", ""]);
  const [status, , words] = await answer(place.url(httpTs, "live/0") + "?only=video");
  assert.equal(status, 415);
  assert.match(words, /MPEG-TS cannot carry VP9\./);
  assert.deepEqual((await answer(place.url(httpTs, "live/0"))).slice(0, 2), [200, "video/mp2t"]);
});

/** Hashes of the pictures that VLC demuxes. */
async function vlc(source: string, place: Place): Promise<string[]> {
  const file = place.file("tsv");
  const input = source.startsWith("http") ? source : place.file("ts");
  if (input !== source) await copyFile(source, input);
  const args = ["-I", "dummy", "--no-plugins-cache", "--play-and-exit", "--sout", `#stats{output=${file}}`, input, "vlc://quit"];
  await using running = start("cvlc", args, { unprivileged: true, env: { HOME: place.folder } });
  await running.succeeded();
  const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split("\t"));
  return lines.filter((line) => line[2] === "Video").map((line) => line[6]!);
}
