import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { FfmHeader } from "./header.ts";
import { HeaderReader, MAX_HEADER, MAX_STREAMS, writeHeader } from "./header.ts";
import { PAGE_SIZE } from "./page.ts";
import type { FfmStream } from "./stream-info.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const ascii = (text: string): string => Buffer.from(text).toString("hex");
const none = new Map<string, string>();

/** Bytes in as many pages as they need. */
function padded(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([bytes, Buffer.alloc((PAGE_SIZE - (bytes.length % PAGE_SIZE)) % PAGE_SIZE)]));
}

/** What is read of a header and how many bytes it took; undefined where it is not complete. */
function read(bytes: Uint8Array): FfmHeader | undefined {
  const reader = new HeaderReader();
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const header = reader.push(bytes.subarray(at, at + PAGE_SIZE));
    if (header !== undefined) return header;
  }
  return undefined;
}

function refused(bytes: Uint8Array, code: string, words = /FFM/): void {
  assert.throws(
    () => read(padded(bytes)),
    (error) => error instanceof ProtocolError && error.code === code && words.test(error.message),
  );
}

const mp2: FfmStream = {
  codecId: 0x1_5000,
  kind: "audio",
  bitRate: 64_000,
  extradata: new Uint8Array(0),
  options: new Map([
    ["b", "64000"],
    ["ac", "2"],
    ["ar", "44100"],
  ]),
  privateOptions: none,
};
const mpeg1: FfmStream = {
  ...mp2,
  codecId: 1,
  kind: "video",
  bitRate: 200_000,
  options: new Map([
    ["time_base", "1/25"],
    ["video_size", "160x128"],
  ]),
  privateOptions: new Map([["rc_eq", "tex^qComp"]]),
};

const chunk = (name: string, payload: string): string => ascii(name) + (payload.length / 2).toString(16).padStart(8, "0") + payload;
const start = (writeIndex = "0000000000000000"): string => `${ascii("FFM2")}00001000${writeIndex}`;
const main = chunk("MAIN", "00000002 00040740".replaceAll(" ", ""));
const comm = chunk("COMM", "00015000 01 0000fa00 00000000 00000000 00000000".replaceAll(" ", ""));
const audioOptions = chunk("S2AU", `${ascii("b=64000,ac=2,ar=44100")}00`);

test("the header that ffserver answered with, byte for byte", () => {
  const video = "00000001 00 00030d40 00000000 00000000 00000000".replaceAll(" ", "");
  const bytes = padded(
    hex(
      start() +
        main +
        comm +
        audioOptions +
        chunk("COMM", video) +
        chunk("S2VI", `${ascii("time_base=1/25,video_size=160x128")}00`) +
        chunk("CPRV", `${ascii("rc_eq=tex^qComp")}00`),
    ),
  );
  assert.deepEqual(writeHeader([mp2, mpeg1]), bytes);
  assert.deepEqual(read(bytes), { writeIndex: 0, streams: [mp2, mpeg1], length: PAGE_SIZE });
});

test("extradata sets the flag that it is there", () => {
  const wma = { ...mp2, codecId: 0x1_5008, extradata: hex("0000010001000000beef") };
  const bytes = writeHeader([wma]);
  const payload = hex("00015008 01 0000fa00 00400000 00000000 00000000 0000000a 0000010001000000beef");
  assert.ok(Buffer.from(bytes).includes(Buffer.from(payload)));
  assert.deepEqual(read(bytes)?.streams, [wma]);
});

const text = fc.string({ maxLength: 30, unit: fc.constantFrom(..."abc =,\\'1/".split("")) });
const options = fc
  .array(
    fc.tuple(
      text.filter((key) => key !== ""),
      text,
    ),
    { maxLength: 5 },
  )
  .map((entries) => new Map(entries));
const fields = {
  codecId: fc.constantFrom(13, 28, 140, 999),
  kind: fc.constant("video" as const),
  bitRate: fc.nat(0xffff_ffff),
  extradata: fc.uint8Array({ maxLength: 3000 }),
  options,
  privateOptions: options,
};
const stream = fc.record(fields, { noNullPrototype: true });

test("any header comes out as it went in, over as many pages as it needs", () => {
  fc.assert(
    fc.property(fc.array(stream, { maxLength: 6 }), fc.nat(2 ** 30), (streams, pages) => {
      const bytes = writeHeader(streams, pages * PAGE_SIZE);
      assert.equal(bytes.length % PAGE_SIZE, 0);
      assert.deepEqual(read(bytes), { writeIndex: pages * PAGE_SIZE, streams, length: bytes.length });
      if (bytes.length > PAGE_SIZE) assert.equal(read(bytes.subarray(0, bytes.length - PAGE_SIZE)), undefined);
    }),
  );
});

test("a header whose end lies across pages takes both", () => {
  for (let length = PAGE_SIZE - 80; length < PAGE_SIZE - 50; length++) {
    const streams = [{ ...mp2, options: none, extradata: new Uint8Array(length) }];
    const bytes = writeHeader(streams);
    assert.deepEqual(read(bytes), { writeIndex: 0, streams, length: bytes.length });
  }
});

test("chunks that nobody knows are stepped over, options may be missing", () => {
  assert.deepEqual(read(padded(hex(start() + chunk("WHAT", "0102") + comm)))?.streams, [{ ...mp2, options: none }]);
});

/** STVI: 320 by 240 pixels, a picture every 1001/30000 s, a group of 50; behind it whatever the encoder was told. */
const oldVideo = "000003e9000075300140 00f0 0032".replaceAll(" ", "") + "00".repeat(15) + `${ascii("tex^qComp")}00` + "07".repeat(145);
const oldAudio = "0000ac44 0200 8004".replaceAll(" ", "");

