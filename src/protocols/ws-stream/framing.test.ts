import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as ws from "ws";
import { frameHead, wsFraming } from "./framing.ts";

/** What a client's `ws` makes of the bytes. */
function messages(bytes: Uint8Array): { data: string | Buffer }[] {
  const found: { data: string | Buffer }[] = [];
  const receiver = new (ws as unknown as { Receiver: new (options: object) => NodeJS.WritableStream }).Receiver({
    isServer: false,
    allowSynchronousEvents: true,
  });
  receiver.on("message", (data: Buffer, isBinary: boolean) => found.push({ data: isBinary ? Buffer.from(data) : data.toString() }));
  receiver.on("error", (error) => assert.fail(error));
  receiver.write(Buffer.from(bytes));
  return found;
}

test("heads are the shortest that hold the length", () => {
  assert.deepEqual(Buffer.from(frameHead(2, 125)).toString("hex"), "827d");
  assert.deepEqual(Buffer.from(frameHead(2, 126)).toString("hex"), "827e007e");
  assert.deepEqual(Buffer.from(frameHead(2, 65535)).toString("hex"), "827effff");
  assert.deepEqual(Buffer.from(frameHead(1, 65536)).toString("hex"), "817f0000000000010000");
});

test("each chunk is one binary message", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.constantFrom(125, 126, 65535, 65536).map((n) => new Uint8Array(n)),
        ),
        { maxLength: 4 },
      ),
      (chunks) => {
        const wire = Buffer.concat(chunks.flatMap((chunk) => [wsFraming.before(chunk.length), chunk, wsFraming.after]));
        assert.deepEqual(
          messages(wire),
          chunks.map((chunk) => ({ data: Buffer.from(chunk) })),
        );
      },
    ),
  );
});

test("the header comes as a message, after the text that describes it", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  assert.deepEqual(messages(wsFraming.start({ bytes })), [{ data: Buffer.from(bytes) }]);
  assert.deepEqual(messages(wsFraming.start({ bytes, description: "{}" })), [{ data: "{}" }, { data: Buffer.from(bytes) }]);
  const change = Uint8Array.of(9);
  assert.deepEqual(messages(wsFraming.change({ bytes, change, changeIsAnnounced: true, description: "{}" })!), [
    { data: "{}" },
    { data: Buffer.from(change) },
  ]);
  assert.equal(wsFraming.change({ bytes }), undefined);
});
