import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { indexFlv } from "../src/containers/flv/file-index.ts";
import { indexMp4 } from "../src/containers/fmp4/file-index.ts";
import { type ClipOptions, makeClip } from "./support/clip.ts";
import { indexedPackets, MemoryFile } from "./support/indexed-file.ts";
import { packetsOf } from "./support/packets.ts";
import { run } from "./support/program.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-index-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A clip put into another file by FFmpeg, payloads and times unchanged. */
async function remuxed(options: ClipOptions, name: string, ...flags: string[]): Promise<string> {
  const file = join(folder, name);
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", await makeClip(options), "-map", "0", "-c", "copy", ...flags, file]);
  return file;
}

const files: readonly (readonly [what: string, make: () => Promise<string>])[] = [
  ["an FLV file", () => makeClip()],
  ["an FLV file of MP3", () => makeClip({ audio: "mp3", sampleRate: 44_100 })],
  ["an FLV file of sound alone", () => makeClip({ video: false })],
  ["an MP4 file", () => remuxed({}, "plain.mp4")],
  ["an MP4 file with its moov box in front", () => remuxed({}, "fast.mp4", "-movflags", "+faststart")],
  ["an MP4 file of HEVC and Opus", () => makeClip({ video: "hevc", audio: "opus" })],
  ["an MP4 file of AV1 and FLAC", () => makeClip({ video: "av1", audio: "flac" })],
  ["a fragmented MP4 file", () => remuxed({}, "fragmented.mp4", "-movflags", "+frag_keyframe+empty_moov+default_base_moof")],
  ["a fragmented MP4 file with samples in its moov box", () => remuxed({}, "hybrid.mp4", "-movflags", "+frag_keyframe")],
  [
    "a fragmented MP4 file of short fragments",
    () => remuxed({ container: "mp4" }, "short.mp4", "-frag_duration", "100000", "-movflags", "+empty_moov"),
  ],
  ["an MP4 file at 29.97 pictures a second", () => makeClip({ fps: 30_000 / 1001, container: "mp4", sampleRate: 44_100 })],
];

describe("an index says of every frame what FFmpeg says", () => {
  for (const [what, make] of files) {
    test(what, async () => {
      const file = await make();
      const { index, packets } = await indexedPackets(file);
      const expected = (await packetsOf(file)).filter(({ kind }) => kind !== "data");
      assert.equal(index.leftOut, "");
      for (const kind of ["video", "audio"]) {
        const of = (list: readonly { readonly kind: string }[]) => list.filter((packet) => packet.kind === kind);
        const found = of(packets) as typeof packets;
        const wanted = of(expected) as typeof expected;
        assert.deepEqual(
          found.map(({ md5 }) => md5),
          wanted.map(({ md5 }) => md5),
          `${kind} payloads`,
        );
        if (kind === "video")
          assert.deepEqual(
            found.map(({ isKey }) => isKey),
            wanted.map(({ isKey }) => isKey),
          );
        if (wanted.length === 0) continue;
        // All of a track may be off by half a tick: it begins at a whole millisecond.
        const tick = 1e6 / index.tracks.find(({ track }) => track.kind === kind)!.track.timescale;
        const near = (a: number, b: number, where: string) =>
          assert.ok(Math.abs(a - b) <= tick / 2 + 1, `${kind} ${where}: ${a} and not ${b}`);
        for (const [i, { ptsMicros, dtsMicros }] of wanted.entries()) {
          near(found[i]!.ptsMicros, ptsMicros!, `${i} is shown at`);
          near(found[i]!.dtsMicros, dtsMicros!, `${i} is decoded at`);
        }
      }
    });
  }
});

test("times begin at 0, and the file's own beginning and length are told", async () => {
  const { index } = await indexedPackets(await makeClip({ container: "mp4" }));
  assert.equal(index.startMs, -80); // two B-frames at 25 pictures a second
  assert.ok(Math.abs(index.durationMs - 3100) < 50, `${index.durationMs} ms`);
  const starts = index.tracks.map(({ samples, track }) => (samples.dts[0]! * 1000) / track.timescale);
  assert.equal(Math.min(...starts), 0);
});

test("of an MP4 file little more than its headers is read", async () => {
  for (const flags of ["+faststart", "+frag_keyframe+empty_moov"]) {
    const file = await remuxed({ seconds: 6, size: "1280x720" }, `big${flags}.mp4`, "-movflags", flags);
    const memory = new MemoryFile(await readFile(file));
    await indexMp4(memory.read, memory.bytes.length, { pause: () => Promise.resolve() });
    assert.ok(memory.bytesRead < memory.bytes.length / 3, `${memory.bytesRead} of ${memory.bytes.length} bytes read with ${flags}`);
  }
});

test("a file that was cut off is listed as far as it is whole, but for tables of what is not there", async () => {
  const flv = await readFile(await makeClip());
  const whole = await indexFlv(new MemoryFile(flv).read, flv.length);
  const half = await indexFlv(new MemoryFile(flv.subarray(0, flv.length / 2)).read, Math.floor(flv.length / 2));
  assert.ok(half.tracks[0]!.samples.count > 10 && half.tracks[0]!.samples.count < whole.tracks[0]!.samples.count);
  const pause = () => Promise.resolve();
  const fragments = await readFile(await remuxed({}, "cut.mp4", "-movflags", "+frag_keyframe+empty_moov"));
  const cut = fragments.subarray(0, fragments.length / 2);
  const part = await indexMp4(new MemoryFile(cut).read, cut.length, { pause });
  assert.ok(part.durationMs > 500 && part.durationMs < 2500, `${part.durationMs} ms`);
  const tables = await readFile(await remuxed({}, "tables.mp4", "-movflags", "+faststart"));
  const less = tables.subarray(0, tables.length / 2);
  await assert.rejects(indexMp4(new MemoryFile(less).read, less.length, { pause }), { code: "truncated", message: /ends before sample/ });
});