test("the fixed fields of older writers, in chunks and in FFM1", () => {
  const videoComm = "0000000d 00 00030d40 00000000 00000000 00000000".replaceAll(" ", "");
  const audioComm = "00015008 01 0000fa00 00400000 00000000 00000000".replaceAll(" ", "");
  const extra = "00000002beef";
  const expected = [
    {
      ...mpeg1,
      codecId: 13,
      privateOptions: none,
      options: new Map([
        ["time_base", "1001/30000"],
        ["video_size", "320x240"],
        ["g", "50"],
      ]),
    },
    {
      ...mp2,
      codecId: 0x1_5008,
      extradata: hex("beef"),
      options: new Map([
        ["ar", "44100"],
        ["ac", "2"],
        ["frame_size", "1152"],
      ]),
    },
  ];
  const chunks = chunk("COMM", videoComm) + chunk("STVI", oldVideo) + chunk("COMM", audioComm + extra) + chunk("STAU", oldAudio);
  assert.deepEqual(read(padded(hex(start() + chunks)))?.streams, expected);
  const ffm1 = `${ascii("FFM1")}00001000${"00".repeat(8)}0000000200040740`;
  assert.deepEqual(read(padded(hex(ffm1 + videoComm + oldVideo + audioComm + oldAudio + extra)))?.streams, expected);
  refused(hex(`${ascii("FFM1")}00001000${"00".repeat(8)}00000040`), "limit");
  refused(hex(ffm1 + videoComm + oldVideo.replace("000003e9", "00000000")), "malformed", /time base/);
  refused(hex(ffm1 + audioComm + oldAudio.replace("0000ac44", "00000000")), "malformed", /sample rate/);
});

test("an FFM1 header over two pages", () => {
  const big = "00".repeat(PAGE_SIZE);
  const audioComm = "00015008 01 0000fa00 00400000 00000000 00000000".replaceAll(" ", "");
  const bytes = padded(hex(`${ascii("FFM1")}00001000${"00".repeat(8)}0000000100000000${audioComm}${oldAudio}00001000${big}`));
  assert.equal(read(bytes.subarray(0, PAGE_SIZE)), undefined);
  assert.equal(read(bytes)?.streams[0]?.extradata.length, PAGE_SIZE);
});

test("what is no header, or contradicts itself, is refused in words", () => {
  refused(hex(ascii("RIFF") + "00".repeat(12)), "malformed", /not FFM/);
  refused(hex(ascii("FFM3") + "00".repeat(12)), "malformed", /not FFM/);
  for (const size of ["00000000", "00000fff", "7fffffff"]) refused(hex(ascii("FFM2") + size), "malformed", /pages of \d+ bytes/);
  refused(hex(start("ffffffffffffffff") + main), "malformed", /write index/);
  refused(hex(start() + main + main), "malformed", /MAIN/);
  refused(hex(start() + audioOptions), "malformed", /S2AU/);
  refused(hex(start() + comm + audioOptions + audioOptions), "malformed", /S2AU/);
  refused(hex(start() + comm + chunk("S2VI", "00")), "malformed", /S2VI/);
  refused(hex(start() + comm + audioOptions + chunk("STAU", oldAudio)), "malformed", /STAU/);
  const privates = chunk("CPRV", `${ascii("a=1")}00`);
  refused(hex(start() + privates), "malformed", /CPRV/);
  refused(hex(start() + comm + privates + privates), "malformed", /CPRV/);
  refused(hex(start() + comm.replace("0001500001", "0001500000")), "malformed", /as video/);
  refused(hex(start() + comm.replace("0001500001", "0001500002")), "unsupported", /neither/);
  refused(hex(start() + chunk("COMM", "0001")), "truncated", /bytes wanted/);
  refused(hex(start() + comm.repeat(MAX_STREAMS + 1)), "limit", /streams/);
  refused(hex(`${start()}${ascii("WHAT")}ffffffff`), "limit", /WHAT/);
  refused(hex(start() + comm + chunk("S2AU", "61".repeat(100_000))), "limit", /S2AU/);
  refused(hex(start() + chunk("COMM", `0001500801${"00".repeat(4)}00400000${"00".repeat(8)}ffffffff`)), "limit", /extradata/);
});

test("a header that never ends is refused", () => {
  const reader = new HeaderReader();
  const first = hex(start() + chunk("WHAT", "00".repeat(PAGE_SIZE - 24)));
  assert.equal(reader.push(first), undefined);
  assert.throws(() => {
    for (let page = 0; page <= MAX_HEADER / PAGE_SIZE; page++) reader.push(hex(chunk("MORE", "01".repeat(PAGE_SIZE - 8))));
  }, /a header of more than/);
});

test("garbage throws nothing but ProtocolError", () => {
  const heads = fc.constantFrom("", start(), start() + comm, `${ascii("FFM1")}00001000${"00".repeat(8)}`);
  const names = fc.constantFrom("COMM", "S2VI", "S2AU", "CPRV", "STVI", "STAU", "MAIN");
  const chunks = fc.array(fc.tuple(names, fc.uint8Array({ maxLength: 60 })), { maxLength: 4 });
  fc.assert(
    fc.property(heads, chunks, fc.uint8Array({ maxLength: 200 }), (head, parts, rest) => {
      const made = parts.map(([name, payload]) => chunk(name, Buffer.from(payload).toString("hex"))).join("");
      try {
        read(padded(new Uint8Array(Buffer.concat([hex(head + made), rest]))));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
