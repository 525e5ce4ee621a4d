import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import {
  element,
  elements,
  float,
  floatElement,
  readId,
  readSignedVint,
  readVint,
  text,
  textElement,
  unsigned,
  unsignedElement,
  writeHead,
} from "./ebml.ts";
import { hex } from "./document.fixture.ts";
import { ElementId } from "./ids.ts";

const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;
const vint = (bytes: string): number | undefined => readVint(new Reader(hex(bytes)));

test("sizes as RFC 8794 has them, in any length; all ones are unknown", () => {
  for (const bytes of ["82", "4002", "200002", "10000002", "0800000002", "0100000000000002"]) assert.equal(vint(bytes), 2, bytes);
  for (const bytes of ["ff", "7fff", "1fffffff", "01ffffffffffffff"]) assert.equal(vint(bytes), undefined, bytes);
  assert.equal(vint("407f"), 127);
  assert.throws(() => vint("00ff"), code("malformed"));
  assert.throws(() => vint("01ff000000000000"), code("limit"));
  assert.throws(() => vint("40"), code("truncated"));
});

test("signed differences as the EBML lacing of RFC 9559 10.3.3 has them", () => {
  const signed = (bytes: string): number => readSignedVint(new Reader(hex(bytes)));
  assert.deepEqual([signed("bf"), signed("80"), signed("be"), signed("c0"), signed("5fff"), signed("4000")], [0, -63, -1, 1, 0, -8191]);
});

test("heads read back as they were written", () => {
  const ids = fc.constantFrom(...Object.values(ElementId));
  fc.assert(
    fc.property(ids, fc.oneof(fc.nat(300), fc.nat(2 ** 30), fc.maxSafeNat()), (id, size) => {
      const out = new Writer();
      writeHead(out, id, Math.min(size, 2 ** 52));
      const reader = new Reader(out.done());
      assert.equal(readId(reader), id);
      assert.equal(readVint(reader), Math.min(size, 2 ** 52));
      assert.equal(reader.left, 0);
    }),
  );
});

test("values read back as they were written", () => {
  const only = (bytes: Uint8Array): Uint8Array => [...elements(bytes)][0]!.data;
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.double({ noNaN: true }),
      fc.string({ unit: fc.constantFrom("a", "é", "漢") }),
      (whole, broken, words) => {
        assert.equal(unsigned(only(unsignedElement(ElementId.timestamp, whole))), whole);
        assert.equal(float(only(floatElement(ElementId.samplingFrequency, broken))), broken);
        assert.equal(text(only(textElement(ElementId.title, words))), words);
      },
    ),
  );
  assert.equal(float(hex("473b8000")), 48_000);
  assert.equal(float(hex("")), 0);
  assert.equal(unsigned(hex("")), 0);
  assert.equal(text(hex("414200ff")), "AB");
});

test("values of impossible lengths are refused", () => {
  assert.throws(() => unsigned(new Uint8Array(9)), code("malformed"));
  assert.throws(() => unsigned(hex("ffffffffffffffff")), code("limit"));
  assert.throws(() => float(new Uint8Array(5)), code("malformed"));
});

test("elements lie side by side, whole, and not too many", () => {
  const bytes = element(0xec, element(0xa3, hex("0102")), element(0x2ad7b1));
  const [outer] = [...elements(bytes)];
  assert.deepEqual(
    [...elements(outer!.data)],
    [
      { id: 0xa3, data: hex("0102") },
      { id: 0x2ad7b1, data: hex("") },
    ],
  );
  assert.throws(() => [...elements(hex("a383aa"))], code("truncated"));
  assert.throws(() => [...elements(hex("a3ff"))], code("malformed"));
  assert.throws(() => [...elements(new Uint8Array(10_000).map((_, i) => (i % 2 === 0 ? 0xec : 0x80)))], code("limit"));
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        for (const { data } of elements(bytes)) [unsigned, float, text].map((as) => as(data));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
  );
});
