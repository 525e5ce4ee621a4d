/** Files that FFmpeg, GStreamer and mkvmerge made, read by us; and what we make of them, read by FFmpeg 5.1 and 8.1, GStreamer and mkvmerge. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeClip } from "../../../test/support/clip.ts";
import type { ClipOptions } from "../../../test/support/clip.ts";
import { played, playWithNodeAv } from "../../../test/support/node-av.ts";
import type { Packet } from "../../../test/support/packets.ts";
import { packetsOf } from "../../../test/support/packets.ts";
import { run } from "../../../test/support/program.ts";
import { joined } from "../../bytes/joined.ts";
import { withoutFlashTagByte } from "../../media/flash-video.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import type { Track } from "../../media/track.ts";
import { cut, read } from "./document.fixture.ts";
import type { DocType } from "./document.ts";
import { matroskaMuxer } from "./muxer.ts";

/** A fresh directory, gone with the test. */
async function directory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-matroska-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

interface Demuxed {
  readonly tracks: readonly Track[];
  readonly frames: readonly SourceFrame[];
  readonly leftOut: readonly string[];
}

async function demux(file: string): Promise<Demuxed> {
  const { tracks, frames, demuxer } = read(cut(await readFile(file), [1009]));
  assert.equal(demuxer.dropped, 0);
  return { tracks, frames, leftOut: demuxer.leftOut };
}

function mux({ tracks, frames }: Demuxed, docType: DocType): Uint8Array {
  const parts: Uint8Array[] = [];
  const muxer = matroskaMuxer({ docType })({ init: ({ bytes }) => parts.push(bytes), chunk: (chunk) => parts.push(...chunk.parts) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks, metadata: {} });
  for (const frame of frames) muxer.frame({ ...frame, arrived: 0 });
  return joined(parts);
}

type Seen = Pick<Packet, "ptsMicros" | "isKey" | "md5">;

/** Our frames of one kind as ffprobe would tell them. */
function seen({ tracks, frames }: Demuxed, kind: string): (Seen & { readonly dtsMicros: number })[] {
  const track = tracks.find((each) => each.kind === kind);
  return frames
    .filter((frame) => frame.track === track?.id)
    .map(({ dts, pts, sap, data }) => ({
      ptsMicros: Math.round((pts * 1e6) / track!.timescale),
      dtsMicros: Math.round((dts * 1e6) / track!.timescale),
      isKey: sap !== 0,
      md5: createHash("md5").update(withoutFlashTagByte(track!.codec, data)).digest("hex"),
    }));
}

const bare = ({ ptsMicros, isKey, md5 }: Seen): Seen => ({ ptsMicros, isKey, md5 });

/** Asserts that we read of a file what FFmpeg 5.1 does: payloads, presentation times, key frames; decoding times from where it begins to tell them. */
async function readsAsFfmpegDoes(file: string, ours: Demuxed, most = 0): Promise<void> {
  const theirs = await packetsOf(file);
  for (const kind of ["video", "audio"]) {
    const [mine, expected] = [seen(ours, kind), theirs.filter((packet) => packet.kind === kind)];
    assert.deepEqual(
      mine.map(({ isKey, md5 }) => [isKey, md5]),
      expected.map(({ isKey, md5 }) => [isKey, md5]),
    );
    for (const [i, { ptsMicros, dtsMicros }] of mine.entries()) {
      const of = expected[i]!;
      const off = of.ptsMicros === undefined ? 0 : Math.abs(ptsMicros! - of.ptsMicros);
      assert.ok(off <= most, `presentation of ${kind} ${i} is off by ${off} µs`);
      if (of.dtsMicros !== undefined && most === 0) assert.equal(dtsMicros, of.dtsMicros, `decoding of ${kind} ${i}`);
    }
  }
}

/** Tracks and packets as FFmpeg 8.1 reads them, by track. */
async function packetsOfFfmpeg8(file: string): Promise<unknown> {
  await using player = playWithNodeAv(file);
  await player.succeeded();
  const { tracks, packets } = played(player);
  return tracks.map(({ kind, codec, extradata }, i) => ({
    ...{ kind, codec, extradata },
    packets: packets.filter(({ track }) => track === i).map(({ ptsMicros, isKey, bytes, md5 }) => ({ ptsMicros, isKey, bytes, md5 })),
  }));
}

