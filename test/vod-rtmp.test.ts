import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Writer } from "../src/bytes/writer.ts";
import { amfProperties, decodeAmf0All } from "../src/containers/flv/amf0.ts";
import { type Message, MessageType } from "../src/protocols/rtmp/message.ts";
import { type Packet, packetsOf } from "./support/packets.ts";
import { start } from "./support/program.ts";
import { RtmpClient } from "./support/rtmp-client.ts";
import { type VodServer, vodServer } from "./support/vod-server.ts";

let vod: VodServer;
const files = new Map<string, string>();

/** Set Buffer Length (RTMP 1.0 section 7.1.7). */
function setBufferLength(client: RtmpClient, streamId: number, milliseconds: number): void {
  client.send(2, MessageType.userControl, 0, 0, new Writer().u16(3).u32(streamId).u32(milliseconds).done());
}

before(async () => {
  vod = await vodServer();
  const clip = { seconds: 4, gop: 25, size: "160x90" } as const;
  files.set("plain.mp4", await vod.add("plain.mp4", { ...clip, container: "mp4" }));
  files.set("tags.flv", await vod.add("tags.flv", clip));
  await writeFile(join(vod.folder, "text.mp4"), "no film at all");
});
after(() => vod[Symbol.asyncDispose]());

const of = (packets: readonly Packet[], kind: Packet["kind"]): Packet[] => packets.filter((packet) => packet.kind === kind);
const hashes = (packets: readonly Packet[]): string[] => packets.map(({ md5 }) => md5);

describe("FFmpeg and rtmpdump play files, payloads and times unchanged", () => {
  for (const [name, path] of [
    ["plain.mp4", "vod/films/plain.mp4"],
    ["plain.mp4", "vod/films/mp4:plain.mp4"],
    ["tags.flv", "vod/films/tags.flv"],
    ["tags.flv", "vod/films/flv:tags"],
    ["tags.flv", "vod/films/tags"],
  ] as const) {
    test(`FFmpeg: ${path}`, async () => {
      const source = await packetsOf(files.get(name)!);
      const url = `rtmp://127.0.0.1:${vod.rtmpPort}/${path}`;
      const sent = await packetsOf(url, { before: ["-rtmp_buffer", "60000"] });
      for (const kind of ["video", "audio"] as const) {
        const [wanted, found] = [of(source, kind), of(sent, kind)];
        assert.deepEqual(hashes(found), hashes(wanted), kind);
        const begin = wanted[0]!.ptsMicros! - found[0]!.ptsMicros!;
        for (const [i, { ptsMicros }] of found.entries())
          assert.ok(Math.abs(ptsMicros! + begin - wanted[i]!.ptsMicros!) <= 1000, `${kind} ${i}`);
      }
    });
  }

  for (const [more, first, last] of [
    [[], 0, 100],
    [["--start", "2"], 50, 100],
    [["--start", "1", "--stop", "3"], 25, 75],
  ] as const) {
    test(`rtmpdump ${more.join(" ")}`, async () => {
      const out = join(vod.folder, `.dump${first}-${last}`);
      const url = `rtmp://127.0.0.1:${vod.rtmpPort}/vod/films`;
      await using program = start("rtmpdump", ["-q", "-r", url, "-a", "vod/films", "-y", "mp4:plain.mp4", "-o", out, ...more]);
      // 2: less than 99.9 % of the duration, of which the last picture of a short clip is a larger part.
      assert.ok([0, 2].includes((await program.finished).code ?? -1), program.stderr);
      const source = hashes(of(await packetsOf(files.get("plain.mp4")!), "video"));
      const found = hashes(of(await packetsOf(out), "video"));
      const wanted = source.slice(first, last);
      assert.deepEqual(found.slice(0, wanted.length - 4), wanted.slice(0, -4));
      assert.ok(Math.abs(found.length - wanted.length) < 4, `${found.length} pictures and not ${wanted.length}`);
    });
  }
});

/** What is in a data message. */
const data = ({ body }: Message) => decodeAmf0All(body);
const isData = (name: string) => (message: Message) => message.type === MessageType.dataAmf0 && data(message)[0] === name;
const isVideo = ({ type, body }: Message): boolean => type === MessageType.video && body[1] === 1;

async function player(buffer?: number): Promise<{ client: RtmpClient; streamId: number }> {
  const client = await RtmpClient.connect(vod.rtmpPort);
  await client.connectApp("vod/films");
  const streamId = await client.createStream();
  if (buffer !== undefined) setBufferLength(client, streamId, buffer);
  return { client, streamId };
}

test("a player is told that it is a file, how long it is and where its key frames are, and of its end", async () => {
  const { client, streamId } = await player(60_000);
  using _ = client;
  client.command(streamId, "play", null, "mp4:plain.mp4", 0, -1, true);
  await client.status("NetStream.Play.Reset");
  await client.status("NetStream.Play.Start");
  assert.ok(
    client.messages.some(({ type, body }) => type === MessageType.userControl && body[1] === 4),
    "StreamIsRecorded",
  );
  const metadata = amfProperties(data(await client.message(isData("onMetaData")))[1])!;
  assert.ok(Math.abs(Number(metadata["duration"]) - 4.1) < 0.06, "duration");
  const { times, filepositions } = amfProperties(metadata["keyframes"])!;
  assert.deepEqual(times, [0, 1, 2, 3]);
  assert.equal((filepositions as number[]).length, 4);
  const stop = await client.status("NetStream.Play.Stop");
  assert.equal(stop.streamId, streamId);
  const ends = amfProperties(data(await client.message(isData("onPlayStatus")))[1])!;
  assert.equal(ends["code"], "NetStream.Play.Complete");
  assert.ok(Number(ends["bytes"]) > 1000);
  await client.message(({ type, body }) => type === MessageType.userControl && body[1] === 1, client.messages.length - 1);
  assert.equal(client.messages.filter(isVideo).length, 100);
});

