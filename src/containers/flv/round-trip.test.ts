import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { played, playWithNodeAv, publishWithNodeAv } from "../../../test/support/node-av.ts";
import type { Played } from "../../../test/support/node-av.ts";
import { packetsOf, streamHash } from "../../../test/support/packets.ts";
import { run } from "../../../test/support/program.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import type { MuxedChunk } from "../../media/muxer.ts";
import type { Metadata, Track } from "../../media/track.ts";
import type { Signalling } from "./enhanced.ts";
import { flvMuxer } from "./muxer.ts";
import { FlvReader } from "./reader.ts";
import { TagDemuxer } from "./tag-demuxer.ts";

/** A fresh directory, gone with the test. */
async function directory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-flv-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

interface Remuxed {
  readonly bytes: Uint8Array;
  readonly tracks: readonly Track[];
  readonly dropped: number;
}

/** An FLV file through reader, demuxer and muxer, as a stream's bytes go; fed in pieces of an awkward size. */
function remux(file: Uint8Array, signalling: Signalling): Remuxed {
  const tracks = new Map<number, Track>();
  const frames: SourceFrame[] = [];
  let metadata: Metadata = {};
  const demuxer = new TagDemuxer({
    announce: () => undefined,
    metadata: (values) => (metadata = values),
    track: (track) => tracks.set(track.id, track),
    frame: (frame) => frames.push(frame),
  });
  const reader = new FlvReader({ header: () => undefined, tag: (tag) => demuxer.tag(tag) });
  for (let at = 0; at < file.length; at += 1009) reader.push(file.subarray(at, at + 1009));
  const parts: Uint8Array[] = [];
  const chunk = (made: MuxedChunk): void => void parts.push(...made.parts);
  const muxer = flvMuxer({ signalling })({ init: ({ bytes }) => void parts.push(bytes), chunk });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks: [...tracks.values()], metadata });
  for (const frame of frames) muxer.frame({ ...frame, arrived: 0 });
  return { bytes: new Uint8Array(Buffer.concat(parts)), tracks: [...tracks.values()], dropped: demuxer.dropped };
}

const picture = ["-f", "lavfi", "-i", "testsrc2=size=192x112:rate=25:duration=2"];
const tone = (rate: number): string[] => ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=${rate}:duration=2`];
const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "20", "-pix_fmt", "yuv420p"];

/**
 * Tracks, with their configuration, and packets as FFmpeg 8.1 reads them. As FLAC's configuration it writes STREAMINFO alone; we write what
 * Enhanced RTMP says, `fLaC` and a block header in front. It takes both.
 */
async function packetsOfFfmpeg8(file: string): Promise<Played> {
  await using player = playWithNodeAv(file);
  await player.succeeded();
  const { tracks, packets } = played(player);
  return { tracks: tracks.map((track) => ({ ...track, extradata: track.extradata.replace(/^664c614380000022/, "") })), packets };
}

/** What Debian's FFmpeg writes: our codec names, then its arguments. */
const legacy: readonly (readonly [codecs: string, args: readonly string[]])[] = [
  ["avc aac", [...picture, ...tone(48_000), ...h264, "-c:a", "aac"]],
  ["avc mp3", [...picture, ...tone(44_100), ...h264, "-c:a", "libmp3lame"]],
  ["h263 mp3", [...picture, ...tone(22_050), "-c:v", "flv", "-c:a", "libmp3lame"]],
  ["screen adpcm", [...picture, ...tone(22_050), "-c:v", "flashsv", "-c:a", "adpcm_swf"]],
  ["screen nellymoser", [...picture, ...tone(16_000), "-c:v", "flashsv2", "-c:a", "nellymoser"]],
  ["pcm-alaw", [...tone(8000), "-c:a", "pcm_alaw"]],
  ["pcm-mulaw", [...tone(8000), "-c:a", "pcm_mulaw"]],
  ["pcm-le", [...tone(44_100), "-c:a", "pcm_s16le", "-ac", "2"]],
  ["speex", [...tone(16_000), "-c:a", "libspeex"]],
];

for (const [codecs, args] of legacy) {
  test(`FFmpeg's ${codecs} comes out with the same packets`, async () => {
    await using folder = await directory();
    const [source, result] = [join(folder.path, "in.flv"), join(folder.path, "out.flv")];
    await run("ffmpeg", ["-v", "error", "-nostdin", ...args, source]);
    const { bytes, tracks, dropped } = remux(await readFile(source), "legacy");
    await writeFile(result, bytes);
    assert.deepEqual(tracks.map((track) => track.codec).toSorted(), codecs.split(" ").toSorted());
    assert.equal(dropped, 0);
    assert.deepEqual(await streamHash(result), await streamHash(source));
    const expected = await packetsOf(source);
    assert.ok(expected.length > 0);
    assert.deepEqual(await packetsOf(result), expected);
  });
}

/** What FFmpeg 8.1 writes as Enhanced RTMP: our codec names, then arguments by which Debian's FFmpeg makes it in Matroska. */
const enhanced: readonly (readonly [codecs: string, signalling: Signalling, args: readonly string[]])[] = [
  ["hevc aac", "enhanced", [...picture, ...tone(48_000), "-c:v", "libx265", "-x265-params", "log-level=none:keyint=20", "-c:a", "aac"]],
  ["hevc aac", "legacy", [...picture, ...tone(48_000), "-c:v", "libx265", "-x265-params", "log-level=none:keyint=20", "-c:a", "aac"]],
  [
    "av1 opus",
    "enhanced",
    [...picture, ...tone(48_000), "-c:v", "libaom-av1", "-cpu-used", "8", "-row-mt", "1", "-g", "20", "-c:a", "libopus"],
  ],
  ["vp9 flac", "enhanced", [...picture, ...tone(48_000), "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "flac"]],
  ["avc ac3", "enhanced", [...picture, ...tone(48_000), ...h264, "-c:a", "ac3"]],
  ["avc eac3", "enhanced", [...picture, ...tone(48_000), ...h264, "-c:a", "eac3"]],
];

for (const [codecs, signalling, args] of enhanced) {
  test(`FFmpeg 8.1's ${codecs} comes out with the same packets, signalling ${signalling}`, async () => {
    await using folder = await directory();
    const [made, source, result] = ["made.mkv", "in.flv", "out.flv"].map((name) => join(folder.path, name)) as [string, string, string];
    await run("ffmpeg", ["-v", "error", "-nostdin", ...args, made]);
    await using publisher = publishWithNodeAv(made, source, { pace: 0 });
    await publisher.succeeded();
    const { bytes, tracks, dropped } = remux(await readFile(source), signalling);
    await writeFile(result, bytes);
    assert.equal(
      tracks
        .map((track) => track.codec)
        .toSorted()
        .join(" "),
      codecs.split(" ").toSorted().join(" "),
    );
    assert.equal(dropped, 0);
    const expected = await packetsOfFfmpeg8(source);
    assert.ok(expected.packets.length > 60);
    assert.deepEqual(await packetsOfFfmpeg8(result), expected);
  });
}
