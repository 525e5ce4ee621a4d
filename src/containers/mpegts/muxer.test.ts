import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { makeClip } from "../../../test/support/clip.ts";
import { packetsOf } from "../../../test/support/packets.ts";
import { run } from "../../../test/support/program.ts";
import { demuxed } from "../../../test/support/ts-demuxed.ts";
import { tsMuxed, tsMuxing } from "../../../test/support/ts-muxed.ts";
import { aacTrack, avcTrack, hevcTrack, opusTrack, stream } from "../../../test/support/ts-streams.ts";
import { joined } from "../../bytes/joined.ts";
import { annexBUnits } from "../../media/annex-b.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import type { MuxedChunk } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Track } from "../../media/track.ts";
import { notCarriedByTs } from "./carried.ts";
import { isRegistered, languageOf } from "./descriptors.ts";
import { STAMPS_AHEAD, tsMuxer } from "./muxer.ts";
import type { PacketHeader } from "./packet.ts";
import { PACKET_LENGTH, readPacketHeader } from "./packet.ts";
import { readPesHeader } from "./pes.ts";
import { readSection } from "./section.ts";
import { TsSegmentMuxer } from "./segment-muxer.ts";
import { readPat, readPmt } from "./tables.ts";
import type { Pmt } from "./tables.ts";

const [PAT, PMT, VIDEO, AUDIO] = [0, 0x100, 0x101, 0x102];

interface Packet extends PacketHeader {
  readonly data: Uint8Array;
}

function packetsIn(bytes: Uint8Array): Packet[] {
  assert.equal(bytes.length % PACKET_LENGTH, 0);
  return Array.from({ length: bytes.length / PACKET_LENGTH }, (_, i) => {
    const header = readPacketHeader(bytes, i * PACKET_LENGTH);
    assert.ok(header !== undefined, `packet ${i}`);
    return { ...header, data: bytes.subarray(i * PACKET_LENGTH + header.payload, (i + 1) * PACKET_LENGTH) };
  });
}

const packetsOfChunk = ({ parts }: MuxedChunk): Packet[] => packetsIn(joined(parts));

function pmtIn(packets: readonly Packet[]): { readonly pmt: Pmt; readonly version: number } {
  const packet = packets.find(({ pid }) => pid === PMT)!;
  const length = 3 + (((packet.data[2]! & 15) << 8) | packet.data[3]!);
  const { body, version } = readSection(packet.data.subarray(1, 1 + length));
  return { pmt: readPmt(body), version };
}

/** Counters rise by one with every payload, and stay where there is none. */
function assertCounters(packets: readonly Packet[]): void {
  const last = new Map<number, number>();
  for (const { pid, counter, payload } of packets) {
    const before = last.get(pid);
    if (before !== undefined) assert.equal(counter, (before + Number(payload < PACKET_LENGTH)) & 15, `PID ${pid}`);
    last.set(pid, counter);
  }
}

const picture = (dts: number, changes: Partial<SourceFrame> = {}): SourceFrame => {
  const data = Uint8Array.of(0, 0, 0, 3, changes.sap === 1 ? 0x65 : 0x41, 0x88, 0x84);
  return { track: 1, dts, pts: dts, sap: 0, discardable: false, data, ...changes };
};
const sound = (dts: number, changes: Partial<SourceFrame> = {}): SourceFrame => ({
  track: 2,
  dts,
  pts: dts,
  sap: 1,
  discardable: false,
  data: Uint8Array.of(0x21, 1, 2),
  ...changes,
});

