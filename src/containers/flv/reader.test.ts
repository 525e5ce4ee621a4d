import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { FlvFileHeader } from "./reader.ts";
import { FlvReader } from "./reader.ts";
import type { FlvTag } from "./tag.ts";
import { fileHeader, tagParts, TagType } from "./tag.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

function read(pieces: Iterable<Uint8Array>, maxBody?: number): { header: FlvFileHeader | undefined; tags: FlvTag[]; pending: number } {
  const tags: FlvTag[] = [];
  let header: FlvFileHeader | undefined;
  const reader = new FlvReader(
    { header: (value) => (header = value), tag: (tag) => tags.push({ ...tag, body: new Uint8Array(tag.body) }) },
    maxBody,
  );
  for (const piece of pieces) reader.push(piece);
  return { header, tags, pending: reader.pending };
}

test("header and first AAC tag as FFmpeg writes them", () => {
  const bytes = hex("464c560105000000090000000008000007000000000000 00af00120856e50000000012");
  const { header, tags } = read([bytes]);
  assert.deepEqual(header, { hasAudio: true, hasVideo: true });
  assert.deepEqual(tags, [{ type: 8, timestamp: 0, body: hex("af00120856e500") }]);
  const written = Buffer.concat([
    fileHeader({ audio: true, video: true }),
    ...tagParts(TagType.audio, 0, [hex("af00"), hex("120856e500")]),
  ]);
  assert.deepEqual(new Uint8Array(written), bytes);
});

test("the timestamp has its top byte behind the others", () => {
  const bytes = Buffer.concat([fileHeader({ audio: false, video: true }), ...tagParts(TagType.video, 0xfedcba98, [])]);
  assert.equal(bytes.subarray(17, 21).toString("hex"), "dcba98fe");
  assert.equal(read([bytes]).tags[0]?.timestamp, 0xfedcba98);
});

const tag = fc
  .tuple(fc.constantFrom(8, 9, 15, 18), fc.nat(0xffff_ffff), fc.uint8Array({ maxLength: 200 }))
  .map(([type, timestamp, body]) => ({ type, timestamp, body }));

test("any splitting gives the tags that were written", () => {
  fc.assert(
    fc.property(fc.array(tag, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (tags, cuts) => {
      const bytes = new Uint8Array(
        Buffer.concat([fileHeader({ audio: true, video: false }), ...tags.flatMap((one) => tagParts(one.type, one.timestamp, [one.body]))]),
      );
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0; at < bytes.length; at += cuts[i++ % cuts.length]!)
        pieces.push(bytes.subarray(at, at + cuts[i % cuts.length]!));
      const result = read(pieces);
      assert.deepEqual(result.header, { hasAudio: true, hasVideo: false });
      assert.deepEqual(result.tags, tags);
      assert.equal(result.pending, 0);
    }),
  );
});

test("a longer header is skipped, a truncated last tag is left", () => {
  const result = read([hex("464c5601010000000c aabbcc 00000000 08000001 00000000 000000 af 0000000c 0800000100")]);
  assert.deepEqual(result.tags, [{ type: 8, timestamp: 0, body: hex("af") }]);
  assert.equal(result.pending, 5);
});

test("what is not FLV, encrypted or too large is refused", () => {
  const start = "464c560105000000090000000";
  const bad = { malformed: "464c5701", unsupported: "464c5602 05 00000009", limit: "464c5601 05 7fffffff" };
  for (const [code, bytes] of Object.entries(bad)) {
    assert.throws(
      () => read([hex(bytes.padEnd(30, "0"))]),
      (error) => error instanceof ProtocolError && error.code === code,
      bytes,
    );
  }
  assert.throws(() => read([hex(`${start}0 2800000000000000000000`)]), /encrypted/);
  assert.throws(() => read([hex(`${start}0 0800006500000000000000`)], 100), ProtocolError);
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.uint8Array({ maxLength: 200 }), (header, bytes) => {
      try {
        read(header ? [fileHeader({ audio: true, video: true }), bytes] : [bytes]);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
