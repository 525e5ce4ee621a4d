import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../../media/frame.ts";
import { Sap } from "../../media/frame.ts";
import type { MuxedChunk, MuxedInit, Muxer } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { AudioTrack, Metadata, Track, VideoTrack } from "../../media/track.ts";
import { AmfEcmaArray, decodeAmf0All } from "./amf0.ts";
import { flvMuxer } from "./muxer.ts";
import type { TagOptions } from "./tag-muxer.ts";
import { FlvReader } from "./reader.ts";
import type { FlvTag } from "./tag.ts";
import { fileHeader } from "./tag.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const video: VideoTrack = {
  ...{ kind: "video", id: 1, codec: "avc", config: hex("0164"), timescale: 1000, isDefault: true },
  ...{ codecString: "avc1.64001f", width: 1280, height: 720, frameRate: 25 },
};
const audio: AudioTrack = {
  ...{ kind: "audio", id: 2, codec: "aac", config: hex("1190"), timescale: 1000, isDefault: true },
  ...{ codecString: "mp4a.40.2", sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 },
};
const script: Track = { kind: "data", id: 3, codec: "amf0", config: hex(""), timescale: 1000, isDefault: true, codecString: "" };

type Written = ({ readonly init: MuxedInit } | { readonly chunk: MuxedChunk })[];

function start(options: Partial<TagOptions> = {}): { muxer: Muxer; written: Written } {
  const written: Written = [];
  const sink = { init: (init: MuxedInit) => void written.push({ init }), chunk: (chunk: MuxedChunk) => void written.push({ chunk }) };
  const muxer = flvMuxer({ signalling: "enhanced", ...options })(sink);
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  return { muxer, written };
}

let generations = 0;
function generation(muxer: Muxer, tracks: readonly Track[], metadata: Metadata = {}): void {
  muxer.generation({ id: ++generations, tracks, metadata });
}

function frame(track: Track, dts: number, more: Partial<Frame> = {}): Frame {
  return { track: track.id, dts, pts: dts, sap: Sap.closed, discardable: false, arrived: 0, data: hex("aabb"), ...more };
}

function tags(bytes: Uint8Array): FlvTag[] {
  const list: FlvTag[] = [];
  const reader = new FlvReader({ header: () => undefined, tag: (tag) => list.push(tag) });
  if (bytes[0] !== 0x46) reader.push(fileHeader({ audio: true, video: true }));
  reader.push(bytes);
  assert.equal(reader.pending, 0);
  return list;
}

function inits(written: Written): MuxedInit[] {
  return written.flatMap((item) => ("init" in item ? [item.init] : []));
}

/** Type, time and body of each tag of the chunks. */
function chunkTags(written: Written): [number, number, string][] {
  const parts = written.flatMap((item) => ("chunk" in item ? item.chunk.parts : []));
  return tags(new Uint8Array(Buffer.concat(parts))).map(({ type, timestamp, body }) => [type, timestamp, text(body)]);
}

test("init: true flags, metadata, sequence headers at the time of the first frame; then a tag per frame", () => {
  const { muxer, written } = start();
  generation(muxer, [video, audio], { duration: 12, filesize: 9, encoder: "e", width: 1, audiocodecid: 2, keyframes: { times: [0] } });
  muxer.frame(frame(video, 1000, { pts: 1080 }));
  muxer.frame(frame(audio, 1010));
  muxer.frame(frame(video, 1040, { sap: Sap.none, pts: 1020 }));
  const [init] = inits(written);
  assert.equal(text(init!.bytes.subarray(0, 13)), "464c5601050000000900000000");
  assert.equal(init!.change, undefined);
  const [metadata, ...headers] = tags(init!.bytes);
  assert.deepEqual(
    headers.map(({ type, timestamp, body }) => [type, timestamp, text(body)]),
    [
      [9, 1000, "17000000000164"],
      [8, 1000, "af001190"],
    ],
  );
  const [name, values] = decodeAmf0All(metadata!.body);
  assert.equal(name, "onMetaData");
  assert.ok(values instanceof AmfEcmaArray);
  assert.deepEqual(
    { ...values.values },
    {
      ...{ encoder: "e", width: 1280, height: 720, framerate: 25, videocodecid: 7, hasVideo: true, hasAudio: true },
      ...{ audiosamplerate: 48_000, audiochannels: 2, stereo: true, audiocodecid: 10 },
    },
  );
  assert.deepEqual(chunkTags(written), [
    [9, 1000, "1701000050aabb"],
    [8, 1010, "af01aabb"],
    [9, 1040, "2701ffffecaabb"],
  ]);
  const chunks = written.flatMap((item) => ("chunk" in item ? [item.chunk] : []));
  assert.deepEqual(
    chunks.map(({ dts, randomAccess, urgent }) => [dts, randomAccess, urgent]),
    [
      [1_000_000, true, true],
      [1_010_000, false, false],
      [1_040_000, false, true],
    ],
  );
});

