/** Sound that FFmpeg made, read by us out of ADTS and MP3; and what we make of it in ADTS, MP3, Ogg and WAV, read by programs that are not ours. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { packetsOf } from "../../test/support/packets.ts";
import { run, start } from "../../test/support/program.ts";
import { joined } from "../bytes/joined.ts";
import type { Demuxer, FrameSink, SourceFrame } from "../media/demuxer.ts";
import type { MuxerFactory } from "../media/muxer.ts";
import type { AudioTrack, Track } from "../media/track.ts";
import { AdtsDemuxer } from "./adts/demuxer.ts";
import { adtsMuxer } from "./adts/muxer.ts";
import { MatroskaDemuxer } from "./matroska/demuxer.ts";
import { Mp3Demuxer } from "./mp3/demuxer.ts";
import { mp3Muxer } from "./mp3/muxer.ts";
import { oggMuxer } from "./ogg/muxer.ts";
import { wavMuxer } from "./wav/muxer.ts";

/** A fresh directory, gone with the test. */
async function directory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-audio-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** Two seconds of noise, of which no two frames are alike. */
async function sound(file: string, ...encoding: readonly string[]): Promise<void> {
  const noise = ["-f", "lavfi", "-i", "anoisesrc=seed=7:amplitude=0.4:duration=2:sample_rate=48000"];
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...noise, "-bitexact", "-ac", "2", ...encoding, file]);
}

interface Demuxed {
  readonly track: AudioTrack;
  readonly frames: readonly SourceFrame[];
}

async function demux(file: string, make: (sink: FrameSink) => Demuxer): Promise<Demuxed> {
  const [tracks, frames]: [Track[], SourceFrame[]] = [[], []];
  const demuxer = make({
    announce: () => undefined,
    metadata: () => undefined,
    track: (track) => tracks.push(track),
    frame: (frame) => frames.push(frame),
  });
  const bytes = await readFile(file);
  for (let at = 0; at < bytes.length; at += 1009) demuxer.push(bytes.subarray(at, at + 1009));
  demuxer.end();
  assert.equal(tracks.length, 1);
  return { track: tracks[0] as AudioTrack, frames };
}

/** @param from the frame at which a viewer joins */
function mux({ track, frames }: Demuxed, factory: MuxerFactory, from = 0): Uint8Array {
  const [header, chunks]: [Uint8Array[], Uint8Array[]] = [[], []];
  const muxer = factory({ init: ({ bytes }) => header.push(bytes), chunk: ({ parts }) => chunks.push(joined(parts)) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks: [track], metadata: {} });
  for (const frame of frames) muxer.frame({ ...frame, arrived: 0 });
  return joined([...header, ...chunks.slice(from)]);
}

const md5 = (data: Uint8Array): string => createHash("md5").update(data).digest("hex");
const matroska = (sink: FrameSink): Demuxer => new MatroskaDemuxer(sink);

/** Payloads and times in µs as FFmpeg reads a file, by way of a bitstream filter. */
async function ffmpegReads(file: string, filter: readonly string[] = []): Promise<{ times: number[]; hashes: string[] }> {
  const { stdout } = await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-c", "copy", ...filter, "-f", "framemd5", "-"]);
  const text = stdout.toString("utf8");
  const [, num, den] = /^#tb 0: (\d+)\/(\d+)$/m.exec(text)!;
  const rows = text
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(",").map((cell) => cell.trim()));
  return { times: rows.map((row) => Math.round((Number(row[2]) * Number(num) * 1e6) / Number(den))), hashes: rows.map((row) => row[5]!) };
}

/** What a decoder makes of a file: 16-bit samples. */
async function decoded(file: string): Promise<Buffer> {
  const { stdout, stderr } = await run("ffmpeg", ["-v", "error", "-nostdin", "-i", file, "-f", "s16le", "-"]);
  assert.equal(stderr, "", "FFmpeg complains of nothing");
  return stdout;
}

const elementary = [
  {
    name: "ADTS",
    ending: "aac",
    encoding: ["-c:a", "aac"],
    make: (sink: FrameSink) => new AdtsDemuxer(sink),
    muxer: adtsMuxer,
    filter: ["-bsf:a", "aac_adtstoasc"],
    samples: 1024,
  },
  {
    name: "MP3 with tags",
    ending: "mp3",
    encoding: ["-c:a", "libmp3lame", "-metadata", "title=A title"],
    make: (sink: FrameSink) => new Mp3Demuxer(sink),
    muxer: mp3Muxer,
    filter: [],
    samples: 1152,
  },
  {
    name: "MP3 without",
    ending: "mp3",
    encoding: ["-c:a", "libmp3lame", "-b:a", "320k", "-write_xing", "0", "-id3v2_version", "0"],
    make: (sink: FrameSink) => new Mp3Demuxer(sink),
    muxer: mp3Muxer,
    filter: [],
    samples: 1152,
  },
  {
    name: "MP3 at half the rate",
    ending: "mp3",
    encoding: ["-c:a", "libmp3lame", "-ar", "22050", "-ac", "1", "-q:a", "4"],
    make: (sink: FrameSink) => new Mp3Demuxer(sink),
    muxer: mp3Muxer,
    filter: [],
    samples: 576,
  },
  {
    name: "MP2",
    ending: "mp2",
    encoding: ["-c:a", "mp2"],
    make: (sink: FrameSink) => new Mp3Demuxer(sink),
    muxer: mp3Muxer,
    filter: [],
    samples: 1152,
  },
] as const;

