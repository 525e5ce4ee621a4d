/** An unchanged FFmpeg 3.1.3 and an unchanged ffserver.conf, against our server, and today's players. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FfserverPlace } from "../support/ffserver-place.ts";
import { runOldFfmpeg, testWithOldFfmpeg } from "../support/old-ffmpeg.ts";
import { packetsOf } from "../support/packets.ts";
import { run } from "../support/program.ts";

const camera = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=44100"];

const conf = `
MaxClients 40
MaxBandwidth 9000
<Feed yard.ffm>
  File FOLDER/yard.ffm
  FileMaxSize 2M
  ACL allow 127.0.0.1
</Feed>
<Stream yard.flv>
  Feed yard.ffm
  AudioCodec aac
  AudioBitRate 64
  AudioChannels 1
  AudioSampleRate 44100
  VideoCodec libx264
  VideoSize 320x180
  VideoFrameRate 20
  VideoBitRate 300
  VideoGopSize 10
  AVOptionVideo preset ultrafast
  AVOptionVideo pixel_format yuv420p
  AVOptionVideo flags +global_header
  Metadata title "The yard"
</Stream>
<Stream yard-small.ts>
  Feed yard.ffm
  AudioCodec libmp3lame
  VideoCodec mpeg4
  VideoSize 160x128
  VideoFrameRate 10
</Stream>
<Stream voice.aac>
  Feed yard.ffm
  AudioCodec aac
  AudioBitRate 64
  AudioChannels 1
  AudioSampleRate 44100
  NoVideo
</Stream>
<Stream yard.mjpg>
  Feed yard.ffm
  NoAudio
  VideoSize 160x128
  VideoFrameRate 5
  VideoQMin 3
  VideoQMax 5
</Stream>
<Stream inside.flv>
  Feed yard.ffm
  NoAudio
  VideoCodec mpeg4
  VideoSize 160x128
  VideoFrameRate 10
  ACL allow 192.0.2.1
</Stream>
<Redirect index.html>
  URL http://yard.example.org/
</Redirect>
`;

/** Codecs of a file's tracks, by its own account. */
async function codecsOf(file: string): Promise<string[]> {
  const { stdout } = await run("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file]);
  // Programs of MPEG-TS list their tracks once more.
  return [...new Set(stdout.toString("utf8").trim().split(/\s+/))].toSorted();
}

testWithOldFfmpeg("FFmpeg 3.1.3 fetches what a feed asks for and posts it; every stream has its own of it, in its format", async () => {
  await using place = await FfserverPlace.open(conf);
  const wanted = ["yard.flv", "yard-small.ts", "voice.aac", "yard.mjpg"];
  const saved = wanted.map(async (name) => {
    const file = join(place.folder, name);
    await run("curl", ["-sS", "--fail", "-o", file, place.url(name)]);
    return file;
  });
  await runOldFfmpeg([...camera, "-t", "2", place.url("yard.ffm")]);
  const [flv = "", ts = "", aac = "", mjpg = ""] = await Promise.all(saved);
  assert.deepEqual(await codecsOf(flv), ["aac", "h264"]);
  assert.deepEqual(await codecsOf(ts), ["mp3", "mpeg4"]);
  assert.deepEqual(await codecsOf(aac), ["aac"]);
  // All viewers of a feed begin where its first video track does.
  const jpegs = (await readFile(mjpg, "latin1")).match(/Content-type: image\/jpeg/gi) ?? [];
  assert.ok(jpegs.length === 9 || jpegs.length === 10, `${jpegs.length} pictures`);
  const pictures = (await packetsOf(flv)).filter(({ kind }) => kind === "video");
  assert.equal(pictures.length, 40);
  assert.equal(pictures.filter(({ isKey }) => isKey).length, 4);
  assert.equal((await packetsOf(ts)).filter(({ kind }) => kind === "video").length, 20);
  assert.match(await readFile(flv, "latin1"), /title.{0,4}The yard/s);
});

test("addresses are exact, and what an access list keeps back is not there", async () => {
  await using place = await FfserverPlace.open(conf);
  const get = (path: string, init?: RequestInit) => fetch(place.url(path), { redirect: "manual", ...init });
  const header = await get("yard.ffm");
  assert.equal(header.status, 200);
  const bytes = Buffer.from(await header.arrayBuffer());
  assert.deepEqual([bytes.length % 4096, bytes.toString("latin1", 0, 4)], [0, "FFM2"]);
  const moved = await get("");
  assert.deepEqual([moved.status, moved.headers.get("location")], [301, "http://yard.example.org/"]);
  for (const path of ["inside.flv", "inside.flv?info", "nothing.flv"]) assert.equal((await get(path)).status, 404, path);
  assert.equal(await (await get("inside.flv")).text(), "File '/inside.flv' not found\n");
  const posted = await get("yard.flv", { method: "POST", body: "x" });
  assert.deepEqual([posted.status, await posted.text()], [404, "POST command not handled: yard.flv is no feed.\n"]);
  const other = await get("live/cam.flv", { method: "POST", body: "x" });
  assert.deepEqual(
    [other.status, await other.text()],
    [400, "Nothing is published here but the feeds that this server was set up with.\n"],
  );
});

testWithOldFfmpeg("a second encoder is told that the feed is being received, and the first goes on", async () => {
  await using place = await FfserverPlace.open(conf);
  const first = runOldFfmpeg(["-re", ...camera, "-t", "3", place.url("yard.ffm")]);
  await place.server.hub.watch("yard.ffm", 10_000);
  const body = await readFile(await smallFfm(place.folder));
  const second = await fetch(place.url("yard.ffm"), { method: "POST", body });
  assert.deepEqual([second.status, await second.text()], [404, "This feed is already being received.\n"]);
  await first;
});

/** A file of FFM with one picture track. */
async function smallFfm(folder: string): Promise<string> {
  const file = join(folder, "small.ffm");
  await runOldFfmpeg(["-f", "lavfi", "-i", "testsrc=size=160x128:rate=5", "-t", "1", "-c:v", "mpeg4", file]);
  return file;
}

testWithOldFfmpeg("an encoder that sends something else than it was asked for is told so", async () => {
  await using place = await FfserverPlace.open(conf);
  const body = await readFile(await smallFfm(place.folder));
  const answer = await fetch(place.url("yard.ffm"), { method: "POST", body });
  assert.equal(answer.status, 422);
  assert.match(await answer.text(), /Feed 'yard\.ffm' stream number does not match registered feed: 1, where 5 are asked for/);
});
