import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { flacFrameSamples, flacHeaderFrom, flacStreamInfo, parseFlacConfig } from "./flac.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** Of ffmpeg 5.1. */
const CD = "1200120000040700050a0ac442f0000056228eb4f38c6d95c20efdc6beee632a277b";
const STUDIO = "2000200000176f001ea9177003700000bb80981a85613120fc61fbe5701bd43485fd";

describe("STREAMINFO", () => {
  it("says rate, channels, depth and block size", () => {
    assert.deepEqual(parseFlacConfig(hex(CD)), { sampleRate: 44100, channels: 2, bitsPerSample: 16, samplesPerFrame: 4608 });
    assert.deepEqual(parseFlacConfig(hex(STUDIO)), { sampleRate: 96000, channels: 2, bitsPerSample: 24, samplesPerFrame: 8192 });
    assert.equal(parseFlacConfig(hex(CD.replace("12001200", "00101200"))).samplesPerFrame, 0);
  });

  it("is found bare, as a metadata block, and as a file has it", () => {
    for (const form of ["", "80000022", "00000022", "664c614380000022", "664c6143 00000022"])
      assert.deepEqual(flacStreamInfo(hex(form + CD)), hex(CD));
    assert.deepEqual(flacStreamInfo(hex(`664c6143 00000022 ${CD} 84000000`)), hex(CD));
    assert.deepEqual(flacHeaderFrom(hex(CD)), hex(`664c6143 80000022 ${CD}`));
    assert.deepEqual(flacStreamInfo(flacHeaderFrom(hex(STUDIO))), hex(STUDIO));
  });

  it("that is cut or absurd is refused", () => {
    for (let length = 0; length < 34; length++) assert.throws(() => parseFlacConfig(hex(CD).subarray(0, length)), code("truncated"));
    assert.throws(() => parseFlacConfig(flacHeaderFrom(hex(CD)).subarray(0, 41)), code("malformed"));
    assert.throws(() => parseFlacConfig(hex(CD.replace("12001200", "12001100"))), code("malformed"));
    assert.throws(() => parseFlacConfig(hex(CD.replace("12001200", "00000000"))), code("malformed"));
    assert.throws(() => parseFlacConfig(hex(CD.replace("0ac442", "000002"))), code("malformed"));
  });
});

describe("FLAC frames", () => {
  it("tell their block size", () => {
    assert.equal(flacFrameSamples(hex("fff85988008a4e00")), 4608);
    assert.equal(flacFrameSamples(hex("fff87988040e21ca")), 3618);
    assert.equal(flacFrameSamples(hex("fff87b8c051b7fb6")), 7040);
    assert.equal(flacFrameSamples(hex("fff8698800ff00")), 256);
    assert.equal(flacFrameSamples(hex("fff81988")), 192);
    assert.equal(flacFrameSamples(hex("fff8c988")), 4096);
    assert.equal(flacFrameSamples(hex("fff97988 fe8080808080 80 0fff")), 4096);
  });

  it("that are none, or whose number is broken, are refused", () => {
    assert.throws(() => flacFrameSamples(hex("fffb5988")), code("malformed"));
    assert.throws(() => flacFrameSamples(hex("fff80988")), code("malformed"));
    assert.throws(() => flacFrameSamples(hex("fff87988 80 0000")), code("malformed"));
    assert.throws(() => flacFrameSamples(hex("fff87988 ff 0000")), code("malformed"));
    assert.throws(() => flacFrameSamples(hex("fff87988 04 0e")), code("truncated"));
  });
});

describe("garbage", () => {
  it("only ever throws ProtocolError", () => {
    const head = fc.constantFrom("", "664c6143", "80000022", "fff859", "fff879", "12001200");
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 50 }), (start, tail) => {
        for (const read of [parseFlacConfig, flacFrameSamples]) {
          try {
            read(Uint8Array.from([...hex(start), ...tail]));
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