describe("MPEG-TS that we write", () => {
  const streams = fc
    .constantFrom<readonly Track[]>([avcTrack(), aacTrack()], [hevcTrack(), opusTrack()], [aacTrack()])
    .chain((tracks) => stream(tracks).map((frames) => ({ tracks, frames })));

  it("is whole packets whose counters are right, with stamps not behind the clock, and a clock that never goes back", () => {
    fc.assert(
      fc.property(streams, ({ tracks, frames }) => {
        const packets = tsMuxed(tracks, frames).chunks.flatMap(packetsOfChunk);
        assertCounters(packets);
        let clock = -1;
        const clockPid = pmtIn(packets).pmt.pcrPid;
        assert.equal(clockPid, tracks[0]!.kind === "video" ? VIDEO : AUDIO);
        for (const { pid, pcr, start, data } of packets) {
          if (pcr !== undefined) {
            assert.ok(pid === clockPid && pcr % 300 === 0 && pcr / 300 >= clock);
            clock = pcr / 300;
          }
          if (!start || pid === PAT || pid === PMT) continue;
          const { dts, pts } = readPesHeader(data)!.stamps!;
          // Here all tracks come in the order of their times.
          assert.ok(clock >= 0 && dts >= clock && pts >= dts && dts <= clock + 2 * STAMPS_AHEAD, `${dts} at ${clock}`);
        }
      }),
    );
  });

  it("has tables before each picture to start at, and clock and tables often enough between", () => {
    const frames: SourceFrame[] = [];
    // A picture a second, sound all along: 10 s.
    for (let n = 0; n < 470; n++) frames.push(sound(n * 1920));
    for (let n = 0; n < 10; n++) frames.push(picture(n * 90_000, { sap: n % 5 === 0 ? 1 : 0 }));
    frames.sort((a, b) => a.dts - b.dts || a.track - b.track);
    const { chunks } = tsMuxed([avcTrack(), aacTrack()], frames);
    let [tables, clock] = [0, 0];
    for (const chunk of chunks) {
      const packets = packetsOfChunk(chunk);
      const pids = packets.slice(0, 2).map(({ pid }) => pid);
      if (chunk.randomAccess) assert.deepEqual([...pids, packets[2]!.randomAccess], [PAT, PMT, true]);
      const time = (chunk.dts * 9) / 100;
      if (pids[0] === PAT) tables = time;
      if (packets.some(({ pcr }) => pcr !== undefined)) clock = time;
      assert.ok(time - tables < 45_000 && time - clock < 9000, `tables ${time - tables}, clock ${time - clock} ticks ago`);
    }
    assert.equal(chunks.filter(({ randomAccess }) => randomAccess).length, 2);
    assert.ok(chunks.filter((chunk) => packetsOfChunk(chunk)[0]!.pid === PAT).length < 30);
  });

  it("has a delimiter before each picture, and parameter sets before those to start at, once", () => {
    const units = (chunk: MuxedChunk): string[] => {
      const data = joined(
        packetsOfChunk(chunk)
          .filter(({ pid }) => pid === VIDEO)
          .map((packet) => packet.data),
      );
      return annexBUnits(data.subarray(readPesHeader(data)!.payload)).map((unit) => Buffer.from(unit.subarray(0, 2)).toString("hex"));
    };
    const own = avcTrack().config.subarray(8, 8 + 25);
    const withSets = Uint8Array.of(0, 0, 0, 2, 9, 0x10, 0, 0, 0, 25, ...own, 0, 0, 0, 2, 0x65, 0x88, 0, 0, 0, 2, 0x0c, 0x80);
    const { chunks } = tsMuxed(
      [avcTrack()],
      [picture(0, { sap: 1 }), picture(3600), picture(7200, { sap: 1, data: withSets }), picture(9000, { sap: 4 })],
    );
    assert.deepEqual(chunks.map(units), [
      ["09f0", "67f4", "68eb", "6588"],
      ["09f0", "4188"],
      ["09f0", "68eb", "67f4", "6588"],
      ["09f0", "67f4", "68eb", "4188"],
    ]);
    const hevc = hevcTrack();
    const made = tsMuxed([hevc], [picture(0, { sap: 1, data: Uint8Array.of(0, 0, 0, 3, 0x26, 1, 0x80) })]);
    assert.deepEqual(units(made.chunks[0]!), ["4601", "4001", "4201", "4401", "2601"]);
  });

  it("has the headers of MPEG-4 before pictures to start at that have none", () => {
    const headers = Uint8Array.from(Buffer.from("000001b0f1000001b5a9130000010000000120", "hex"));
    const track = avcTrack({ codec: "mpeg4", config: headers, codecString: "" });
    const bare = picture(0, { sap: 1, data: Uint8Array.of(0, 0, 1, 0xb6, 0x10) });
    const whole = picture(3600, { sap: 1, data: joined([headers, bare.data]) });
    const sizes = tsMuxed([track], [bare, whole, picture(7200, { data: bare.data })]).chunks.map((chunk) => {
      const data = joined(
        packetsOfChunk(chunk)
          .filter(({ pid }) => pid === VIDEO)
          .map((packet) => packet.data),
      );
      return data.length - readPesHeader(data)!.payload;
    });
    assert.deepEqual(sizes, [24, 24, 5]);
  });

  it("leaves frames that are damaged or too long out, and goes on", () => {
    const broken = picture(3600, { data: Uint8Array.of(0, 0, 0, 9, 1) });
    const long = sound(1920, { data: new Uint8Array(9000) });
    const { bytes } = tsMuxed([avcTrack(), aacTrack()], [picture(0, { sap: 1 }), sound(0), long, broken, sound(3840), picture(7200)]);
    const { frames, counts } = demuxed(bytes);
    const times = (track: number): number[] => frames.filter((frame) => frame.track === track).map(({ dts }) => dts - STAMPS_AHEAD);
    assert.deepEqual(
      [times(1), times(2)],
      [
        [0, 7200],
        [0, 3840],
      ],
    );
    assert.equal(counts.droppedUnits + counts.losses, 0);
  });

  it("names codecs and languages, and counts changes of the table", () => {
    const made = tsMuxing([avcTrack(), aacTrack({ language: "de" })]);
    made.muxer.frame({ ...picture(0, { sap: 1 }), arrived: 0 });
    const first = pmtIn(made.chunks.flatMap(packetsOfChunk));
    assert.deepEqual(
      first.pmt.streams.map(({ type, pid, descriptors }) => [type, pid, languageOf(descriptors)]),
      [
        [0x1b, VIDEO, undefined],
        [0x0f, AUDIO, "de"],
      ],
    );
    const opus = opusTrack({ id: 3, isDefault: false });
    made.muxer.generation({ id: 2, tracks: [avcTrack(), aacTrack(), opus], metadata: {} });
    made.muxer.frame({ ...picture(3600), arrived: 0 });
    const second = pmtIn(packetsOfChunk(made.chunks[1]!));
    assert.deepEqual([first.version, second.version], [0, 1]);
    assert.deepEqual(
      second.pmt.streams.map(({ type, pid }) => [type, pid]),
      [
        [0x1b, VIDEO],
        [0x0f, AUDIO],
        [0x06, 0x103],
      ],
    );
    assert.ok(isRegistered(second.pmt.streams[2]!.descriptors, "Opus"));
    assertCounters(made.chunks.flatMap(packetsOfChunk));
    const pat = packetsOfChunk(made.chunks[0]!)[0]!;
    assert.deepEqual(readPat(readSection(pat.data.subarray(1, 17)).body), [{ program: 1, pid: PMT }]);
    // Another picture size changes no table.
    made.muxer.generation({ id: 3, tracks: [avcTrack({ config: otherAvc }), aacTrack(), opus], metadata: {} });
    made.muxer.frame({ ...picture(7200, { sap: 1 }), arrived: 0 });
    assert.equal(pmtIn(packetsOfChunk(made.chunks[2]!)).version, 1);
  });

  it("says where the timeline breaks, on every PID and with the clock", async () => {
    const made = tsMuxing([avcTrack(), aacTrack()]);
    const play = (frames: SourceFrame[]): void => frames.forEach((frame) => made.muxer.frame({ ...frame, arrived: 0 }));
    const run1 = [picture(0, { sap: 1 }), sound(0), sound(1920), picture(3600), sound(3840)];
    const later = 60 * 90_000;
    play(run1);
    made.muxer.discontinuity({ reason: "reconnect", utcOffset: 0 });
    const at = made.chunks.length;
    play(run1.map((frame) => ({ ...frame, dts: frame.dts + later, pts: frame.pts + later })));
    made.muxer.flush();
    assert.ok(
      made.chunks
        .slice(0, at)
        .flatMap(packetsOfChunk)
        .every(({ discontinuity }) => !discontinuity),
    );
    const after = made.chunks
      .slice(at)
      .flatMap(packetsOfChunk)
      .filter(({ pid }) => pid >= VIDEO);
    for (const pid of [VIDEO, AUDIO])
      assert.deepEqual(
        after
          .filter((packet) => packet.pid === pid)
          .map(({ discontinuity }) => discontinuity)
          .slice(0, 2),
        [true, false].slice(0, pid === VIDEO ? 2 : 1),
      );
    assert.ok(after[0]!.discontinuity && after[0]!.pcr === later * 300);
    assertCounters(made.chunks.flatMap(packetsOfChunk));
    const result = demuxed(made.bytes);
    assert.equal(result.frames.length, 10);
    assert.equal(result.counts.losses, 0);
  });

  it("without video may be begun at any chunk, each with tables and clock", () => {
    const frames = Array.from({ length: 24 }, (_, n) => sound(n * 1920));
    const { chunks } = tsMuxed([aacTrack()], frames);
    assert.equal(chunks.length, 6);
    for (const chunk of chunks) {
      assert.deepEqual(
        packetsOfChunk(chunk)
          .slice(0, 3)
          .map(({ pid, pcr }) => [pid, pcr !== undefined]),
        [
          [PAT, false],
          [PMT, false],
          [AUDIO, true],
        ],
      );
      assert.equal(demuxed(joined(chunk.parts)).frames.length, 4);
    }
  });

  it("refuses in words what it cannot carry", () => {
    const damaged = Uint8Array.of(1, 2, 3);
    const refused: readonly (readonly [Track, RegExp])[] = [
      [avcTrack({ codec: "av1" }), /cannot carry AV1/],
      [avcTrack({ codec: "vp9" }), /cannot carry VP9/],
      [aacTrack({ codec: "flac" }), /cannot carry FLAC/],
      [avcTrack({ config: new Uint8Array(0) }), /no decoder configuration for its H.264/],
      [avcTrack({ config: damaged }), /configuration of its H.264 is damaged/],
      [hevcTrack({ config: damaged }), /configuration of its HEVC is damaged/],
      [aacTrack({ config: Uint8Array.of(0x11) }), /configuration of its AAC is damaged/],
      // Frames of 960 samples; ELD; channels in a program config element of the record.
      [aacTrack({ config: Uint8Array.of(0x11, 0x94) }), /cannot describe this AAC/],
      [aacTrack({ config: Uint8Array.of(0xf8, 0xe6, 0x40) }), /cannot describe this AAC/],
      [aacTrack({ config: Uint8Array.from(Buffer.from("118004c400002000", "hex")) }), /cannot describe this AAC/],
      [
        opusTrack({
          config: Uint8Array.from(Buffer.from("4f7075734865616401060000803e000000000104020001020304 05".replace(" ", ""), "hex")),
        }),
        /Opus with this order/,
      ],
    ];
    for (const [track, words] of refused) {
      assert.match(notCarriedByTs(track) ?? "", words);
      assert.throws(
        () => tsMuxing([track]),
        (error) => error instanceof NotCarried && words.test(error.message),
      );
      assert.equal(tsMuxing([aacTrack({ id: 9 }), track]).chunks.length, 0);
    }
    assert.throws(() => tsMuxing([aacTrack({ id: 9000 })]), NotCarried);
  });

  it("gives every viewer the same bytes", () => {
    const frames = [picture(0, { sap: 1 }), sound(0), picture(3600)];
    assert.deepEqual(tsMuxed([avcTrack(), aacTrack()], frames).bytes, tsMuxed([avcTrack(), aacTrack()], frames).bytes);
    const inits: number[] = [];
    const muxer = tsMuxer()({ init: ({ bytes, change }) => inits.push(bytes.length + change!.length), chunk: () => undefined });
    muxer.generation({ id: 1, tracks: [avcTrack()], metadata: {} });
    assert.deepEqual(inits, [0]);
  });
});

