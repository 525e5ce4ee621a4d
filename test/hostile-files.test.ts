import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../src/bytes/protocol-error.ts";
import { Reader } from "../src/bytes/reader.ts";
import { Writer } from "../src/bytes/writer.ts";
import { box, fields, fullBox } from "../src/containers/fmp4/boxes.ts";
import { indexMp4 } from "../src/containers/fmp4/file-index.ts";
import { indexBytes, type MediaIndex } from "../src/media/media-index.ts";
import { makeClip } from "./support/clip.ts";
import { indexBytesOf } from "./support/indexed-file.ts";
import { run } from "./support/program.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-hostile-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const real: Uint8Array[] = [];
before(async () => {
  const clip = await makeClip({ seconds: 1 });
  real.push(await readFile(clip));
  for (const flags of ["+faststart", "+frag_keyframe+empty_moov+default_base_moof", "+frag_keyframe"]) {
    const file = join(folder, `${flags}.mp4`);
    await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", clip, "-c", "copy", "-movflags", flags, file]);
    real.push(await readFile(file));
  }
});

/** An index of whatever bytes, or the peer's fault in words; every frame of it is read. Nothing else may come of it. */
async function survives(bytes: Uint8Array): Promise<MediaIndex | ProtocolError> {
  const began = performance.now();
  try {
    const index = await indexBytesOf(bytes);
    assert.ok(indexBytes(index) < 64 * 1024 + bytes.length * 32, "memory by the size of the file");
    for (const track of index.tracks) readFrames(track, bytes);
    return index;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert.ok(error.message.length > 5 && error.message.length < 400);
    return error;
  } finally {
    assert.ok(performance.now() - began < 4000, "in good time");
  }
}

function readFrames({ samples, frame }: MediaIndex["tracks"][number], bytes: Uint8Array): void {
  let last = -1;
  for (let i = 0; i < samples.count; i++) {
    const [at, size] = [samples.offsets[i]!, samples.sizes[i]!];
    assert.ok(size > 0 && at + size <= bytes.length, "a sample lies in the file");
    assert.ok(samples.dts[i]! > last, "times rise");
    last = samples.dts[i]!;
    try {
      frame(i, bytes.subarray(at, at + size));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
}

const edits = fc.array(
  fc.record({
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    // Most of what decides is at the beginning or the end.
    at: fc.constantFrom("head", "tail", "any", "any"),
    put: fc.constantFrom("ff", "zero", "bit", "drop", "double"),
    length: fc.integer({ min: 1, max: 8 }),
    bit: fc.nat(7),
  }),
  { minLength: 1, maxLength: 5 },
);

function edited(file: Uint8Array, list: typeof edits extends fc.Arbitrary<infer T> ? T : never, cut: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(file.subarray(0, Math.max(1, Math.round(file.length * cut))));
  for (const { where, at, put, length, bit } of list) {
    const span = Math.min(3000, bytes.length);
    const from = Math.floor(at === "head" ? where * span : at === "tail" ? bytes.length - 1 - where * span : where * bytes.length);
    const place = Math.max(0, Math.min(bytes.length - 1, from));
    if (put === "ff" || put === "zero") bytes.fill(put === "ff" ? 0xff : 0, place, place + length);
    else if (put === "bit") bytes[place]! ^= 1 << bit;
    else {
      const rest = put === "drop" ? bytes.subarray(place + length) : bytes.subarray(Math.max(0, place - length));
      bytes = new Writer().bytes(bytes.subarray(0, place)).bytes(rest).done();
    }
  }
  return bytes;
}

test("a damaged file is listed in part or refused in words, in bounded time and memory", async () => {
  const cuts = fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.double({ min: 0.3, max: 1, noNaN: true }) });
  const which = fc.nat(real.length - 1);
  let [listed, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(which, edits, cuts, async (file, list, cut) => {
      const result = await survives(edited(real[file]!, list, cut));
      if (result instanceof ProtocolError) refused += 1;
      else listed += 1;
    }),
    { numRuns: 400 },
  );
  assert.ok(listed > 40 && refused > 40, `${listed} listed and ${refused} refused: both ways were gone`);
});

