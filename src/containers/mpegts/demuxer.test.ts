import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { demuxed } from "../../../test/support/ts-demuxed.ts";
import { tsMuxed } from "../../../test/support/ts-muxed.ts";
import { aacTrack, avcTrack } from "../../../test/support/ts-streams.ts";
import { joined } from "../../bytes/joined.ts";
import { adtsHeader } from "../../media/aac-adts.ts";
import { parseAacConfig } from "../../media/aac.ts";
import { joinAnnexB } from "../../media/annex-b.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { MAX_BARREN, TsDemuxer } from "./demuxer.ts";
import { language } from "./descriptors.ts";
import { PACKET_LENGTH, readPacketHeader } from "./packet.ts";
import { PacketWriter } from "./packet-writer.ts";
import type { FirstPacket } from "./packet-writer.ts";
import { PesStreamId, pesHeader } from "./pes.ts";
import { sectionBytes } from "./section.ts";
import { StreamType } from "./stream-type.ts";
import type { PatEntry, PmtStream } from "./tables.ts";
import { PAT_PID, TableId, patBody, pmtBody } from "./tables.ts";

const { sps, pps } = parseAvcConfig(avcTrack().config);
const aac = parseAacConfig(aacTrack().config);

/** Writes a transport stream packet by packet. */
class Sender {
  readonly #writer = new PacketWriter();
  readonly packets: Uint8Array[] = [];

  #add(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length; at += PACKET_LENGTH) this.packets.push(bytes.slice(at, at + PACKET_LENGTH));
    return this;
  }

  #table(pid: number, tableId: number, id: number, version: number, body: Uint8Array, isCurrent = true): this {
    return this.#add(this.#writer.section(pid, sectionBytes({ tableId, id, version, isCurrent, number: 0, last: 0, body })));
  }

  pat(entries: readonly PatEntry[], version = 0): this {
    return this.#table(PAT_PID, TableId.pat, 1, version, patBody(entries));
  }

  pmt(
    pid: number,
    streams: readonly (Omit<PmtStream, "descriptors"> & Partial<PmtStream>)[],
    options: { program?: number; version?: number; isCurrent?: boolean } = {},
  ): this {
    const { program = 1, version = 0, isCurrent = true } = options;
    const all = streams.map((stream) => ({ descriptors: [], ...stream }));
    return this.#table(pid, TableId.pmt, program, version, pmtBody({ pcrPid: 0x1fff, descriptors: [], streams: all }), isCurrent);
  }

  /** A picture, by its time: a key frame with its parameter sets if that is a multiple of 90000. */
  picture(pid: number, dts: number, first: FirstPacket = {}, length = 300): this {
    const isKey = dts % 90_000 === 0;
    const slice = Uint8Array.of(isKey ? 0x65 : 0x41, 0x88, ...new Uint8Array(length).fill(0x55));
    const data = joinAnnexB(isKey ? [...sps, ...pps, slice] : [slice]);
    return this.#add(this.#writer.pes(pid, [pesHeader(PesStreamId.video, { pts: dts, dts }, data.length), data], first));
  }

  sound(pid: number, pts: number): this {
    const data = joined([adtsHeader(aac, 2)!, Uint8Array.of(0x21, 0)]);
    return this.#add(this.#writer.pes(pid, [pesHeader(PesStreamId.audio, { pts, dts: pts }, data.length), data], {}));
  }

  get bytes(): Uint8Array {
    return joined(this.packets);
  }
}

const one: readonly PatEntry[] = [{ program: 1, pid: 0x20 }];
const video = { type: StreamType.avc, pid: 0x30 };
const audio = { type: StreamType.adts, pid: 0x31 };

const heard = (frames: readonly SourceFrame[]): [number, number][] => frames.map(({ track, dts }) => [track, dts]);

