/** FFM as FFmpeg 3.1.3 writes and reads it: every codec, out of its files and into ours. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ffmDemuxed } from "../../../test/support/ffm-demuxed.ts";
import type { FfmDemuxed } from "../../../test/support/ffm-demuxed.ts";
import type { OldPacket } from "../../../test/support/old-ffmpeg.ts";
import { oldDecoded, oldPacketsOf, runOldFfmpeg, testWithOldFfmpeg } from "../../../test/support/old-ffmpeg.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import { nalUnits } from "../../media/nal.ts";
import type { Track } from "../../media/track.ts";
import { FlvDemuxer } from "../flv/demuxer.ts";
import { ffmMuxer } from "./muxer.ts";

/** A fresh directory, gone with the test. */
async function directory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-ffm-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

function written({ tracks, frames }: FfmDemuxed): Uint8Array {
  const parts: Uint8Array[] = [];
  const muxer = ffmMuxer()({ init: ({ bytes }) => void parts.push(bytes), chunk: (chunk) => void parts.push(...chunk.parts) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks, metadata: {} });
  for (const frame of frames) muxer.frame({ ...frame, arrived: 0 });
  muxer.flush();
  return Buffer.concat(parts);
}

const md5 = (data: Uint8Array): string => createHash("md5").update(data).digest("hex");

/** The frames as packets of FFM. */
function packets({ tracks, frames }: FfmDemuxed): OldPacket[] {
  const isFlash = (id: number): boolean => tracks.some((track) => track.id === id && track.codec === "h263");
  return frames.map(({ track, dts, pts, data }) => ({ stream: track - 1, dts, pts, md5: md5(isFlash(track) ? data.subarray(1) : data) }));
}

interface Case {
  /** Our names of the codecs. */
  readonly codecs: string;
  readonly args: readonly string[];
  /** H.264 and HEVC: packets are not compared as they are, since FFM has them behind start codes. */
  readonly hasUnits?: true;
}

