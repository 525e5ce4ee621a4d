/** What we write as MPEG-TS is read by other programs, byte for byte and at the same times, without a word of complaint. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ClipOptions } from "../../../test/support/clip.ts";
import { makeClip } from "../../../test/support/clip.ts";
import { played, playWithNodeAv } from "../../../test/support/node-av.ts";
import { packetsOf, streamHash } from "../../../test/support/packets.ts";
import { run } from "../../../test/support/program.ts";
import type { Demuxed } from "../../../test/support/ts-demuxed.ts";
import { demuxed } from "../../../test/support/ts-demuxed.ts";
import { tsMuxed, tsMuxing } from "../../../test/support/ts-muxed.ts";
import { joined } from "../../bytes/joined.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { Codec } from "../../media/track.ts";
import type { Track, VideoTrack } from "../../media/track.ts";
import { STAMPS_AHEAD } from "./muxer.ts";
import { audioPayload, videoPayload } from "./payload.ts";

/** A packet as FFmpeg is to read it. */
interface Expected {
  readonly kind: string;
  readonly ptsMicros: number;
  readonly payload: Uint8Array;
}

interface Case {
  readonly tracks: readonly Track[];
  readonly frames: readonly SourceFrame[];
  /** By track, in order. */
  readonly expected: ReadonlyMap<number, readonly Expected[]>;
  readonly file: string;
}

