import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { readWaveFormat, wmaFormatFrom } from "./wave-format.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("Windows Media Audio 2 of 44.1 kHz and 128 kb/s", () => {
  const record = hex("6101 0200 44ac0000 803e0000 e702 1000 0a00 00880000 0f000000 0000");
  const format = readWaveFormat(record)!;
  const extradata = hex("00880000 0f000000 0000");
  assert.deepEqual(format, { codec: "wmav2", channels: 2, sampleRate: 44_100, bitRate: 128_000, blockAlign: 743, extradata });
  assert.deepEqual(wmaFormatFrom("wmav2", format), record);
});

test("any record comes out as it went in, one that is cut short is refused, garbage throws nothing but ProtocolError", () => {
  const fields = {
    channels: fc.nat(0xffff),
    sampleRate: fc.nat(0xffff_ffff),
    bitRate: fc.nat(0x1fff_ffff).map((bytes) => bytes * 8),
    blockAlign: fc.nat(0xffff),
    extradata: fc.uint8Array(),
  };
  const codec = fc.constantFrom("wmav1" as const, "wmav2" as const);
  fc.assert(
    fc.property(codec, fc.record(fields, { noNullPrototype: true }), fc.integer({ min: 1, max: 30 }), (name, format, cut) => {
      const record = wmaFormatFrom(name, format);
      assert.deepEqual(readWaveFormat(record), { codec: name, ...format });
      if (format.extradata.length >= cut) assert.throws(() => readWaveFormat(record.subarray(0, -cut)), ProtocolError);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        readWaveFormat(bytes);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
  );
});