test("start, length and a single frame", async () => {
  for (const [from, length, first, pictures] of [
    [2500, -1, 0, 50],
    [2000, 1000, 0, 25],
    [3000, 0, 0, 1],
    [-2000, -1000, 0, 100],
  ] as const) {
    const { client, streamId } = await player(60_000);
    using _ = client;
    client.command(streamId, "play", null, "mp4:plain.mp4", from, length);
    await client.status("NetStream.Play.Stop");
    const video = client.messages.filter(isVideo);
    assert.equal(video[0]!.timestamp, first);
    assert.ok(Math.abs(video.length - pictures) <= 3, `${video.length} pictures from ${from} for ${length}`);
  }
});

test("media are sent ahead by the player's buffer and then in real time; pausing stops them", async () => {
  const { client, streamId } = await player(1000);
  using _ = client;
  client.command(streamId, "play", null, "mp4:plain.mp4");
  await client.message(isVideo);
  await client.message((message) => isVideo(message) && message.timestamp >= 1500);
  const newest = () => client.messages.findLast(isVideo)!.timestamp;
  assert.ok(newest() < 2500, `${newest()} ms were sent`);
  client.command(streamId, "pause", null, true, newest());
  await client.status("NetStream.Pause.Notify");
  const paused = newest();
  await new Promise((resolve) => void setTimeout(resolve, 400));
  assert.ok(newest() - paused <= 40, "nothing is sent while it is paused");
  client.command(streamId, "pause", null, false, paused);
  await client.status("NetStream.Unpause.Notify");
  setBufferLength(client, streamId, 60_000);
  await client.status("NetStream.Play.Stop");
  const times = client.messages.filter(isVideo).map(({ timestamp }) => timestamp);
  assert.equal(times.length, 100, "none is lost, none comes twice");
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test("seek goes to the key frame shown then, forwards and backwards; beyond the end it is refused", async () => {
  const { client, streamId } = await player(500);
  using _ = client;
  client.command(streamId, "play", null, "mp4:plain.mp4");
  await client.message(isVideo);
  for (const [to, key] of [
    [3500, 3000],
    [1200, 1000],
    [0, 0],
  ] as const) {
    const from = client.messages.length;
    client.command(streamId, "seek", null, to);
    await client.message(
      ({ type, body }) => type === MessageType.commandAmf0 && JSON.stringify(decodeAmf0All(body)).includes("NetStream.Seek.Notify"),
      from,
    );
    const at = client.messages.findIndex(
      ({ type, body }, i) => i >= from && type === MessageType.commandAmf0 && JSON.stringify(decodeAmf0All(body)).includes("Play.Start"),
    );
    const config = await client.message(({ type, body }) => type === MessageType.video && body[1] === 0, at);
    assert.equal(config.body[0], 0x17);
    assert.equal((await client.message(isVideo, at)).timestamp, key);
  }
  client.command(streamId, "seek", null, 99_000);
  await client.status("NetStream.Seek.InvalidTime");
});

test("a playlist plays one file after the other", async () => {
  const { client, streamId } = await player(60_000);
  using _ = client;
  client.command(streamId, "play", null, "mp4:plain.mp4", 0, 1000, true);
  client.command(streamId, "play", null, "flv:tags", 3000, -1, false);
  const change = amfProperties(data(await client.message(isData("onPlayStatus")))[1])!;
  assert.equal(change["code"], "NetStream.Play.Switch");
  await client.status("NetStream.Play.Stop");
  const times = client.messages.filter(isVideo).map(({ timestamp }) => timestamp);
  assert.ok(Math.abs(times.length - 50) <= 3, `${times.length} pictures`);
  assert.equal(times[0], 0);
  assert.equal(times.filter((time) => time === 0).length, 2, "each counts from its own start");
});

test("what cannot be played is refused in words", async () => {
  for (const [name, code] of [
    ["nothing", "NetStream.Play.StreamNotFound"],
    ["../secret", "NetStream.Play.StreamNotFound"],
    [".hidden", "NetStream.Play.StreamNotFound"],
    ["..%2fsecret", "NetStream.Play.StreamNotFound"],
    ["plain.mp4\0", "NetStream.Play.StreamNotFound"],
    ["text.mp4", "NetStream.Play.FileStructureInvalid"],
  ] as const) {
    const { client, streamId } = await player();
    using _ = client;
    client.command(streamId, "play", null, name);
    await client.status(code);
  }
  const off = vod.server.onPlay(({ stream, protocol, key }) => stream !== "vod/films/plain.mp4" || protocol !== "rtmp" || key === "yes");
  try {
    const { client, streamId } = await player();
    using _ = client;
    client.command(streamId, "play", null, "mp4:plain.mp4");
    await client.status("NetStream.Play.Failed");
    client.command(streamId, "play", null, "mp4:plain.mp4?key=yes");
    await client.status("NetStream.Play.Start");
  } finally {
    off();
  }
});
