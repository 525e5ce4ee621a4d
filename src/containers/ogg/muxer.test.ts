import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { Reader } from "../../bytes/reader.ts";
import { Sap } from "../../media/frame.ts";
import type { MuxedChunk, MuxedInit } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { AudioTrack, Track } from "../../media/track.ts";
import { oggMuxer } from "./muxer.ts";
import { PageWriter } from "./page.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const opus: AudioTrack = {
  ...{ kind: "audio", id: 2, codec: "opus", config: hex("4f707573486561640102380180bb0000000000"), codecString: "opus" },
  ...{ timescale: 1000, isDefault: true, sampleRate: 48_000, channels: 2, samplesPerFrame: 0 },
};
/** 4096 samples a frame, 44.1 kHz, two channels, 24 bits; 99 samples in the file, and a checksum. */
const flacConfig = hex(`10001000${"000000".repeat(2)}0ac44370 00000063 ${"ab".repeat(16)}`);
const flac: AudioTrack = { ...opus, codec: "flac", config: flacConfig, codecString: "flac", sampleRate: 44_100, samplesPerFrame: 4096 };

interface Page {
  readonly flags: number;
  readonly position: bigint;
  readonly serial: number;
  readonly sequence: number;
  readonly lacing: readonly number[];
  readonly body: Uint8Array;
}

/** Takes pages apart, and checks their checksums bit by bit. */
function pagesOf(bytes: Uint8Array): Page[] {
  const pages: Page[] = [];
  const reader = new Reader(bytes);
  while (reader.left > 0) {
    const at = reader.at;
    assert.equal(reader.fourCc(), "OggS");
    assert.equal(reader.u8(), 0);
    const flags = reader.u8();
    const position = new DataView(bytes.buffer, bytes.byteOffset + reader.at, 8).getBigInt64(0, true);
    reader.skip(8);
    const [serial, sequence, checksum] = [reader.u32le(), reader.u32le(), reader.u32le()];
    const lacing = [...reader.bytes(reader.u8())];
    const body = reader.bytes(lacing.reduce((sum, each) => sum + each, 0));
    const page = Uint8Array.from(bytes.subarray(at, reader.at));
    page.fill(0, 22, 26);
    assert.equal(crc(page), checksum);
    pages.push({ flags, position, serial, sequence, lacing, body });
  }
  return pages;
}

function crc(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << 24;
    for (let i = 0; i < 8; i++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  }
  return value >>> 0;
}

function mux(track: Track, frames: readonly (readonly [pts: number, data: Uint8Array])[]): { inits: MuxedInit[]; chunks: MuxedChunk[] } {
  const [inits, chunks]: [MuxedInit[], MuxedChunk[]] = [[], []];
  const muxer = oggMuxer()({ init: (init) => inits.push(init), chunk: (chunk) => chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks: [track], metadata: {} });
  for (const [pts, data] of frames) muxer.frame({ track: track.id, dts: pts, pts, sap: Sap.closed, discardable: false, arrived: 0, data });
  return { inits, chunks };
}

test("packets of any length come out of their pages", () => {
  const lengths = fc.oneof(fc.nat(600), fc.constantFrom(254, 255, 256, 65_024, 65_025, 65_026, 130_050, 200_000));
  fc.assert(
    fc.property(fc.array(lengths, { minLength: 1, maxLength: 4 }), (sizes) => {
      const writer = new PageWriter(7);
      const packets = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
      const pages = pagesOf(joined(packets.flatMap((packet, i) => writer.packet(packet, 1000 * (i + 1)))));
      assert.deepEqual(
        pages.map(({ sequence }) => sequence),
        pages.map((_, i) => i),
      );
      assert.ok(pages.every(({ serial }) => serial === 7));
      const got: Uint8Array[] = [];
      let rest: Uint8Array[] = [];
      for (const { flags, lacing, body, position } of pages) {
        assert.equal(flags, rest.length > 0 ? 1 : 0);
        rest.push(body);
        const isEnd = lacing.at(-1)! < 255;
        assert.equal(position, isEnd ? BigInt(1000 * (got.length + 1)) : -1n);
        if (!isEnd) continue;
        got.push(joined(rest));
        rest = [];
      }
      assert.deepEqual(got, packets);
    }),
    { numRuns: 50 },
  );
});

/** Frames of 20 ms in CELT. */
const packet = hex("fc01");

test("Opus: its head and tags, then a page a packet; positions count what the decoder drops", () => {
  const { inits, chunks } = mux(opus, [
    [-7, packet],
    [13, packet],
    [34, packet],
  ]);
  assert.equal(inits.length, 1);
  assert.equal(inits[0]!.change, undefined);
  const [head, tags] = pagesOf(inits[0]!.bytes);
  assert.deepEqual([head!.flags, head!.sequence, head!.body], [2, 0, opus.config]);
  assert.deepEqual([tags!.flags, tags!.sequence, Buffer.from(tags!.body).toString("latin1")], [0, 1, "OpusTags\x08\0\0\0Millrace\0\0\0\0"]);
  const pages = chunks.flatMap(({ parts }) => pagesOf(joined(parts)));
  assert.deepEqual(
    pages.map(({ position }) => position),
    [960n, 1920n, 2880n],
  );
  assert.ok(chunks.every(({ randomAccess, urgent }) => randomAccess && !urgent));
});

test("FLAC: what the file said of its length and checksum is gone; a hole makes positions step", () => {
  const frame = hex("fff8c9a8 00");
  const { inits, chunks } = mux(flac, [
    [0, frame],
    [93, frame],
    [1000, frame],
    [1050, frame],
  ]);
  const [head, comments] = pagesOf(inits[0]!.bytes);
  const expected = `7f464c4143 0100 0001 664c6143 00000022 10001000${"000000".repeat(2)}0ac44370 ${"00".repeat(20)}`;
  assert.equal(Buffer.from(head!.body).toString("hex"), expected.replaceAll(" ", ""));
  assert.equal(comments!.body[0], 0x84);
  const positions = chunks.flatMap(({ parts }) => pagesOf(joined(parts)).map(({ position }) => Number(position)));
  assert.deepEqual(positions, [4096, 8192, 44_100 + 4096, 44_100 + 8192]);
});

test("what it cannot carry is said in words", () => {
  const refused = (track: Track, words: RegExp): void =>
    assert.throws(
      () => mux(track, []),
      (error: Error) => error instanceof NotCarried && words.test(error.message),
    );
  refused({ ...opus, codec: "aac" }, /Ogg carries Opus, FLAC and Vorbis here, not AAC/);
  refused({ ...opus, codec: "vorbis", config: hex("0201") }, /no decoder configuration for its Vorbis, or a damaged one/);
  refused({ ...opus, kind: "video", codec: "vp8", width: 0, height: 0, frameRate: 0 }, /the stream has no audio/);
});
