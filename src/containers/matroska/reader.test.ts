import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { cut, hex, open } from "./document.fixture.ts";
import { DocType, ebmlHeader } from "./document.ts";
import { element, unsignedElement } from "./ebml.ts";
import { ElementId } from "./ids.ts";
import { MatroskaReader } from "./reader.ts";

const { segment, cluster, timestamp, simpleBlock, blockGroup, info, tracks, cues, tags, attachments } = ElementId;
const head = ebmlHeader(DocType.matroska);
const headBody = Buffer.from(head.subarray(5)).toString("hex");

function read(pieces: Iterable<Uint8Array>, maxBlock?: number): string[] {
  const events: string[] = [];
  const reader = new MatroskaReader(
    {
      begins: (id) => events.push(`+${id === segment ? "segment" : "cluster"}`),
      element: (id, data) => events.push(`${id.toString(16)} ${Buffer.from(data).toString("hex")}`),
    },
    maxBlock,
  );
  for (const piece of pieces) reader.push(piece);
  return events.map((event) => (event === `1a45dfa3 ${headBody}` ? "ebml" : event));
}

const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;
const block = (byte: number): Uint8Array => element(simpleBlock, Uint8Array.of(byte));

test("a cluster of unknown size ends where another begins, or what belongs beside it; so does a segment", () => {
  const at = (time: number, ...blocks: Uint8Array[]): Uint8Array[] => [open(cluster), unsignedElement(timestamp, time), ...blocks];
  const bytes = joined([
    ...[head, open(segment), element(info), element(tracks)],
    ...[...at(1, block(1)), ...at(2, block(2)), element(cues, block(9)), element(tags), ...at(3)],
    ...[head, open(segment), element(info), ...at(4, element(blockGroup, hex("a180"))), open(segment), ...at(5)],
  ]);
  assert.deepEqual(read([bytes]), [
    ...["ebml", "+segment", "1549a966 ", "1654ae6b ", "+cluster", "e7 01", "a3 01", "+cluster", "e7 02", "a3 02", "+cluster", "e7 03"],
    ...["ebml", "+segment", "1549a966 ", "+cluster", "e7 04", "a0 a180", "+segment", "+cluster", "e7 05"],
  ]);
});

test("masters of known size end with their last byte", () => {
  const inner = joined([element(cluster, unsignedElement(timestamp, 1), block(1)), element(cluster), open(cluster), block(2)]);
  const bytes = joined([head, element(segment, inner), element(ElementId.void, hex("00")), head, open(segment), open(cluster), block(3)]);
  assert.deepEqual(read([bytes]), [
    ...["ebml", "+segment", "+cluster", "e7 01", "a3 01", "+cluster", "+cluster", "a3 02"],
    ...["ebml", "+segment", "+cluster", "a3 03"],
  ]);
});

/** A stream made of choices: what is in it, and in what kind of master. */
const leaves = fc.constantFrom(
  block(1),
  block(2),
  element(blockGroup, hex("a1820000")),
  element(ElementId.void, hex("0011")),
  element(0x7777, hex("22")),
);
const clusters = fc.tuple(fc.boolean(), fc.array(leaves, { maxLength: 4 })).map(([sized, inside]) => {
  return sized ? element(cluster, ...inside) : joined([open(cluster), ...inside]);
});
const beside = fc.constantFrom(
  element(info, hex("2ad7b18201f4")),
  element(tracks),
  element(cues, hex("bb80")),
  element(attachments, new Uint8Array(70)),
);
const streams = fc
  .array(fc.tuple(fc.boolean(), fc.array(fc.oneof(clusters, beside), { maxLength: 5 })), { minLength: 1, maxLength: 3 })
  .map((documents) =>
    joined(documents.flatMap(([sized, inside]) => [head, ...(sized ? [element(segment, ...inside)] : [open(segment), ...inside])])),
  );

test("any splitting of the bytes gives the same elements", () => {
  fc.assert(
    fc.property(streams, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }), (bytes, lengths) => {
      const whole = read([bytes]);
      assert.ok(whole.length >= 2);
      assert.deepEqual(read(cut(bytes, lengths)), whole);
    }),
  );
});

test("an element comes out with its last byte, views where it was in one piece", () => {
  let got: Uint8Array | undefined;
  const reader = new MatroskaReader({ begins: () => undefined, element: (_, data) => (got = data) });
  const bytes = joined([head, open(segment), open(cluster), block(7)]);
  reader.push(bytes.subarray(0, -1));
  assert.notEqual(got?.length, 1);
  const last = bytes.subarray(-1);
  reader.push(last);
  assert.equal(got?.buffer, last.buffer);
});

test("what cannot be is refused, in words", () => {
  const refused = (expected: string, words: RegExp, ...parts: Uint8Array[]): void => {
    assert.throws(
      () => read([joined(parts)], 1000),
      (error: Error) => code(expected)(error) && words.test(error.message),
      `${words}`,
    );
  };
  refused("malformed", /^not Matroska or WebM/, hex("464c5601050000000900000000"));
  refused("malformed", /^not Matroska or WebM/, hex("000000206674797069736f6d"));
  refused("malformed", /^not Matroska or WebM/, element(segment));
  refused("malformed", /no element at byte 40/, head, hex("00"));
  refused("order", /tracks outside a Segment/, head, element(tracks));
  refused("order", /cluster outside a Segment/, head, open(cluster));
  refused("malformed", /info of unknown size/, head, open(segment), open(info));
  refused("malformed", /simpleBlock reaches beyond its parent/, head, open(segment), hex("1f43b675 83 a385"));
  refused("malformed", /cluster in cluster/, head, open(segment), element(cluster, element(cluster), block(1)));
  refused("malformed", /ebml in segment/, head, element(segment, head));
  refused(
    "limit",
    /simpleBlock of 1001 bytes, 1000 allowed/,
    head,
    open(segment),
    open(cluster),
    element(simpleBlock, new Uint8Array(1001)),
  );
  refused("limit", /tracks of 2097152 bytes/, head, open(segment), hex("1654ae6b 10200000"));
  refused("limit", /attachments of \d+ bytes/, head, open(segment), hex("1941a469 0100000100000000"));
  refused("limit", /timestamp of 9 bytes/, head, open(segment), open(cluster), element(timestamp, new Uint8Array(9)));
});

test("input may end where an element has ended, and nothing is open that says how long it is", () => {
  const ended = (...parts: Uint8Array[]): void => {
    const reader = new MatroskaReader({ begins: () => undefined, element: () => undefined });
    reader.push(joined(parts));
    reader.end();
  };
  const live = [head, open(segment), element(info), open(cluster), block(1)];
  ended(...live);
  ended(head, element(segment, element(cluster, block(1))));
  assert.throws(() => ended(), code("truncated"));
  assert.throws(() => ended(...live, hex("a3")), code("truncated"));
  assert.throws(() => ended(...live, hex("a38201")), code("truncated"));
  assert.throws(() => ended(head, hex("1853806790"), element(info)), code("truncated"));
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.constantFrom(hex(""), head, joined([head, open(segment)])), fc.uint8Array({ maxLength: 120 }), (before, bytes) => {
      try {
        read([before, bytes]);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
