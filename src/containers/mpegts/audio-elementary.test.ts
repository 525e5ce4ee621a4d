import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { adtsHeader } from "../../media/aac-adts.ts";
import { parseAacConfig } from "../../media/aac.ts";
import { ac3Format, adtsFormat, mpegAudioFormat } from "../../media/audio-format.ts";
import type { AudioFormat } from "../../media/audio-format.ts";
import { AudioElementary } from "./audio-elementary.ts";
import type { ElementaryTrack } from "./elementary.ts";

interface Read {
  readonly frames: { readonly pts: number; readonly data: string }[];
  readonly tracks: ElementaryTrack[];
  dropped: number;
}

/** An elementary stream at work, and what it says. */
function reading(format: AudioFormat): { readonly elementary: AudioElementary; readonly read: Read } {
  const read: Read = { frames: [], tracks: [], dropped: 0 };
  const elementary = new AudioElementary(format, {
    track: (track) => read.tracks.push(track),
    frame: ({ pts, data }) => read.frames.push({ pts, data: text(data) }),
    dropped: () => (read.dropped += 1),
  });
  return { elementary, read };
}

const text = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replaceAll(" ", ""), "hex"));
const aac = parseAacConfig(hex("1190"));

/** A raw frame in which nothing looks like the beginning of one. */
const rawFrame = fc
  .uint8Array({ minLength: 1, maxLength: 200 })
  .map((data) => data.map((byte, i) => (byte >= 0xf0 && data[i - 1] === 0xff ? 0 : byte)));

/** A stream of frames, and where it is cut into packets. */
const cutStream = fc
  .tuple(fc.array(rawFrame, { minLength: 2, maxLength: 30 }), fc.array(fc.nat(), { maxLength: 20 }))
  .map(([bodies, cuts]) => {
    const raw = bodies.map((body, i) => joined([Uint8Array.of(i, 0xa5), body]));
    const whole = raw.map((data) => joined([adtsHeader(aac, data.length)!, data]));
    const starts = whole.map((_, i) => whole.slice(0, i).reduce((sum, { length }) => sum + length, 0));
    const bytes = joined(whole);
    const edges = [...new Set([0, bytes.length, ...cuts.map((cut) => cut % bytes.length)])].sort((a, b) => a - b);
    const packets = edges.slice(0, -1).map((from, i) => {
      const to = edges[i + 1]!;
      const first = starts.findIndex((start) => start >= from && start < to);
      // 48 kHz: 1920 ticks a frame.
      return { data: bytes.subarray(from, to), stamps: first < 0 ? undefined : { pts: first * 1920, dts: first * 1920 } };
    });
    return { raw, packets };
  });

describe("frames that know nothing of packets", () => {
  it("come out whole, each at its own time", () => {
    fc.assert(
      fc.property(cutStream, ({ raw, packets }) => {
        const { elementary, read } = reading(adtsFormat());
        for (const { data, stamps } of packets) elementary.packet(data, stamps);
        elementary.flush();
        assert.deepEqual(
          read.frames,
          raw.map((data, i) => ({ pts: i * 1920, data: text(data) })),
        );
        assert.deepEqual([read.dropped, read.tracks.length], [0, 1]);
      }),
    );
  });

  it("are given or lost where packets are, and nothing else is taken for one", () => {
    fc.assert(
      fc.property(cutStream, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), ({ raw, packets }, lost) => {
        const { elementary, read } = reading(adtsFormat());
        const sent = new Map(raw.map((data, i) => [i * 1920, text(data)]));
        let wasLost = false;
        for (const [i, { data, stamps }] of packets.entries()) {
          if (lost[i] === true) {
            wasLost = true;
            continue;
          }
          if (wasLost) elementary.interrupted();
          wasLost = false;
          elementary.packet(data, stamps);
        }
        for (const { pts, data } of read.frames) assert.equal(data, sent.get(pts));
      }),
      { numRuns: 1000 },
    );
  });

  it("are believed in behind a loss only where others follow", () => {
    const { elementary, read } = reading(adtsFormat());
    const frame = joined([adtsHeader(aac, 3)!, hex("210045")]);
    elementary.packet(frame, { pts: 0, dts: 0 });
    elementary.interrupted();
    // The rest of a frame that was lost, in which one of 16 bytes seems to begin.
    const rest = joined([hex("fff14c80021ffc 0102"), frame, frame]);
    elementary.packet(rest, { pts: 9000, dts: 9000 });
    assert.deepEqual(
      read.frames.map(({ pts, data }) => [pts, data]),
      [
        [0, "210045"],
        [9000, "210045"],
        [10_920, "210045"],
      ],
    );
  });

  it("without a time are counted, and so is what comes before the first", () => {
    const { elementary, read } = reading(adtsFormat());
    const frame = joined([adtsHeader(aac, 3)!, hex("210045")]);
    elementary.packet(joined([hex("004500"), frame, frame]), undefined);
    assert.deepEqual([read.frames.length, read.dropped], [0, 3]);
    elementary.packet(frame, { pts: 9000, dts: 9000 });
    elementary.packet(frame, undefined);
    assert.deepEqual(
      read.frames.map(({ pts }) => pts),
      [9000, 10920],
    );
  });

  it("of another sort make another configuration, of another length do not", () => {
    const { elementary, read } = reading(adtsFormat());
    const frames = ["1190", "1190", "1210", "1190"].map((config) => joined([adtsHeader(parseAacConfig(hex(config)), 2)!, hex("2100")]));
    elementary.packet(joined(frames), { pts: 0, dts: 0 });
    assert.deepEqual(
      read.tracks.map(({ config }) => text(config)),
      ["1190", "1210", "1190"],
    );
    assert.deepEqual(
      read.frames.map(({ pts }) => pts),
      [0, 1920, 3840, 3840 + Math.round((1024 * 90_000) / 44_100)],
    );
  });

  it("of MPEG audio and AC-3 are as long as their headers say", () => {
    // Layer 3 at 128 kbit/s and 44.1 kHz, layer 2 at 192 kbit/s and 48 kHz, free format.
    const sized = (head: string, length: number): Uint8Array => joined([hex(head), new Uint8Array(length - head.length / 2).fill(0x55)]);
    const mp3 = reading(mpegAudioFormat);
    mp3.elementary.packet(joined([sized("fffb9000", 417), sized("fffb9200", 418), sized("fffd a400".replace(" ", ""), 576)]), {
      pts: 0,
      dts: 0,
    });
    assert.deepEqual(
      mp3.read.tracks.map(({ codec }) => codec),
      ["mp3", "mp2"],
    );
    assert.deepEqual(
      mp3.read.frames.map(({ pts, data }) => [pts, data.length / 2]),
      [
        [0, 417],
        [2351, 418],
        [4702, 576],
      ],
    );
    mp3.elementary.packet(sized("fffb0000", 300), { pts: 9000, dts: 9000 });
    assert.deepEqual([mp3.read.frames.length, mp3.read.dropped], [3, 1]);
    const ac3 = reading(ac3Format);
    const frame = sized("0b77d0f81e40ebf8403eff99", 1792);
    ac3.elementary.packet(joined([frame, frame.subarray(0, 800)]), { pts: 0, dts: 0 });
    ac3.elementary.packet(frame.subarray(800), undefined);
    assert.deepEqual(
      ac3.read.frames.map(({ pts }) => pts),
      [0, 2880],
    );
  });
});