for (const { name, ending, encoding, make, muxer, filter, samples } of elementary) {
  test(`${name} as FFmpeg writes it: the frames that it reads, at every ${samples}th sample; and the same bytes again`, async () => {
    await using folder = await directory();
    const [source, result] = [join(folder.path, `in.${ending}`), join(folder.path, `out.${ending}`)];
    await sound(source, ...encoding);
    const ours = await demux(source, make);
    const theirs = await ffmpegReads(source, filter);
    assert.ok(theirs.hashes.length > 40);
    assert.deepEqual(
      ours.frames.map(({ data }) => md5(data)),
      theirs.hashes,
    );
    assert.deepEqual(
      ours.frames.map(({ dts }) => dts),
      ours.frames.map((_, i) => i * samples),
    );
    const bytes = Buffer.from(mux(ours, muxer()));
    assert.ok((await readFile(source)).includes(bytes), "what we write is what stands behind the tags of the source");
    await writeFile(result, bytes);
    assert.deepEqual((await ffmpegReads(result, filter)).hashes, theirs.hashes);
    await decoded(result);
  });
}

const inOgg = [
  { codec: "opus", encoding: ["-c:a", "libopus"], decoder: ["opusdec"] },
  { codec: "flac", encoding: ["-c:a", "flac"], decoder: ["flacparse", "!", "flacdec"] },
  { codec: "vorbis", encoding: ["-c:a", "libvorbis"], decoder: ["vorbisdec"] },
  { codec: "flac", encoding: ["-c:a", "flac", "-ac", "8", "-ar", "96000", "-frame_size", "32768"], decoder: ["flacparse", "!", "flacdec"] },
] as const;

for (const { codec, encoding, decoder } of inOgg) {
  test(`${encoding.slice(1).join(" ")} in Ogg: FFmpeg, GStreamer and the tools of Xiph read it, from its beginning and from its middle`, async () => {
    await using folder = await directory();
    const [source, result, late] = ["in.mka", "out.ogg", "late.ogg"].map((name) => join(folder.path, name)) as [string, string, string];
    await sound(source, ...encoding);
    const ours = await demux(source, matroska);
    assert.equal(ours.track.codec, codec);
    await writeFile(result, mux(ours, oggMuxer()));
    const [before, after] = [await packetsOf(source), await packetsOf(result)];
    assert.deepEqual(
      after.map(({ md5: hash }) => hash),
      before.map(({ md5: hash }) => hash),
    );
    for (const [i, { ptsMicros }] of after.entries()) {
      const off = ptsMicros === undefined ? 0 : Math.abs(ptsMicros - before[i]!.ptsMicros!);
      // Of the first packet of Vorbis nothing is heard.
      assert.ok(off <= (codec === "vorbis" && i === 0 ? 3000 : 1000), `packet ${i} is off by ${off} µs`);
    }
    // A file says where its last packet is cut, a live stream has no last packet.
    const [heard, expected] = [await decoded(result), await decoded(source)];
    assert.ok(heard.length - expected.length < 4 * 2048 && heard.subarray(0, expected.length).equals(expected), "the same sound");
    // The pages of who joins late begin with a later number, which validators take for a loss.
    const validated = await start("oggz-validate", [result]).finished;
    assert.deepEqual(
      validated.stderr.split("\n").slice(1),
      ["serialno 0000000002: missing *** eos", ""],
      "it has no end, and nothing else is amiss",
    );
    if (codec === "opus") {
      const { stdout } = await start("opusinfo", [result]).finished;
      assert.deepEqual(stdout.toString("utf8").match(/WARNING.*/g), ["WARNING: EOS not set on stream 1 (normal for live streams)"]);
    }
    await run("gst-launch-1.0", ["-q", "filesrc", `location=${result}`, "!", "oggdemux", "!", ...decoder, "!", "fakesink"]);
    const from = ours.frames.length >> 1;
    await writeFile(late, mux(ours, oggMuxer(), from));
    const tail = await packetsOf(late);
    assert.deepEqual(
      tail.map(({ md5: hash }) => hash),
      before.slice(from).map(({ md5: hash }) => hash),
    );
    await run("gst-launch-1.0", ["-q", "filesrc", `location=${late}`, "!", "oggdemux", "!", ...decoder, "!", "fakesink"]);
  });
}

const inWav = [
  { codec: "pcm-le", encoding: ["-c:a", "pcm_s16le"] },
  { codec: "pcm-alaw", encoding: ["-c:a", "pcm_alaw", "-ar", "8000"] },
  { codec: "pcm-mulaw", encoding: ["-c:a", "pcm_mulaw", "-ar", "16000", "-ac", "1"] },
] as const;

for (const { codec, encoding } of inWav) {
  test(`${codec} in WAV: FFmpeg and GStreamer read the same samples`, async () => {
    await using folder = await directory();
    const [source, result, raw] = ["in.mka", "out.wav", "out.raw"].map((name) => join(folder.path, name)) as [string, string, string];
    await sound(source, ...encoding);
    const ours = await demux(source, matroska);
    assert.equal(ours.track.codec, codec);
    await writeFile(result, mux(ours, wavMuxer()));
    assert.equal(md5(await decoded(result)), md5(await decoded(source)));
    await run("gst-launch-1.0", ["-q", "filesrc", `location=${result}`, "!", "wavparse", "!", "filesink", `location=${raw}`]);
    assert.equal(md5(await readFile(raw)), md5(joined(ours.frames.map(({ data }) => data))));
  });
}