const u32 = (...values: number[]): Uint8Array => fields((out) => values.forEach((value) => out.u32(value)));

/** A progressive file of one track whose tables are given. */
function withTables(...tables: Uint8Array[]): Uint8Array {
  const moov = moovOf(real[1]!);
  const trak = childrenOf(moov).find(({ type }) => type === "trak")!;
  const parts = childrenOf(trak.payload);
  const mdia = childrenOf(parts.find(({ type }) => type === "mdia")!.payload);
  const minf = childrenOf(mdia.find(({ type }) => type === "minf")!.payload);
  const stsd = childrenOf(minf.find(({ type }) => type === "stbl")!.payload).find(({ type }) => type === "stsd")!;
  const keep = (list: Child[], without: string) => list.filter(({ type }) => type !== without).map(({ bytes }) => bytes);
  const stbl = box("stbl", stsd.bytes, ...tables);
  const newMdia = box("mdia", ...keep(mdia, "minf"), box("minf", ...keep(minf, "stbl"), stbl));
  const newTrak = box("trak", ...keep(parts, "mdia").filter((bytes) => !isType(bytes, "edts")), newMdia);
  const mvhd = childrenOf(moov).find(({ type }) => type === "mvhd")!;
  return new Writer()
    .bytes(box("ftyp", u32(0x69736f6d, 0)))
    .bytes(box("moov", mvhd.bytes, newTrak))
    .bytes(box("mdat", new Uint8Array(1000)))
    .done();
}

