import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { dec3From, eac3PacketLength, eac3Sound, parseDec3, parseEac3Packet } from "./ac3-enhanced.ts";
import { ac3Sound, dac3From, parseAc3Frame, parseDac3 } from "./ac3.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const code = (expected: string) => (error: unknown) => error instanceof ProtocolError && error.code === expected;

describe("AC-3", () => {
  it("frames of ffmpeg give the dac3 that ffmpeg wrote", () => {
    const surround = parseAc3Frame(hex("0b77d0f81e40ebf8403eff99"));
    assert.deepEqual(ac3Sound(surround), { sampleRate: 48000, channels: 6, samplesPerFrame: 1536 });
    assert.deepEqual([surround.size, dac3From(surround)], [1792, hex("103de0")]);
    const mono = parseAc3Frame(hex("0b771ef84c402f842be1877b"));
    assert.deepEqual(ac3Sound(mono), { sampleRate: 44100, channels: 1, samplesPerFrame: 1536 });
    assert.deepEqual([mono.size, dac3From(mono)], [416, hex("5008c0")]);
    assert.equal(parseAc3Frame(hex("0b771ef84d402f842be1877b")).size, 418);
  });

  it("frames of half and a quarter of the rate, as FFmpeg 3.1.3 makes them", () => {
    const half = parseAc3Frame(hex("0b77649a50482f842be219fb"));
    assert.deepEqual([ac3Sound(half).sampleRate, half.size, parseAc3Frame(hex("0b77649a51482f84")).size], [22050, 556, 558]);
    const quarter = parseAc3Frame(hex("0b77ec6a18502f842bc25c84"));
    assert.deepEqual([ac3Sound(quarter).sampleRate, quarter.size], [12000, 1024]);
    assert.throws(() => parseAc3Frame(hex("0b77ec6a18582f842bc25c84")), code("unsupported"));
  });

  it("frames that are none, or reserved, are refused", () => {
    assert.throws(() => parseAc3Frame(hex("0b76d0f81e40ebf8")), code("malformed"));
    assert.throws(() => parseAc3Frame(hex("0b77d0f8de40ebf8")), code("malformed"));
    assert.throws(() => parseAc3Frame(hex("0b77d0f83e40ebf8")), code("malformed"));
    assert.throws(() => parseAc3Frame(hex("0b77d0f81e80ebf8")), code("unsupported"));
    assert.throws(() => parseAc3Frame(hex("0b77d0f81e40")), code("truncated"));
  });

  it("dac3 is built as it was read", () => {
    const config = fc.record({
      sampleRateCode: fc.nat(2),
      bsid: fc.nat(31),
      bsmod: fc.nat(7),
      acmod: fc.nat(7),
      lowFrequency: fc.boolean(),
      bitrateCode: fc.nat(18),
    });
    fc.assert(fc.property(config, (wanted) => assert.deepEqual(parseDac3(dac3From(wanted)), { ...wanted })));
    assert.throws(() => parseDac3(hex("d03de0")), code("malformed"));
    assert.throws(() => parseDac3(hex("103d")), code("truncated"));
  });
});

