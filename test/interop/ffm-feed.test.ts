/** What FFmpeg 3.1.3 does with a feed's header that we wrote, and that we read what it posts. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codecOfId } from "../../src/containers/ffm/codec-id.ts";
import { FfmDemuxer } from "../../src/containers/ffm/demuxer.ts";
import { writeHeader } from "../../src/containers/ffm/header.ts";
import { ffmMuxer } from "../../src/containers/ffm/muxer.ts";
import { PAGE_SIZE } from "../../src/containers/ffm/page.ts";
import type { FfmStream } from "../../src/containers/ffm/stream-info.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import { feedHeader, feedLayout } from "../../src/server/ffserver/feed-streams.ts";
import { parseFfserverConf } from "../../src/server/ffserver/parse-conf.ts";
import { makeClip } from "../support/clip.ts";
import { ffmDemuxed } from "../support/ffm-demuxed.ts";
import { oldDecoded, oldPacketsOf, runOldFfmpeg, testWithOldFfmpeg } from "../support/old-ffmpeg.ts";
import { packetsOf } from "../support/packets.ts";
import { compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, curl, type Viewer } from "./players.ts";

/** A request that a feed got: its method, and its body, of which `header` is the first page. */
interface Taken {
  readonly method: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A server with one feed, as ffserver had it: GET answers with the header, POST takes pages, and never answers. */
async function feed(header: Uint8Array): Promise<{ readonly url: string; readonly taken: Taken[] } & AsyncDisposable> {
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => taken.push({ method: request.method ?? "", headers: request.headers, body: Buffer.concat(pieces) }));
    // ffserver said nothing to a POST either.
    if (request.method !== "GET") return;
    response.writeHead(200, { "content-type": "application/x-octet-stream", connection: "close" });
    response.end(header);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/feed1.ffm`,
    taken,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function stream(
  codecId: number,
  kind: FfmStream["kind"],
  bitRate: number,
  options: Record<string, string>,
  privates: Record<string, string> = {},
): FfmStream {
  return {
    codecId,
    kind,
    bitRate,
    extradata: new Uint8Array(0),
    options: new Map(Object.entries(options)),
    privateOptions: new Map(Object.entries(privates)),
  };
}

const asked: readonly FfmStream[] = [
  stream(0x1_5002, "audio", 96_000, { b: "96000", ar: "48000", ac: "2", flags: "+global_header" }),
  stream(
    28,
    "video",
    400_000,
    { b: "400000", time_base: "1/20", video_size: "320x180", g: "10" },
    // So long that the header has a second page.
    { preset: "ultrafast", x264opts: `bframes=2${":ref=1".repeat(700)}` },
  ),
  stream(0x1_5001, "audio", 64_000, { b: "64000", ar: "22050", ac: "1" }),
  stream(13, "video", 200_000, { b: "200000", time_base: "1/10", video_size: "160x128", g: "5" }),
  stream(8, "video", 0, { time_base: "1/5", video_size: "176x144", qmin: "3", qmax: "3", pixel_format: "yuvj420p" }),
];

const inputs = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=44100"];

testWithOldFfmpeg("FFmpeg 3.1.3 encodes what the header of a feed asks for, and posts what we read", async () => {
  const header = writeHeader(asked);
  assert.equal(header.length, 2 * PAGE_SIZE);
  await using place = await feed(header);
  const before = Date.now();
  await runOldFfmpeg([...inputs, "-t", "2", "-strict", "-2", place.url]);
  assert.deepEqual(
    place.taken.map(({ method }) => method),
    ["GET", "POST"],
  );
  const [, post] = place.taken as [Taken, Taken];
  assert.equal(post.headers["transfer-encoding"], "chunked");
  const { tracks, frames } = ffmDemuxed(post.body);
  assert.deepEqual(
    tracks.map((track) => [
      track.codec,
      track.kind === "video" && `${track.width}x${track.height} ${track.frameRate}`,
      track.kind === "audio" && `${track.sampleRate}/${track.channels}`,
    ]),
    [
      ["aac", false, "48000/2"],
      ["avc", "320x180 20", false],
      ["mp3", false, "22050/1"],
      ["mpeg4", "160x128 10", false],
      ["mjpeg", "176x144 5", false],
    ],
  );
  assert.equal(tracks[0]!.bitRate, 96_000);
  const counts = tracks.map(({ id }) => frames.filter(({ track }) => track === id).length);
  assert.deepEqual(
    counts.slice(1).filter((_, i) => i !== 1),
    [40, 20, 10],
  );
  const keys = frames.filter(({ track, sap }) => track === 2 && sap !== 0);
  assert.equal(keys.length, 4, "a key frame every ten pictures");
  for (const { dts } of frames) assert.ok(Math.abs(dts / 1000 - before) < 60_000, `${dts} is no time of now`);

  // The same pages as a file: FFmpeg reads the same times, and the same bytes where they are not H.264.
  await using folder = await directory();
  const file = join(folder.path, "posted.ffm");
  await writeFile(file, post.body);
  const expected = await oldPacketsOf(file);
  assert.equal(frames.length, expected.length);
  for (const { id, codec } of tracks) {
    const theirs = expected.filter(({ stream: index }) => index === id - 1);
    const ours = frames.filter(({ track }) => track === id);
    assert.deepEqual(
      ours.map(({ dts, pts }) => [dts, pts]),
      theirs.map(({ dts, pts }) => [dts, pts]),
    );
    if (codec !== "avc")
      assert.deepEqual(
        ours.map(({ data }) => md5(data)),
        theirs.map((packet) => packet.md5),
      );
  }
});

testWithOldFfmpeg("FFmpeg 3.1.3 encodes all that an ffserver.conf with every directive asks for", async () => {
  const text = await readFile(new URL("../fixtures/ffserver.conf", import.meta.url), "utf8");
  const presets = ([name]: readonly string[]) => ({ path: `/${name}`, text: "b=90000\n" });
  const { conf, notes } = parseFfserverConf(text, "ffserver.conf", { presets });
  assert.deepEqual(notes.errors, []);
  const layout = feedLayout("roof.ffm", conf.streams);
  await using place = await feed(feedHeader(layout.encodings));
  await runOldFfmpeg([...inputs, "-t", "1", place.url]);
  const { tracks, frames } = ffmDemuxed(place.taken[1]!.body);
  assert.deepEqual(
    tracks.map(({ codec, kind }) => [codec, kind]),
    layout.encodings.map(({ codec }) => [codecOfId(codec.id)!.codec, codec.kind]),
  );
  for (const [at, { width, height, sampleRate, channels }] of layout.encodings.entries()) {
    const track = tracks[at]!;
    assert.ok(
      frames.some((frame) => frame.track === track.id),
      `no frame of ${track.codec}`,
    );
    if (track.kind === "video") assert.deepEqual([track.width, track.height], [width, height]);
    if (track.kind === "audio") assert.deepEqual([track.sampleRate, track.channels], [sampleRate, channels]);
  }
});

testWithOldFfmpeg("what an encoder posts is told as it comes, and its end within a page or a frame is seen", async () => {
  await using place = await feed(writeHeader(asked.slice(3, 4)));
  await runOldFfmpeg([...inputs, "-t", "5", place.url]);
  const { body } = place.taken[1]!;
  const { frames } = ffmDemuxed(body);
  const whole = body.length / PAGE_SIZE;
  let told = 0;
  for (let pages = 1; pages < whole; pages++) {
    const demuxer = new FfmDemuxer({
      announce: () => undefined,
      metadata: () => undefined,
      track: () => undefined,
      frame: () => void told++,
    });
    told = 0;
    demuxer.push(body.subarray(0, pages * PAGE_SIZE + 100));
    assert.ok(told < frames.length);
    assert.throws(() => demuxer.end(), /within a page or a frame/);
  }
  assert.ok(told > frames.length / 2);
});

testWithOldFfmpeg("FFmpeg 3.1.3 plays our FFM2 from any key frame on, and over a change of the configuration", async () => {
  await using folder = await directory();
  const [first, second] = ["one.ffm", "two.ffm"].map((name) => join(folder.path, name)) as [string, string];
  const h264 = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "10",
    "-pix_fmt",
    "yuv420p",
    "-flags",
    "+global_header",
    "-c:a",
    "libmp3lame",
  ];
  await runOldFfmpeg([...inputs, "-t", "1", ...h264, "-s", "320x180", first]);
  await runOldFfmpeg([...inputs, "-t", "1", ...h264, "-s", "160x90", second]);
  const inits: Uint8Array[] = [];
  const chunks: { readonly bytes: Buffer; readonly start: boolean; readonly init: number }[] = [];
  const muxer = ffmMuxer({ wallClock: true })({
    init: ({ bytes, change }) => {
      inits.push(bytes);
      if (inits.length > 1) assert.equal(change?.length, 0);
    },
    chunk: ({ parts, randomAccess }) => void chunks.push({ bytes: Buffer.concat(parts), start: randomAccess, init: inits.length - 1 }),
  });
  const sent: SourceFrame[] = [];
  muxer.discontinuity({ reason: "start", utcOffset: 1_700_000_000_000 });
  for (const [generation, file] of [first, second].entries()) {
    const { tracks, frames } = ffmDemuxed(await readFile(file));
    muxer.generation({ id: generation + 1, tracks, metadata: {} });
    for (const frame of frames) {
      const moved = { ...frame, dts: frame.dts + generation * 2e6, pts: frame.pts + generation * 2e6 };
      sent.push(moved);
      muxer.frame({ ...moved, arrived: 0 });
    }
  }
  muxer.flush();
  const starts = chunks.flatMap(({ start }, i) => (start ? [i] : []));
  const keys = sent.flatMap(({ track, sap }, i) => (track === 1 && sap !== 0 ? [i] : []));
  assert.equal(starts.length, 6);
  assert.equal(keys.length, starts.length);
  for (const [number, from] of starts.entries()) {
    // From a file: over HTTP FFmpeg loses what its first buffer holds, when it makes that as large as a page.
    const file = join(folder.path, "joined.ffm");
    await writeFile(file, Buffer.concat([inits[chunks[from]!.init]!, ...chunks.slice(from).map(({ bytes }) => bytes)]));
    const expected = sent.slice(keys[number]).filter(({ track }) => track === 1);
    const packets = (await oldPacketsOf(file)).filter((packet) => packet.stream === 0);
    assert.deepEqual(
      packets.map(({ pts }) => pts - 1_700_000_000_000_000),
      expected.map(({ pts }) => pts),
    );
    const [pictures] = await oldDecoded(file, 1);
    assert.equal(pictures!.length, expected.length);
    const { stderr } = await runOldFfmpeg(["-i", file, "-f", "null", "-"]);
    assert.equal(stderr, "", "it decodes without a complaint");
  }
});

const md5 = (data: Uint8Array): string => createHash("md5").update(data).digest("hex");

/** A fresh directory, gone with the test. */
async function directory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-ffm-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

testWithOldFfmpeg("FFmpeg 3.1.3 publishes to a server of ours, and a viewer gets what it sent", async () => {
  const clip = await makeClip({ seconds: 3 });
  await using place = await Place.open();
  const viewers: readonly Viewer[] = [{ way: Way.httpFlv, player: curl }];
  const audience = await Audience.gather(place, "live/cam", viewers);
  const args = ["-re", "-i", clip, "-c", "copy", "-flags", "+global_header", "-override_ffserver", "-f", "ffm"];
  await runOldFfmpeg([...args, `http://127.0.0.1:${place.httpPort}/live/cam`]);
  for (const got of await audience.got) compare(await packetsOf(clip), got, "curl over HTTP-FLV", { audio: 1000, apart: 0 });
});