describe("programs", () => {
  it("are chosen in the order of the PAT, once those before are known to have nothing", () => {
    const sender = new Sender().pat([
      { program: 7, pid: 0x21 },
      { program: 3, pid: 0x22 },
    ]);
    sender.pmt(0x22, [audio], { program: 3 }).sound(audio.pid, 0);
    sender.pmt(0x21, [video], { program: 7 }).picture(video.pid, 0).sound(audio.pid, 1920);
    const { frames, announced } = demuxed(sender.bytes);
    assert.deepEqual(heard(frames), [[1, 0]]);
    assert.deepEqual(announced, [{ video: true, audio: false }]);
  });

  it("whose table never comes are waited for until another's comes again", () => {
    const sender = new Sender().pat([
      { program: 7, pid: 0x21 },
      { program: 3, pid: 0x22 },
    ]);
    for (const at of [0, 1920]) sender.pmt(0x22, [audio], { program: 3 }).sound(audio.pid, at);
    assert.deepEqual(heard(demuxed(sender.bytes).frames), [[2, 1920]]);
  });

  it("that end make room for others", () => {
    const sender = new Sender().pat(one).pmt(0x20, [video, audio]).picture(video.pid, 0);
    sender.pat([{ program: 2, pid: 0x24 }], 1).pmt(0x24, [{ type: StreamType.avc, pid: 0x40 }], { program: 2 });
    sender.picture(0x40, 90_000).picture(video.pid, 3600);
    const { frames, announced } = demuxed(sender.bytes);
    assert.deepEqual(heard(frames), [
      [1, 0],
      [1, 90_000],
    ]);
    assert.equal(announced.length, 2);
  });

  it("have tables that are to come, damaged or not theirs passed over", () => {
    const sender = new Sender().pat(one).pmt(0x20, [{ ...video, pid: 0x50 }], { isCurrent: false });
    sender.pmt(0x20, [{ ...video, pid: 0x51 }], { program: 9 }).pmt(0x20, [{ ...video, pid: 0x52 }]);
    const damaged = sender.packets.at(-1)!;
    damaged[20]! ^= 1;
    sender.pmt(0x20, [video], { version: 1 }).picture(video.pid, 0);
    const { frames, counts } = demuxed(sender.bytes);
    assert.deepEqual(heard(frames), [[1, 0]]);
    assert.equal(counts.damagedSections, 1);
  });
});

describe("tracks", () => {
  it("come, go and move; their ids stay", () => {
    const sender = new Sender().pat(one).pmt(0x20, [video]).picture(video.pid, 0);
    const second = { type: StreamType.adts, pid: 0x32, descriptors: [language("fr")] };
    sender.pmt(0x20, [second, audio, video], { version: 1 }).sound(second.pid, 0).sound(audio.pid, 0).picture(video.pid, 3600);
    // The first audio track goes; the other keeps its id. The pictures have another PID.
    const moved = { ...video, pid: 0x33 };
    sender.pmt(0x20, [audio, moved], { version: 2 }).sound(second.pid, 1920).sound(audio.pid, 1920).picture(moved.pid, 90_000);
    // Another takes its place.
    sender.pmt(0x20, [audio, moved, { ...second, pid: 0x34 }], { version: 3 }).sound(0x34, 3840);
    const { frames, tracks } = demuxed(sender.bytes);
    assert.deepEqual(heard(frames), [
      [1, 0],
      [2, 0],
      [513, 0],
      [1, 3600],
      [513, 1920],
      [1, 90_000],
      [2, 3840],
    ]);
    assert.deepEqual([tracks.get(2)!.language, tracks.get(513)!.language, tracks.get(513)!.isDefault], ["fr", undefined, false]);
  });

  it("are told again where only their language changes", () => {
    const sender = new Sender().pat(one).pmt(0x20, [audio]).sound(audio.pid, 0);
    sender.pmt(0x20, [{ ...audio, descriptors: [language("de")] }], { version: 1 }).sound(audio.pid, 1920);
    const { told, frames } = demuxed(sender.bytes);
    assert.deepEqual(
      told.map(({ language: tag }) => tag),
      [undefined, "de"],
    );
    assert.equal(frames.length, 2);
  });

  it("on PIDs of tables, and twice on one PID, are passed over", () => {
    const sender = new Sender()
      .pat(one)
      .pmt(0x20, [{ ...audio, pid: 0x20 }, video, { ...audio, pid: video.pid }])
      .picture(video.pid, 0);
    assert.deepEqual(heard(demuxed(sender.bytes).frames), [[1, 0]]);
  });
});