/** What a folder holds that is gone with the test. */
async function directory(): Promise<{ readonly path: string; file(name: string): string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-ts-"));
  return { path, file: (name) => join(path, name), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const md5 = (data: Uint8Array): string => createHash("md5").update(data).digest("hex");

/** Our transport stream of the frames of a clip. @param from ticks at which it begins */
async function muxedClip(options: ClipOptions, file: string, from = 0): Promise<Case> {
  const clip = await makeClip({ container: "ts", ...options });
  const { tracks, frames } = demuxed(await readFile(clip));
  const first = Math.min(...frames.map(({ dts }) => dts));
  const moved = frames.map((frame) => ({ ...frame, dts: frame.dts - first + from, pts: frame.pts - first + from }));
  await writeFile(file, tsMuxed([...tracks.values()], moved).bytes);
  const expected = new Map(
    [...tracks.values()].map((track): [number, Expected[]] => {
      const make = track.kind === "video" ? videoPayload(track) : track.kind === "audio" ? audioPayload(track) : assert.fail();
      const own = moved.filter((frame) => frame.track === track.id);
      const packets = own.map((frame) => {
        const ptsMicros = ((frame.pts + STAMPS_AHEAD) * 100) / 9;
        // FFmpeg takes the control headers of Opus off.
        return { kind: track.kind, ptsMicros, payload: track.codec === Codec.opus ? frame.data : joined(make(frame)!) };
      });
      return [track.id, packets];
    }),
  );
  return { tracks: [...tracks.values()], frames: moved, expected, file };
}

type Read = { readonly kind: string; readonly ptsMicros: number | undefined; readonly bytes: number; readonly md5: string };

/**
 * FFmpeg counts the first byte of an HEVC start code of 4 bytes to the packet before: there the hash of all is compared instead (`assertHashes`).
 *
 * Asserts payloads, and times: of audio that has none of its own within what FFmpeg's rounding makes of it.
 */
function assertRead({ expected, tracks }: Case, read: readonly Read[], who: string): void {
  for (const [id, packets] of expected) {
    const { kind } = packets[0]!;
    const got = read.filter((packet) => packet.kind === kind);
    const isHevc = tracks.find((track) => track.id === id)?.codec === Codec.hevc;
    assert.deepEqual(
      got.map((packet, i) => (isHevc ? (i > 0 && i < got.length - 1 ? packet.bytes : 0) : packet.md5)),
      packets.map(({ payload }, i) => (isHevc ? (i > 0 && i < packets.length - 1 ? payload.length : 0) : md5(payload))),
      `${who}: ${kind} payloads`,
    );
    for (const [i, { ptsMicros }] of packets.entries()) {
      const off = Math.abs(got[i]!.ptsMicros! - ptsMicros);
      assert.ok(off <= (kind === "video" ? 1 : 100), `${who}: ${kind} packet ${i} is off by ${off} µs`);
    }
  }
}

/** Asserts the hashes of all payloads of each track, one behind the other. */
async function assertHashes({ expected, file }: Case): Promise<void> {
  const wanted = [...expected.values()].map((packets) => `${packets[0]!.kind[0]}:${md5(joined(packets.map(({ payload }) => payload)))}`);
  assert.deepEqual((await streamHash(file)).toSorted(), wanted.toSorted());
}

const clips: readonly (readonly [name: string, clip: ClipOptions])[] = [
  ["H.264 with B-frames and AAC", {}],
  ["H.264 in slices and AAC at 44.1 kHz", { video: "h264-zerolatency", sampleRate: 44_100 }],
  ["HEVC and AAC", { video: "hevc" }],
  ["H.264 and MP3", { audio: "mp3" }],
  ["H.264 and AC-3", { audio: "ac3" }],
  ["H.264 and E-AC-3", { audio: "eac3" }],
  ["H.264 and Opus", { audio: "opus" }],
  ["AAC alone", { video: false }],
  ["H.264 alone", { audio: false }],
  ["pictures at 5 a second and AAC", { fps: 5, gop: 5 }],
];

describe("our MPEG-TS in FFmpeg", { concurrency: 2 }, () => {
  for (const [name, options] of clips) {
    it(`${name}: 5.1 and 8.1 read all of it`, async () => {
      await using folder = await directory();
      const made = await muxedClip(options, folder.file("out.ts"));
      assertRead(made, await packetsOf(made.file), "FFmpeg 5.1");
      await assertHashes(made);
      const { stderr } = await run("ffmpeg", ["-v", "warning", "-nostdin", "-i", made.file, "-map", "0", "-f", "null", "-"]);
      assert.equal(stderr, "", "FFmpeg 5.1 has nothing to say");
      await using player = playWithNodeAv(made.file);
      await player.succeeded();
      const { tracks, packets } = played(player);
      assertRead(
        made,
        packets.map((packet) => ({ ...packet, kind: tracks[packet.track]!.kind })),
        "FFmpeg 8.1",
      );
    });
  }

  it("stamps that wrap are followed", async () => {
    await using folder = await directory();
    const made = await muxedClip({}, folder.file("out.ts"), 2 ** 33 - 90_000);
    const read = await packetsOf(made.file);
    // It counts what comes before the wrap as below 0.
    const turn = (2 ** 33 * 100) / 9;
    assertRead(
      made,
      read.map((packet) => ({ ...packet, ptsMicros: packet.ptsMicros! + turn })),
      "FFmpeg 5.1",
    );
  });
});

describe("our MPEG-TS over a break of a minute, with another picture size behind it", () => {
  /** @param more a second sound behind it, too */
  async function broken(
    file: string,
    more: boolean,
  ): Promise<{ readonly frames: readonly SourceFrame[]; readonly pictures: readonly Uint8Array[] }> {
    const read = [{}, { size: "640x360", tone: 880 }].map(async (options) =>
      demuxed(await readFile(await makeClip({ container: "ts", ...options }))),
    );
    const [before, after] = (await Promise.all(read)) as [Demuxed, Demuxed];
    const later = 63 * 90_000;
    const behind = after.frames.flatMap((frame) => {
      const moved = { ...frame, dts: frame.dts + later, pts: frame.pts + later };
      return frame.track === 2 && more ? [moved, { ...moved, track: 3 }] : [moved];
    });
    const made = tsMuxing([...before.tracks.values()]);
    for (const frame of before.frames) made.muxer.frame({ ...frame, arrived: 0 });
    made.muxer.discontinuity({ reason: "reconnect", utcOffset: 0 });
    const other: Track = { ...after.tracks.get(2)!, id: 3, isDefault: false, language: "de" };
    made.muxer.generation({ id: 2, tracks: [...after.tracks.values(), ...(more ? [other] : [])], metadata: {} });
    for (const frame of behind) made.muxer.frame({ ...frame, arrived: 0 });
    made.muxer.flush();
    await writeFile(file, made.bytes);
    const pictures = [before, { ...after, frames: behind }].flatMap(({ tracks, frames }) => {
      const make = videoPayload(tracks.get(1) as VideoTrack);
      return frames.filter(({ track }) => track === 1).flatMap((frame) => make(frame)!);
    });
    return { frames: [...before.frames, ...behind], pictures };
  }

  it("and a second sound: FFmpeg reads all, and says that there is a hole", async () => {
    await using folder = await directory();
    const file = folder.file("out.ts");
    const { frames } = await broken(file, true);
    const read = await packetsOf(file);
    for (const kind of ["video", "audio"] as const) {
      const isIt = ({ track }: SourceFrame): boolean => (track === 1) === (kind === "video");
      const wanted = frames.filter(isIt).map(({ pts }) => ((pts + STAMPS_AHEAD) * 100) / 9);
      const got = read.filter((packet) => packet.kind === kind).map(({ ptsMicros }) => ptsMicros!);
      assert.equal(got.length, wanted.length, kind);
      wanted.sort((a, b) => a - b);
      for (const [i, time] of got.toSorted((a, b) => a - b).entries()) assert.ok(Math.abs(time - wanted[i]!) <= 100, `${kind} ${i}`);
    }
    const { stderr } = await run("ffprobe", ["-v", "warning", "-show_packets", file]);
    const words = stderr.trim().split("\n");
    assert.ok(words.length === 2 && words.every((line) => line.includes("DTS discontinuity in stream")), stderr);
  });

  it("GStreamer reads all", async () => {
    await using folder = await directory();
    const file = folder.file("out.ts");
    const { pictures } = await broken(file, false);
    const branch = ["d.", "!", "video/x-h264", "!", "queue", "!", "filesink", `location=${folder.file("video")}`];
    await run("gst-launch-1.0", ["-q", "filesrc", `location=${file}`, "!", "tsdemux", "name=d", ...branch]);
    assert.equal(md5(await readFile(folder.file("video"))), md5(joined(pictures)));
  });
});

describe("our MPEG-TS in GStreamer's tsdemux", () => {
  for (const [name, options, caps] of [
    ["H.264 and AAC", {}, ["video/x-h264", "audio/mpeg"]],
    ["HEVC and AC-3", { video: "hevc", audio: "ac3" }, ["video/x-h265", "audio/x-ac3"]],
    ["H.264 and MP3", { audio: "mp3" }, ["video/x-h264", "audio/mpeg"]],
  ] as const) {
    it(`${name} come out whole`, async () => {
      await using folder = await directory();
      const made = await muxedClip(options, folder.file("out.ts"));
      const branch = (cap: string, to: string): string[] => [
        "d.",
        "!",
        cap,
        "!",
        "queue",
        "!",
        "identity",
        "silent=false",
        "!",
        "filesink",
        `location=${folder.file(to)}`,
      ];
      const branches = [...branch(caps[0], "video"), ...branch(caps[1], "audio")];
      const { stdout } = await run("gst-launch-1.0", ["-v", "filesrc", `location=${made.file}`, "!", "tsdemux", "name=d", ...branches]);
      for (const [id, element] of [
        [1, "identity0"],
        [2, "identity1"],
      ] as const) {
        const packets = made.expected.get(id)!;
        const data = await readFile(folder.file(packets[0]!.kind));
        assert.equal(md5(data), md5(joined(packets.map(({ payload }) => payload))), `${packets[0]!.kind} payloads`);
        const times = [...stdout.toString().matchAll(new RegExp(`\\(${element}:sink\\).*? pts: (\\d+):(\\d+):(\\d+\\.\\d+)`, "g"))];
        const got = times.map(([, h, m, s]) => (Number(h) * 3600 + Number(m) * 60 + Number(s)) * 1e6);
        // It does not tell of every buffer. Of audio there is one for each PES packet, whose time is its first frame's.
        const wanted = packets.map(({ ptsMicros }) => ptsMicros);
        assert.ok(got.length > 10, `times of ${got.length} buffers`);
        for (const time of got)
          assert.ok(
            wanted.some((each) => Math.abs(each - time) < 1),
            `${packets[0]!.kind} at ${time} µs`,
          );
      }
    });
  }
});

describe("our MPEG-TS in VLC", () => {
  it("H.264 and AAC come out as from FFmpeg's", async () => {
    await using folder = await directory();
    await chmod(folder.path, 0o777);
    const file = folder.file("our.ts");
    await muxedClip({}, file);
    const theirs = folder.file("their.ts");
    await writeFile(theirs, await readFile(await makeClip({ container: "ts" })));
    const [got, wanted] = [await vlc(file, folder), await vlc(theirs, folder)];
    for (const [kind, least] of [
      ["video", 74],
      ["audio", 130],
    ] as const) {
      // Where streams end it drops a little.
      const length = Math.min(got[kind].length, wanted[kind].length);
      assert.ok(length >= least, `${kind}: ${length} packets`);
      assert.deepEqual(got[kind].slice(0, length), wanted[kind].slice(0, length));
    }
  });
});

/** What VLC demuxes: hashes of all packets. */
async function vlc(
  source: string,
  folder: { readonly path: string; file(name: string): string },
): Promise<{ video: string[]; audio: string[] }> {
  const file = folder.file(`${md5(Buffer.from(source))}.tsv`);
  const args = ["-I", "dummy", "--no-plugins-cache", "--play-and-exit", "--sout", `#stats{output=${file}}`, source, "vlc://quit"];
  await run("cvlc", args, { unprivileged: true, env: { HOME: folder.path } });
  const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split("\t"));
  const of = (type: string) => lines.filter((line) => line[2] === type).map((line) => line[6]!);
  return { video: of("Video"), audio: of("Audio") };
}
