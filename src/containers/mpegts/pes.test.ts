import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { MAX_PES, PesAssembler, PesMemory } from "./pes-assembler.ts";
import { PesStreamId, pesHeader, pesLength, readPesHeader } from "./pes.ts";
import { StampUnwrapper } from "./stamps.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const TURN = 2 ** 33;

describe("PES headers", () => {
  it("read back as they were written, stamps modulo 2^33", () => {
    const stamp = fc.integer({ min: -TURN, max: 4 * TURN });
    fc.assert(
      fc.property(stamp, stamp, fc.nat(100_000), (pts, dts, length) => {
        const header = pesHeader(PesStreamId.video, { pts, dts }, length);
        const wrapped = (value: number): number => ((value % TURN) + TURN) % TURN;
        const packet = joined([header, new Uint8Array(length)]);
        const told = pesLength(header);
        assert.equal(told, packet.length - 6 > 0xffff ? 0 : packet.length);
        const isFull = packet.length >= 65_000 && told !== 0;
        assert.deepEqual(readPesHeader(packet), { stamps: { pts: wrapped(pts), dts: wrapped(dts) }, payload: header.length, isFull });
      }),
    );
  });

  it("have the bytes of the standard", () => {
    const header = pesHeader(PesStreamId.audio, { pts: 0x1_2345_6789, dts: 0x1_2345_6789 }, 4);
    // 0010 100 1 | 10001101 0001010 1 | 11001111 0001001 1: the bits of the stamp between markers.
    assert.deepEqual(header, hex("000001c0 000c 84 80 05 29 8d15cf13"));
  });

  it("that are damaged are none; padding carries nothing", () => {
    for (const bytes of [
      "000001e0 0000 04 80 05 2100010001",
      "000001e0 0000 84 40 05 2100010001",
      "000001e0 0000 84 80 04 21000100",
      "000001e0 0000 84 80 05 21",
    ])
      assert.equal(readPesHeader(hex(bytes)), undefined, bytes);
    // A marker bit is missing; scrambled.
    for (const bytes of ["000001e0 0000 84 80 05 2000010001", "000001e0 0000 94 80 05 2100010001"])
      assert.equal(readPesHeader(hex(bytes)), undefined, bytes);
    assert.deepEqual(readPesHeader(hex("000001be 0002 ffff")), { stamps: undefined, payload: 8, isFull: false });
    assert.deepEqual(readPesHeader(hex("000001c0 0000 80 00 00 ff")), { stamps: undefined, payload: 9, isFull: false });
  });
});

/** What an assembler says, in words. */
function assembling(memory = new PesMemory()): { assembler: PesAssembler; said: string[] } {
  const said: string[] = [];
  const assembler = new PesAssembler(
    {
      pes: (packet) => said.push(Buffer.from(packet).toString("hex")),
      interrupted: () => said.push("interrupted"),
      dropped: () => said.push("dropped"),
    },
    memory,
  );
  return { assembler, said };
}

describe("PES packets", () => {
  const told = hex("000001c0 0003 aabbcc");
  const untold = hex("000001e0 0000 aabbccdd");
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

  it("that tell their length are given with their last byte, others when the next begins", () => {
    const { assembler, said } = assembling();
    assembler.take(told.subarray(0, 4), true);
    assembler.take(told.subarray(4, 8), false);
    assert.deepEqual(said, []);
    assembler.take(told.subarray(8), false);
    assert.deepEqual(said, [text(told)]);
    // What comes behind the end belongs to nobody.
    assembler.take(told, false);
    assembler.take(untold, true);
    assembler.take(untold, false);
    assert.equal(said.length, 1);
    assembler.take(told, true);
    assert.deepEqual(said.slice(1), [text(untold) + text(untold), text(told)]);
    assembler.take(untold, true);
    assembler.flush();
    assert.equal(said.at(-1), text(untold));
  });

  it("that are cut are dropped", () => {
    const { assembler, said } = assembling();
    assembler.take(told.subarray(0, 7), true);
    assembler.take(told, true);
    assert.deepEqual(said.splice(0), ["dropped", text(told)]);
    assembler.take(untold, true);
    assembler.lost();
    assembler.take(untold, false);
    assembler.flush();
    assert.deepEqual(said.splice(0), ["dropped", "interrupted"]);
    assembler.take(hex("00000200 0000 aa"), true);
    assembler.take(told.subarray(0, 3), true);
    assembler.flush();
    assert.deepEqual(said, ["dropped", "dropped"]);
  });

  it("longer than allowed are dropped, alone or together", () => {
    const piece = new Uint8Array(64 * 1024);
    const memory = new PesMemory();
    const fill = (bytes: number): string[] => {
      const { assembler, said } = assembling(memory);
      assembler.take(untold, true);
      for (let length = untold.length; length + piece.length <= bytes; length += piece.length) assembler.take(piece, false);
      return said;
    };
    const first = assembling(memory);
    first.assembler.take(untold, true);
    for (let i = 0; i <= MAX_PES / piece.length; i++) first.assembler.take(piece, false);
    assert.deepEqual(first.said, ["dropped"]);
    assert.deepEqual(fill(MAX_PES), []);
    assert.deepEqual(fill(MAX_PES / 4), ["dropped"]);
    first.assembler.close();
    assert.deepEqual(fill(MAX_PES / 4), []);
  });
});

describe("stamps", () => {
  it("go on over wraps, and jumps stay jumps", () => {
    const unwrapper = new StampUnwrapper();
    const at = (dts: number, pts = dts): [number, number] | undefined => {
      const stamps = unwrapper.unwrap({ pts, dts });
      return stamps && [stamps.dts, stamps.pts];
    };
    assert.deepEqual(at(TURN - 3600, 3600), [TURN - 3600, TURN + 3600]);
    assert.deepEqual(at(0, 7200), [TURN, TURN + 7200]);
    assert.deepEqual(at(TURN - 1800), [TURN - 1800, TURN - 1800]);
    assert.deepEqual(at(90_000_000), [TURN + 90_000_000, TURN + 90_000_000]);
    assert.deepEqual(at(1000), [TURN + 1000, TURN + 1000]);
    assert.equal(at(1000, 2_000_000), undefined);
    assert.deepEqual(at(3600, 1800), [TURN + 3600, TURN + 1800]);
  });

  it("rise for as long as they rise by less than half a turn", () => {
    fc.assert(
      fc.property(fc.nat(TURN - 1), fc.array(fc.nat(TURN / 2 - 1), { maxLength: 30 }), (first, steps) => {
        const unwrapper = new StampUnwrapper();
        let time = first;
        for (const step of [0, ...steps]) {
          time += step;
          assert.deepEqual(unwrapper.unwrap({ pts: time % TURN, dts: time % TURN }), { pts: time, dts: time });
        }
      }),
    );
  });
});