describe("packets", () => {
  const start = (): Sender => new Sender().pat(one).pmt(0x20, [video]).picture(video.pid, 0);

  it("that come twice are read once", () => {
    const sender = start().picture(video.pid, 3600);
    const twice = sender.packets.flatMap((packet) => [packet, packet]);
    const { frames, counts } = demuxed(joined(twice));
    assert.deepEqual(heard(frames), [
      [1, 0],
      [1, 3600],
    ]);
    assert.equal(counts.losses, 0);
  });

  it("with the counter of the one before, and other bytes, are 15 too few", () => {
    const sender = start().picture(video.pid, 3600, {}, 2980).picture(video.pid, 7200);
    const at = sender.packets.findIndex((packet) => packet[1] === 0 && packet[2] === 0x30);
    const first = sender.packets.findIndex((_, i) => i > at && (sender.packets[i]![3]! & 15) === (sender.packets[at]![3]! & 15));
    assert.equal(first - at, 16);
    sender.packets.splice(at + 1, 15);
    const { frames, counts } = demuxed(sender.bytes);
    assert.equal(counts.losses, 1);
    assert.ok(frames.length < 3);
  });

  it("that say that counting begins again lose nothing that is whole", () => {
    const sender = start();
    const before = sender.packets.length;
    sender.picture(video.pid, 3600);
    // What a second encoder sends: its own counters.
    for (const packet of sender.packets.slice(before)) packet[3] = (packet[3]! & 0xf0) | ((packet[3]! + 9) & 15);
    assert.equal(demuxed(sender.bytes).counts.losses, 1);
    const flagged = start();
    const at = flagged.packets.length;
    flagged.picture(video.pid, 3600, { discontinuity: true });
    for (const packet of flagged.packets.slice(at)) packet[3] = (packet[3]! & 0xf0) | ((packet[3]! + 9) & 15);
    const { frames, counts } = demuxed(flagged.bytes);
    assert.deepEqual([frames.length, counts.losses, counts.droppedUnits], [2, 0, 0]);
    // A packet without a payload may say it, too.
    const apart = start();
    const clock = new PacketWriter().clock(video.pid, { discontinuity: true, pcr: 0 });
    const from = apart.packets.length;
    apart.picture(video.pid, 3600);
    for (const packet of apart.packets.slice(from)) packet[3] = (packet[3]! & 0xf0) | ((packet[3]! + 9) & 15);
    apart.packets.splice(from, 0, clock);
    assert.equal(demuxed(apart.bytes).counts.losses, 0);
  });

  it("that are scrambled, or say that they are damaged, are left out and counted", () => {
    const sender = start().picture(video.pid, 3600).picture(video.pid, 7200).picture(video.pid, 10_800);
    const pictures = sender.packets.flatMap((packet, i) => (packet[2] === 0x30 ? [i] : []));
    sender.packets[pictures[3]!]![3]! |= 0x80;
    sender.packets[pictures[5]!]![1]! |= 0x80;
    const { frames, counts } = demuxed(sender.bytes);
    assert.deepEqual(heard(frames), [
      [1, 0],
      [1, 10_800],
    ]);
    assert.deepEqual([counts.scrambledPackets, counts.damagedPackets], [1, 1]);
  });
});

describe("what makes no sense is refused in words", () => {
  const sink = { announce: () => undefined, metadata: () => undefined, track: () => undefined, frame: () => undefined };
  const refused = (bytes: Uint8Array, words: RegExp, code: string): void => {
    assert.throws(
      () => demuxed(bytes),
      (error: Error & { code?: string }) => words.test(error.message) && error.code === code,
    );
    // And long before the end, where there is none.
    const demuxer = new TsDemuxer(sink);
    assert.throws(() => {
      for (let sent = 0; sent <= MAX_BARREN + bytes.length; sent += bytes.length) demuxer.push(bytes);
    }, words);
  };
  const padded = (sender: Sender): Uint8Array => {
    const nothing = new Uint8Array(PACKET_LENGTH).fill(0xff);
    nothing.set([0x47, 0x1f, 0xff, 0x10]);
    assert.equal(readPacketHeader(nothing, 0)!.pid, 0x1fff);
    return joined([...sender.packets, ...Array.from({ length: 5000 }, () => nothing)]);
  };

  it("without tables, with nothing that is carried, scrambled, without a frame", () => {
    refused(padded(new Sender()), /no valid PAT and PMT/, "malformed");
    refused(padded(new Sender().pat(one)), /no valid PAT and PMT/, "malformed");
    const other = new Sender().pat(one).pmt(0x20, [
      { type: 0x33, pid: 0x30 },
      { type: 0x82, pid: 0x31 },
      { type: 0xc1, pid: 0x32 },
    ]);
    refused(padded(other), /only VVC, DTS audio, stream type 0xc1/, "unsupported");
    const scrambled = new Sender().pat(one).pmt(0x20, [video]).picture(video.pid, 0);
    for (const packet of scrambled.packets) if (packet[2] === 0x30) packet[3]! |= 0xc0;
    refused(padded(scrambled), /scrambled/, "unsupported");
    refused(padded(new Sender().pat(one).pmt(0x20, [video]).picture(video.pid, 3600)), /without a whole frame/, "malformed");
  });

  it("but not once frames have come", () => {
    const demuxer = new TsDemuxer(sink);
    demuxer.push(tsMuxed([aacTrack()], [{ track: 2, dts: 0, pts: 0, sap: 1, discardable: false, data: Uint8Array.of(1) }]).bytes);
    const nothing = padded(new Sender());
    for (let sent = 0; sent <= MAX_BARREN; sent += nothing.length) demuxer.push(nothing);
    demuxer.end();
  });
});
