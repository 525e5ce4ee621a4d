/** MPEG-TS as programs publish it into the server that they embed, and as viewers over HTTP and WebSocket get it. */
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import type { ClipOptions } from "../support/clip.ts";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, type Player, ffmpeg5, ffmpeg8, webSocket } from "./players.ts";
import * as publishers from "./publishers.ts";
import type { BareOptions } from "./ts-packets.ts";
import { barePackets } from "./ts-packets.ts";

const name = "live/cam";
const { rtmp, httpFlv, httpMp4, httpTs, wsTs } = Way;

/** FFmpeg at the URL itself. */
const ffmpegTs = (options?: BareOptions): Player => ({ name: "FFmpeg 5.1", play: (url) => barePackets(url, options) });

const curlTs = (options?: BareOptions): Player => ({
  name: "curl",
  async play(url, place) {
    const file = place.file("ts");
    await run("curl", ["-sS", "--fail", "-o", file, url]);
    return await barePackets(file, options);
  },
});

const millisecond = 1000;

describe("what is published over RTMP is watched as MPEG-TS", { concurrency: 2 }, () => {
  const cases: readonly (readonly [what: string, clip: ClipOptions, publisher: publishers.Publisher, options: BareOptions])[] = [
    ["H.264 and AAC", {}, publishers.ffmpeg5, { video: "h264", audio: "aac" }],
    ["H.264 and MP3", { audio: "mp3" }, publishers.ffmpeg5, { video: "h264", audio: "mp3" }],
    ["AAC alone", { video: false }, publishers.ffmpeg5, { video: false, audio: "aac" }],
    ["H.264 alone", { audio: false }, publishers.ffmpeg5, { video: "h264", audio: false }],
    ["H.264 and Opus", { audio: "opus" }, publishers.ffmpeg8, { video: "h264", audio: "opus" }],
    ["H.264 and AC-3", { audio: "ac3" }, publishers.ffmpeg8, { video: "h264", audio: "ac3" }],
  ];
  for (const [what, clip, publisher, options] of cases) {
    it(`${what}: over HTTP by FFmpeg and curl, over WebSocket`, async (t) => {
      await using place = await Place.open();
      const file = await makeClip({ seconds: 3, ...clip });
      const sent = await barePackets(file, options);
      const viewers = [
        { way: httpTs, player: ffmpegTs(options) },
        { way: httpTs, player: curlTs(options) },
        { way: wsTs, player: webSocket((source) => barePackets(source, options)) },
      ];
      const audience = await Audience.gather(place, name, viewers);
      await using publishing = publisher.publish(file, place.rtmp(name));
      await publishing.succeeded();
      for (const [i, got] of (await audience.got).entries()) {
        const { way, player } = viewers[i]!;
        const { offset, audioError } = compare(sent, got, `${player.name} over ${way}`, { audio: 2 * millisecond });
        t.diagnostic(`${player.name} over ${way}: offset ${offset} µs, audio within ${audioError} µs`);
      }
    });
  }

  it("mpv records all of it", async () => {
    await using place = await Place.open();
    const clip = await makeClip({ seconds: 3 });
    const file = place.file("mkv");
    const args = ["--no-config", "--no-terminal", "--vo=null", "--ao=null", `--stream-record=${file}`, place.url(httpTs, name)];
    const playing = run("mpv", args);
    playing.catch(() => undefined);
    await place.waiting(1);
    await using publishing = publishers.ffmpeg5.publish(clip, place.rtmp(name));
    await publishing.succeeded();
    await playing;
    compare(await barePackets(clip), await barePackets(file), "mpv", { audio: 2 * millisecond });
  });

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

describe("what is published as MPEG-TS comes back", { concurrency: 2 }, () => {
  for (const [what, args] of [
    ["FFmpeg 5.1 writes it", []],
    ["FFmpeg writes it with LATM and null packets", ["-mpegts_flags", "latm", "-muxrate", "2M"]],
  ] as const) {
    it(`as ${what}`, async () => {
      await using place = await Place.open();
      const clip = await makeClip({ seconds: 3 });
      const file = place.file("ts");
      await run("ffmpeg", ["-v", "error", "-nostdin", "-i", clip, "-c", "copy", ...args, file]);
      const [sent, bare] = [await packetsOf(clip), await barePackets(clip)];
      const viewers = [
        { way: rtmp, player: ffmpeg5 },
        { way: httpFlv, player: ffmpeg8 },
        { way: httpMp4, player: ffmpeg5 },
        { way: httpTs, player: ffmpegTs() },
      ];
      const audience = await Audience.gather(place, name, viewers);
      await place.server.publish(name, createReadStream(file), { pace: "realtime" });
      for (const [i, got] of (await audience.got).entries()) {
        const { way, player } = viewers[i]!;
        const tolerance = { audio: audioTolerance(way, aacFrame) + millisecond };
        compare(way === httpTs ? bare : sent, got, `${player.name} over ${way}`, tolerance);
      }
    });
  }
});

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