test("start points: every random-access point of video, any audio without it", () => {
  const both = start();
  generation(both.muxer, [video, audio]);
  for (const sap of [Sap.closed, Sap.leading, Sap.open, Sap.gradual, Sap.none]) both.muxer.frame(frame(video, sap * 10, { sap }));
  both.muxer.frame(frame(audio, 50));
  const starts = (written: Written): boolean[] => written.flatMap((item) => ("chunk" in item ? [item.chunk.randomAccess] : []));
  assert.deepEqual(starts(both.written), [true, true, true, true, false, false]);
  const alone = start({ video: false });
  generation(alone.muxer, [video, audio], { width: 5, framerate: 3 });
  alone.muxer.frame(frame(video, 0));
  alone.muxer.frame(frame(audio, 5));
  assert.deepEqual(starts(alone.written), [true]);
  assert.equal(inits(alone.written)[0]!.bytes[4], 4);
  assert.doesNotMatch(Buffer.from(inits(alone.written)[0]!.bytes).toString("latin1"), /width|framerate/);
});

test("a new configuration is new sequence headers, a track more or less is the end", () => {
  const { muxer, written } = start();
  generation(muxer, [video, audio]);
  muxer.frame(frame(video, 0));
  generation(muxer, [{ ...video, config: hex("0165") }, audio]);
  muxer.frame(frame(video, 40));
  generation(muxer, [{ ...video, config: hex("0165") }, audio], { title: "t" });
  generation(muxer, [{ ...video, config: hex("0165") }, audio, script], { title: "t" });
  muxer.frame(frame(script, 60));
  muxer.frame(frame(video, 80));
  generation(muxer, [{ ...video, config: hex("0165") }], { title: "t" });
  muxer.frame(frame(video, 120));
  generation(muxer, [{ ...video, codec: "hevc" }], { title: "t" });
  muxer.frame(frame(video, 160));
  const [, config, title, fewer, codec, ...more] = inits(written);
  // Complete each time: a viewer that skipped may have missed the change before.
  const headers = (init: MuxedInit): unknown[] =>
    tags(init.change!).map((tag) => [tag.type, tag.timestamp, tag.type === 18 || text(tag.body)]);
  assert.deepEqual(headers(config!), [
    [18, 0, true],
    [9, 40, "17000000000165"],
    [8, 40, "af001190"],
  ]);
  assert.deepEqual(headers(title!), [
    [18, 0, true],
    [9, 60, "17000000000165"],
    [8, 60, "af001190"],
  ]);
  assert.equal(fewer!.change, undefined);
  assert.equal(fewer!.bytes[4], 1);
  assert.equal(codec!.change, undefined);
  assert.equal(more.length, 0);
  assert.deepEqual(chunkTags(written)[2], [18, 60, "aabb"]);
});

