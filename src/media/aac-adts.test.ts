import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { ADTS_HEADER_LENGTH, adtsFrames, adtsHeader, isAdts, readAdtsFrame } from "./aac-adts.ts";
import { aacConfigFrom, parseAacConfig } from "./aac.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** LC 48 kHz stereo, 3 bytes. */
const FRAME = "fff14c80015ffc 210045";

describe("ADTS", () => {
  it("is told from raw frames", () => {
    assert.equal(isAdts(hex(FRAME)), true);
    for (const raw of ["", "fff1", "de02004c61766335", "fffb9064000000", "fff14c80020ffc 210045", "fff14c80001ffc"])
      assert.equal(isAdts(hex(raw)), false);
  });

  it("comes apart into frames and their configuration", () => {
    const frames = [...adtsFrames(hex(FRAME + FRAME))];
    assert.deepEqual(
      frames.map((frame) => [frame.config, frame.data, frame.end]),
      [
        [hex("1190"), hex("210045"), 10],
        [hex("1190"), hex("210045"), 20],
      ],
    );
    const withChecksum = readAdtsFrame(hex("fff04c80019ffc aabb 210045"), 0);
    assert.deepEqual(withChecksum.data, hex("210045"));
  });

  it("that is cut, without a header where one is due, or of several frames in one is refused", () => {
    assert.throws(() => [...adtsFrames(hex(`${FRAME} fff14c`))], code("truncated"));
    assert.throws(() => [...adtsFrames(hex(`${FRAME} 00000000000000`))], code("malformed"));
    assert.throws(() => readAdtsFrame(hex("fff14c80019ffc 210045"), 0), code("truncated"));
    assert.throws(() => readAdtsFrame(hex("fff14c80001ffc"), 0), code("malformed"));
    assert.throws(() => readAdtsFrame(hex("fff17c80015ffc 210045"), 0), code("malformed"));
    assert.throws(() => readAdtsFrame(hex("fff14c80015ffd 210045"), 0), code("unsupported"));
  });

  it("headers are built as ffmpeg builds them", () => {
    assert.deepEqual(adtsHeader(parseAacConfig(hex("1190")), 3), hex("fff14c80015ffc"));
    assert.equal(adtsHeader(parseAacConfig(hex("f8e64000")), 3), undefined);
    assert.equal(adtsHeader(parseAacConfig(hex("17807d0110")), 3), undefined);
    assert.equal(adtsHeader(parseAacConfig(hex("1190")), 8192), undefined);
  });

  it("survives there and back", () => {
    const core = fc.record({
      objectType: fc.integer({ min: 1, max: 4 }),
      sampleRate: fc.constantFrom(96000, 48000, 44100, 22050, 7350),
      channelConfig: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(core, fc.uint8Array({ maxLength: 100 }), (wanted, data) => {
        const config = aacConfigFrom(wanted);
        const header = adtsHeader(parseAacConfig(config), data.length);
        assert.equal(header?.length, ADTS_HEADER_LENGTH);
        const packet = Uint8Array.from([...header, ...data]);
        assert.equal(isAdts(packet), true);
        assert.deepEqual(readAdtsFrame(packet, 0), { config, data, end: packet.length });
      }),
    );
  });

  it("made of garbage only ever throws ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (tail) => {
        for (const data of [tail, Uint8Array.from([0xff, 0xf1, ...tail])]) {
          isAdts(data);
          try {
            for (const frame of adtsFrames(data)) assert.ok(frame.end <= data.length);
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      }),
    );
  });
});