/** A sync frame of the size given, padded. */
function frame(header: string, size: number): Uint8Array {
  const data = new Uint8Array(size);
  data.set(hex(header));
  return data;
}
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("E-AC-3", () => {
  const surround = frame("0b77037f3f87c00020f82000", 1792);

  it("packets of ffmpeg give the dec3 that ffmpeg wrote", () => {
    const parsed = parseEac3Packet(surround);
    assert.deepEqual(parsed.sound, { sampleRate: 48000, channels: 6, samplesPerFrame: 1536 });
    assert.deepEqual(dec3From(parsed), hex("0e00200f00"));
    assert.deepEqual(eac3Sound(parseDec3(hex("0e00200f00"))), { sampleRate: 48000, channels: 6, samplesPerFrame: 0 });
    const stereo = parseEac3Packet(frame("0b77023fb487c00000802007", 1152));
    assert.deepEqual(stereo.sound, { sampleRate: 32000, channels: 2, samplesPerFrame: 1536 });
    assert.deepEqual(dec3From(stereo), hex("0600a00400"));
  });

  it("packets with a dependent substream have its channels too", () => {
    // Type 1, id 0, 10 bytes; 48 kHz, 6 blocks, 2/0, bsid 16, dialogue level, no compression, a map with the rear pair (bit 6).
    const fields = ["00", "11", "010", "0", "10000", "11111", "0", "1", "0000001000000000", "0000"];
    const rear = frame("0b774004", 10);
    rear.set(
      (fields.join("").match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)),
      4,
    );
    const parsed = parseEac3Packet(joined(surround, rear));
    assert.equal(parsed.sound.channels, 8);
    assert.deepEqual([parsed.substreams.length, parsed.substreams[0]?.dependents, parsed.substreams[0]?.channelLocations], [1, 1, 2]);
    const { dataRate, substreams } = parsed;
    assert.deepEqual(parseDec3(dec3From(parsed)), { dataRate, substreams });
    assert.throws(() => parseEac3Packet(rear), code("malformed"));
    assert.throws(() => parseEac3Packet(joined(surround, ...Array<Uint8Array>(9).fill(rear))), code("limit"));
  });

  it("packets of short frames last as long as all of them", () => {
    const short = frame("0b77 0003 0f 80", 8);
    assert.equal(parseEac3Packet(joined(short, short)).sound.samplesPerFrame, 512);
  });

  it("packets end where the next one begins, or with their sixth block", () => {
    const short = frame("0b77 0007 0f 80", 16);
    const dependent = frame("0b77 4007 0f 80", 16);
    const packet = joined(...Array.from({ length: 6 }, () => [short, dependent]).flat());
    assert.equal(eac3PacketLength(packet, 0), packet.length);
    assert.equal(eac3PacketLength(joined(packet, short), 0), packet.length);
    assert.equal(eac3PacketLength(joined(short, packet, short), 16), packet.length);
    assert.equal(eac3PacketLength(surround, 0), surround.length);
    for (const part of [
      surround.subarray(0, 11),
      surround.subarray(0, 1791),
      packet.subarray(0, 160),
      joined(packet, short.subarray(0, 4)),
    ])
      assert.equal(eac3PacketLength(part, 0), 0);
    assert.throws(() => eac3PacketLength(dependent, 0), code("malformed"));
    assert.throws(() => eac3PacketLength(joined(short, new Uint8Array(16)), 0), code("malformed"));
    assert.throws(() => eac3PacketLength(joined(short, ...Array<Uint8Array>(64).fill(dependent)), 0), code("limit"));
  });

  it("packets that are none, lie, or are floods are refused", () => {
    assert.throws(() => parseEac3Packet(new Uint8Array()), code("malformed"));
    assert.throws(() => parseEac3Packet(frame("0b770380 3f87", 1792)), code("truncated"));
    assert.throws(() => parseEac3Packet(frame("0b76037f3f87", 1792)), code("malformed"));
    assert.throws(() => parseEac3Packet(frame("0b77037fff87", 1792)), code("malformed"));
    assert.throws(() => parseEac3Packet(frame("0b77037f3f40", 1792)), code("unsupported"));
    const short = frame("0b77 0003 0f 80", 8);
    assert.throws(() => parseEac3Packet(joined(...Array<Uint8Array>(65).fill(short))), code("limit"));
  });

  it("dec3 is built as it was read", () => {
    const stream = fc.record({
      sampleRateCode: fc.nat(2),
      bsid: fc.nat(31),
      bsmod: fc.nat(7),
      acmod: fc.nat(7),
      lowFrequency: fc.boolean(),
      dependents: fc.nat(15),
      channelLocations: fc.nat(511),
    });
    const one = stream.map((s) => (s.dependents > 0 ? s : { ...s, channelLocations: 0 }));
    const config = fc.record({ dataRate: fc.nat(8191), substreams: fc.array(one, { minLength: 1, maxLength: 8 }) });
    fc.assert(
      fc.property(config, (wanted) => {
        assert.deepEqual(parseDec3(dec3From(wanted)), { dataRate: wanted.dataRate, substreams: wanted.substreams.map((s) => ({ ...s })) });
      }),
    );
    assert.throws(() => parseDec3(hex("0e00200f")), code("truncated"));
  });
});

describe("garbage", () => {
  it("only ever throws ProtocolError", () => {
    const head = fc.constantFrom("", "0b77", "0b77d0f81e40", "0b7700033f87c0", "0b7740053f87c0");
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 60 }), (start, tail) => {
        for (const read of [parseAc3Frame, parseEac3Packet, parseDac3, parseDec3, (data: Uint8Array) => eac3PacketLength(data, 0)]) {
          try {
            read(Uint8Array.from([...hex(start), ...tail]));
          } catch (error) {
            assert.ok(error instanceof ProtocolError, String(error));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
