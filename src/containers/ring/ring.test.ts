import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { audioTrack, videoTrack } from "../../../test/support/hub-fixtures.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { toMicros } from "../../media/time.ts";
import type { Generation, MetadataValue } from "../../media/track.ts";
import type { BlockHeader } from "./block.ts";
import { BATCH_HEAD, batchLength, batchPayload, decodeBlockHeader, encodeBlockHeader } from "./block.ts";
import { decodeFileHeader, encodeFileHeader, FIRST_BLOCK, geometry, MIN_BLOCK } from "./file-header.ts";
import { decodeGeneration, encodeGeneration } from "./generation-text.ts";
import type { RingEntry } from "./record.ts";
import { decodeRecord, encodeRecord, splitRecord } from "./record.ts";
import type { NumberedRingEntry } from "./ring-decoder.ts";
import { RingDecoder } from "./ring-decoder.ts";
import type { RingWrites } from "./ring-encoder.ts";
import { RingEncoder } from "./ring-encoder.ts";
import { MAX_SIGNED_VARINT, MAX_VARINT, readSigned, readVarint, writeSigned, writeVarint } from "./varint.ts";

const generation: Generation = { id: 1, tracks: [videoTrack, audioTrack], metadata: {} };
const file = { blockSize: MIN_BLOCK, blocks: 8, id: 0xfeed_0001, created: 1_700_000_000_000 };

const metadata: fc.Arbitrary<MetadataValue> = fc.letrec<{ value: MetadataValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
  ),
})).value;

const generations = fc.record({
  id: fc.nat(),
  config: fc.uint8Array({ maxLength: 300 }),
  metadata: fc.dictionary(fc.string(), metadata, { maxKeys: 5 }),
  bitRate: fc.option(fc.nat(), { nil: undefined }),
  language: fc.option(fc.string(), { nil: undefined }),
});

const ticks = fc.integer({ min: -(2 ** 42), max: 2 ** 42 });
const delays = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
const frames: fc.Arbitrary<RingEntry> = fc
  .record({
    dts: ticks,
    delay: delays,
    sap: fc.constantFrom(0, 1, 2, 3, 4),
    track: fc.constantFrom(1, 2),
    discardable: fc.boolean(),
    length: fc.nat(3000),
  })
  .map(({ dts, delay, sap, track, discardable, length }) => ({
    kind: "frame",
    micros: toMicros(dts, 1000),
    frame: {
      track,
      dts,
      pts: dts + delay,
      sap: sap as 0,
      discardable,
      arrived: toMicros(dts, 1000),
      data: new Uint8Array(length).fill(length),
    },
  }));

/** As it is where prototypes do not matter. */
function same(a: unknown, b: unknown): void {
  assert.deepEqual(structuredClone(a), structuredClone(b));
}

function onlyProtocolErrors(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

test("numbers come back, and every number has one spelling", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: -MAX_SIGNED_VARINT, max: MAX_SIGNED_VARINT }), (whole, signed) => {
      const writer = new Writer();
      writeVarint(writer, whole);
      writeSigned(writer, signed);
      const reader = new Reader(writer.done());
      assert.deepEqual([readVarint(reader), readSigned(reader), reader.left], [whole, signed, 0]);
    }),
  );
  for (const value of [-1, 0.5, MAX_VARINT + 1, Number.NaN]) assert.throws(() => writeVarint(new Writer(), value));
  assert.throws(() => readVarint(new Reader(Uint8Array.of(0x80, 0))), ProtocolError);
  assert.throws(() => readVarint(new Reader(new Uint8Array(20).fill(0xff))), ProtocolError);
});

