import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import type { Track } from "../../media/track.ts";
import { type Box, readBoxes } from "./box-reader.ts";
import { box, fields, fullBox } from "./boxes.ts";
import { fmp4Init } from "./init.ts";
import { Mp4Demuxer } from "./mp4-demuxer.ts";
import { aacTrack, avcTrack } from "./tracks.fixture.ts";

class Collector implements FrameSink {
  readonly tracks: Track[] = [];
  readonly frames: SourceFrame[] = [];
  announce(): void {}
  metadata(): void {}
  track(track: Track): void {
    this.tracks.push(track);
  }
  frame(frame: SourceFrame): void {
    this.frames.push(frame);
  }
}

/** One track's samples: sizes in bytes, and what the tables say of them. */
interface Media {
  readonly payloads: readonly Uint8Array[];
  /** Ticks from each sample to the next. */
  readonly duration: number;
  readonly compositionOffsets?: readonly number[];
  /** Numbers of the samples that decoding may start at; all if not given. */
  readonly sync?: readonly number[];
  /** Samples of each chunk. */
  readonly chunks: readonly number[];
}

const idr = Uint8Array.of(0, 0, 0, 2, 0x65, 0x88);
const other = Uint8Array.of(0, 0, 0, 2, 0x41, 0x9a);
const pictures: Media = {
  payloads: [idr, other, other, idr],
  duration: 3600,
  compositionOffsets: [7200, 10_800, 3600, 7200],
  sync: [1, 4],
  chunks: [2, 2],
};
const sounds: Media = { payloads: [1, 2, 3, 4, 5, 6].map((byte) => Uint8Array.of(byte, 0xaa)), duration: 1024, chunks: [3, 2, 1] };

const words = (...values: readonly number[]): Uint8Array => fields((out) => values.forEach((value) => out.u32(value)));
const joined = (parts: readonly Uint8Array[]): Uint8Array => fields((out) => parts.forEach((part) => out.bytes(part)));

/** A file of those tracks: chunks of one and the other in turns, the moov box before or behind them. */
function file(media: readonly Media[], options: { behind?: boolean; long?: boolean } = {}): Uint8Array {
  const tracks = [avcTrack(), aacTrack()].slice(0, media.length);
  const [ftyp, moov] = readBoxes(fmp4Init(tracks));
  const body: Uint8Array[] = [];
  const places: number[][] = media.map(() => []);
  const layout = (from: number): void => {
    body.length = 0;
    const taken = media.map(() => 0);
    let at = from;
    for (let round = 0; round < Math.max(...media.map(({ chunks }) => chunks.length)); round++) {
      for (const [i, { chunks, payloads }] of media.entries()) {
        const count = chunks[round];
        if (count === undefined) continue;
        places[i]![round] = at;
        for (const payload of payloads.slice(taken[i], taken[i]! + count)) {
          body.push(payload);
          at += payload.length;
        }
        taken[i]! += count;
      }
    }
  };
  const build = (): Uint8Array =>
    withTables(
      moov!,
      media.map((each, i) => tables(each, places[i]!, options.long ?? false)),
    );
  layout(0);
  const front = ftyp!.bytes.length + 8 + (options.behind === true ? 0 : build().length);
  layout(front);
  const mdat = box("mdat", ...body);
  return joined(options.behind === true ? [ftyp!.bytes, mdat, build()] : [ftyp!.bytes, build(), mdat]);
}

function tables({ payloads, duration, compositionOffsets, sync, chunks }: Media, places: readonly number[], long: boolean): Uint8Array[] {
  return [
    fullBox("stts", 0, 0, words(1, payloads.length, duration)),
    ...(compositionOffsets === undefined
      ? []
      : [fullBox("ctts", 0, 0, words(compositionOffsets.length, ...compositionOffsets.flatMap((offset) => [1, offset])))]),
    ...(sync === undefined ? [] : [fullBox("stss", 0, 0, words(sync.length, ...sync))]),
    fullBox("stsc", 0, 0, words(chunks.length, ...chunks.flatMap((count, i) => [i + 1, count, 1]))),
    fullBox("stsz", 0, 0, words(0, payloads.length, ...payloads.map(({ length }) => length))),
    long
      ? fullBox(
          "co64",
          0,
          0,
          fields((out) => places.reduce((to, place) => to.u64(place), out.u32(places.length))),
        )
      : fullBox("stco", 0, 0, words(places.length, ...places)),
  ];
}

