import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { BoxSplitter, largestBox, readBoxes } from "./box-reader.ts";
import { box, fields, fullBox } from "./boxes.ts";

const boxes = fc.array(fc.tuple(fc.constantFrom("free", "mdat", "moov"), fc.uint8Array({ maxLength: 40 })), { maxLength: 12 });

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return [...pieces, bytes.slice(at)];
}

test("a box is its size, its type and its parts", () => {
  assert.deepEqual([...box("free", Uint8Array.of(1, 2), Uint8Array.of(3))], [0, 0, 0, 11, 0x66, 0x72, 0x65, 0x65, 1, 2, 3]);
  assert.deepEqual([...fullBox("stts", 1, 0x020304).subarray(8)], [1, 2, 3, 4]);
});

test("any splitting of the bytes gives the same boxes", () => {
  fc.assert(
    fc.property(boxes, fc.array(fc.nat(20), { maxLength: 60 }), (wanted, lengths) => {
      const bytes = fields((out) => wanted.forEach(([type, payload]) => out.bytes(box(type, payload))));
      const splitter = new BoxSplitter();
      const got = cut(bytes, lengths).flatMap((piece) => splitter.push(piece));
      assert.deepEqual(
        got.map((each) => [each.type, [...each.payload]]),
        wanted.map(([type, payload]) => [type, [...payload]]),
      );
    }),
  );
});

test("a box comes out with its last byte, also an empty one", () => {
  const splitter = new BoxSplitter();
  assert.deepEqual(splitter.push(Uint8Array.of(0, 0, 0)), []);
  assert.equal(splitter.push(Uint8Array.of(8, 0x66, 0x72, 0x65, 0x65)).length, 1);
});

test("a 64-bit size is read, byte by byte too", () => {
  const large = fields((out) =>
    out
      .u32(1)
      .ascii("mdat")
      .u64(19)
      .bytes(Uint8Array.of(7, 8, 9)),
  );
  assert.deepEqual([...readBoxes(large)[0]!.payload], [7, 8, 9]);
  const splitter = new BoxSplitter();
  const got = [...large].flatMap((byte) => splitter.push(Uint8Array.of(byte)));
  assert.deepEqual(
    got.map((each) => [...each.payload]),
    [[7, 8, 9]],
  );
});

test("sizes that cannot be are refused before anything is kept", () => {
  const refused = (code: string, bytes: Uint8Array): void => {
    assert.throws(
      () => new BoxSplitter().push(bytes),
      (error) => error instanceof ProtocolError && error.code === code,
    );
  };
  refused(
    "malformed",
    fields((out) => out.u32(7).ascii("free")),
  );
  refused(
    "unsupported",
    fields((out) => out.u32(0).ascii("mdat")),
  );
  refused(
    "limit",
    fields((out) => out.u32(largestBox + 1).ascii("mdat")),
  );
  refused(
    "limit",
    fields((out) =>
      out
        .u32(1)
        .ascii("mdat")
        .u64(2 ** 60),
    ),
  );
  refused(
    "malformed",
    fields((out) => out.u32(1).ascii("mdat").u64(15)),
  );
  assert.throws(() => readBoxes(fields((out) => out.u32(9).ascii("free"))), ProtocolError);
});