const global = ["-flags", "+global_header"];
const x264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "10", "-pix_fmt", "yuv420p"];
const cases: readonly Case[] = [
  { codecs: "avc aac", args: [...x264, "-c:a", "aac"], hasUnits: true },
  { codecs: "avc aac", args: [...x264, "-c:a", "aac", ...global], hasUnits: true },
  { codecs: "hevc mp3", args: ["-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "libmp3lame"], hasUnits: true },
  { codecs: "mpeg4 mp3", args: ["-c:v", "mpeg4", "-bf", "2", "-c:a", "libmp3lame"] },
  { codecs: "mpeg4 aac", args: ["-c:v", "libxvid", "-c:a", "aac", ...global] },
  { codecs: "mjpeg pcm-le", args: ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"] },
  { codecs: "mpeg1video mp2", args: ["-c:v", "mpeg1video", "-c:a", "mp2"] },
  { codecs: "mpeg2video ac3", args: ["-c:v", "mpeg2video", "-bf", "2", "-c:a", "ac3"] },
  { codecs: "h263 adpcm", args: ["-c:v", "flv", "-c:a", "adpcm_swf"] },
  { codecs: "itu-h263 eac3", args: ["-c:v", "h263", "-c:a", "eac3"] },
  { codecs: "itu-h263 pcm-mulaw", args: ["-c:v", "h263p", "-c:a", "pcm_mulaw"] },
  { codecs: "vp8 vorbis", args: ["-c:v", "libvpx", "-c:a", "libvorbis", ...global] },
  {
    codecs: "vp9 opus",
    args: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-ar", "48000", ...global],
  },
  { codecs: "theora flac", args: ["-c:v", "libtheora", "-c:a", "flac", ...global] },
  { codecs: "msmpeg4v3 wmav2", args: ["-c:v", "msmpeg4", "-c:a", "wmav2", ...global] },
  { codecs: "msmpeg4v2 wmav1", args: ["-c:v", "msmpeg4v2", "-c:a", "wmav1", ...global] },
  { codecs: "wmv1 speex", args: ["-c:v", "wmv1", "-c:a", "libspeex", "-ar", "16000", "-ac", "1"] },
  { codecs: "wmv2 nellymoser", args: ["-c:v", "wmv2", "-c:a", "nellymoser", "-ar", "22050", "-ac", "1", ...global] },
  { codecs: "mjpeg pcm-alaw", args: ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"] },
  { codecs: "h261 opus", args: ["-c:v", "h261", "-c:a", "libopus", "-ar", "48000"] },
];

const inputs = ["-f", "lavfi", "-i", "testsrc=size=352x288:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];

for (const { codecs, args, hasUnits } of cases) {
  const isGlobal = args.includes("+global_header") ? ", configurations in the header" : "";
  testWithOldFfmpeg(`${codecs} of FFmpeg 3.1.3 are read and written${isGlobal}`, async () => {
    await using folder = await directory();
    const [source, result] = [join(folder.path, "in.ffm"), join(folder.path, "out.ffm")];
    await runOldFfmpeg([...inputs, "-t", "1", "-pix_fmt", "yuv420p", "-ac", "2", ...args, "-strict", "-2", source]);
    const what = ffmDemuxed(await readFile(source));
    assert.equal(what.tracks.map(({ codec }) => codec).join(" "), codecs);
    assert.equal(what.dropped, 0);
    const expected = sorted(await oldPacketsOf(source));
    assert.ok(expected.length > 30, `${expected.length} packets`);
    const got = sorted(packets(what));
    if (hasUnits === true) assert.deepEqual(got.map(withoutBytes), expected.map(withoutBytes));
    else assert.deepEqual(got, expected);
    await writeFile(result, written(what));
    const decoded = await oldDecoded(result, 2);
    assert.deepEqual(decoded, await oldDecoded(source, 2));
    assert.ok(decoded.every((hashes) => hashes.length > 8));
    if (hasUnits !== true) assert.deepEqual(sorted(await oldPacketsOf(result)), expected);
  });
}

/** By stream, each in its order: FFmpeg sorts what it reads by time. */
function sorted(list: readonly OldPacket[]): OldPacket[] {
  return list.toSorted((a, b) => a.stream - b.stream || a.dts - b.dts);
}

function withoutBytes({ stream, dts, pts }: OldPacket): Omit<OldPacket, "md5"> {
  return { stream, dts, pts };
}

testWithOldFfmpeg("H.264 and AAC are what FFmpeg 3.1.3 puts into FLV from the same pages", async () => {
  await using folder = await directory();
  const [source, flv] = [join(folder.path, "in.ffm"), join(folder.path, "out.flv")];
  await runOldFfmpeg([...inputs, "-t", "2", "-ac", "2", ...x264, "-c:a", "aac", ...global, source]);
  await runOldFfmpeg(["-i", source, "-c", "copy", flv]);
  const { tracks, frames } = ffmDemuxed(await readFile(source));
  const fromFlv: SourceFrame[] = [];
  const flvTracks: Track[] = [];
  const demuxer = new FlvDemuxer({
    announce: () => undefined,
    metadata: () => undefined,
    track: (track) => void flvTracks.push(track),
    frame: (frame) => void fromFlv.push(frame),
  });
  demuxer.push(await readFile(flv));
  for (const track of tracks) {
    const same = flvTracks.find(({ kind }) => kind === track.kind)!;
    assert.deepEqual(sets(track), sets(same));
    assert.equal(track.codecString, same.codecString);
    const ours = frames.filter((frame) => frame.track === track.id);
    const theirs = fromFlv.filter((frame) => frame.track === same.id);
    assert.deepEqual(
      ours.map(({ sap }) => sap),
      theirs.map(({ sap }) => sap),
    );
    const payloads = (list: readonly SourceFrame[]): string[] =>
      list.map(({ data }) => md5(track.kind === "video" ? Buffer.concat([...nalUnits(data)]) : data));
    assert.deepEqual(payloads(ours), payloads(theirs));
  }
});

/** A configuration without what FFmpeg 3.1.3 leaves out of an avcC record: chroma format and bit depths. */
function sets({ kind, config }: Track): unknown {
  if (kind !== "video") return Buffer.from(config);
  const { sps, pps, lengthSize } = parseAvcConfig(config);
  return [...sps, ...pps, lengthSize].map(String);
}
