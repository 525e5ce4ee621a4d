import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Writer } from "../../bytes/writer.ts";
import { writeBasicHeader, writeChunkHeader } from "./chunk-header.ts";
import { ChunkReader, type ChunkBudget } from "./chunk-reader.ts";
import { chunkedMessage } from "./chunk-writer.ts";
import { abort, setChunkSize } from "./control.ts";
import { MessageType, type Message } from "./message.ts";

const budget: ChunkBudget = { messageBytes: 1 << 20, partialBytes: 1 << 20, partialMessages: 8, chunkStreams: 16 };

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

/** Feeds pieces and collects what comes out. */
function read(pieces: readonly Uint8Array[], limits = budget): Message[] {
  const messages: Message[] = [];
  const reader = new ChunkReader(limits, (message) => messages.push(message));
  for (const piece of pieces) reader.push(piece);
  return messages;
}

function throwsCode(code: string, pieces: readonly Uint8Array[], limits = budget): void {
  assert.throws(
    () => read(pieces, limits),
    (error) => error instanceof ProtocolError && error.code === code,
  );
}

const body = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);

describe("chunk reader", () => {
  it("reads all four header formats", () => {
    const payload = body(200);
    const chunks = [payload.subarray(0, 128), hex("c6"), payload.subarray(128)];
    const messages = read([
      hex("06 0003e8 0000c8 09 01000000"),
      ...chunks,
      hex("86 000021"),
      ...chunks,
      hex("c6"),
      ...chunks,
      hex("46 000028 00005a 09"),
      payload.subarray(0, 90),
    ]);
    assert.deepEqual(
      messages.map((m) => [m.timestamp, m.body.length, m.type, m.streamId]),
      [
        [1000, 200, 9, 1],
        [1033, 200, 9, 1],
        [1066, 200, 9, 1],
        [1106, 90, 9, 1],
      ],
    );
    assert.deepEqual(messages[1]!.body, payload);
  });

  it("reads an extended timestamp with and without its repetition on continuations", () => {
    const payload = body(200);
    const head = hex("06 ffffff 0000c8 09 01000000 01000000");
    for (const continuation of ["c6 01000000", "c6"]) {
      const whole = Buffer.concat([head, payload.subarray(0, 128), hex(continuation), payload.subarray(128)]);
      for (const pieces of [[whole], [...whole].map((byte) => Uint8Array.of(byte))]) {
        const [message] = read(pieces);
        assert.equal(message!.timestamp, 0x1000000);
        assert.deepEqual(Buffer.from(message!.body), Buffer.from(payload));
      }
    }
  });

  it("does not wait for bytes that need not come: one last byte without a repeated timestamp", () => {
    const payload = body(129);
    payload[128] = 0x77;
    const head = hex("06 ffffff 000081 09 01000000 01000000");
    assert.equal(read([head, payload.subarray(0, 128), hex("c6"), payload.subarray(128)]).length, 1);
  });

  it("takes payload that begins like a repeated timestamp for payload once it differs", () => {
    const payload = body(132);
    payload.set([0x01, 0x00, 0x00, 0x05], 128);
    const whole = Buffer.concat([hex("06 ffffff 000084 09 01000000 01000000"), payload.subarray(0, 128), hex("c6"), payload.subarray(128)]);
    for (const pieces of [[whole], [...whole].map((byte) => Uint8Array.of(byte))]) {
      assert.deepEqual(Buffer.from(read(pieces)[0]!.body), Buffer.from(payload));
    }
  });

  it("adds extended deltas modulo 2^32, as librtmp writes a 31-bit wrap", () => {
    const messages = read([hex("04 ffffff 000001 08 01000000 7fffffff aa"), hex("44 ffffff 000001 08 80000001 bb")]);
    assert.deepEqual(
      messages.map((m) => m.timestamp),
      [0x7fffffff, 0],
    );
  });

  it("takes the time of format 0 as the delta of format 3 only while it can be one", () => {
    const times = (time: string): number[] => read([hex(`04 ${time} 000001 08 01000000 aa`), hex("c4 bb")]).map((m) => m.timestamp);
    assert.deepEqual(times("000017"), [23, 46]);
    assert.deepEqual(times("0f4240"), [1_000_000, 1_000_000]);
  });

  it("starts a chunk stream on format 1 with zeros, as librtmp's pong does", () => {
    assert.deepEqual(
      read([hex("42 000001 000006 04 000700000001")]).map((m) => [m.timestamp, m.streamId, m.type]),
      [[1, 0, 4]],
    );
  });

  it("reads chunk stream ids of two and three bytes", () => {
    for (const id of [64, 70, 319, 320, 400, 65599]) {
      const bytes = chunkedMessage(id, { type: 8, timestamp: 5, streamId: 1, body: body(300) });
      const announced = [setChunkSize(65536), bytes];
      assert.deepEqual(read(announced)[0]?.body, body(300));
    }
  });

  it("keeps messages of several chunk streams apart, and a chunk size change applies to all of them", () => {
    const video = body(300, 3);
    const messages = read([
      hex("06 000000 00012c 09 01000000"),
      video.subarray(0, 128),
      hex("04 000000 000003 08 01000000 af0101"),
      setChunkSize(256),
      hex("c6"),
      video.subarray(128),
    ]);
    assert.deepEqual(
      messages.map((m) => m.type),
      [MessageType.audio, MessageType.video],
    );
    assert.deepEqual(messages[1]!.body, video);
  });

  it("forgets an aborted message and keeps its header", () => {
    const messages = read([
      hex("06 0003e8 0000c8 09 01000000"),
      body(128),
      abort(6),
      hex("86 000021"),
      body(128),
      hex("c6"),
      body(200).subarray(128),
    ]);
    assert.deepEqual(
      messages.map((m) => [m.timestamp, m.body.length]),
      [[1033, 200]],
    );
  });

  it("gives a message inside one read as a view of it, and joins any other", () => {
    const data = hex("04 000000 000003 08 01000000 af0101");
    assert.equal(read([data])[0]!.body.buffer, data.buffer);
    assert.deepEqual([...read([data.subarray(0, 13), data.subarray(13)])[0]!.body], [0xaf, 1, 1]);
  });

  it("passes on empty messages", () => {
    assert.equal(read([hex("04 000000 000000 08 01000000")])[0]!.body.length, 0);
  });

  it("refuses what the format forbids", () => {
    throwsCode("order", [hex("c6 00")]);
    throwsCode("malformed", [hex("06 000000 0000c8 09 01000000"), body(128), hex("06 000000 0000c8 09 01000000")]);
    throwsCode("malformed", [hex("06 000000 0000c8 09 01000000"), body(128), hex("46 000000 0000c9 09")]);
    throwsCode("malformed", [hex("02 000000 000004 01 00000000 00000000")]);
    throwsCode("malformed", [hex("02 000000 000004 01 00000000 80000000")]);
    throwsCode("malformed", [hex("02 000000 000004 01 00000000 ffffffff")]);
    throwsCode("limit", [hex("02 000000 000004 01 00000000 00000001")]);
    throwsCode("truncated", [hex("02 000000 000002 01 00000000 0000")]);
  });

  it("refuses more than its budget", () => {
    throwsCode("limit", [hex("04 000000 100001 09 01000000")]);
    const many = (n: number, length: number): Uint8Array[] =>
      Array.from({ length: n }, (_, i) => {
        const chunk = new Writer(20);
        writeChunkHeader(chunk, { format: 0, chunkStreamId: 3 + i, time: 0, length, type: 9, streamId: 1 });
        return Buffer.concat([chunk.done(), body(Math.min(length, 128))]);
      });
    throwsCode("limit", many(9, 200));
    assert.equal(read(many(8, 200)).length, 0);
    throwsCode("limit", many(17, 1));
    throwsCode("limit", many(5, 4096), { ...budget, partialBytes: 16384 });
  });

  it("allocates no more than a small multiple of what came", () => {
    const before = process.memoryUsage().arrayBuffers;
    const reader = new ChunkReader({ ...budget, messageBytes: 0xffffff, partialBytes: 65536 }, () => undefined);
    reader.push(Buffer.concat([hex("06 000000 ffffff 09 01000000"), body(10)]));
    assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
    assert.equal(reader.unfinished, true);
  });

  it("takes no more after stop, also from within a message", () => {
    let seen = 0;
    const one = hex("04 000000 000003 08 01000000 af0101");
    const reader: ChunkReader = new ChunkReader(budget, () => {
      seen += 1;
      reader.stop();
    });
    reader.push(Buffer.concat([one, one]));
    reader.push(one);
    assert.equal(seen, 1);
  });
});

