import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { PACKET_LENGTH } from "./packet.ts";
import { MAX_GARBAGE, PacketSplitter, isMpegTs } from "./packet-splitter.ts";

/** A packet whose second byte tells it from others; nothing in it looks like a sync byte. */
function packet(number: number): Uint8Array {
  const bytes = new Uint8Array(PACKET_LENGTH).fill(0x80 | (number & 0x3f));
  bytes[0] = 0x47;
  bytes[1] = 0x80 | (number & 0x3f);
  return bytes;
}

function split(data: Uint8Array, step = data.length): { numbers: number[]; skipped: number } {
  const numbers: number[] = [];
  const splitter = new PacketSplitter((bytes, at) => {
    assert.equal(bytes[at], 0x47);
    numbers.push(bytes[at + 1]! & 0x3f);
  });
  for (let at = 0; at < data.length; at += step) splitter.push(data.slice(at, at + step));
  splitter.end();
  return { numbers, skipped: splitter.skipped };
}

const numbers = Array.from({ length: 20 }, (_, i) => i);

describe("packets", () => {
  it("of 188, 192 and 204 bytes come out of any splitting", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 700 }),
        fc.constantFrom([0, 0], [4, 0], [0, 16]),
        fc.nat(300),
        (step, [before, behind], lead) => {
          const framed = numbers.map((i) => joined([new Uint8Array(before), packet(i), new Uint8Array(behind)]));
          const got = split(joined([new Uint8Array(lead), ...framed]), step);
          assert.deepEqual(got, { numbers, skipped: lead + before });
        },
      ),
    );
  });

  it("are found again behind bytes that are none", () => {
    const garbage = fc.array(fc.nat(255), { maxLength: 500 }).map((bytes) => Uint8Array.from(bytes, (byte) => (byte === 0x47 ? 0 : byte)));
    fc.assert(
      fc.property(garbage, garbage, fc.integer({ min: 1, max: 400 }), (first, second, step) => {
        const all = [first, ...numbers.slice(0, 10).map(packet), second, ...numbers.slice(10).map(packet)];
        assert.deepEqual(split(joined(all), step), { numbers, skipped: first.length + second.length });
      }),
    );
  });

  it("whose sync byte is broken are passed over alone", () => {
    const all = numbers.map(packet);
    all[7]![0] = 0;
    assert.deepEqual(split(joined(all)).numbers, numbers.toSpliced(7, 1));
  });

  it("are believed in where two are all that is left", () => {
    for (const count of [2, 3]) {
      const garbage = new Uint8Array(100);
      const all = [packet(0), packet(1), packet(2), packet(3), garbage, ...numbers.slice(4, 4 + count).map(packet)];
      for (const step of [1, 188, 5000]) assert.deepEqual(split(joined(all), step), { numbers: numbers.slice(0, 4 + count), skipped: 100 });
    }
    assert.deepEqual(split(joined([new Uint8Array(100), packet(0)])).numbers, []);
  });

  it("that do not come for too long are waited for no longer", () => {
    const splitter = new PacketSplitter(() => assert.fail("no packets here"));
    for (let sent = 0; sent < MAX_GARBAGE; sent += 65_536) splitter.push(new Uint8Array(65_536));
    assert.throws(
      () => splitter.push(new Uint8Array(65_536)),
      (error) => error instanceof ProtocolError && error.code === "malformed",
    );
  });
});

describe("a stream is told by its start", () => {
  const framed = ([before, behind]: readonly number[]): Uint8Array =>
    joined(numbers.flatMap((i) => [new Uint8Array(before!), packet(i), new Uint8Array(behind!)]));

  it("with packets of any length, as soon as two of them have begun", () => {
    for (const [frame, second] of [
      [[0, 0], 188],
      [[4, 0], 196],
      [[0, 16], 204],
    ] as const) {
      const all = framed(frame);
      for (let length = 0; length <= all.length; length++)
        assert.equal(isMpegTs(all.subarray(0, length)), length > second ? true : undefined, `${length} bytes`);
    }
  });

  it("and so is what is none", () => {
    for (const other of ["FLV\u0001\u0005", "....Hello", "ID3\u0004\u0000"])
      assert.equal(isMpegTs(new TextEncoder().encode(other)), false, other);
    assert.equal(isMpegTs(joined([Uint8Array.of(0x47), new Uint8Array(300)])), false);
  });
});