test("a generation comes back with all that is known of its tracks", () => {
  fc.assert(
    fc.property(generations, ({ id, config, metadata: values, bitRate, language }) => {
      const optional = { ...(bitRate !== undefined && { bitRate }), ...(language !== undefined && { language }) };
      const tracks = [
        { ...videoTrack, ...optional, config },
        { ...audioTrack, flvHeader: 0xaf },
        { ...videoTrack, kind: "data", codec: "amf0", id: 9 } as const,
      ];
      const { width, height, frameRate, ...data } = tracks[2] as typeof videoTrack;
      const before = { id, tracks: [tracks[0], tracks[1], data], metadata: values } as unknown as Generation;
      const after = decodeGeneration(encodeGeneration(before));
      assert.deepEqual(after.tracks, before.tracks);
      assert.equal(after.id, id);
      same(after.metadata, values);
      assert.ok([width, height, frameRate].length === 3);
    }),
  );
  const odd = decodeGeneration(encodeGeneration({ ...generation, metadata: { a: Number.NaN, b: Infinity } }));
  same(odd.metadata, { a: null, b: null });
});

test("a record comes back, and where it is cut nothing is made up", () => {
  fc.assert(
    fc.property(frames, (entry) => {
      const parts = encodeRecord(entry);
      const bytes = Buffer.concat(parts);
      const split = splitRecord(bytes)!;
      assert.equal(split.length, bytes.length);
      assert.deepEqual(decodeRecord(split.kind, new Uint8Array(split.body), generation), entry);
      for (const cut of [0, 1, bytes.length - 1]) assert.equal(splitRecord(bytes.subarray(0, cut)), undefined);
    }),
  );
  for (const reason of ["start", "reconnect", "takeover", "jump"] as const) {
    const entry: RingEntry = { kind: "discontinuity", discontinuity: { reason, utcOffset: 1_700_000_000_000.25 } };
    const split = splitRecord(Buffer.concat(encodeRecord(entry)))!;
    assert.deepEqual(decodeRecord(split.kind, split.body, undefined), entry);
  }
});

test("any bytes are read or are a ProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(255), (bytes, kind) => {
      onlyProtocolErrors(() => decodeRecord(kind, bytes, generation));
      onlyProtocolErrors(() => splitRecord(bytes));
      onlyProtocolErrors(() => decodeGeneration(bytes));
      onlyProtocolErrors(() => decodeBlockHeader(bytes, 1, crc32));
      onlyProtocolErrors(() => decodeFileHeader(bytes, crc32));
      onlyProtocolErrors(() => batchPayload(bytes, kind, crc32));
      onlyProtocolErrors(() => new RingDecoder().payload(bytes));
    }),
  );
  fc.assert(fc.property(fc.json(), (text) => onlyProtocolErrors(() => decodeGeneration(new TextEncoder().encode(text)))));
  const deep = `{"id":1,"tracks":[],"metadata":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`;
  onlyProtocolErrors(() => decodeGeneration(new TextEncoder().encode(deep)));
});

const header: BlockHeader = {
  tag: 0xdead_beef,
  block: 2 ** 40,
  sequence: 77,
  continued: 5,
  micros: -40_000,
  utc: 1_700_000_000_000.5,
  start: { sequence: 70, micros: 12, utc: 13.5 },
  forgets: false,
  inForce: { discontinuity: { reason: "jump", utcOffset: -3.5 }, generation },
};

test("headers come back", () => {
  for (const one of [header, { ...header, start: undefined }, { ...header, forgets: true }, { ...header, inForce: undefined }]) {
    const bytes = encodeBlockHeader(one, file.id, crc32);
    const back = decodeBlockHeader(Buffer.concat([bytes, Buffer.from("more")]), file.id, crc32);
    assert.equal(back.length, bytes.length);
    same(back.header, one);
    assert.throws(() => decodeBlockHeader(bytes, file.id + 1, crc32), ProtocolError, "a block of another file");
  }
  assert.deepEqual(decodeFileHeader(encodeFileHeader(file, crc32), crc32), file);
  assert.throws(() => decodeFileHeader(Buffer.from("FFM2".padEnd(4096)), crc32), { code: "wrong-protocol" });
});

