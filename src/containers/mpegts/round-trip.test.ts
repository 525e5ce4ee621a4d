/** What we write we read, whole or in pieces, with bytes put in and packets taken out. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Demuxed } from "../../../test/support/ts-demuxed.ts";
import { demuxed } from "../../../test/support/ts-demuxed.ts";
import { tsMuxed } from "../../../test/support/ts-muxed.ts";
import { aacTrack, avcTrack, hevcTrack, opusTrack, stream } from "../../../test/support/ts-streams.ts";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import type { Track } from "../../media/track.ts";
import { STAMPS_AHEAD } from "./muxer.ts";
import { PACKET_LENGTH, readPacketHeader } from "./packet.ts";

/** Ticks that audio in the middle of a packet may be off. */
const AUDIO_WITHIN = 90;

const setups: readonly (readonly Track[])[] = [
  [avcTrack(), aacTrack()],
  [hevcTrack(), opusTrack()],
  [avcTrack(), hevcTrack({ id: 3, isDefault: false }), aacTrack(), aacTrack({ id: 4, isDefault: false, language: "fr" })],
  [aacTrack()],
  [avcTrack()],
];

/** Tracks, and frames of them. */
const streams = fc.constantFrom(...setups).chain((tracks) => stream(tracks).map((frames) => ({ tracks, frames })));

/** Ids of the demuxer for tracks in order. */
function idsOf(tracks: readonly Track[]): Map<number, number> {
  const counts = { video: 0, audio: 0, data: 0 };
  return new Map(
    tracks.map(({ id, kind }) => {
      const n = counts[kind]++;
      const [first, extra] = kind === "video" ? [1, 256] : [2, 512];
      return [id, n === 0 ? first : extra + n];
    }),
  );
}

function assertSame(sent: readonly SourceFrame[], tracks: readonly Track[], result: Demuxed): void {
  for (const track of tracks) {
    const id = idsOf(tracks).get(track.id)!;
    const wanted = sent.filter((frame) => frame.track === track.id);
    const got = result.frames.filter((frame) => frame.track === id);
    if (wanted.length === 0) continue;
    assert.equal(got.length, wanted.length, `${track.codec} frames`);
    for (const [i, frame] of wanted.entries()) assertFrame(frame, got[i]!, track);
    const { kind, codec, config, language } = result.tracks.get(id)!;
    assert.deepEqual([kind, codec, config, language], [track.kind, track.codec, track.config, track.language]);
  }
}

function assertFrame(sent: SourceFrame, got: SourceFrame, { kind }: Track): void {
  assert.deepEqual(got.data, sent.data);
  assert.deepEqual([got.sap, got.discardable], [sent.sap, sent.discardable]);
  const off = Math.max(Math.abs(got.dts - sent.dts - STAMPS_AHEAD), Math.abs(got.pts - sent.pts - STAMPS_AHEAD));
  assert.ok(off <= (kind === "video" ? 0 : AUDIO_WITHIN), `off by ${off} ticks`);
}

const noLoss = { damagedPackets: 0, damagedSections: 0, losses: 0, droppedUnits: 0, scrambledPackets: 0 };

