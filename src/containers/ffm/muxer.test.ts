import assert from "node:assert/strict";
import { test } from "node:test";
import { audio, otherVideo, picture, sound, video } from "../../../test/contracts/media.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import type { MuxedChunk, MuxedInit, Muxer } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Track } from "../../media/track.ts";
import { HeaderReader } from "./header.ts";
import type { FfmHeader } from "./header.ts";
import type { FfmOptions } from "./muxer.ts";
import { ffmMuxer } from "./muxer.ts";
import { PAGE_SIZE, readPage } from "./page.ts";
import type { FfmFrame } from "./reader.ts";
import { FfmReader } from "./reader.ts";

interface Tap {
  readonly muxer: Muxer;
  readonly inits: MuxedInit[];
  readonly chunks: MuxedChunk[];
}

function tap(tracks: readonly Track[], options?: FfmOptions): Tap {
  const inits: MuxedInit[] = [];
  const chunks: MuxedChunk[] = [];
  const muxer = ffmMuxer(options)({ init: (init) => void inits.push(init), chunk: (chunk) => void chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 1_700_000_000_000 });
  muxer.generation({ id: 1, tracks, metadata: {} });
  return { muxer, inits, chunks };
}

function headerOf({ bytes }: MuxedInit): FfmHeader {
  const reader = new HeaderReader();
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const header = reader.push(bytes.subarray(at, at + PAGE_SIZE));
    if (header !== undefined) return header;
  }
  throw new Error("no header");
}

/** The frames of chunks, as a reader finds them that has one init. */
function framesOf({ inits, chunks }: Tap, from = 0): FfmFrame[] {
  const frames: FfmFrame[] = [];
  const reader = new FfmReader({ header: () => undefined, frame: (frame) => void frames.push(frame) });
  reader.push(inits[0]!.bytes);
  for (const { parts } of chunks.slice(from)) for (const part of parts) reader.push(part);
  return frames;
}

const frame = (muxer: Muxer, source: SourceFrame): void => muxer.frame({ ...source, arrived: 0 });

test("the header describes tracks as FFmpeg's encoders do", () => {
  const tracks = [
    { ...video, bitRate: 500_000, frameRate: 29.97 },
    { ...audio, bitRate: 96_000 },
    { ...audio, id: 3, codec: "mp3", config: new Uint8Array(0), samplesPerFrame: 1152 },
  ] as const;
  const [first, second, third] = headerOf(tap(tracks).inits[0]!).streams;
  assert.deepEqual(
    [first!.codecId, first!.bitRate, Object.fromEntries(first!.options)],
    [28, 500_000, { time_base: "1000/29970", video_size: "320x180" }],
  );
  assert.equal(Buffer.from(first!.extradata.subarray(0, 5)).toString("hex"), "0000000167");
  assert.deepEqual(
    [second!.codecId, second!.extradata, Object.fromEntries(second!.options)],
    [0x1_5002, audio.config, { ar: "48000", ac: "2", frame_size: "1024" }],
  );
  assert.deepEqual([third!.codecId, third!.bitRate, third!.extradata.length], [0x1_5001, 0, 0]);
});

test("a chunk has whole frames, of 200 ms or of eight pages", () => {
  const small = tap([video]);
  for (let number = 0; number < 25; number++) frame(small.muxer, picture(number));
  small.muxer.flush();
  assert.deepEqual(
    small.chunks.map(({ dts }) => dts / 1000),
    [0, 240, 480, 720, 960],
  );
  assert.ok(small.chunks.every(({ parts }) => parts.length === 1));
  const large = tap([video]);
  for (let number = 0; number < 10; number++) frame(large.muxer, picture(number, { length: 20_000 }));
  assert.deepEqual(
    large.chunks.map(({ dts, parts }) => [dts / 1000, parts.length]),
    [
      [0, 10],
      [80, 10],
      [160, 10],
      [240, 10],
      [320, 10],
    ],
  );
  for (const made of [small, large])
    for (const [at, { parts }] of made.chunks.entries()) {
      assert.equal(readPage(parts[0]!).firstFrame, 14, "each begins with a frame");
      const { length } = framesOf(made, at);
      assert.ok(length > 0 && framesOf({ ...made, chunks: [made.chunks[at]!] }).length > 0);
    }
});

