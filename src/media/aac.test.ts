import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { AAC_SAMPLE_RATES, aacConfigFrom, parseAacConfig } from "./aac.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

/** objectType, core rate, rate, channels, samples per frame, codec string */
const CONFIGS = {
  "LC 44.1 kHz stereo": ["1210", 2, 44100, 44100, 2, 1024, "mp4a.40.2"],
  "LC 48 kHz stereo": ["1190", 2, 48000, 48000, 2, 1024, "mp4a.40.2"],
  "LC mono of ffmpeg, which says that there is no SBR": ["120856e500", 2, 44100, 44100, 1, 1024, "mp4a.40.2"],
  "LC 5.1 of ffmpeg": ["11b056e500", 2, 48000, 48000, 6, 1024, "mp4a.40.2"],
  "LC 7.1": ["11b8", 2, 48000, 48000, 8, 1024, "mp4a.40.2"],
  "LC of 960 samples": ["1194", 2, 48000, 48000, 2, 960, "mp4a.40.2"],
  "LC with an explicit rate": ["178061a810", 2, 50000, 50000, 2, 1024, "mp4a.40.2"],
  Main: ["0a10", 1, 44100, 44100, 2, 1024, "mp4a.40.1"],
  "HE, explicit": ["2b118800", 2, 24000, 48000, 2, 2048, "mp4a.40.5"],
  "HE v2, explicit": ["eb098800", 2, 24000, 48000, 2, 2048, "mp4a.40.29"],
  "HE, backward compatible": ["131056e598", 2, 24000, 48000, 2, 2048, "mp4a.40.5"],
  "HE v2, backward compatible": ["130856e59d4880", 2, 24000, 48000, 2, 2048, "mp4a.40.29"],
  ELD: ["f8e64000", 39, 48000, 48000, 2, 512, "mp4a.40.39"],
  LD: ["b98c00", 23, 48000, 48000, 1, 480, "mp4a.40.23"],
  USAC: ["f9464000", 42, 48000, 48000, 2, 0, "mp4a.40.42"],
  "channels left to the frames": ["1180", 2, 48000, 48000, 0, 1024, "mp4a.40.2"],
  "channels in a program config element": ["1180 04c844002000c40d4c617663", 2, 48000, 48000, 6, 1024, "mp4a.40.2"],
} as const;

describe("AudioSpecificConfig", () => {
  for (const [name, [record, objectType, core, rate, channels, samples, codecString]] of Object.entries(CONFIGS)) {
    it(name, () => {
      const config = parseAacConfig(hex(record));
      assert.deepEqual([config.objectType, config.coreSampleRate, config.sampleRate], [objectType, core, rate]);
      assert.deepEqual([config.channels, config.samplesPerFrame, config.codecString], [channels, samples, codecString]);
    });
  }

  it("that is cut, empty, of object type 0 or a reserved rate is refused", () => {
    for (const bad of ["", "12", "17807d", "2b11", "eb"]) assert.throws(() => parseAacConfig(hex(bad)), code("truncated"));
    for (const bad of ["0010", "1690", "1700", "1780000010", "17ffffff90"])
      assert.throws(() => parseAacConfig(hex(bad)), code("malformed"));
  });

  it("is built as it was read", () => {
    const core = fc.record({
      objectType: fc.integer({ min: 1, max: 4 }),
      sampleRate: fc.oneof(fc.constantFrom(...AAC_SAMPLE_RATES), fc.integer({ min: 1, max: 384_000 })),
      channelConfig: fc.integer({ min: 0, max: 15 }),
      shortFrames: fc.boolean(),
    });
    fc.assert(
      fc.property(core, (wanted) => {
        const config = parseAacConfig(aacConfigFrom(wanted));
        assert.equal(config.objectType, wanted.objectType);
        assert.equal(config.sampleRate, wanted.sampleRate);
        assert.equal(config.channelConfig, wanted.channelConfig);
        assert.equal(config.samplesPerFrame, wanted.shortFrames ? 960 : 1024);
      }),
    );
    for (const record of ["1210", "1190", "1208", "11b8", "1194", "178061a810"]) {
      const { objectType, sampleRate, channelConfig, samplesPerFrame } = parseAacConfig(hex(record));
      assert.deepEqual(aacConfigFrom({ objectType, sampleRate, channelConfig, shortFrames: samplesPerFrame === 960 }), hex(record));
    }
  });

  it("made of garbage only ever throws ProtocolError", () => {
    const start = fc.constantFrom(...Object.values(CONFIGS).map(([record]) => record), "");
    fc.assert(
      fc.property(start, fc.nat(12), fc.uint8Array({ maxLength: 30 }), (head, kept, tail) => {
        try {
          const config = parseAacConfig(Uint8Array.from([...hex(head).subarray(0, kept), ...tail]));
          assert.ok(config.sampleRate > 0 && config.sampleRate <= 384_000 && config.channels >= 0);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