describe("MPEG-TS", () => {
  it("reads back as it was written, in pieces cut anywhere", () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 600 }), ({ tracks, frames }, step) => {
        const result = demuxed(tsMuxed(tracks, frames).bytes, step);
        assertSame(frames, tracks, result);
        assert.deepEqual(result.counts, { ...noLoss, skippedBytes: 0 });
      }),
    );
  });

  it("from any time on, over the end of the stamps too", () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 0, max: 2 ** 33 }), ({ tracks, frames }, from) => {
        const moved = frames.map((frame) => ({ ...frame, dts: frame.dts + from, pts: frame.pts + from }));
        const result = demuxed(tsMuxed(tracks, moved).bytes);
        // The first stamp is taken for what it is.
        const turns = from + STAMPS_AHEAD >= 2 ** 33 ? 2 ** 33 : 0;
        const back = result.frames.map((frame) => ({ ...frame, dts: frame.dts + turns, pts: frame.pts + turns }));
        assertSame(moved, tracks, { ...result, frames: back });
      }),
    );
  });

  it("loses nothing by bytes between packets", () => {
    const garbage = fc
      .array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 })
      .map((all) => Uint8Array.from(all, (byte) => (byte === 0x47 ? 0 : byte)));
    fc.assert(
      fc.property(streams, fc.array(fc.tuple(fc.nat(), garbage), { maxLength: 4 }), ({ tracks, frames }, puts) => {
        const { bytes } = tsMuxed(tracks, frames);
        const packets = Array.from({ length: bytes.length / PACKET_LENGTH }, (_, i) => [
          bytes.subarray(i * PACKET_LENGTH, (i + 1) * PACKET_LENGTH),
        ]);
        // Two packets in a row are needed to be found, three where more follow.
        fc.pre(packets.length > 5);
        let put = 0;
        for (const [at, data] of puts) {
          packets[at % (packets.length - 4)]!.unshift(data);
          put += data.length;
        }
        const isAlone = packets.map((pieces, i) => i > 0 && pieces.length === 1);
        fc.pre(packets.every((_, i) => (isAlone[i] ?? true) || isAlone.slice(i + 1, i + 4).every(Boolean)));
        const result = demuxed(joined(packets.flat()));
        assertSame(frames, tracks, result);
        assert.deepEqual(result.counts, { ...noLoss, skippedBytes: put });
      }),
    );
  });

  for (const told of [true, false]) {
    it(`gives nothing of frames that packets are missing of, and counts; lengths ${told ? "" : "not "}told`, () => {
      const losses = fc.array(fc.record({ at: fc.nat(), length: fc.integer({ min: 1, max: 7 }) }), { minLength: 1, maxLength: 2 });
      // Fewer than 16 together: so many of one PID, and nothing tells of it.
      fc.assert(
        fc.property(streams, losses, ({ tracks, frames }, lost) => {
          const { bytes } = tsMuxed(tracks, frames);
          const whole = bytes.slice();
          if (!told) forgetLengths(whole);
          const count = whole.length / PACKET_LENGTH;
          const gone = new Set(lost.flatMap(({ at, length }) => Array.from({ length }, (_, i) => (at + i) % count)));
          const kept = Array.from({ length: count }, (_, i) => i).filter((i) => !gone.has(i));
          // Where no length is told, an end would say that nothing is missing there.
          const result = demuxedLeniently(joined(kept.map((i) => whole.subarray(i * PACKET_LENGTH, (i + 1) * PACKET_LENGTH))), !told);
          if (result === undefined) return;
          for (const track of tracks)
            assertSome(
              frames,
              track,
              result.frames.filter((frame) => frame.track === idsOf(tracks).get(track.id)),
            );
          assert.equal(result.counts.losses > 0, hasGap(whole, kept));
        }),
        { numRuns: 300, endOnFailure: true },
      );
    });
  }

  it("of any bytes, and with any bytes changed, is read or refused", () => {
    fc.assert(
      fc.property(streams, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 30 }), ({ tracks, frames }, changes) => {
        const bytes = tsMuxed(tracks, frames).bytes.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        demuxedLeniently(bytes);
      }),
      { numRuns: 300, endOnFailure: true },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void demuxedLeniently(bytes)));
  });
});

/** Undefined where it is refused, as it may be. */
function demuxedLeniently(data: Uint8Array, isCut = false): Demuxed | undefined {
  try {
    return demuxed(data, 1009, isCut);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return undefined;
  }
}

/** In their order, each is one of those sent. */
function assertSome(sent: readonly SourceFrame[], track: Track, frames: readonly SourceFrame[]): void {
  const wanted = sent.filter((frame) => frame.track === track.id);
  let from = 0;
  for (const got of frames) {
    const isIt = ({ data, pts }: SourceFrame): boolean =>
      Buffer.compare(data, got.data) === 0 && Math.abs(got.pts - pts - STAMPS_AHEAD) <= AUDIO_WITHIN;
    const at = wanted.findIndex((frame, i) => i >= from && isIt(frame));
    assert.ok(at >= 0, `a frame that was not sent: ${got.data.length} bytes at ${got.pts}`);
    assertFrame(wanted[at]!, got, track);
    from = at + 1;
  }
}

/** Makes PES packets as long as it takes to the next, as most encoders write video. */
function forgetLengths(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += PACKET_LENGTH) {
    const { start, pid, payload } = readPacketHeader(bytes, at)!;
    if (start && pid > 0x100) bytes.fill(0, at + payload + 4, at + payload + 6);
  }
}

/** Whether a packet with a payload is missing between two of its PID, from where the tables are known. */
function hasGap(bytes: Uint8Array, kept: readonly number[]): boolean {
  const last = new Map<number, number>();
  let known = new Set([0]);
  for (const i of kept) {
    const { pid, counter, payload } = readPacketHeader(bytes, i * PACKET_LENGTH)!;
    if (payload === PACKET_LENGTH || !known.has(pid)) continue;
    if (pid === 0) known.add(0x100);
    if (pid === 0x100) known = new Set(Array.from({ length: 32 }, (_, n) => 0x100 + n)).add(0);
    const before = last.get(pid);
    if (before !== undefined && counter !== ((before + 1) & 15)) return true;
    last.set(pid, counter);
  }
  return false;
}
