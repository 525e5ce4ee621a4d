import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../bytes/joined.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import type { Demuxer, FrameSink, SourceFrame } from "../media/demuxer.ts";
import type { AudioTrack, Track } from "../media/track.ts";
import { adtsHeader } from "../media/aac-adts.ts";
import { AdtsDemuxer, beginsWithAdts } from "./adts/demuxer.ts";
import { beginsWithMp3, isInfoFrame, Mp3Demuxer } from "./mp3/demuxer.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const code =
  (expected: string, words = /./) =>
  (error: unknown) =>
    error instanceof ProtocolError && error.code === expected && words.test(error.message);

interface Read {
  readonly tracks: Track[];
  readonly frames: SourceFrame[];
}

function read(make: (sink: FrameSink) => Demuxer, pieces: Iterable<Uint8Array>, hasEnd = true): Read {
  const [tracks, frames]: [Track[], SourceFrame[]] = [[], []];
  const demuxer = make({
    announce: () => undefined,
    metadata: () => undefined,
    track: (track) => tracks.push(track),
    frame: (frame) => frames.push(frame),
  });
  for (const piece of pieces) demuxer.push(piece);
  if (hasEnd) demuxer.end();
  return { tracks, frames };
}

const adts = (sink: FrameSink): Demuxer => new AdtsDemuxer(sink);
const mp3 = (sink: FrameSink): Demuxer => new Mp3Demuxer(sink);

function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; at += lengths[i % lengths.length]!, i++)
    yield bytes.subarray(at, at + lengths[i % lengths.length]!);
}

/** AAC-LC, 48 kHz, stereo. */
const aac = { objectType: 2, coreSampleRate: 48_000, channelConfig: 2 };
const adtsFrame = (data: Uint8Array, config = aac): Uint8Array => joined([adtsHeader(config, data.length)!, data]);
/** MPEG 1 layer 3, 32 kbit/s, 44.1 kHz: 104 bytes, mono where `mono`. */
const mp3Frame = (fill: number, head = "fffb10c4"): Uint8Array => joined([hex(head), new Uint8Array(100).fill(fill)]);
const id3 = (length: number): Uint8Array =>
  joined([hex("494433 0400 00"), Uint8Array.of(0, 0, length >> 7, length & 127), new Uint8Array(length).fill(0xff)]);

test("ADTS: the raw frames, at times counted in samples", () => {
  const { tracks, frames } = read(adts, [joined([adtsFrame(hex("2101")), adtsFrame(hex("2102")), adtsFrame(hex("210304"))])]);
  const track: AudioTrack = {
    ...{ kind: "audio", id: 2, codec: "aac", config: hex("1190"), codecString: "mp4a.40.2", timescale: 48_000, isDefault: true },
    ...{ sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 },
  };
  assert.deepEqual(tracks, [track]);
  assert.deepEqual(
    frames.map(({ dts, pts, sap, data }) => [dts, pts, sap, text(data)]),
    [
      [0, 0, 1, "2101"],
      [1024, 1024, 1, "2102"],
      [2048, 2048, 1, "210304"],
    ],
  );
});

test("ADTS: another rate is another track, and time goes on", () => {
  const other = { ...aac, coreSampleRate: 44_100 };
  const { tracks, frames } = read(adts, [
    joined([adtsFrame(hex("21")), adtsFrame(hex("22")), adtsFrame(hex("23"), other), adtsFrame(hex("24"), other)]),
  ]);
  assert.deepEqual(
    tracks.map(({ id, timescale, config }) => [id, timescale, text(config)]),
    [
      [2, 48_000, "1190"],
      [2, 44_100, "1210"],
    ],
  );
  assert.deepEqual(
    frames.map(({ dts }) => dts),
    [0, 1024, Math.ceil((2048 * 44_100) / 48_000), Math.ceil((2048 * 44_100) / 48_000) + 1024],
  );
});

test("MP3: frames as they are, without the one that says how long the file is, and without tags", () => {
  const info = mp3Frame(0);
  info.set(Buffer.from("Xing"), 4 + 17);
  const bytes = joined([id3(300), info, mp3Frame(1), mp3Frame(2), id3(5), mp3Frame(3), Buffer.from("TAG".padEnd(128, "x"))]);
  const { tracks, frames } = read(mp3, [bytes]);
  assert.deepEqual(
    tracks.map((track) => [track.codec, track.timescale, (track as AudioTrack).channels]),
    [["mp3", 44_100, 1]],
  );
  assert.deepEqual(
    frames.map(({ dts, data }) => [dts, data[10], data.length]),
    [
      [0, 1, 104],
      [1152, 2, 104],
      [2304, 3, 104],
    ],
  );
});