/** What mkvmerge says of a file: no warning, and codecs by their ids. */
async function identified(file: string): Promise<string[]> {
  const { stdout } = await run("mkvmerge", ["-J", file]);
  interface Identification {
    readonly warnings: readonly string[];
    readonly errors: readonly string[];
    readonly tracks: readonly { readonly properties: { readonly codec_id: string } }[];
  }
  const { warnings, errors, tracks } = JSON.parse(stdout.toString("utf8")) as Identification;
  assert.deepEqual([...warnings, ...errors], []);
  return tracks.map(({ properties }) => properties.codec_id);
}

/** The payloads of a file's first track of a kind as GStreamer takes them out of it. */
async function payloadsOfGstreamer(file: string, kind: "video" | "audio", folder: string): Promise<Buffer> {
  const sink = join(folder, `${kind}.raw`);
  const demuxer = ["filesrc", `location=${file}`, "!", "matroskademux", "name=d"];
  await run("gst-launch-1.0", ["-q", ...demuxer, `d.${kind}_0`, "!", "queue", "!", "filesink", `location=${sink}`]);
  return readFile(sink);
}

interface Case {
  readonly clip: ClipOptions;
  readonly docType?: DocType;
  /** CodecIDs of what we write. */
  readonly ids: readonly string[];
  /** FFmpeg 8.1 writes or reads the configuration in another form than it came in. */
  readonly otherExtradata?: boolean;
}

const cases: readonly Case[] = [
  { clip: { container: "mkv" }, ids: ["V_MPEG4/ISO/AVC", "A_AAC"] },
  { clip: { container: "mkv", bFrames: 0, audio: "mp3" }, ids: ["V_MPEG4/ISO/AVC", "A_MPEG/L3"] },
  { clip: { container: "mkv", video: "hevc", audio: "ac3" }, ids: ["V_MPEGH/ISO/HEVC", "A_AC3"] },
  { clip: { container: "mkv", video: "h264-zerolatency", audio: "eac3" }, ids: ["V_MPEG4/ISO/AVC", "A_EAC3"] },
  { clip: { container: "mkv", video: "vp9", audio: "flac" }, ids: ["V_VP9", "A_FLAC"], otherExtradata: true },
  { clip: { container: "webm", video: "vp8", audio: "opus" }, docType: "webm", ids: ["V_VP8", "A_OPUS"] },
  { clip: { container: "webm", video: "vp9", audio: "opus" }, docType: "webm", ids: ["V_VP9", "A_OPUS"], otherExtradata: true },
  { clip: { container: "webm", video: "av1", audio: "opus" }, docType: "webm", ids: ["V_AV1", "A_OPUS"] },
  { clip: { container: "mkv", video: false, audio: "pcm-le" }, ids: ["A_PCM/INT/LIT"] },
  { clip: { container: "mkv", video: false, audio: "pcm-alaw" }, ids: ["A_MS/ACM"] },
  { clip: { container: "mkv", video: false, audio: "pcm-mulaw" }, ids: ["A_MS/ACM"] },
];

