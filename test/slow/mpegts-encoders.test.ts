/** What other programs write as MPEG-TS comes out as they were given it, at the times that FFmpeg reads. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { codecNames } from "../../src/media/codec-name.ts";
import type { Codec } from "../../src/media/track.ts";
import type { ClipOptions } from "../support/clip.ts";
import { makeClip } from "../support/clip.ts";
import { publishWithNodeAv } from "../support/node-av.ts";
import type { Packet } from "../support/packets.ts";
import { packetsOf, streamHash } from "../support/packets.ts";
import { run } from "../support/program.ts";
import type { Demuxed } from "../support/ts-demuxed.ts";
import { demuxed, packetsOfTrack } from "../support/ts-demuxed.ts";
import { tsMuxed } from "../support/ts-muxed.ts";

/** A fresh directory, which others may write to, gone with the test. */
async function directory(): Promise<{ readonly path: string; file(name: string): string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-ts-"));
  return { path, file: (name) => join(path, name), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function ffmpeg(...args: readonly string[]): Promise<void> {
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args]);
}

const payloads = (packets: readonly Packet[], kind: string): string[] =>
  packets.filter((packet) => packet.kind === kind).map(({ md5 }) => md5);
const times = (packets: readonly Packet[], kind: string): [number, number][] =>
  packets.filter((packet) => packet.kind === kind).map(({ dtsMicros, ptsMicros }) => [dtsMicros!, ptsMicros!]);

/** Microseconds until stamps of 33 bits begin again. */
const TURN = (2 ** 33 / 90_000) * 1_000_000;

/** Asserts that all payloads are those of the clip, and all times those that FFmpeg reads in the transport stream. */
async function assertSame(clip: string, transportStream: string, codecs: readonly Codec[]): Promise<Demuxed> {
  const result = demuxed(await readFile(transportStream));
  const [sent, read] = [await packetsOf(clip), await packetsOf(transportStream)];
  assert.deepEqual([...result.tracks.values()].map(({ codec }) => codec).toSorted(), [...codecs].toSorted());
  for (const { id, kind } of result.tracks.values()) {
    const got = packetsOfTrack(result, id);
    assert.ok(got.length > 0 && got[0]!.isKey);
    assert.deepEqual(payloads(got, kind), payloads(sent, kind), `${kind} payloads`);
    const [ours, theirs] = [times(got, kind), times(read, kind)];
    assert.equal(ours.length, theirs.length);
    // It counts times after a wrap as below 0 before it.
    const turns = Math.round((ours[0]![0] - theirs[0]![0]) / TURN) * TURN;
    // And it rounds the times of frames that have no stamps of their own its own way.
    for (const [i, pair] of ours.entries())
      for (const n of [0, 1] as const)
        assert.ok(Math.abs(pair[n] - theirs[i]![n] - turns) <= (kind === "video" ? 1 : 100), `${kind} ${i}: ${pair[n]}, ${theirs[i]![n]}`);
  }
  const { droppedUnits, losses, skippedBytes, damagedPackets, damagedSections } = result.counts;
  assert.deepEqual(
    { droppedUnits, losses, damagedPackets, damagedSections },
    { droppedUnits: 0, losses: 0, damagedPackets: 0, damagedSections: 0 },
  );
  assert.ok(skippedBytes < 192);
  return result;
}

const clips: readonly (readonly [codecs: readonly Codec[], clip: ClipOptions])[] = [
  [["avc", "aac"], {}],
  [["avc", "aac"], { video: "h264-zerolatency", sampleRate: 44_100 }],
  [["avc", "mp3"], { audio: "mp3" }],
  [["avc", "ac3"], { audio: "ac3" }],
  [["avc", "eac3"], { audio: "eac3" }],
  [["avc", "opus"], { audio: "opus" }],
  [["hevc", "ac3"], {}],
  [["hevc", "aac"], {}],
  [["aac"], { video: false }],
  [["avc"], { audio: false }],
];

/** Without the SEI that x265 puts into its header, from where FFmpeg would put it into each key frame. */
async function makeHevc(file: string, codecs: readonly Codec[]): Promise<void> {
  const inputs = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3", "-f", "lavfi", "-i", "sine=duration=3"];
  const video = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:info=0:keyint=25:open-gop=1:scenecut=0"];
  const audio = ["-c:a", codecs.includes("ac3") ? "ac3" : "aac"];
  await ffmpeg(...inputs, ...video, "-tag:v", "hvc1", "-pix_fmt", "yuv420p", ...audio, file);
}

