import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../bytes/joined.ts";
import { jpegHead, wholeJpeg } from "./jpeg.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

const soi = "ffd8";
const comment = "fffe 0004 ffd9";
const sof = "ffc0 000b 08 0030 0040 01 01 11 00";
const dht = "ffc4 0014 00 0100000000000000000000000000000000";
const scan = "ffda 0008 01 01 00 00 3f 00 aabb ffd9";

test("the head of a picture: its size, whether it has tables, where its scan begins", () => {
  const whole = hex(soi + comment + dht + sof + scan);
  assert.deepEqual(jpegHead(whole), { width: 64, height: 48, hasTables: true, scanAt: whole.length - 14 });
  assert.deepEqual(jpegHead(hex(soi + sof + scan)), { width: 64, height: 48, hasTables: false, scanAt: 15 });
  const filled = hex(`${soi} ff ${sof} ffffff ${scan.slice(2)}`);
  assert.deepEqual([jpegHead(filled)?.width, jpegHead(filled)?.scanAt], [64, 16], "fill bytes before markers");
  assert.equal(jpegHead(hex(soi + sof.replace("ffc0", "ffc2") + scan))?.height, 48, "progressive");
});

test("what has no head is left as it is", () => {
  for (const [text, why] of [
    ["", "nothing"],
    ["89504e47", "another picture"],
    [soi, "its beginning only"],
    [soi + scan, "a scan of no picture"],
    [soi + sof, "no scan"],
    [`${soi} ffc0 0001 00`, "a length that is none"],
    [`${soi} ffc0 0007 08 0030 0040 ${scan}`, "a header that is too short"],
    [`${soi} ffe0 ffff 00`, "a length beyond the end"],
    [`${soi} 00 ${sof} ${scan}`, "no marker"],
    [`${soi} ffd9 ${sof} ${scan}`, "its end before its beginning"],
  ] as const) {
    const data = hex(text);
    assert.equal(jpegHead(data), undefined, why);
    assert.deepEqual(wholeJpeg(data), [data], why);
  }
});

test("a picture without Huffman tables gets the standard ones before its scan, another stays the same bytes", () => {
  const bare = hex(soi + sof + scan);
  const parts = wholeJpeg(bare);
  assert.equal(parts.length, 3);
  assert.deepEqual(Buffer.concat([parts[0]!, parts[2]!]), Buffer.from(bare));
  const [, tables] = parts;
  assert.equal(Buffer.from(tables!.subarray(0, 25)).toString("hex"), "ffc401a2000001050101010101010000000000000000010203");
  assert.equal(tables!.length, 2 + 0x1a2);
  assert.equal(jpegHead(joined(parts))?.hasTables, true);
  const whole = hex(soi + dht + sof + scan);
  assert.deepEqual(wholeJpeg(whole), [whole]);
});

test("any bytes are read without harm, and come out of it", () => {
  const segment = fc.tuple(fc.constantFrom(0xc0, 0xc4, 0xda, 0xe0, 0xd8, 0xd9, 0x01, 0xff), fc.uint8Array({ maxLength: 20 }));
  const shaped = fc
    .array(segment, { maxLength: 6 })
    .map((segments) =>
      joined([hex(soi), ...segments.map(([marker, body]) => Uint8Array.from([0xff, marker, 0, body.length + 2, ...body]))]),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), shaped), (data) => {
      const head = jpegHead(data);
      if (head !== undefined) assert.equal(data[head.scanAt], 0xff);
      const parts = wholeJpeg(data);
      assert.deepEqual(joined(parts.length === 1 ? parts : [parts[0]!, parts[2]!]), data);
    }),
  );
});