for (const { clip, docType = "matroska", ids, otherExtradata = false } of cases) {
  test(`FFmpeg's ${ids.join(" and ")}: read as it reads it, and written as others read it`, async () => {
    await using folder = await directory();
    const source = await makeClip({ seconds: 2, ...clip });
    const ours = await demux(source);
    assert.deepEqual(ours.leftOut, []);
    await readsAsFfmpegDoes(source, ours);
    const result = join(folder.path, `out.${docType === "webm" ? "webm" : "mkv"}`);
    await writeFile(result, mux(ours, docType));
    const again = await packetsOf(result);
    for (const kind of ["video", "audio"])
      assert.deepEqual(
        again.filter((packet) => packet.kind === kind).map(bare),
        seen(ours, kind).map(bare),
        `${kind} as FFmpeg 5.1 reads it`,
      );
    const sorted = (list: readonly string[]): string[] => list.toSorted();
    assert.deepEqual(sorted(await identified(result)), sorted(ids));
    const [expected, got] = [await packetsOfFfmpeg8(source), await packetsOfFfmpeg8(result)] as { extradata: string; kind: string }[][];
    const order = (tracks: readonly { extradata: string; kind: string }[] | undefined): unknown =>
      tracks!.map((track) => (otherExtradata ? { ...track, extradata: "" } : track)).toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
    assert.deepEqual(order(got), order(expected));
    for (const track of ours.tracks) {
      const payloads = Buffer.from(joined(ours.frames.filter((frame) => frame.track === track.id).map(({ data }) => data)));
      const theirs = await payloadsOfGstreamer(result, track.kind as "video" | "audio", folder.path);
      // It puts the headers of a FLAC file before the frames.
      const frames = track.codec === "flac" ? theirs.subarray(-payloads.length) : theirs;
      assert.ok(frames.equals(payloads), `${track.kind} as GStreamer reads it`);
    }
  });
}

/** What old feeds hold: FFmpeg's encoders, and our names of the codecs. */
const old: readonly (readonly [encoders: readonly [string, string], codecs: string, size?: string])[] = [
  [["mpeg4", "mp2"], "mp2 mpeg4"],
  [["mpeg2video", "libvorbis"], "mpeg2video vorbis"],
  [["mpeg1video", "wmav1"], "mpeg1video wmav1"],
  [["mjpeg", "wmav2"], "mjpeg wmav2"],
  [["libtheora", "libvorbis"], "theora vorbis"],
  [["msmpeg4v2", "mp2"], "mp2 msmpeg4v2"],
  [["msmpeg4", "mp2"], "mp2 msmpeg4v3"],
  [["wmv1", "wmav2"], "wmav2 wmv1"],
  [["wmv2", "wmav2"], "wmav2 wmv2"],
  [["flv", "libmp3lame"], "h263 mp3"],
  [["h263", "pcm_mulaw"], "itu-h263 pcm-mulaw", "352x288"],
  [["flashsv", "pcm_alaw"], "pcm-alaw screen"],
];