test("the frame that says how long the file is: where each kind of encoder has it", () => {
  const frame = (head: string, at: number, word: string): Uint8Array => {
    const whole = joined([hex(head), new Uint8Array(200)]);
    whole.set(Buffer.from(word), at);
    return whole;
  };
  assert.ok(isInfoFrame(frame("fffb9064", 36, "Info")), "MPEG 1, stereo");
  assert.ok(isInfoFrame(frame("fffb90c4", 21, "Xing")), "MPEG 1, mono");
  assert.ok(isInfoFrame(frame("fff39064", 21, "Xing")), "MPEG 2, stereo");
  assert.ok(isInfoFrame(frame("fff390c4", 13, "Xing")), "MPEG 2, mono");
  assert.ok(isInfoFrame(frame("fffa9064", 38, "Xing")), "behind a checksum");
  assert.ok(isInfoFrame(frame("fffb90c4", 36, "VBRI")), "Fraunhofer's");
  assert.ok(!isInfoFrame(frame("fffb9064", 21, "Xing")));
  assert.ok(!isInfoFrame(frame("fffd9064", 36, "Xing")), "MP2 has none");
});

test("MP2 is told from MP3", () => {
  const { tracks } = read(mp3, [joined([mp3Frame(1, "fffd10c4"), mp3Frame(2, "fffd10c4")])]);
  assert.deepEqual(
    tracks.map(({ codec }) => codec),
    ["mp2"],
  );
});

test("a stream that begins anywhere, and one with bytes that are no frame, is found again", () => {
  const bytes = joined([mp3Frame(1).subarray(50), mp3Frame(2), mp3Frame(3), new Uint8Array(70), mp3Frame(4), mp3Frame(5)]);
  assert.deepEqual(
    read(mp3, [bytes]).frames.map(({ data }) => data[10]),
    [2, 3, 4, 5],
  );
  // A header by chance, in the end of a frame that was cut, is not believed in.
  const chance = joined([hex("fffb10c4 00"), mp3Frame(2), mp3Frame(3)]);
  assert.deepEqual(
    read(mp3, [chance]).frames.map(({ data }) => data[10]),
    [2, 3],
  );
});

test("what has no frames is refused: after a bounded search, or at its end", () => {
  assert.throws(() => read(adts, [new Uint8Array(64 * 1024 + 1)]), code("malformed", /no frame of ADTS in 65536 bytes/));
  assert.throws(() => read(adts, []), code("truncated", /before a frame of ADTS/));
  assert.throws(() => read(mp3, [new Uint8Array(100)]), code("truncated"));
  assert.throws(
    () => read(mp3, [joined([mp3Frame(1), mp3Frame(2), mp3Frame(3).subarray(0, 60)])]),
    code("truncated", /within a frame of MPEG audio/),
  );
  assert.throws(() => read(mp3, [hex("494433 0400 00 7f7f7f7f")]), code("limit", /ID3 tag of/));
  assert.throws(() => read(adts, [joined([hex("fff15080011ffd21"), hex("fff15080011ffd21")])]), code("unsupported"));
});

test("which is which", () => {
  const both = joined([adtsFrame(hex("21")), adtsFrame(hex("21"))]);
  assert.deepEqual([beginsWithAdts(both), beginsWithMp3(both)], [true, false]);
  const mpeg = joined([mp3Frame(0), mp3Frame(0)]);
  assert.deepEqual([beginsWithAdts(mpeg), beginsWithMp3(mpeg)], [false, true]);
  assert.deepEqual([beginsWithAdts(id3(3000)), beginsWithMp3(id3(3000))], [false, true]);
  assert.deepEqual([beginsWithAdts(hex("47")), beginsWithMp3(hex("47"))], [false, false]);
  assert.deepEqual([beginsWithAdts(mpeg.subarray(0, 3)), beginsWithMp3(mpeg.subarray(0, 3))], [undefined, undefined]);
});

const streams = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((data) => adtsFrame(data)) },
    fc.nat(40).map(id3),
    fc.uint8Array({ maxLength: 20 }),
  ),
  { maxLength: 12 },
);

test("any splitting of the bytes gives the same frames, and nothing but ProtocolError is thrown", () => {
  let count = 0;
  fc.assert(
    fc.property(streams, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), fc.boolean(), (parts, lengths, hasEnd) => {
      const bytes = joined(parts);
      const outcome = (pieces: Iterable<Uint8Array>): unknown => {
        try {
          const { tracks, frames } = read(adts, pieces, hasEnd);
          count += frames.length;
          return [tracks.length, frames.map(({ dts, data }) => [dts, text(data)])];
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
          return error.code;
        }
      };
      assert.deepEqual(outcome(cut(bytes, lengths)), outcome([bytes]));
    }),
    { numRuns: 500 },
  );
  assert.ok(count > 1000, `${count} frames were read`);
});

test("garbage throws nothing but ProtocolError", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(adts, mp3),
      fc.array(fc.constantFrom(0xff, 0xfb, 0xf1, 0x50, 0x49, 0x44, 0x33, 0, 1, 0x90), { maxLength: 200 }),
      (make, bytes) => {
        try {
          read(make, [Uint8Array.from(bytes)]);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});
