import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Hub } from "../../src/hub/hub.ts";
import { RtmpListener } from "../../src/protocols/rtmp/rtmp-listener.ts";
import { makeClip, type ClipOptions } from "../support/clip.ts";
import { played, playWithNodeAv, publishWithNodeAv } from "../support/node-av.ts";
import { packetsOf, type Packet } from "../support/packets.ts";
import { start, type RunningProgram } from "../support/program.ts";

/** A packet as a player got it, or as the clip has it. */
type Got = Pick<Packet, "kind" | "ptsMicros" | "md5">;

/** A server, and a folder for what players write. */
class Place implements AsyncDisposable {
  readonly hub = new Hub({ grace: 500 });
  readonly listener = new RtmpListener({ hub: this.hub, waitForPublisher: 20_000 });
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), "millrace-rtmp-")));
    await place.listener.listen({ port: 0, host: "127.0.0.1" });
    return place;
  }

  url(path: string): string {
    return `rtmp://127.0.0.1:${this.listener.address()!.port}/${path}`;
  }

  /** Waits until so many players wait for a publisher. */
  async waiting(players: number): Promise<void> {
    const signal = AbortSignal.timeout(15_000);
    while (this.hub.waiting < players) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hub.close();
    await this.listener.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

interface Publisher {
  readonly name: string;
  publish(clip: string, url: string): RunningProgram;
}

const ffmpeg: Publisher = {
  name: "FFmpeg 5.1",
  publish: (clip, url) => start("ffmpeg", ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "flv", url]),
};
const ffmpeg8: Publisher = {
  name: "FFmpeg 8.1",
  publish: (clip, url) => publishWithNodeAv(clip, url, { options: { rtmp_enhanced_codecs: "hvc1,av01,vp09,Opus,fLaC,ac-3,ec-3" } }),
};
const gstreamer: Publisher = {
  name: "GStreamer",
  publish(clip, url) {
    const mux = "flvmux name=m streamable=true ! rtmp2sink sync=true location=";
    const source = `filesrc location=${clip} ! flvdemux name=d d.video ! queue ! h264parse ! m. d.audio ! queue ! aacparse ! m. ${mux}${url}`;
    return start("gst-launch-1.0", ["-q", "-e", ...source.split(" ")]);
  },
};

interface Player {
  readonly name: string;
  /** Plays to the end of the stream. */
  play(url: string, folder: string): Promise<Got[]>;
}

/** A player that writes what it gets to an FLV file. */
function dumper(name: string, program: string, args: (url: string, file: string) => string[]): Player {
  return {
    name,
    async play(url, folder) {
      const file = join(folder, `${program}.flv`);
      await using running = start(program, args(url, file));
      await running.finished;
      return await packetsOf(file);
    },
  };
}

const players: readonly Player[] = [
  { name: "FFmpeg 5.1", play: (url) => packetsOf(url) },
  { name: "FFmpeg 8.1", play: playFfmpeg8 },
  dumper("rtmpdump", "rtmpdump", (url, file) => ["-q", "--live", "-r", url, "-o", file]),
  dumper("GStreamer", "gst-launch-1.0", (url, file) => ["-q", "rtmp2src", `location=${url}`, "!", "filesink", `location=${file}`]),
];

async function playFfmpeg8(url: string): Promise<Got[]> {
  await using program = playWithNodeAv(url);
  await program.succeeded();
  const { tracks, packets } = played(program);
  return packets.map(({ track, ptsMicros, md5 }) => ({ kind: tracks[track]!.kind as Packet["kind"], ptsMicros, md5 }));
}

const hashes = (packets: readonly Got[], kind: Packet["kind"]): string[] => packets.filter((p) => p.kind === kind).map(({ md5 }) => md5);

/** Audio packets before the point where a viewer starts: before the first picture, or, without pictures, the newest. */
const audioBeforeStart = 10;

/** What was got is what was sent, but for so many packets at the beginning. */
function assertTail(got: readonly string[], sent: readonly string[], missing: number, what: string): void {
  const from = sent.length - got.length;
  assert.ok(from >= 0 && from <= missing, `${what}: ${got.length} packets of ${sent.length}`);
  const wrong = got.findIndex((hash, i) => hash !== sent[from + i]);
  assert.equal(wrong, -1, `${what}: packet ${wrong} is another`);
}

/** Times of the video, counted from its first. */
function videoTimes(packets: readonly Got[]): number[] {
  const times = packets.filter((p) => p.kind === "video").map(({ ptsMicros }) => Math.round((ptsMicros ?? NaN) / 1000));
  return times.map((time) => time - times[0]!);
}

/** Lets players wait, publishes a clip, and compares what each of them got. */
async function compare(publisher: Publisher, clipOptions: ClipOptions, audience: readonly Player[]): Promise<void> {
  await using place = await Place.open();
  const clip = await makeClip(clipOptions);
  const sent = await packetsOf(clip);
  const url = place.url("live/cam");
  const playing = Promise.all(audience.map((player) => player.play(url, place.folder)));
  // Awaited below; if publishing fails, that is the failure to report.
  playing.catch(() => undefined);
  await place.waiting(audience.length);
  await using publishing = publisher.publish(clip, url);
  await publishing.succeeded();
  for (const [i, got] of (await playing).entries()) {
    const { name } = audience[i]!;
    assertTail(hashes(got, "video"), hashes(sent, "video"), 0, `video of ${name}`);
    assertTail(hashes(got, "audio"), hashes(sent, "audio"), audioBeforeStart, `audio of ${name}`);
    assert.deepEqual(videoTimes(got), videoTimes(sent), `times of ${name}`);
  }
}

describe("RTMP with real clients: every player gets what was published, bit for bit", () => {
  for (const publisher of [ffmpeg, ffmpeg8, gstreamer]) {
    it(`${publisher.name} publishes H.264 with B-frames and AAC`, () => compare(publisher, {}, players));
  }

  const some = [players[0]!, players[1]!];
  const only8 = [players[1]!];
  it("audio alone", () => compare(ffmpeg, { video: false, seconds: 2 }, some));
  it("video alone", () => compare(ffmpeg, { audio: false, seconds: 2 }, some));
  it("MP3", () => compare(ffmpeg, { audio: "mp3", seconds: 2 }, some));
  it("G.711", () => compare(ffmpeg, { audio: "pcm-alaw", seconds: 2 }, some));
  it("Speex", () => compare(ffmpeg, { audio: "speex", seconds: 2 }, some));
  it("Nellymoser", () => compare(ffmpeg, { audio: "nellymoser", seconds: 2 }, some));
  it("HEVC", () => compare(ffmpeg8, { video: "hevc", seconds: 2 }, only8));
  it("AV1 and Opus", () => compare(ffmpeg8, { video: "av1", audio: "opus", seconds: 2 }, only8));
  it("VP9 and FLAC", () => compare(ffmpeg8, { video: "vp9", audio: "flac", seconds: 2 }, only8));
  it("AC-3", () => compare(ffmpeg8, { audio: "ac3", seconds: 2 }, only8));
  it("E-AC-3", () => compare(ffmpeg8, { audio: "eac3", seconds: 2 }, only8));
});