describe("FFmpeg's MPEG-TS", { concurrency: 2 }, () => {
  for (const [codecs, options] of clips) {
    const name = codecs.map((codec) => codecNames[codec]).join(" and ");
    it(`of ${name}, from 5.1 and from 8.1`, async () => {
      await using folder = await directory();
      const clip = codecs.includes("hevc") ? folder.file("in.mp4") : await makeClip({ container: "mp4", ...options });
      if (codecs.includes("hevc")) await makeHevc(clip, codecs);
      const [old, current] = [folder.file("5.ts"), folder.file("8.ts")];
      await ffmpeg("-i", clip, "-c", "copy", old);
      await assertSame(clip, old, codecs);
      await using publisher = publishWithNodeAv(clip, current, { format: "mpegts", pace: 0 });
      await publisher.succeeded();
      await assertSame(clip, current, codecs);
    });
  }

  const ways: readonly (readonly [name: string, args: readonly string[]])[] = [
    ["LATM", ["-mpegts_flags", "latm"]],
    ["AC-3 in packets with time stamps", ["-mpegts_m2ts_mode", "1", "-c:a", "ac3"]],
    ["PES packets that tell their length", ["-omit_video_pes_length", "0"]],
    ["AC-3 as DVB has it", ["-mpegts_flags", "system_b", "-c:a", "ac3"]],
    ["one audio frame a packet", ["-pes_payload_size", "0"]],
    ["stamps that wrap", ["-output_ts_offset", String(2 ** 33 / 90_000 - 2.5)]],
    ["a constant rate with null packets", ["-muxrate", "3M"]],
  ];
  for (const [name, args] of ways) {
    it(`with ${name}`, async () => {
      await using folder = await directory();
      const clip = await makeClip();
      const [reference, file] = [folder.file("in.mkv"), folder.file("out.ts")];
      const audio = args.includes("-c:a") ? "ac3" : "copy";
      await ffmpeg("-i", clip, "-c", "copy", "-c:a", audio, reference);
      await ffmpeg("-i", reference, "-c", "copy", ...args.filter((arg) => arg !== "-c:a" && arg !== "ac3"), "-f", "mpegts", file);
      await assertSame(reference, file, ["avc", audio === "ac3" ? "ac3" : "aac"]);
    });
  }

  for (const codec of ["mpeg1video", "mpeg2video", "mpeg4"] as const) {
    it(`of ${codecNames[codec]} and MP2, as ffserver had them`, async () => {
      await using folder = await directory();
      const file = folder.file("out.ts");
      const inputs = ["-f", "lavfi", "-i", "testsrc2=size=320x192:rate=25:duration=2", "-f", "lavfi", "-i", "sine=duration=2"];
      await ffmpeg(...inputs, "-c:v", codec, "-b:v", "800k", "-g", "12", "-bf", "2", "-c:a", "mp2", file);
      const { tracks, frames } = await assertSame(file, file, [codec, "mp2"]);
      const video = tracks.get(1)!;
      assert.ok(video.kind === "video" && video.width === 320 && video.height === 192);
      const pictures = frames.filter(({ track }) => track === 1);
      const keys = (await packetsOf(file)).filter(({ kind }) => kind === "video").map(({ isKey }) => isKey);
      assert.deepEqual(
        pictures.map(({ sap }) => sap !== 0),
        keys,
      );
      assert.equal(pictures.filter(({ discardable }) => discardable).length, 32);
      // And as we write it.
      const again = folder.file("again.ts");
      await writeFile(again, tsMuxed([...tracks.values()], frames).bytes);
      assert.deepEqual(await streamHash(again), await streamHash(file));
      const { stderr } = await run("ffmpeg", ["-v", "warning", "-nostdin", "-i", again, "-f", "null", "-"]);
      assert.equal(stderr, "");
    });
  }

  it("of pictures that no length can be told for", async () => {
    await using folder = await directory();
    const [clip, file] = [folder.file("in.mkv"), folder.file("out.ts")];
    const noise = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=0.4", "-vf", "noise=alls=40:allf=t"];
    await ffmpeg(...noise, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "80M", "-g", "4", "-pix_fmt", "yuv420p", clip);
    await ffmpeg("-i", clip, "-c", "copy", file);
    const { frames } = await assertSame(clip, file, ["avc"]);
    assert.ok(frames.every(({ data }) => data.length > 0xffff));
  });

  it("of several programs: the first with media, all its tracks, and their languages", async () => {
    await using folder = await directory();
    const [clip, other, file] = [await makeClip(), await makeClip({ tone: 1000, size: "160x96" }), folder.file("out.ts")];
    const inputs = ["-f", "lavfi", "-i", "testsrc2=size=160x96:duration=1", "-i", clip, "-i", other];
    const maps = ["-map", "0:v", "-map", "1:v", "-map", "1:a", "-map", "2:a", "-map", "2:v"];
    const codecs = ["-c", "copy", "-c:v:0", "dirac"];
    const programs = ["-program", "st=0", "-program", "st=1:st=2:st=3", "-program", "st=4"];
    const languages = ["-metadata:s:2", "language=ger", "-metadata:s:3", "language=fra"];
    await ffmpeg(...inputs, ...maps, ...codecs, ...programs, ...languages, file);
    const result = demuxed(await readFile(file));
    assert.deepEqual(
      [1, 2, 513, 514].map((id) => result.tracks.get(id)).map((track) => track && [track.kind, track.language, track.isDefault]),
      [["video", undefined, true], ["audio", "de", true], ["audio", "fr", false], undefined],
    );
    assert.deepEqual(payloads(packetsOfTrack(result, 1), "video"), payloads(await packetsOf(clip), "video"));
    assert.deepEqual(payloads(packetsOfTrack(result, 2), "audio"), payloads(await packetsOf(clip), "audio"));
    assert.deepEqual(payloads(packetsOfTrack(result, 513), "audio"), payloads(await packetsOf(other), "audio"));
    assert.equal(result.counts.losses, 0);
  });

  it("of nothing that is carried is refused in words", async () => {
    await using folder = await directory();
    const file = folder.file("out.ts");
    await ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-strict", "-2", "-c:a", "dca", "-ar", "48000", "-ac", "2", file);
    const data = await readFile(file);
    assert.throws(() => demuxed(data), /nothing that is carried here, only DTS audio/);
    assert.throws(() => demuxed(data.subarray(0, 188 * 2)), /no valid PAT and PMT/);
  });
});