test("files of any size are some 256 blocks", () => {
  assert.throws(() => geometry(0), /too few/);
  assert.deepEqual(geometry(1024 * 1024), { blockSize: 65_536, blocks: 15 });
  assert.deepEqual(geometry(64 * 1024 * 1024), { blockSize: 262_144, blocks: 255 });
  assert.deepEqual(geometry(10 * 2 ** 30), { blockSize: 16 * 1024 * 1024, blocks: 639 });
});

/** Entries through an encoder, taken whenever told, into the bytes of a file. */
function encoded(
  entries: readonly RingEntry[],
  takeAfter: (index: number) => boolean,
  options = file,
): { bytes: Uint8Array; taken: RingWrites[] } {
  let drawn = 0;
  const encoder = new RingEncoder({ file: options, checksum: crc32, draw: () => (drawn += 0x9e37_79b9) >>> 0 });
  const bytes = new Uint8Array(FIRST_BLOCK + options.blocks * options.blockSize);
  const taken: RingWrites[] = [];
  const take = (): void => {
    const writes = encoder.take();
    taken.push(writes);
    for (const write of writes.writes) bytes.set(write.bytes, write.position);
  };
  encoder.restart(0, {}, undefined);
  entries.forEach((entry, sequence) => {
    assert.ok(encoder.add(sequence, entry, entry.kind === "frame" && entry.frame.sap === 1));
    if (takeAfter(sequence)) take();
  });
  take();
  return { bytes, taken };
}

/** All entries in the blocks of a file, from one block on. */
function decoded(bytes: Uint8Array, from: number, to: number, options = file): { entries: NumberedRingEntry[]; jumps: number } {
  const decoder = new RingDecoder();
  const entries: NumberedRingEntry[] = [];
  let jumps = 0;
  for (let block = from; block <= to; block++) {
    const start = FIRST_BLOCK + (block % options.blocks) * options.blockSize;
    const slot = bytes.subarray(start, start + options.blockSize);
    const { header: head, length } = decodeBlockHeader(slot, options.id, crc32);
    assert.equal(head.block, block);
    if (!decoder.begin(head)) jumps += 1;
    for (let at = length; ;) {
      const size = batchLength(slot.subarray(at), head.tag);
      if (size === undefined) break;
      entries.push(...decoder.payload(batchPayload(slot.subarray(at, at + size), head.tag, crc32)));
      at += size;
    }
  }
  return { entries, jumps };
}

const beginning: readonly RingEntry[] = [
  { kind: "discontinuity", discontinuity: { reason: "start", utcOffset: 1_700_000_000_000 } },
  { kind: "generation", generation },
];

function frame(dts: number, length: number, key = false): RingEntry {
  const data = new Uint8Array(length).map((_, i) => dts + i * 7);
  return {
    kind: "frame",
    micros: dts * 1000,
    frame: { track: 1, dts, pts: dts, sap: key ? 1 : 0, discardable: false, arrived: dts * 1000, data },
  };
}

