import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Writer } from "../../bytes/writer.ts";
import { splitAggregate } from "./aggregate.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("aggregate message", () => {
  it("gives each part its time after the first one's", () => {
    const parts = new Writer();
    for (const [type, time, text] of [
      [8, 0x01000000, "ab"],
      [9, 0x01000021, "cde"],
      [22, 0x01000022, "no"],
      [8, 0x01000017, "f"],
    ] as const) {
      parts
        .u8(type)
        .u24(text.length)
        .u24(time & 0xffffff)
        .u8(time >>> 24)
        .u24(9)
        .ascii(text)
        .u32(11 + text.length);
    }
    const got = [...splitAggregate({ type: 22, timestamp: 0xfffffff0, streamId: 1, body: parts.done() })];
    assert.deepEqual(
      got.map((m) => [m.type, m.timestamp, m.streamId, Buffer.from(m.body).toString()]),
      [
        [8, 0xfffffff0, 1, "ab"],
        [9, 0x11, 1, "cde"],
        [8, 7, 1, "f"],
      ],
    );
  });

  it("takes a last part without back pointer, and refuses a length that lies after what came before it", () => {
    const one = hex("08 000007 0003e8 00 000000 af00120856e500");
    const split = (body: Uint8Array) => splitAggregate({ type: 22, timestamp: 5, streamId: 1, body });
    assert.deepEqual(
      [...split(one)].map((part) => part.timestamp),
      [5],
    );
    const lying = split(Buffer.concat([one, hex("00000012"), hex("09 ffffff 000000 00 000000 00")]));
    assert.equal(lying.next().value?.timestamp, 5);
    assert.throws(() => lying.next(), ProtocolError);
  });

  it("never throws but a ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        try {
          for (const message of splitAggregate({ type: 22, timestamp: 0, streamId: 1, body }))
            assert.ok(message.body.length <= body.length);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});