describe("MPEG-TS of other programs", () => {
  it("of GStreamer", async () => {
    await using folder = await directory();
    const [clip, file] = [await makeClip(), folder.file("out.ts")];
    const way = ["d.video", "!", "queue", "!", "h264parse", "!", "m.", "d.audio", "!", "queue", "!", "aacparse", "!", "m."];
    const source = ["filesrc", `location=${clip}`, "!", "flvdemux", "name=d"];
    await run("gst-launch-1.0", ["-q", ...source, "mpegtsmux", "name=m", "!", "filesink", `location=${file}`, ...way]);
    const result = demuxed(await readFile(file));
    const sent = await packetsOf(clip);
    for (const [id, kind] of [
      [1, "video"],
      [2, "audio"],
    ] as const) {
      const got = packetsOfTrack(result, id);
      const read = (await packetsOf(file)).filter((packet) => packet.kind === kind);
      // Its demuxer leaves the first audio frame out.
      assert.ok(got.length >= payloads(sent, kind).length - 1);
      assert.deepEqual(payloads(got, kind), payloads(sent, kind).slice(-got.length));
      assert.deepEqual(
        got.map(({ ptsMicros }) => ptsMicros! - got[0]!.ptsMicros!),
        read.map(({ ptsMicros }) => ptsMicros! - read[0]!.ptsMicros!),
      );
    }
    assert.equal(result.counts.droppedUnits + result.counts.losses, 0);
  });

  it("of VLC, which cuts pictures in pieces", async () => {
    await using folder = await directory();
    const [clip, file] = [folder.file("in.mp4"), folder.file("out.ts")];
    const noise = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=1", "-vf", "noise=alls=40:allf=t"];
    await ffmpeg(...noise, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "80M", "-g", "4", "-pix_fmt", "yuv420p", clip);
    await chmod(folder.path, 0o777);
    const output = `#std{access=file,mux=ts,dst=${file}}`;
    await run("cvlc", ["-q", "--no-interact", clip, "--sout", output, "vlc://quit"], { unprivileged: true });
    const data = await readFile(file);
    const [sent, result] = [payloads(await packetsOf(clip), "video"), demuxed(data)];
    const got = packetsOfTrack(result, 1);
    // It leaves off a little before the end.
    assert.ok(got.length >= 10 && got.every(({ bytes }) => bytes > 2 * 65_500));
    assert.deepEqual(payloads(got, "video"), sent.slice(0, got.length));
    assert.ok(result.counts.losses === 0 && result.counts.droppedUnits <= 1);
  });
});