test("nothing comes twice and nothing is kept", () => {
  const { muxer, chunks } = tap([video]);
  muxer.flush();
  frame(muxer, picture(0));
  muxer.flush();
  muxer.flush();
  assert.equal(chunks.length, 1);
});

test("times are the timeline's, or count from 1970 by the first discontinuity", () => {
  const last = (options?: FfmOptions): number => {
    const made = tap([audio], options);
    made.muxer.discontinuity({ reason: "reconnect", utcOffset: 1_700_000_009_000 });
    frame(made.muxer, sound(50));
    made.muxer.flush();
    return framesOf(made)[0]!.dts;
  };
  assert.equal(last(), 1_067_000);
  assert.equal(last({ wallClock: true }), 1_700_000_000_000_000 + 1_067_000);
});

test("durations are those of the frame rate and of the samples", () => {
  const made = tap([video, audio]);
  frame(made.muxer, picture(0));
  frame(made.muxer, sound(1));
  made.muxer.flush();
  assert.deepEqual(
    framesOf(made).map(({ duration, isKey, stream }) => [duration, isKey, stream]),
    [
      [40_000, true, 0],
      [21_333, true, 1],
    ],
  );
});

test("another configuration of H.264 goes before its key frames, one of AAC ends the response", () => {
  const { muxer, inits, chunks } = tap([video, audio]);
  frame(muxer, picture(0));
  muxer.generation({ id: 2, tracks: [otherVideo, audio], metadata: {} });
  frame(muxer, picture(25, { key: true }));
  frame(muxer, picture(26));
  frame(muxer, picture(50, { key: true }));
  muxer.flush();
  assert.equal(inits[1]!.change?.length, 0);
  const types = framesOf({ muxer, inits, chunks }).map(({ data }) => data[4]! & 31);
  assert.deepEqual(types, [5, 7, 1, 7]);
  muxer.generation({ id: 3, tracks: [otherVideo, { ...audio, config: Uint8Array.of(0x12, 0x10), sampleRate: 44_100 }], metadata: {} });
  assert.equal(inits[2]!.change, undefined);
  muxer.generation({ id: 4, tracks: [otherVideo], metadata: {} });
  assert.equal(inits[3]!.change, undefined);
});

test("viewers start at the key frames of the default video track alone", () => {
  const second = { ...video, id: 7, isDefault: false };
  const { muxer, chunks } = tap([second, video]);
  frame(muxer, { ...picture(0), track: 7 });
  frame(muxer, picture(1, { key: true }));
  frame(muxer, { ...picture(25), track: 7 });
  muxer.flush();
  assert.deepEqual(
    chunks.map(({ randomAccess, dts }) => [randomAccess, dts]),
    [
      [false, 0],
      [true, 40_000],
    ],
  );
});

test("what FFM cannot carry is left out, and said in words where nothing is left", () => {
  const av1 = { ...video, id: 5, codec: "av1" } as const;
  const damaged = { ...video, id: 6, config: Uint8Array.of(1, 2, 3) };
  const { inits, muxer, chunks } = tap([av1, damaged, audio]);
  assert.equal(headerOf(inits[0]!).streams.length, 1);
  frame(muxer, { ...picture(0), track: 5 });
  frame(muxer, { ...sound(0), data: new Uint8Array(0) });
  frame(muxer, { ...sound(0), data: new Uint8Array(0x100_0000) });
  muxer.flush();
  assert.equal(chunks.length, 0);
  const refused = (tracks: readonly Track[], words: RegExp, options?: FfmOptions): void =>
    assert.throws(
      () => tap(tracks, options),
      (error) => error instanceof NotCarried && words.test(error.message),
    );
  refused([av1], /^FFM cannot carry AV1$/);
  refused([av1, damaged], /FFM cannot carry AV1; the decoder configuration of its H\.264 is damaged/);
  refused([{ ...video, config: new Uint8Array(0) }], /no decoder configuration for its H\.264/);
  refused([video], /no audio/, { video: false });
  refused([audio], /no video/, { audio: false });
  refused([], /neither/);
});
