/** What else RTMP carries: each codec published by FFmpeg and played over every way that has it, bit for bit. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it, type TestContext } from "node:test";
import { makeClip, type ClipOptions } from "../support/clip.ts";
import { run } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, curl, ffmpeg5, ffmpeg8, type Got, packetsOf8, type Viewer, webSocket } from "./players.ts";
import * as publishers from "./publishers.ts";
import { replay } from "./replay.ts";

const name = "live/cam";
const { rtmp, httpFlv, wsFlv, httpMp4, wsMp4, httpMkv } = Way;
const mp4 = [httpMp4, wsMp4] as const;

/** FFmpeg 8.1 reads Enhanced FLV, 5.1 reads MP4 and Matroska of all that we write. */
const everyWay: readonly Viewer[] = [
  { way: rtmp, player: ffmpeg8 },
  { way: httpFlv, player: ffmpeg8 },
  { way: wsFlv, player: webSocket(packetsOf8) },
  { way: httpMp4, player: ffmpeg5 },
  { way: wsMp4, player: webSocket() },
  { way: httpMkv, player: ffmpeg5 },
];

interface Case {
  readonly name: string;
  readonly clip: ClipOptions;
  /** Default FFmpeg 8.1. */
  readonly publisher?: publishers.Publisher;
  /** Microseconds of one audio frame; default AAC's. */
  readonly audioFrame?: number;
  /** Where the audio is left out. */
  readonly audioNotIn?: readonly Way[];
}

const millisecond = 1000;
const cases: readonly Case[] = [
  { name: "HEVC and AAC", clip: { video: "hevc" } },
  { name: "AV1 and Opus", clip: { video: "av1", audio: "opus" }, audioFrame: 20 * millisecond },
  { name: "VP9 and Opus", clip: { video: "vp9", audio: "opus" }, audioFrame: 20 * millisecond },
  { name: "VP9 and FLAC", clip: { video: "vp9", audio: "flac" }, audioFrame: 4608e6 / 48_000 },
  { name: "H.264 and AC-3", clip: { audio: "ac3" }, audioFrame: 32 * millisecond },
  { name: "H.264 and E-AC-3", clip: { audio: "eac3" }, audioFrame: 32 * millisecond },
  { name: "H.264 and MP3", clip: { audio: "mp3" }, publisher: publishers.ffmpeg5, audioFrame: 24 * millisecond },
  { name: "H.264 in slices, AAC at 44.1 kHz", clip: { video: "h264-zerolatency", sampleRate: 44_100 }, publisher: publishers.ffmpeg5 },
  { name: "AAC alone", clip: { video: false }, publisher: publishers.ffmpeg5 },
  { name: "Opus alone", clip: { video: false, audio: "opus" }, audioFrame: 20 * millisecond },
  { name: "H.264 alone", clip: { audio: false }, publisher: publishers.ffmpeg5 },
  { name: "H.264 and G.711 A-law", clip: { audio: "pcm-alaw" }, publisher: publishers.ffmpeg5, audioNotIn: mp4 },
  { name: "H.264 and G.711 µ-law", clip: { audio: "pcm-mulaw" }, publisher: publishers.ffmpeg5, audioNotIn: mp4 },
  { name: "H.264 and Speex", clip: { audio: "speex" }, publisher: publishers.ffmpeg5, audioNotIn: [...mp4, httpMkv] },
  { name: "H.264 and Nellymoser", clip: { audio: "nellymoser" }, publisher: publishers.ffmpeg5, audioNotIn: [...mp4, httpMkv] },
];

/** Lets a viewer of every way wait, publishes, and compares what each got. */
async function everyWayHas(t: TestContext, { clip: options, publisher = publishers.ffmpeg8, ...codec }: Case): Promise<void> {
  await using place = await Place.open();
  const clip = await makeClip({ seconds: 2, ...options });
  const sent = await publisher.sends(clip, place);
  const audience = await Audience.gather(place, name, everyWay);
  await using publishing = publisher.publish(clip, place.rtmp(name));
  await publishing.succeeded();
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = everyWay[i]!;
    const hasAudio = !(codec.audioNotIn?.includes(way) ?? false);
    const tolerance = { audio: audioTolerance(way, codec.audioFrame ?? aacFrame), hasAudio };
    const { offset, audioError } = compare(sent, got, `${player.name} over ${way}`, tolerance);
    t.diagnostic(`${player.name} over ${way}: offset ${offset} µs, audio within ${audioError} µs`);
  }
}

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