/** A message in the making, with all a sender may vary. */
const sent = fc.record({
  chunkStreamId: fc.constantFrom(3, 4, 6, 63, 64, 320, 65599),
  timestamp: fc.oneof(fc.nat({ max: 100_000 }), fc.constantFrom(0xfffffe, 0xffffff, 0x1000000, 0x7fffffff, 0xffffffff)),
  type: fc.constantFrom(8, 9, 18, 20),
  streamId: fc.constantFrom(0, 1, 0x01020304),
  length: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 700 })),
  repeat: fc.boolean(),
});
type Sent = typeof sent extends fc.Arbitrary<infer T> ? T : never;

/** Messages as interleaved chunks of 128 bytes, each message's continuations with or without the extended timestamp. */
function interleave(messages: readonly Sent[], order: readonly number[]): { bytes: Uint8Array; complete: Message[] } {
  const out = new Writer();
  const complete: Message[] = [];
  const lanes = new Map<number, Sent[]>();
  for (const message of messages) {
    const lane = lanes.get(message.chunkStreamId);
    if (lane === undefined) lanes.set(message.chunkStreamId, [message]);
    else lane.push(message);
  }
  const live = [...lanes.values()].map((queue) => ({ queue, at: 0 }));
  for (let turn = 0; live.length > 0; turn++) {
    const index = (order[turn % order.length] ?? 0) % live.length;
    const lane = live[index]!;
    const message = lane.queue[0]!;
    const payload = body(message.length, message.timestamp & 0xff);
    if (lane.at === 0) writeChunkHeader(out, { ...message, format: 0, time: message.timestamp });
    else {
      writeBasicHeader(out, 3, message.chunkStreamId);
      if (message.timestamp >= 0xffffff) out.u32(message.timestamp);
    }
    const taken = Math.min(128, message.length - lane.at);
    out.bytes(payload.subarray(lane.at, lane.at + taken));
    lane.at += taken;
    if (lane.at < message.length) continue;
    complete.push({ type: message.type, timestamp: message.timestamp, streamId: message.streamId, body: payload });
    lane.queue.shift();
    lane.at = 0;
    if (lane.queue.length === 0) live.splice(index, 1);
  }
  return { bytes: out.done(), complete };
}

/** Cuts bytes at the given places, modulo their length. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const ends = [...at, bytes.length];
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

describe("chunk reader, properties", () => {
  it("gives the same messages however they are interleaved and split", () => {
    fc.assert(
      fc.property(
        fc.array(sent, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 9 }),
        fc.array(fc.nat()),
        (messages, order, places) => {
          const { bytes, complete } = interleave(messages, order);
          const got = read(cut(bytes, places));
          assert.deepEqual(
            got.map((m) => ({ ...m, body: [...m.body] })),
            complete.map((m) => ({ ...m, body: [...m.body] })),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("answers garbage with messages or a ProtocolError, the same for any splitting", () => {
    const outcome = (pieces: readonly Uint8Array[]): string => {
      const seen: string[] = [];
      const reader = new ChunkReader(budget, (m) => seen.push(`${m.type} ${m.timestamp} ${Buffer.from(m.body).toString("hex")}`));
      try {
        for (const piece of pieces) reader.push(piece);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        seen.push(error.code);
      }
      return seen.join("\n");
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.array(fc.nat(), { maxLength: 20 }), (bytes, places) => {
        assert.equal(outcome(cut(bytes, places)), outcome([bytes]));
      }),
      { numRuns: 500 },
    );
  });
});