for (const [[video, audio], codecs, size = "320x240"] of old) {
  test(`FFmpeg's ${codecs} travels opaque`, async () => {
    await using folder = await directory();
    const [source, result] = [join(folder.path, "in.mkv"), join(folder.path, "out.mkv")];
    const inputs = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25`, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];
    const encoded = ["-t", "1", "-c:v", video, "-g", "10", "-c:a", audio, "-ac", "2", "-strict", "-2"];
    if (video.startsWith("mpeg")) encoded.push("-bf", "2");
    await run("ffmpeg", ["-v", "error", "-nostdin", ...inputs, ...encoded, source]);
    const ours = await demux(source);
    assert.deepEqual(ours.tracks.map(({ codec }) => codec).toSorted(), codecs.split(" "));
    // Its parsers know better than the file: pictures of H.263 are all key frames to it, and MPEG-1 is decoded when it is shown.
    if (video !== "h263" && video !== "mpeg1video") await readsAsFfmpegDoes(source, ours);
    await writeFile(result, mux(ours, "matroska"));
    assert.deepEqual(await packetsOfFfmpeg8(result), await packetsOfFfmpeg8(source));
  });
}

for (const codec of ["flv", "flashsv"]) {
  test(`${codec}: frames are bodies of FLV tags, Matroska holds what is behind their first byte, as FFmpeg has it`, async () => {
    await using folder = await directory();
    const [source, copied, result] = ["in.flv", "copied.mkv", "out.mkv"].map((name) => join(folder.path, name)) as [string, string, string];
    const pictures = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "1", "-c:v", codec, "-g", "10"];
    await run("ffmpeg", ["-v", "error", "-nostdin", ...pictures, source]);
    await run("ffmpeg", ["-v", "error", "-nostdin", "-i", source, "-c", "copy", copied]);
    const ours = await demux(copied);
    const tags = await readFile(source);
    assert.equal(ours.frames.length, 25);
    assert.ok(
      ours.frames.every(({ data }) => tags.includes(Buffer.from(data))),
      "bodies of the tags, first byte and all",
    );
    await writeFile(result, mux(ours, "matroska"));
    assert.deepEqual(
      (await packetsOf(result)).map(({ md5 }) => md5),
      (await packetsOf(copied)).map(({ md5 }) => md5),
    );
  });
}

test("FFmpeg's live Matroska through a pipe, with open groups and B-frames upon B-frames", async () => {
  await using folder = await directory();
  const file = join(folder.path, "live.mkv");
  const source = await makeClip({ seconds: 3, bFrames: 3, container: "mkv" });
  const args = ["-c:v", "libx264", "-x264-params", "open-gop=1:b-pyramid=2:bframes=5:keyint=20:log-level=none", "-c:a", "copy"];
  const { stdout } = await run("ffmpeg", ["-v", "error", "-nostdin", "-i", source, ...args, "-f", "matroska", "-live", "1", "-"]);
  await writeFile(file, stdout);
  const ours = await demux(file);
  await readsAsFfmpegDoes(file, ours);
  const video = ours.frames.filter(({ track }) => track === 1);
  assert.ok(video.some(({ sap }) => sap === 3) && video.some(({ dts, pts }) => pts > dts + 80));
  assert.ok(video.every(({ dts, pts }) => dts <= pts));
});

test("GStreamer's streamable Matroska and WebM", async () => {
  await using folder = await directory();
  const picture = ["videotestsrc", "num-buffers=50", "!", "video/x-raw,format=I420,width=320,height=240,framerate=25/1", "!"];
  const sound = (rate: number): string[] => ["audiotestsrc", "num-buffers=90", "!", `audio/x-raw,rate=${rate}`, "!"];
  const streams = [
    ["a.mkv", "matroskamux", ["x265enc", "key-int-max=20", "!", "h265parse"], [...sound(44_100), "flacenc"], ["hevc", "flac"]],
    ["b.webm", "webmmux", ["vp8enc", "deadline=1"], [...sound(48_000), "opusenc"], ["vp8", "opus"]],
    ["c.mkv", "matroskamux", ["vp9enc", "deadline=1", "cpu-used=8"], [...sound(48_000), "avenc_aac", "!", "aacparse"], ["vp9", "aac"]],
  ] as const;
  for (const [name, muxer, video, audio, codecs] of streams) {
    const file = join(folder.path, name);
    const sink = ["!", muxer, "streamable=true", "name=m", "!", "filesink", `location=${file}`];
    await run("gst-launch-1.0", ["-q", ...picture, ...video, ...sink, ...audio, "!", "m."]);
    const ours = await demux(file);
    assert.deepEqual(ours.tracks.map(({ codec }) => codec).toSorted(), codecs.toSorted());
    await readsAsFfmpegDoes(file, ours);
  }
});

test("mkvmerge's laces, its own grids, and streams it has compressed", async () => {
  await using folder = await directory();
  const source = await makeClip({ seconds: 2, container: "mkv" });
  const file = join(folder.path, "out.mkv");
  const merge = (...args: readonly string[]): Promise<unknown> => run("mkvmerge", ["-q", "-o", file, ...args, source]);
  // FFmpeg gives laced frames times in whole ticks each: off by less than a millisecond for each of eight.
  await merge();
  await readsAsFfmpegDoes(file, await demux(file), 8000);
  await merge("--timestamp-scale", "100000");
  const fine = await demux(file);
  assert.equal(fine.tracks[0]!.timescale, 10_000);
  await readsAsFfmpegDoes(file, fine, 8000);
  await merge("--no-video", "--timestamp-scale", "-1");
  const audio = (await demux(file)).frames;
  for (const [i, { pts }] of audio.entries()) {
    const late = (pts - audio[0]!.pts) / 31_250_000 - (i * 1024) / 48_000;
    assert.ok(Math.abs(late) < 0.001, `frame ${i} is off by ${late} s`); // as far as its source was
  }
  await merge("--compression", "0:zlib");
  await assert.rejects(demux(file), /track 1 \(V_MPEG4\/ISO\/AVC\) is compressed with zlib/);
});
