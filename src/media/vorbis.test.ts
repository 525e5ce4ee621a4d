import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { parseVorbisConfig, vorbisBlockSize } from "./vorbis.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

const identification = "01766f72626973 00000000 02 44ac0000 00000000 00ee0200 00000000 b8 01";
const comment = "03766f72626973 00000000 00000000 01";

/** A setup header that ends in modes: their number less 1 in 6 bits, 41 bits each, and a set bit; `before` bits of code books ahead. */
function setup(isLong: readonly boolean[], before: number): string {
  const bits: number[] = [..."05766f72626973".match(/../g)!].flatMap((byte) =>
    Array.from({ length: 8 }, (_, i) => (Number.parseInt(byte, 16) >> i) & 1),
  );
  const put = (value: number, count: number): void => {
    for (let i = 0; i < count; i++) bits.push((value >> i) & 1);
  };
  for (let i = 0; i < before; i++) put(i % 3 === 0 ? 1 : 0, 1);
  put(isLong.length - 1, 6);
  for (const [i, long] of isLong.entries()) {
    put(Number(long), 1);
    put(0, 16);
    put(0, 16);
    put(i, 8);
  }
  put(1, 1);
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [at, bit] of bits.entries()) bytes[at >> 3]! |= bit << (at & 7);
  return Buffer.from(bytes).toString("hex");
}

const record = (tail: string): Uint8Array => hex(`02 1e 10 ${identification} ${comment} ${tail}`);

describe("Vorbis", () => {
  it("tells rate, channels, blocks and modes from the three headers", () => {
    const config = parseVorbisConfig(record(setup([false, true], 11)));
    assert.deepEqual([config.sampleRate, config.channels, config.blockSizes, config.isLong], [44_100, 2, [256, 2048], [false, true]]);
    assert.deepEqual(
      config.headers.map(({ length }) => length),
      [30, 16, 7 + Math.ceil((11 + 6 + 82 + 1) / 8)],
    );
  });

  it("finds the modes whatever stands before them", () => {
    const modes = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(modes, fc.integer({ min: 50, max: 300 }), (isLong, before) => {
        assert.deepEqual(parseVorbisConfig(record(setup(isLong, before))).isLong, isLong);
      }),
    );
  });

  it("tells the block of a packet by its mode", () => {
    const config = parseVorbisConfig(record(setup([false, true], 11)));
    assert.deepEqual(
      ["00", "02", "fe", "03", ""].map((packet) => vorbisBlockSize(config, hex(packet))),
      [256, 2048, 2048, 0, 0],
    );
    const one = parseVorbisConfig(record(setup([true], 11)));
    assert.equal(vorbisBlockSize(one, hex("00")), 2048);
  });

  it("throws nothing but ProtocolError", () => {
    const whole = record(setup([false, true], 11));
    for (const broken of [hex(""), hex("01"), whole.subarray(0, 20), whole.subarray(0, 60), record("05766f72626973"), hex("021e10")])
      assert.throws(() => parseVorbisConfig(broken), ProtocolError);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(whole);
        changed[at] = value;
        try {
          vorbisBlockSize(parseVorbisConfig(changed), hex("02"));
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
    );
  });
});