/** The moov box with tables in place of the empty ones, and without mvex. */
function withTables(moov: Box, all: readonly Uint8Array[][]): Uint8Array {
  let track = 0;
  const rebuilt = ({ type, bytes, payload }: Box): Uint8Array => {
    if (["moov", "trak", "mdia", "minf"].includes(type))
      return box(
        type,
        ...readBoxes(payload)
          .filter((each) => each.type !== "mvex")
          .map(rebuilt),
      );
    if (type !== "stbl") return bytes;
    const stsd = readBoxes(payload).find((each) => each.type === "stsd")!;
    return box("stbl", stsd.bytes, ...all[track++]!);
  };
  return rebuilt(moov);
}

function demux(bytes: Uint8Array, step = bytes.length, isWhole = true): Collector {
  const collector = new Collector();
  const demuxer = new Mp4Demuxer(collector);
  for (let at = 0; at < bytes.length; at += step) demuxer.push(bytes.slice(at, at + step));
  if (isWhole) demuxer.end();
  return collector;
}

test("samples of all tracks come in order of decoding time, with their times, flags and payloads, however the file is cut", () => {
  const bytes = file([pictures, sounds]);
  for (const step of [1, 7, 100, bytes.length]) {
    const { tracks, frames } = demux(bytes, step);
    assert.deepEqual(
      tracks.map(({ timescale }) => timescale),
      [90_000, 48_000],
    );
    assert.deepEqual(
      frames.map(({ track, dts, pts, sap }) => [track, dts, pts, sap]),
      [
        [1, 0, 7200, 1],
        [2, 0, 0, 1],
        [2, 1024, 1024, 1],
        [1, 3600, 14_400, 0],
        [2, 2048, 2048, 1],
        [2, 3072, 3072, 1],
        [1, 7200, 10_800, 0],
        [2, 4096, 4096, 1],
        [2, 5120, 5120, 1],
        [1, 10_800, 18_000, 1],
      ],
    );
    assert.deepEqual(
      frames.filter(({ track }) => track === 2).map(({ data }) => data[0]),
      [1, 2, 3, 4, 5, 6],
    );
  }
});

test("places of 64 bits, and one track alone", () => {
  assert.equal(demux(file([pictures], { long: true })).frames.length, 4);
});

test("a file with its moov box behind the media is refused in words that help, as soon as that is seen", () => {
  const bytes = file([pictures], { behind: true });
  assert.throws(() => demux(bytes.subarray(0, 100), 10, false), { code: "unsupported", message: /moov box comes behind.*faststart/ });
});

test("a file that ends early, and one whose tables do not fit, are told", () => {
  const bytes = file([pictures, sounds]);
  assert.throws(() => demux(bytes.subarray(0, -1)), { code: "truncated", message: /before the last sample/ });
  assert.throws(() => demux(bytes.subarray(0, 60)), { code: "truncated", message: /before a moov box/ });
  assert.throws(() => demux(file([{ ...pictures, chunks: [2] }])), { code: "malformed", message: /of which 2 have a place/ });
  assert.throws(() => demux(new Uint8Array(0)), { code: "truncated" });
});

test("more samples than there may be cost nothing", () => {
  const bytes = file([pictures]);
  const text = String.fromCharCode(...bytes);
  const stsz = text.indexOf("stsz");
  new DataView(bytes.buffer).setUint32(stsz + 8, 1);
  new DataView(bytes.buffer).setUint32(stsz + 12, 0xffff_ffff);
  assert.throws(() => demux(bytes), { code: "limit" });
});

test("property: bytes changed anywhere, in pieces cut anywhere, throw ProtocolError or nothing", () => {
  const good = file([pictures, sounds]);
  const change = fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), fc.integer({ min: 1, max: 500 }), (changes, step) => {
      const bytes = good.slice();
      for (const { at, value } of changes) bytes[at] = value;
      try {
        demux(bytes, step);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
