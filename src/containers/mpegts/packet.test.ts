import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PacketFields } from "./packet.ts";
import { PACKET_LENGTH, PACKET_ROOM, readPacketHeader, writePacketHeader } from "./packet.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", "").padEnd(2 * PACKET_LENGTH, "0"), "hex"));

const fields: fc.Arbitrary<PacketFields> = fc.record(
  {
    pid: fc.nat(0x1fff),
    counter: fc.nat(15),
    start: fc.boolean(),
    discontinuity: fc.boolean(),
    randomAccess: fc.boolean(),
    pcr: fc.nat(2 ** 33 * 300 - 1),
  },
  { requiredKeys: ["pid", "counter"] },
);

test("a header reads back as it was written, stuffed to the payload's length", () => {
  fc.assert(
    fc.property(fields, fc.nat(400), fc.nat(20), (wanted, length, at) => {
      const out = new Uint8Array(at + PACKET_LENGTH);
      const payload = writePacketHeader(out, at, wanted, length);
      const header = readPacketHeader(out, at)!;
      const { pid, counter, start = false, discontinuity = false, randomAccess = false, pcr } = wanted;
      assert.deepEqual(header, { pid, counter, start, discontinuity, randomAccess, pcr, scrambled: false, payload: payload - at });
      const carried = PACKET_LENGTH - header.payload;
      assert.ok(carried <= length && carried >= Math.min(length, PACKET_ROOM - 8));
    }),
  );
});

test("the bytes of a header are those of the standard", () => {
  const out = new Uint8Array(PACKET_LENGTH);
  const payload = writePacketHeader(out, 0, { pid: 0x101, counter: 5, start: true, randomAccess: true, pcr: 2 ** 32 * 300 + 257 }, 174);
  assert.equal(payload, 14);
  assert.equal(Buffer.from(out.subarray(0, payload)).toString("hex"), "474101350950800000007f01ffff");
  const bare = new Uint8Array(PACKET_LENGTH);
  assert.equal(writePacketHeader(bare, 0, { pid: 0x1fff, counter: 0 }, 184), 4);
  assert.equal(Buffer.from(bare.subarray(0, 4)).toString("hex"), "471fff10");
});

test("packets that are damaged, or say so, have no header", () => {
  for (const bytes of ["48 0100 10", "47 8100 10", "47 0100 00", "47 0100 30 b7", "47 0100 20 b8"])
    assert.equal(readPacketHeader(hex(bytes), 0), undefined, bytes);
  assert.equal(readPacketHeader(hex("47 0100 30 b6"), 0)?.payload, 187);
  assert.equal(readPacketHeader(hex("47 0100 20 b7"), 0)?.payload, PACKET_LENGTH);
  assert.equal(readPacketHeader(hex("47 0100 d0"), 0)?.scrambled, true);
  // A PCR flag without room for a PCR.
  assert.equal(readPacketHeader(hex("47 0100 30 01 10"), 0)?.pcr, undefined);
});
