import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import type { AmfValue } from "./amf-value.ts";
import { AmfDictionary, AmfEcmaArray, amfObject, amfProperties, AmfTypedObject, AmfVector, AmfXml, MAX_AMF_DEPTH } from "./amf-value.ts";
import { decodeAmf0, decodeAmf0All, encodeAmf0 } from "./amf0.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const key = fc.string({ unit: "grapheme", maxLength: 12 });
const { value: anyValue } = fc.letrec<{ value: AmfValue; object: AmfValue }>((tie) => ({
  object: fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: false }).map((entries) => amfObject(entries)),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(undefined, null, true, false, "", "__proto__"),
    fc.double(),
    fc.string({ unit: "grapheme" }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    fc.string({ unit: "grapheme" }).map((xml) => new AmfXml(xml)),
    fc.array(fc.nat(0xffff_ffff), { maxLength: 5 }).map((items) => new AmfVector("uint", true, "", items)),
    fc.array(tie("value"), { maxLength: 5 }),
    tie("object"),
    tie("object").map((object) => new AmfEcmaArray(amfProperties(object)!)),
    fc.tuple(key, tie("object")).map(([name, object]) => new AmfTypedObject(name, amfProperties(object)!)),
    fc.array(fc.tuple(fc.string(), fc.double()), { maxLength: 3 }).map((entries) => new AmfDictionary(false, entries)),
  ),
}));

test("connect, as in the digest, reads and is written the same", () => {
  const bytes = hex(`02 0007 636f6e6e656374  00 3ff0000000000000  03  0003 617070 02 0004 6c697665
    0005 746355726c 02 000d 72746d703a2f2f682f6c697665  00 00 09`);
  const values = decodeAmf0All(bytes);
  assert.deepEqual(values, ["connect", 1, amfObject({ app: "live", tcUrl: "rtmp://h/live" })]);
  assert.equal(text(encodeAmf0(...values)), text(bytes));
});

test("_result, onStatus and |RtmpSampleAccess, as in the digest", () => {
  const result = hex("02 0007 5f726573756c74 00 4010000000000000 05 00 3ff0000000000000");
  assert.deepEqual(decodeAmf0All(result), ["_result", 4, null, 1]);
  assert.equal(text(encodeAmf0("_result", 4, null, 1)), text(result));
  const status = hex(`02 00 08 6f 6e 53 74 61 74 75 73 00 00 00 00 00 00 00 00 00 05 03 00 05 6c 65 76 65 6c 02 00 06 73 74 61 74 75 73
    00 04 63 6f 64 65 02 00 17 4e 65 74 53 74 72 65 61 6d 2e 50 75 62 6c 69 73 68 2e 53 74 61 72 74
    00 0b 64 65 73 63 72 69 70 74 69 6f 6e 02 00 02 6f 6b 00 00 09`);
  const info = { level: "status", code: "NetStream.Publish.Start", description: "ok" };
  assert.deepEqual(decodeAmf0All(status), ["onStatus", 0, null, amfObject(info)]);
  assert.equal(text(encodeAmf0("onStatus", 0, null, info)), text(status));
  const access = hex("02 00 11 7c 52 74 6d 70 53 61 6d 70 6c 65 41 63 63 65 73 73 01 01 01 01");
  assert.equal(text(encodeAmf0("|RtmpSampleAccess", true, true)), text(access));
});

test("an ECMA array keeps its kind, whatever its count says", () => {
  const [value] = decodeAmf0All(hex("08 00000063 0001 61 00 4010000000000000 000009"));
  assert.ok(value instanceof AmfEcmaArray);
  assert.deepEqual(value.values, amfObject({ a: 4 }));
  assert.equal(text(encodeAmf0(value)), "08000000010001610040100000000000000000 09".replace(" ", ""));
});

test("objects may end with the message, names may be empty", () => {
  const broken = hex("03 0001 61 03 0001 62 05");
  assert.deepEqual(decodeAmf0All(broken), [amfObject({ a: amfObject({ b: null }) })]);
  assert.deepEqual(decodeAmf0All(hex("03 0001 61 05 0000")), [amfObject({ a: null })]);
  assert.deepEqual(decodeAmf0All(hex("03 0000 05 000009")), [amfObject({ "": null })]);
});

