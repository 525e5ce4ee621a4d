import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import type { AmfValue } from "./amf-value.ts";
import { AmfDictionary, AmfEcmaArray, amfObject, AmfTypedObject, AmfVector, AmfXml } from "./amf-value.ts";
import { decodeAmf0All } from "./amf0.ts";
import { decodeAmf3, encodeAmf3 } from "./amf3.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const decode = (bytes: string): AmfValue => decodeAmf3(new Reader(hex(bytes)));

test("integers at the edges of U29", () => {
  const edges: [number, string][] = [
    [0x7f, "04 7f"],
    [0x80, "04 81 00"],
    [0x3fff, "04 ff 7f"],
    [0x4000, "04 81 80 00"],
    [0x1f_ffff, "04 ff ff 7f"],
    [0x20_0000, "04 80 c0 80 00"],
    [2 ** 28 - 1, "04 bf ff ff ff"],
    [-1, "04 ff ff ff ff"],
    [-(2 ** 28), "04 c0 80 80 00"],
  ];
  for (const [value, bytes] of edges) {
    assert.equal(text(encodeAmf3(value)), bytes.replaceAll(" ", ""));
    assert.equal(decode(bytes), value);
  }
  for (const value of [2 ** 28, -(2 ** 28) - 1, -0, 0.5, Number.NaN, Infinity])
    assert.deepEqual(decodeAmf3(new Reader(encodeAmf3(value))), value);
});

test("strings, traits and objects by reference", () => {
  // [ {a: "hi"}, {a: "hi"} by traits and string reference, the first object again ]
  const value = decode("09 07 01  0a 13 01 03 61 06 05 6869  0a 01 06 02  0a 02");
  assert.deepEqual(value, [amfObject({ a: "hi" }), amfObject({ a: "hi" }), amfObject({ a: "hi" })]);
  assert.equal((value as AmfValue[])[2], (value as AmfValue[])[0]);
});

test("sealed and dynamic members, class names, named array items", () => {
  assert.deepEqual(decode("0a 1b 03 43 03 61 02 03 62 03 01"), new AmfTypedObject("C", amfObject({ a: false, b: true })));
  assert.deepEqual(decode("09 03 03 61 02 01 03"), new AmfEcmaArray(amfObject({ a: false, 0: true })));
});

test("an externalizable object, which nobody else can read, is refused", () => {
  assert.throws(
    () => decode("0a 07 03 58"),
    (error) => error instanceof ProtocolError && error.code === "unsupported" && /"X"/.test(error.message),
  );
});

test("self-references, bad references and lying counts are refused", () => {
  const bad = ["09 03 01 09 00", "0a 0b 01 03 61 0a 00 01", "11 03 00 11 00 01", "10 03 00 01 10 00", "06 02", "0a 05", "09 04", "12"];
  const counts = [
    "09 ffffffff 01",
    "0a fffffff3 01",
    "0d ffffffff 00",
    "0f 05 00 00",
    "10 ffffffff 00 01",
    "11 ffffffff 00",
    "0c ffffffff",
    "06 ffffffff",
  ];
  for (const bytes of [...bad, ...counts]) assert.throws(() => decode(bytes), ProtocolError, bytes);
});

test("nesting of 30,000 is refused without exhausting the stack", () => {
  for (const level of ["090301", "0a0b010361", "110300", "10030001"])
    assert.throws(() => decode(level.repeat(30_000)), ProtocolError, level);
});

test("long names repeated by traits reference are paid for each time", () => {
  const length = 8000;
  const header = text(Uint8Array.of(0x80 | ((length * 2 + 1) >> 7), (length * 2 + 1) & 0x7f));
  const object = `0a 13 01 ${header} ${"61".repeat(length)} 01`;
  const repeats = 3000;
  const array = text(Uint8Array.of(0x80 | ((repeats * 2 + 3) >> 7), (repeats * 2 + 3) & 0x7f));
  assert.throws(
    () => decode(`09 ${array} 01 ${object} ${"0a0101".repeat(repeats)}`),
    (error) => error instanceof ProtocolError && error.code === "limit",
  );
});

const key = fc.string({ unit: "grapheme", maxLength: 12 });
const { value: anyValue } = fc.letrec<{ value: AmfValue; object: Record<string, AmfValue> }>((tie) => ({
  object: fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: false }).map((entries) => amfObject(entries)),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(undefined, null, true, false, "", "__proto__"),
    fc.double(),
    fc.integer(),
    fc.string({ unit: "grapheme" }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    fc.string({ unit: "grapheme" }).map((xml) => new AmfXml(xml)),
    fc.array(fc.integer(), { maxLength: 5 }).map((items) => new AmfVector("int", false, "", items)),
    fc.array(fc.double(), { maxLength: 5 }).map((items) => new AmfVector("double", true, "", items)),
    fc.tuple(key, fc.array(tie("value"), { maxLength: 4 })).map(([name, items]) => new AmfVector("object", false, name, items)),
    fc.array(tie("value"), { maxLength: 5 }),
    tie("object"),
    tie("object")
      .filter((object) => Object.keys(object).length > 0 && !("" in object))
      .map((object) => new AmfEcmaArray(object)),
    fc.tuple(key, tie("object")).map(([name, object]) => (name === "" ? object : new AmfTypedObject(name, object))),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new AmfDictionary(true, entries)),
  ),
}));

test("what is written reads the same, alone and behind AMF0's switch", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const bytes = encodeAmf3(value);
      assert.deepEqual(decodeAmf3(new Reader(bytes)), value);
      assert.deepEqual(decodeAmf0All(Uint8Array.of(0x11, ...bytes, 0x05)), [value, null]);
    }),
    { numRuns: 300 },
  );
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 18 }), fc.uint8Array({ maxLength: 100 }), (marker, bytes) => {
      try {
        encodeAmf3(decodeAmf3(new Reader(Uint8Array.of(marker, ...bytes))));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
