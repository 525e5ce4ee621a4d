import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { LatmReader, loasFrameLength } from "./aac-latm.ts";
import { aacConfigBits, parseAacConfig } from "./aac.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;
const bits = (value: number, count: number) => value.toString(2).padStart(count, "0");
const bitsOf = (data: Uint8Array) => Array.from(data, (byte) => bits(byte, 8)).join("");
const bytes = (text: string) =>
  Uint8Array.from(text.padEnd(Math.ceil(text.length / 8) * 8, "0").match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));

/** LC at 48 kHz, stereo; SBR said outright, with LC at 24 kHz below: 16 and 25 bits. */
const records = { lc: hex("1190"), sbr: hex("2b098800") };

interface Mux {
  readonly version: 0 | 1;
  readonly config: Uint8Array;
  readonly frames: number;
  readonly otherData: boolean;
}

/** StreamMuxConfig. */
function streamMux({ version, config, frames, otherData }: Mux): string {
  const record = bitsOf(config).slice(0, aacConfigBits(config));
  const head = version === 0 ? "0" : `10${bits(0, 2)}${bits(0xff, 8)}`;
  const sized = version === 0 ? record : `${bits(0, 2)}${bits(record.length, 8)}${record}`;
  const other = !otherData ? "0" : version === 0 ? `1${bits(0x101, 9)}${bits(2, 9)}` : `1${bits(1, 2)}${bits(700, 16)}`;
  return `${head}1${bits(frames - 1, 6)}${bits(0, 4)}${bits(0, 3)}${sized}${bits(0, 3)}${bits(0xff, 8)}${other}0`;
}

/** AudioMuxElement. */
function element(mux: Mux | undefined, payloads: readonly Uint8Array[]): Uint8Array {
  const body = payloads.map((data) => `${"1".repeat(8 * Math.floor(data.length / 255))}${bits(data.length % 255, 8)}${bitsOf(data)}`);
  return bytes(`${mux === undefined ? "1" : `0${streamMux(mux)}`}${body.join("")}`);
}

describe("LATM", () => {
  it("gives frames and their configuration, wherever in a byte they begin", () => {
    const mux = fc.record({
      version: fc.constantFrom<0 | 1>(0, 1),
      config: fc.constantFrom(...Object.values(records)),
      frames: fc.integer({ min: 1, max: 4 }),
      otherData: fc.boolean(),
    });
    fc.assert(
      fc.property(mux, fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 8, maxLength: 8 }), (wanted, data) => {
        const reader = new LatmReader();
        const first = reader.read(element(wanted, data.slice(0, wanted.frames)));
        const second = reader.read(element(undefined, data.slice(4, 4 + wanted.frames)));
        const third = reader.read(element(wanted, data.slice(0, wanted.frames)));
        assert.deepEqual(first.payloads, data.slice(0, wanted.frames));
        assert.deepEqual(second.payloads, data.slice(4, 4 + wanted.frames));
        assert.equal(parseAacConfig(first.config).codecString, parseAacConfig(wanted.config).codecString);
        assert.ok(first.config === second.config && first.config === third.config);
      }),
    );
  });

  it("of other kinds, and before its configuration, is refused", () => {
    const reader = new LatmReader();
    assert.throws(() => reader.read(element(undefined, [hex("21")])), code("order"));
    for (const [text, error] of [
      ["011", "unsupported"],
      [`000${bits(0, 13)}`, "unsupported"],
      [`001${bits(0, 6)}${bits(1, 4)}${bits(0, 3)}`, "unsupported"],
      [`001${bits(0, 13)}${bitsOf(records.lc)}${bits(1, 3)}`, "unsupported"],
    ] as const)
      assert.throws(() => reader.read(bytes(text)), code(error), text);
    const cut = element({ version: 0, config: records.lc, frames: 1, otherData: false }, [new Uint8Array(50)]).subarray(0, 30);
    assert.throws(() => reader.read(cut), code("truncated"));
  });

  it("begins with a sync word, and says how long it is", () => {
    assert.equal(loasFrameLength(hex("ff 56e123"), 1), 3 + 0x123);
    for (const data of ["56c123", "57e123", "56e1"]) assert.equal(loasFrameLength(hex(data), 0), undefined);
  });

  it("of any bytes is read or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (data, isConfig) => {
        try {
          new LatmReader().read(isConfig ? bytes(`0001${bits(0, 13)}${bitsOf(data)}`) : data);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