const otherAvc = Uint8Array.from(
  Buffer.from("0164001fffe1001a6764001facd9405005bb011000000300100000030300f183196001000468efbcb0fdf8f800", "hex"),
);

describe("segments", () => {
  const tracks = [avcTrack(), aacTrack()];
  /** So many groups of 25 pictures, with the sound beside them. */
  const groups = (count: number): SourceFrame[][] =>
    Array.from({ length: count }, (_, group) => {
      const from = group * 90_000;
      const pictures = Array.from({ length: 25 }, (__, n) => picture(from + n * 3600, { sap: n === 0 ? 1 : 0 }));
      const sounds = Array.from({ length: 47 }, (__, n) => sound(group * 47 * 1920 + n * 1920));
      return [...pictures, ...sounds].sort((a, b) => a.dts - b.dts || a.track - b.track);
    });
  const made = (segments: SourceFrame[][]): Uint8Array[] => {
    const muxer = new TsSegmentMuxer();
    muxer.generation({ id: 1, tracks, metadata: {} });
    return segments.map((frames) => muxer.segment(frames.map((frame) => ({ ...frame, arrived: 0 }))));
  };

  it("stand alone, and in a row are one stream", () => {
    const sent = groups(4);
    const segments = made(sent);
    for (const [i, segment] of segments.entries()) {
      assert.deepEqual(
        packetsIn(segment)
          .slice(0, 2)
          .map(({ pid }) => pid),
        [PAT, PMT],
      );
      const { frames, counts } = demuxed(segment);
      assert.equal(frames.length, sent[i]!.length);
      assert.equal(counts.droppedUnits, 0);
    }
    assertCounters(segments.flatMap(packetsIn));
    assert.equal(demuxed(joined(segments)).counts.losses, 0);
    // One that begins with sound has tables too, and one of nothing has nothing.
    const muxer = new TsSegmentMuxer();
    muxer.generation({ id: 1, tracks, metadata: {} });
    assert.equal(packetsIn(muxer.segment([{ ...sound(0), arrived: 0 }]))[0]!.pid, PAT);
    assert.equal(muxer.segment([]).length, 0);
  });

  it("are played by FFmpeg from a playlist, without a word", async () => {
    const path = await mkdtemp(join(tmpdir(), "millrace-ts-"));
    try {
      const clip = demuxed(await readFile(await makeClip({ container: "ts" })));
      const muxer = new TsSegmentMuxer();
      muxer.generation({ id: 1, tracks: [...clip.tracks.values()], metadata: {} });
      const cuts = [...clip.frames.flatMap(({ track, sap }, i) => (track === 1 && sap !== 0 ? [i] : [])), clip.frames.length];
      // Sound that comes before the first picture has its place in the first segment.
      cuts[0] = 0;
      assert.equal(cuts.length, 4);
      const lines: string[] = [];
      for (const [i, from] of cuts.slice(0, -1).entries()) {
        const frames = clip.frames.slice(from, cuts[i + 1]).map((frame) => ({ ...frame, arrived: 0 }));
        await writeFile(join(path, `${i}.ts`), muxer.segment(frames));
        lines.push("#EXTINF:1,", `${i}.ts`);
      }
      const playlist = join(path, "index.m3u8");
      await writeFile(playlist, ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", ...lines, "#EXT-X-ENDLIST", ""].join("\n"));
      const packets = await packetsOf(playlist);
      for (const [kind, track] of [
        ["video", 1],
        ["audio", 2],
      ] as const) {
        const wanted = clip.frames.filter((frame) => frame.track === track).map(({ pts }) => Math.round(((pts + STAMPS_AHEAD) * 100) / 9));
        const got = packets.filter((packet) => packet.kind === kind).map(({ ptsMicros }) => ptsMicros!);
        assert.equal(got.length, wanted.length);
        for (const [i, time] of wanted.entries()) assert.ok(Math.abs(got[i]! - time) <= 100, `${kind} ${i}: ${got[i]}, not ${time}`);
      }
      const { stderr } = await run("ffprobe", ["-v", "warning", "-show_packets", playlist]);
      assert.equal(stderr, "");
    } finally {
      await rm(path, { recursive: true });
    }
  });
});
