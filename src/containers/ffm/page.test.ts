import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { PAGE_HEADER, PAGE_SIZE, readPage, ringOrder, writePage } from "./page.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const page = (head: string): Uint8Array => new Uint8Array(Buffer.concat([hex(head), Buffer.alloc(PAGE_SIZE - PAGE_HEADER)]));

test("the first page of an encoder as FFmpeg 3.1 posts it, times from 1970 and below 0", () => {
  assert.deepEqual(readPage(page("666d 0000 000660b1e5353123 800e")), {
    dts: 1_795_167_031_210_275,
    firstFrame: 14,
    discontinuity: true,
    fill: 0,
  });
  assert.equal(readPage(page("666d 0000 fffffffffffec780 800e")).dts, -80_000);
  assert.deepEqual(readPage(page("666d 0e38 000660b1e666774b 0027")).fill, 3640);
});

test("pages come out as they went in, filled up with zeros", () => {
  const payload = fc.array(fc.uint8Array({ maxLength: 1360 }), { maxLength: 3 });
  const safe = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
  fc.assert(
    fc.property(safe, fc.boolean(), payload, (dts, discontinuity, parts) => {
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const firstFrame = length === 0 ? 0 : PAGE_HEADER + length - 1;
      const bytes = writePage({ dts, firstFrame, discontinuity }, parts);
      assert.equal(bytes.length, PAGE_SIZE);
      assert.deepEqual(readPage(bytes), { dts, firstFrame, discontinuity, fill: PAGE_SIZE - PAGE_HEADER - length });
      assert.deepEqual(Buffer.from(bytes.subarray(PAGE_HEADER, PAGE_HEADER + length)), Buffer.concat(parts));
      assert.ok(bytes.subarray(PAGE_HEADER + length).every((byte) => byte === 0));
    }),
  );
});

test("pages that lie are refused", () => {
  const lies = {
    "another magic": "666e 0000 0000000000000000 000e",
    "more filling than page": "666d 0ff3 0000000000000000 0000",
    "a frame within the page's header": "666d 0000 0000000000000000 000d",
    "a frame behind the page": "666d 0000 0000000000000000 1000",
    "a frame within the filling": "666d 0010 0000000000000000 0ff0",
  };
  for (const [what, head] of Object.entries(lies)) {
    assert.throws(
      () => readPage(page(head)),
      (error) => error instanceof ProtocolError && error.code === "malformed",
      what,
    );
  }
  assert.throws(() => readPage(hex("666d 0000")), ProtocolError);
});

test("a ring file is read from its oldest page, and what is behind its last whole page is no page", () => {
  const size = 10 * PAGE_SIZE;
  assert.deepEqual(ringOrder(0, PAGE_SIZE, size + 7), [{ from: PAGE_SIZE, to: size }]);
  assert.deepEqual(ringOrder(0, PAGE_SIZE, PAGE_SIZE), []);
  assert.deepEqual(ringOrder(PAGE_SIZE, PAGE_SIZE, size), [{ from: PAGE_SIZE, to: size }]);
  assert.deepEqual(ringOrder(4 * PAGE_SIZE, PAGE_SIZE, size), [
    { from: 4 * PAGE_SIZE, to: size },
    { from: PAGE_SIZE, to: 4 * PAGE_SIZE },
  ]);
  assert.deepEqual(ringOrder(size, PAGE_SIZE, size), [{ from: PAGE_SIZE, to: size }]);
  for (const index of [1, PAGE_SIZE - 1, PAGE_SIZE + 1, size + PAGE_SIZE, 2 ** 60])
    assert.throws(() => ringOrder(index, PAGE_SIZE, size), ProtocolError, String(index));
});
