import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { blockBody, hex } from "./document.fixture.ts";
import { readBlockGroup, readSimpleBlock, simpleBlockHead } from "./block.ts";
import { element, elements, unsignedElement } from "./ebml.ts";
import { ElementId } from "./ids.ts";

const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;
const frames = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 6 });
const plain = { duration: undefined, discardable: false, isKey: true };

test("a SimpleBlock reads back as it was written", () => {
  const shape = { track: fc.integer({ min: 1, max: 126 }), time: fc.integer({ min: -0x8000, max: 0x7fff }) };
  fc.assert(
    fc.property(
      fc.record({ ...shape, isKey: fc.boolean(), discardable: fc.boolean() }),
      fc.uint8Array({ maxLength: 300 }),
      (block, data) => {
        const [only, ...none] = [...elements(joined([simpleBlockHead(block, data.length), data]))];
        assert.equal(none.length, 0);
        assert.deepEqual(readSimpleBlock(only!.data), { ...block, duration: undefined, frames: [data] });
      },
    ),
  );
});

/** RFC 9559 10.3.2: sums of bytes of 255 and a last one. */
function xiph(all: readonly Uint8Array[]): Uint8Array {
  const sizes = all.slice(0, -1).flatMap(({ length }) => [...Array<number>(Math.floor(length / 255)).fill(255), length % 255]);
  return joined([Uint8Array.of(all.length - 1, ...sizes), ...all]);
}

/** RFC 9559 10.3.3, sizes and differences all in two bytes. */
function ebml(all: readonly Uint8Array[]): Uint8Array {
  const sizes = all.slice(0, -1).map(({ length }, i) => 0x4000 + (i === 0 ? length : length - all[i - 1]!.length + 0x1fff));
  return joined([Uint8Array.of(all.length - 1, ...sizes.flatMap((size) => [size >> 8, size & 255])), ...all]);
}

test("laced frames come apart, however they are laced", () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: -9, max: 9 }), (all, time) => {
      assert.deepEqual(readSimpleBlock(blockBody(3, time, 0x82, xiph(all))), { ...plain, track: 3, time, frames: all });
      assert.deepEqual(readSimpleBlock(blockBody(3, time, 0x86, ebml(all))), { ...plain, track: 3, time, frames: all });
      const equal = all.map(() => all[0]!);
      const fixed = joined([Uint8Array.of(all.length - 1), ...equal]);
      assert.deepEqual(readSimpleBlock(blockBody(3, time, 0x84, fixed)), { ...plain, track: 3, time, frames: equal });
    }),
  );
});

test("the example of EBML lacing in RFC 9559: frames of 800, 500 and 1000 bytes", () => {
  const sizes = hex("02 4320 5ed3");
  const { frames: read } = readSimpleBlock(blockBody(1, 0, 0x86, joined([sizes, new Uint8Array(2300)])));
  assert.deepEqual(
    read.map(({ length }) => length),
    [800, 500, 1000],
  );
});

test("a block group is a key frame unless it refers to others, and may say how long it lasts", () => {
  const block = element(ElementId.block, blockBody(1, -2, 0, hex("aa")));
  assert.deepEqual(readBlockGroup(block), { ...plain, track: 1, time: -2, frames: [hex("aa")] });
  const group = joined([
    element(0x75a2, hex("07")),
    block,
    unsignedElement(ElementId.blockDuration, 40),
    element(ElementId.referenceBlock, hex("d8")),
  ]);
  assert.deepEqual(readBlockGroup(group), { ...plain, track: 1, time: -2, frames: [hex("aa")], isKey: false, duration: 40 });
  assert.equal(readBlockGroup(unsignedElement(ElementId.blockDuration, 40)), undefined);
});

test("track numbers of several bytes", () => {
  assert.equal(readSimpleBlock(hex("4123 0000 80 aa")).track, 0x123);
  assert.throws(() => readSimpleBlock(hex("ff 0000 80 aa")), code("malformed"));
});

test("laces that do not add up are refused", () => {
  const refused = (expected: string, body: string): void => assert.throws(() => readSimpleBlock(hex(body)), code(expected), body);
  refused("truncated", "81 0000");
  refused("truncated", "81 0000 82");
  refused("truncated", "81 0000 82 01 05 aaaa");
  refused("truncated", "81 0000 82 ff ffff");
  refused("malformed", "81 0000 84 01 aabbcc");
  refused("malformed", "81 0000 86 02 81 80 aabbcc");
  refused("truncated", "81 0000 86 01 90 aa");
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const as of [readSimpleBlock, readBlockGroup]) {
        try {
          as(bytes);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});