test("__proto__ is a name like any other", () => {
  const [value] = decodeAmf0All(encodeAmf0(Object.assign(Object.create(null), { ["__proto__"]: { polluted: true } })));
  const properties = amfProperties(value);
  assert.equal(Object.getPrototypeOf(properties), null);
  assert.deepEqual(Object.keys(properties!), ["__proto__"]);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("what cannot be skipped or is not there is refused", () => {
  const codes = {
    "04": "unsupported",
    "0e": "unsupported",
    "09": "malformed",
    ff: "unsupported",
    "0200": "truncated",
    "070000": "malformed",
  };
  for (const [bytes, code] of Object.entries(codes)) {
    assert.throws(
      () => decodeAmf0All(hex(bytes)),
      (error) => error instanceof ProtocolError && error.code === code,
      bytes,
    );
  }
});

test("strict arrays are believed only as far as bytes are there", () => {
  for (const count of ["ffffffff", "00010000", "00000002"]) {
    assert.throws(() => decodeAmf0All(hex(`0a ${count} 05`)), ProtocolError);
  }
  assert.deepEqual(decodeAmf0All(hex("0a 00000002 05 06")), [[null, undefined]]);
});

test("nesting of 30,000 is refused without exhausting the stack", () => {
  for (const level of ["0a00000001", "03000161", "0800000000000161", "1000000001 61".replace(" ", ""), "11"]) {
    assert.throws(() => decodeAmf0All(hex(level.repeat(30_000))), ProtocolError);
  }
  let deep: AmfValue = "end";
  for (let i = 0; i < MAX_AMF_DEPTH; i++) deep = [deep];
  assert.deepEqual(decodeAmf0All(encodeAmf0(deep)), [deep]);
  assert.throws(() => encodeAmf0([deep]), /nested deeper/);
  const [bottomless]: AmfValue[][] = [[]];
  bottomless!.push(bottomless);
  assert.throws(() => encodeAmf0(bottomless), /contains itself/);
});

test("references name earlier values, but never themselves", () => {
  const values = decodeAmf0All(hex("03 0001 61 05 000009 07 0000"));
  assert.equal(values[0], values[1]);
  for (const self of ["03 0001 61 07 0000 000009", "0a 00000001 07 0000", "0a 00000001 0a 00000001 07 0000"]) {
    assert.throws(
      () => decodeAmf0All(hex(self)),
      (error) => error instanceof ProtocolError && error.code === "unsupported",
    );
  }
});

test("references that multiply are refused: what is returned stays small to walk", () => {
  // Each array holds the one before it twice: 2^20 leaves in 240 bytes.
  const levels = Array.from(
    { length: 20 },
    (_, i) => `0a 00000002 07 ${i.toString(16).padStart(4, "0")} 07 ${i.toString(16).padStart(4, "0")}`,
  );
  assert.throws(
    () => decodeAmf0All(hex(`0a 00000000 ${levels.join("")}`)),
    (error) => error instanceof ProtocolError && error.code === "limit",
  );
  const long = `0a 00000001 0c 00100000 ${"61".repeat(1 << 20)}`;
  assert.throws(() => decodeAmf0All(hex(long + "070000".repeat(20))), ProtocolError);
  // Depth is counted through references too.
  const chain = Array.from({ length: 40 }, (_, i) => `0a 00000001 07 ${i.toString(16).padStart(4, "0")}`);
  assert.throws(() => decodeAmf0All(hex(`0a 00000000 ${chain.join("")}`)), ProtocolError);
});

test("names and strings have limits", () => {
  assert.throws(() => decodeAmf0All(hex(`03 ffff ${"61".repeat(0xffff)} 05 000009`)), ProtocolError);
  assert.throws(() => decodeAmf0All(hex(`0c 00500000 ${"61".repeat(0x500000)}`)), ProtocolError);
  const long = "x".repeat(0x10000);
  assert.deepEqual(decodeAmf0All(encodeAmf0(long)), [long]);
});

test("what is written reads the same", () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 4 }), (values) => {
      assert.deepEqual(decodeAmf0All(encodeAmf0(...values)), values);
    }),
    { numRuns: 300 },
  );
});

test("garbage throws nothing but ProtocolError, and what it decodes to can be written", () => {
  const starts = fc.constantFrom("", "03", "08", "0a000000", "11", "110a", "1109", "1110", "1111", "10");
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 120 }), (start, bytes) => {
      try {
        encodeAmf0(...decodeAmf0All(Buffer.concat([hex(start), bytes])));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("one value is read from where the reader stands", () => {
  const reader = new Reader(hex("ff 0101 05"));
  reader.skip(1);
  assert.equal(decodeAmf0(reader), true);
  assert.equal(reader.left, 1);
});