test("entries of every size go through blocks and come back, from any block on", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(300), fc.nat(40_000), fc.nat(130_000)), { maxLength: 12 }),
      fc.infiniteStream(fc.boolean()),
      (lengths, takes) => {
        const entries = [...beginning, ...lengths.map((length, i) => frame(i * 40, length, i % 3 === 0))];
        const { bytes, taken } = encoded(entries, () => takes.next().value === true);
        const begun = taken.flatMap((writes) => writes.begun);
        const last = begun.at(-1)!.block;
        if (last >= file.blocks) return; // the first ones were written over: the next test's matter
        const whole = decoded(bytes, 0, last);
        assert.equal(whole.jumps, 1);
        same(
          whole.entries.map(({ entry }) => entry),
          entries,
        );
        for (const head of begun) {
          const part = decoded(bytes, head.block, last).entries;
          assert.deepEqual(
            part.map(({ sequence }) => sequence),
            entries.map((_, sequence) => sequence).slice(head.sequence),
          );
          if (part[0] !== undefined) same(part[0].entry, entries[head.sequence]);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("nothing is written twice, and little more than the frames", () => {
  // Two seconds of 2 Mb/s and 64 kb/s sound, taken twice a second, over and over.
  const entries = [...beginning];
  for (let t = 0; t < 60_000; t += 20) entries.push(frame(t, t % 40 === 0 ? 9840 : 160, t % 2000 === 0));
  const { taken } = encoded(entries, (i) => i % 25 === 0);
  const payload = entries.reduce((sum, entry) => sum + (entry.kind === "frame" ? entry.frame.data.length : 0), 0);
  const writes = taken.flatMap((one) => one.writes);
  const written = writes.reduce((sum, { bytes }) => sum + bytes.length, 0);
  assert.ok(written < payload * 1.02, `${written} bytes for ${payload}`);
  const round = file.blocks * file.blockSize;
  assert.ok(written > 10 * round, "it went round ten times");
  // Within each round positions only rise.
  let [end, rounds] = [0, 0];
  for (const { position, bytes } of writes) {
    assert.ok(bytes.length > 0);
    if (position < end) {
      assert.equal(position, FIRST_BLOCK);
      rounds += 1;
    }
    assert.ok(position + bytes.length <= FIRST_BLOCK + round);
    end = position + bytes.length;
  }
  assert.ok(rounds >= 10);
});

test("after many rounds the last blocks hold the newest entries", () => {
  const entries = [...beginning];
  for (let t = 0; t < 8000; t += 20) entries.push(frame(t, 9840, t % 1000 === 0));
  const { bytes, taken } = encoded(entries, (i) => i % 25 === 0);
  const begun = taken.flatMap((writes) => writes.begun);
  const last = begun.at(-1)!;
  const oldest = begun.at(-file.blocks)!;
  const { entries: kept, jumps } = decoded(bytes, oldest.block, last.block);
  assert.equal(jumps, 1);
  same(
    kept.map(({ entry }) => entry),
    entries.slice(oldest.sequence),
  );
  // Every header tells the newest place to start before it.
  const points = taken.flatMap((writes) => writes.points);
  for (const { sequence, start } of begun) {
    const before = points.findLast((point) => point.sequence < sequence);
    assert.deepEqual(start, before && { sequence: before.sequence, micros: before.micros, utc: before.utc });
  }
});

test("an entry that the ring cannot keep is refused", () => {
  const encoder = new RingEncoder({ file, checksum: crc32, draw: () => 1 });
  encoder.restart(0, {}, undefined);
  assert.equal(encoder.add(0, frame(0, (file.blockSize * file.blocks) / 4), true), false);
  const tooMuch = { words: "x".repeat(file.blockSize / 2) };
  assert.equal(encoder.add(0, { kind: "generation", generation: { ...generation, metadata: tooMuch } }, false), false);
  assert.equal(encoder.waiting, 0);
});

test("a flip of any byte is noticed", () => {
  const { bytes, taken } = encoded([...beginning, frame(0, 500, true), frame(40, 300)], (i) => i === 2);
  const { end } = taken.at(-1)!;
  const slot = bytes.subarray(FIRST_BLOCK, FIRST_BLOCK + end.length);
  const good = decoded(bytes, 0, 0).entries;
  assert.equal(good.length, 4);
  for (let at = 0; at < slot.length; at++) {
    for (const bit of [0x01, 0x80]) {
      slot[at]! ^= bit;
      let left: NumberedRingEntry[] = [];
      onlyProtocolErrors(() => (left = decoded(bytes, 0, 0).entries));
      slot[at]! ^= bit;
      assert.ok(left.length < good.length, `byte ${at}`);
      same(left, good.slice(0, left.length));
    }
  }
  const head = encodeFileHeader(file, crc32);
  for (let at = 0; at < 40; at++) {
    head[at]! ^= 0x10;
    assert.throws(() => decodeFileHeader(head, crc32), ProtocolError);
    head[at]! ^= 0x10;
  }
  assert.ok(slot.length > 800 + BATCH_HEAD);
});