interface Child {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

function childrenOf(bytes: Uint8Array): Child[] {
  const list: Child[] = [];
  for (let at = 0; at < bytes.length;) {
    const reader = new Reader(bytes.subarray(at));
    const size = reader.u32();
    list.push({ type: reader.fourCc(), bytes: bytes.subarray(at, at + size), payload: bytes.subarray(at + 8, at + size) });
    at += size;
  }
  return list;
}

const isType = (bytes: Uint8Array, type: string): boolean => childrenOf(bytes)[0]!.type === type;
const moovOf = (file: Uint8Array): Uint8Array => childrenOf(file).find(({ type }) => type === "moov")!.payload;

const stts = (count: number, delta: number): Uint8Array => fullBox("stts", 0, 0, u32(1, count, delta));
const stsc = (perChunk: number): Uint8Array => fullBox("stsc", 0, 0, u32(1, 1, perChunk, 1));
const stco = (...offsets: number[]): Uint8Array => fullBox("stco", 0, 0, u32(offsets.length, ...offsets));

const handMade: readonly (readonly [what: string, make: () => Uint8Array, words: RegExp])[] = [
  ["nothing", () => new Uint8Array(0), /no moov box/],
  ["text", () => new TextEncoder().encode("<!doctype html><title>no file of media</title>"), /no moov box/],
  ["a box of 2^32 - 1 bytes", () => new Writer().u32(0xffff_ffff).ascii("moov").zeros(100).done(), /ends within its moov box/],
  [
    "a box of 2^64 - 1 bytes",
    () => new Writer().u32(1).ascii("moov").u32(0xffff_ffff).u32(0xffff_ffff).zeros(100).done(),
    /ends within its moov box/,
  ],
  ["a box of 7 bytes", () => new Writer().u32(7).ascii("moov").zeros(100).done(), /box of 7 bytes/],
  ["a long box of 8 bytes", () => new Writer().u32(1).ascii("free").u32(0).u32(8).zeros(100).done(), /box of 8 bytes/],
  ["a moov box to the end of the file", () => new Writer().u32(0).ascii("moov").zeros(92).done(), /box/],
  ["a moov box full of boxes of no bytes", () => box("moov", new Uint8Array(8000)), /box/],
  ["boxes within boxes", () => nested(2000), /mvhd/],
  ["fragments before the moov box", () => box("moof", fullBox("mfhd", 0, 0, u32(1))), /before the moov box/],
  ["2^32 - 1 samples", () => withTables(fullBox("stsz", 0, 0, u32(0, 0xffff_ffff)), stts(9, 1), stsc(1), stco(40)), /samples in one track/],
  [
    "a million samples in no bytes",
    () => withTables(fullBox("stsz", 0, 0, u32(0, 1_000_000)), stts(9, 1), stsc(1), stco(40)),
    /sizes of fewer/,
  ],
  [
    "a million samples of 4 KiB",
    () => withTables(fullBox("stsz", 0, 0, u32(4096, 1_000_000)), stts(1_000_000, 1), stsc(1_000_000), stco(40)),
    /no room for/,
  ],
  ["samples without a time", () => withTables(fullBox("stsz", 0, 0, u32(10, 9)), stts(3, 1), stsc(9), stco(40)), /3 have a time/],
  ["samples without a place", () => withTables(fullBox("stsz", 0, 0, u32(10, 9)), stts(9, 1), stsc(0), stco(40)), /0 have a place/],
  [
    "samples behind the end",
    () => withTables(fullBox("stsz", 0, 0, u32(10, 9)), stts(9, 1), stsc(9), stco(0xffff_fff0)),
    /ends before sample 1/,
  ],
  [
    "samples on top of one another",
    () =>
      withTables(fullBox("stsz", 0, 0, u32(0, 9, ...Array<number>(9).fill(900))), stts(9, 1), stsc(1), stco(...Array<number>(9).fill(40))),
    /longer together/,
  ],
  ["an FLV header of 2^32 - 1 bytes", () => new Writer().ascii("FLV").u8(1).u8(5).u32(0xffff_ffff).zeros(100).done(), /FLV header/],
  ["an FLV without frames", () => new Writer().ascii("FLV").u8(1).u8(5).u32(9).u32(0).done(), /no frames/],
  [
    "an FLV tag of 2^24 - 1 bytes",
    () => new Writer().ascii("FLV").u8(1).u8(5).u32(9).u32(0).u8(9).u24(0xff_ffff).zeros(99).done(),
    /no frames/,
  ],
  ["an FLV of empty tags", () => new Writer().ascii("FLV").u8(1).u8(5).u32(9).zeros(3_000_000).done(), /no frames/],
  [
    "an FLV of one codec that nobody knows",
    () => new Writer().ascii("FLV").u8(1).u8(5).u32(9).u32(0).u8(9).u24(5).zeros(7).u8(0x1f).zeros(20).done(),
    /codec id 15/,
  ],
];

function nested(depth: number): Uint8Array {
  let inner = box("free");
  for (let i = 0; i < depth; i++) inner = box("moov", inner);
  return inner;
}

describe("files that lie", () => {
  for (const [what, make, words] of handMade) {
    test(what, async () => {
      const result = await survives(make());
      assert.ok(result instanceof ProtocolError, "it was taken");
      assert.match(result.message, words);
    });
  }
});

test("a box is not believed in its length where reading it would take memory: 4 GB of moov", async () => {
  const size = 8_000_000_000;
  const head = new Writer().u32(1).ascii("moov").u32(1).u32(0).done();
  let most = 0;
  const read = (offset: number, length: number): Promise<Uint8Array> => {
    most = Math.max(most, length);
    const bytes = new Uint8Array(Math.min(length, size - offset));
    if (offset === 0) bytes.set(head);
    return Promise.resolve(bytes);
  };
  await assert.rejects(indexMp4(read, size, { pause: () => Promise.resolve() }), { code: "limit" });
  assert.ok(most <= 64 * 1024, `${most} bytes read at once`);
});