test("a generation that changes nothing that FLV carries needs no init", () => {
  const { muxer, written } = start();
  generation(muxer, [video, audio]);
  muxer.frame(frame(video, 0));
  generation(muxer, [video, audio, { ...audio, id: 513, isDefault: false }, script]);
  muxer.frame(frame(video, 40));
  muxer.frame({ ...frame(audio, 41), track: 513 });
  assert.equal(inits(written).length, 1);
  assert.equal(chunkTags(written).length, 2);
});

test("what cannot be carried is left out, and said where nothing is left", () => {
  const g711 = { ...audio, codec: "pcm-alaw", sampleRate: 16_000 } as const;
  const { muxer, written } = start();
  generation(muxer, [video, g711]);
  muxer.frame(frame(g711, 0));
  muxer.frame(frame(video, 0));
  assert.equal(inits(written)[0]!.bytes[4], 1);
  assert.equal(chunkTags(written).length, 1);
  const refuse = (options: Partial<TagOptions>, tracks: readonly Track[], words: RegExp): void =>
    assert.throws(
      () => generation(start(options).muxer, tracks),
      (error) => error instanceof NotCarried && words.test(error.message),
    );
  refuse({}, [g711], /cannot carry pcm-alaw/);
  for (const codec of ["mpeg4", "mjpeg", "mpeg2video", "theora", "wmv2", "itu-h263"] as const)
    refuse({}, [{ ...video, codec }], new RegExp(`cannot carry ${codec}`));
  for (const codec of ["mp2", "vorbis", "wmav2"] as const) refuse({}, [{ ...audio, codec }], new RegExp(`cannot carry ${codec}`));
  refuse({ video: false }, [video], /no audio/);
  refuse({ audio: false }, [audio, script], /no video/);
  refuse({}, [script], /neither/);
});

test("other timescales: composition time is the difference of the rounded times", () => {
  const track = { ...video, timescale: 90_000 };
  const { muxer, written } = start();
  generation(muxer, [track]);
  for (const [dts, pts] of [
    [44, 3050],
    [3044, 3044],
    [90_045, 90_090],
  ] as const) {
    muxer.frame(frame(track, dts, { pts }));
  }
  assert.deepEqual(
    chunkTags(written).map(([, time, body]) => [time, Number.parseInt(body.slice(4, 10), 16)]),
    [
      [0, 34],
      [34, 0],
      [1001, 0],
    ],
  );
});

test("an output that begins late, and one that grows old, begin again near 0", () => {
  const late = start();
  generation(late.muxer, [video, audio]);
  late.muxer.frame(frame(video, 2 ** 31));
  late.muxer.frame(frame(audio, 2 ** 31 - 20));
  assert.deepEqual(
    chunkTags(late.written).map(([, time]) => time),
    [1000, 980],
  );

  const old = start();
  generation(old.muxer, [video, audio]);
  old.muxer.frame(frame(video, 2 ** 30));
  const near = 2 ** 31 - 1_800_000;
  old.muxer.frame(frame(audio, near - 10));
  old.muxer.frame(frame(video, near, { sap: Sap.none }));
  old.muxer.frame(frame(video, near + 40));
  old.muxer.frame(frame(audio, near + 30));
  assert.deepEqual(
    chunkTags(old.written).map(([, time]) => time),
    [2 ** 30, near - 10, near, 1000, 990],
  );
  const [, again, ...more] = inits(old.written);
  assert.equal(more.length, 0);
  assert.equal(again!.change, undefined);
  assert.deepEqual(
    tags(again!.bytes).map((tag) => tag.timestamp),
    [0, 1000, 1000],
  );
  // Without any random-access point it still never passes 2^31.
  old.muxer.frame(frame(video, near + 2 ** 31 + 100, { sap: Sap.none }));
  assert.equal(chunkTags(old.written).at(-1)![1], 1000);
});

test("frame data is passed on, not copied", () => {
  const { muxer, written } = start();
  generation(muxer, [video, audio]);
  const one = frame(video, 0);
  muxer.frame(one);
  const chunk = written.flatMap((item) => ("chunk" in item ? [item.chunk] : []))[0]!;
  assert.ok(chunk.parts.includes(one.data));
});
