import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { MAX_FRAME, frameHeaderSize, readFrameHeader, writeFrameHeader } from "./frame-header.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("headers as FFmpeg writes them", () => {
  const plain = hex("03 01 000173 00b568 000660b1e5353123");
  assert.equal(frameHeaderSize(plain[1]!), plain.length);
  const time = 1_795_167_031_210_275;
  assert.deepEqual(readFrameHeader(plain), { stream: 3, isKey: true, dts: time, pts: time, duration: 46_440, size: 371 });
  const delayed = hex("01 03 001136 009c40 000660b1e535e68b 00009c40");
  assert.equal(frameHeaderSize(delayed[1]!), delayed.length);
  const { pts, dts } = readFrameHeader(delayed);
  assert.equal(pts - dts, 40_000);
  for (const bytes of [plain, delayed]) assert.deepEqual(writeFrameHeader(readFrameHeader(bytes)), bytes);
});

test("any header comes out as it went in, also with times below 0 and pictures shown before they are decoded", () => {
  const header = fc.record({
    stream: fc.nat(255),
    isKey: fc.boolean(),
    pts: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
    delay: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    duration: fc.nat(0xff_ffff),
    size: fc.nat(MAX_FRAME),
  });
  fc.assert(
    fc.property(header, ({ delay, pts, ...rest }) => {
      const written = { ...rest, pts, dts: pts - delay };
      const bytes = writeFrameHeader(written);
      assert.equal(bytes.length, frameHeaderSize(bytes[1]!));
      assert.deepEqual(readFrameHeader(bytes), written);
    }),
  );
});

test("a frame without a time stamp is refused", () => {
  assert.throws(
    () => readFrameHeader(hex("00 01 000010 000000 8000000000000000")),
    (error) => error instanceof ProtocolError && error.code === "malformed",
  );
});
