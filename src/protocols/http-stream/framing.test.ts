import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Framing } from "../../hub/framing.ts";
import { chunkedFraming, lastChunk, plainFraming } from "./framing.ts";

const bytes = () => fc.uint8Array({ maxLength: 400 });
const filled = () => fc.uint8Array({ minLength: 1, maxLength: 400 });

function framed(framing: Framing, chunk: Uint8Array): Buffer {
  return Buffer.concat([framing.before(chunk.length), chunk, framing.after]);
}

/** Reads a chunked body as RFC 9112 7.1 says. */
function dechunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, end), 16);
    at = end + 2;
    if (size === 0) {
      assert.equal(body.toString("latin1", at), "\r\n");
      return Buffer.concat(parts);
    }
    parts.push(body.subarray(at, at + size));
    assert.equal(body.toString("latin1", at + size, at + size + 2), "\r\n");
    at += size + 2;
  }
}

test("any run of chunks is a valid chunked body and holds the container's bytes", () => {
  fc.assert(
    fc.property(bytes(), fc.array(filled()), (init, chunks) => {
      const body = Buffer.concat([
        chunkedFraming.start({ bytes: init }),
        ...chunks.map((chunk) => framed(chunkedFraming, chunk)),
        lastChunk,
      ]);
      assert.deepEqual(dechunk(body), Buffer.concat([init, ...chunks]));
    }),
  );
});

test("a plain body is the container's bytes", () => {
  const init = { bytes: Uint8Array.of(1, 2) };
  assert.deepEqual(plainFraming.start(init), init.bytes);
  assert.deepEqual(framed(plainFraming, Uint8Array.of(3)), Buffer.of(3));
});

test("a changed header goes on only where a plain reader can tell it", () => {
  const change = Uint8Array.of(7);
  for (const framing of [chunkedFraming, plainFraming]) {
    assert.equal(framing.change({ bytes: change }), undefined);
    assert.equal(framing.change({ bytes: change, change, changeIsAnnounced: true }), undefined);
  }
  assert.deepEqual(plainFraming.change({ bytes: change, change }), change);
  assert.deepEqual(Buffer.from(chunkedFraming.change({ bytes: change, change })!), Buffer.from("1\r\n\u0007\r\n"));
});
