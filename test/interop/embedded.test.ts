/** A program that embeds the server publishes what FFmpeg makes, reads what FFmpeg publishes, and relays it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { before, describe, it, type TestContext } from "node:test";
import { createServer, type Frames, type MediaInput, type PublishOptions, type StreamFrame } from "../../src/index.ts";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { programPath, run } from "../support/program.ts";
import { aacFrame, audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, curl, ffmpeg5, type Got, type Viewer, webSocket } from "./players.ts";
import * as publishers from "./publishers.ts";

const seconds = 4;
const name = "live/cam";
const viewers: readonly Viewer[] = [
  { way: Way.rtmp, player: ffmpeg5 },
  { way: Way.httpFlv, player: curl },
  { way: Way.wsMp4, player: webSocket() },
];
/** Without `delay_moov` FFmpeg begins every track at 0; with it an edit list says where it begins. */
const fragmented = ["-f", "mp4", "-movflags", "delay_moov+default_base_moof+frag_keyframe"];

let clip: string;
let mp4: string;
let sent: Got[];

before(async () => {
  clip = await makeClip({ seconds });
  sent = await packetsOf(clip);
  mp4 = `${clip}.fragmented.mp4`;
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", clip, "-c", "copy", ...fragmented, mp4]);
});

async function all(frames: Frames): Promise<StreamFrame[]> {
  const list: StreamFrame[] = [];
  for await (const frame of frames) list.push(frame);
  return list;
}

/** What FFmpeg writes to its standard output, in real time. */
function pipe(t: TestContext, args: readonly string[]): Readable {
  const child = spawn(programPath("ffmpeg"), ["-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", ...args, "pipe:1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child.stdout;
}

/** Lets viewers wait, publishes an input, and compares what each of them got. */
async function published(input: () => MediaInput, options: PublishOptions): Promise<void> {
  await using place = await Place.open();
  const audience = await Audience.gather(place, name, viewers);
  await place.server.publish(name, input(), options);
  assert.equal(place.server.stream(name).state, "offline", "the stream ended with the input");
  for (const [i, got] of (await audience.got).entries()) {
    const { way, player } = viewers[i]!;
    compare(sent, got, `${player.name} over ${way}`, { audio: audioTolerance(way, aacFrame) });
  }
}

describe("what a program publishes comes to viewers bit for bit", { concurrency: 2 }, () => {
  it("FLV out of a pipe", (t) => published(() => pipe(t, ["-f", "flv"]), { format: "flv" }));
  it("fragmented MP4 out of a pipe", (t) => published(() => pipe(t, fragmented), { format: "mp4" }));
  it("an FLV file at its own pace", async () => {
    const started = performance.now();
    await published(() => createReadStream(clip), { format: "flv", pace: "realtime" });
    assert.ok(performance.now() - started > (seconds - 0.5) * 1000);
  });
  it("a web stream of an MP4 file at its own pace", () =>
    published(() => Readable.toWeb(createReadStream(mp4)) as ReadableStream<Uint8Array>, { format: "mp4", pace: "realtime" }));
});

describe("what is published comes to a program bit for bit", () => {
  const md5 = ({ data }: StreamFrame): string => createHash("md5").update(data).digest("hex");
  const got = (frame: StreamFrame): Got => {
    const ptsMicros = Math.round((frame.pts * 1e6) / frame.track.timescale);
    return { kind: frame.track.kind, ptsMicros, md5: md5(frame) };
  };

  it("frames of an RTMP publisher", async () => {
    await using place = await Place.open();
    const frames = place.server.stream(name).frames();
    const reading = all(frames);
    await place.waiting(1);
    await using publisher = publishers.ffmpeg5.publish(clip, place.rtmp(name));
    const read = await reading;
    await publisher.succeeded();
    assert.equal(frames.skips, 0);
    compare(sent, read.map(got), "frames()", { audio: 1000 });
    assert.deepEqual(
      read.filter(({ gap }) => gap !== undefined).map(({ gap }) => gap),
      ["start"],
    );
    const [key] = read;
    assert.ok(key?.track.kind === "video" && key.track.codec === "avc" && key.track.width === 320 && key.sap === 1);
    const aired = read.at(-1)!.utcOffset + read.at(-1)!.pts;
    assert.ok(Math.abs(aired - Date.now()) < 3000, "utcOffset leads to the time of day");
  });

  it("relayed frame by frame to another server in the same process", async () => {
    await using from = await Place.open();
    await using to = await Place.open();
    const audience = await Audience.gather(to, name, viewers);
    const relaying = (async () => {
      const frames = from.server.stream(name).frames();
      const first = (await frames.next()).value!;
      using relay = to.server.publishFrames(name, { tracks: first.generation.tracks, metadata: first.generation.metadata });
      relay.write(first);
      for await (const frame of frames) relay.write(frame);
    })();
    await from.waiting(1);
    await using publisher = publishers.ffmpeg5.publish(clip, from.rtmp(name));
    await relaying;
    await publisher.succeeded();
    for (const [i, each] of (await audience.got).entries()) {
      const { way, player } = viewers[i]!;
      compare(sent, each, `${player.name} over ${way}`, { audio: audioTolerance(way, aacFrame) });
    }
  });
});

describe("several servers in one process share nothing", () => {
  it("keys: each takes its own and not the other's", async () => {
    const ports = { rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0 } } as const;
    const keys = ["the-key-of-one", "the-key-of-other"] as const;
    await using one = createServer({ ...ports, publishKey: keys[0] });
    await using other = createServer({ ...ports, publishKey: keys[1] });
    await Promise.all([one.listen(), other.listen()]);
    for (const [i, server] of [one, other].entries()) {
      for (const [k, key] of keys.entries()) {
        const each = `live/${i}${k}`;
        const leaving = new AbortController();
        const answer = fetch(`http://127.0.0.1:${server.address("http")!.port}/${each}.flv`, {
          method: "PUT",
          headers: { authorization: `Bearer ${key}` },
          body: await readFile(clip),
          signal: leaving.signal,
        }).catch(() => undefined);
        if (i !== k) {
          assert.equal((await answer)?.status, 403);
          assert.equal(server.stream(each).state, "offline");
          continue;
        }
        for await (const frame of server.stream(each).frames({ signal: AbortSignal.timeout(10_000) })) {
          assert.ok(frame.data.length > 0);
          break;
        }
        leaving.abort();
        await answer;
      }
    }
  });

  it("streams, ports, closing one", async () => {
    const options = { rtmp: { host: "127.0.0.1", port: 0 }, http: { host: "127.0.0.1", port: 0 }, auth: false } as const;
    await using one = createServer(options);
    await using other = createServer(options);
    await Promise.all([one.listen(), other.listen()]);
    const ports = [one, other].flatMap((server) => [server.address("rtmp")!.port, server.address("http")!.port]);
    assert.equal(new Set(ports).size, 4);
    const publishing = other.publish(name, createReadStream(clip), { format: "flv", pace: "realtime" });
    const reader = other.stream(name).frames();
    await reader.next();
    assert.equal(one.stream(name).state, "offline");
    assert.equal((await fetch(`http://127.0.0.1:${one.address("http")!.port}/${name}.flv`, { method: "HEAD" })).status, 404);
    await one.close();
    assert.equal(one.address("http"), undefined);
    assert.equal((await fetch(`http://127.0.0.1:${other.address("http")!.port}/${name}.flv`, { method: "HEAD" })).status, 200);
    const rest = await all(reader);
    await publishing;
    assert.equal(reader.skips, 0);
    assert.equal(rest.length + 1, sent.length);
  });
});
