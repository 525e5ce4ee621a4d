import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import type { Metadata, Track } from "../../media/track.ts";
import { AmfEcmaArray, amfObject, encodeAmf0 } from "./amf0.ts";
import { MAX_METADATA, MAX_TRACKS, TagDemuxer } from "./tag-demuxer.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** avcC of a 64x64 High 4:4:4 stream, as FFmpeg writes it. */
const AVCC = "01f4000dffe1001967f4000d919b28283f6022000003000200000300641e28532c01000668ebe3c44844fff8f800";
const IDR = "00000002 65aa";
const SLICE = "00000002 41aa";

class Log implements FrameSink {
  readonly announced: unknown[] = [];
  readonly metadatas: Metadata[] = [];
  readonly tracks: Track[] = [];
  readonly frames: SourceFrame[] = [];
  announce(kinds: unknown): void {
    this.announced.push(kinds);
  }
  metadata(values: Metadata): void {
    this.metadatas.push(values);
  }
  track(track: Track): void {
    this.tracks.push(track);
  }
  frame(frame: SourceFrame): void {
    this.frames.push(frame);
  }
  /** Track, dts, pts, sap and data of each frame. */
  get list(): unknown[] {
    return this.frames.map(({ track, dts, pts, sap, data }) => [track, dts, pts, sap, text(data)]);
  }
}

function make(): { log: Log; demuxer: TagDemuxer } {
  const log = new Log();
  return { log, demuxer: new TagDemuxer(log) };
}

const refused = (code?: string) => (error: unknown) => error instanceof ProtocolError && (code === undefined || error.code === code);

test("H.264 and AAC: tracks from the sequence headers, frames with both times and what they are", () => {
  const { log, demuxer } = make();
  demuxer.video(0, hex(`17 00 000000 ${AVCC}`));
  demuxer.audio(0, hex("af 00 1190"));
  demuxer.video(1000, hex(`17 01 000050 ${IDR}`));
  demuxer.audio(1005, hex("af 01 aabb"));
  demuxer.video(1040, hex(`37 01 ffffec ${SLICE}`));
  assert.deepEqual(
    log.tracks.map((track) => [track.id, track.kind, track.codec, text(track.config), track.codecString, track.isDefault]),
    [
      [1, "video", "avc", AVCC, "avc1.f4000d", true],
      [2, "audio", "aac", "1190", "mp4a.40.2", true],
    ],
  );
  const [video, audio] = log.tracks;
  assert.ok(video?.kind === "video" && video.width > 0 && video.height > 0);
  assert.ok(audio?.kind === "audio" && audio.sampleRate === 48_000 && audio.channels === 2);
  assert.deepEqual(log.list, [
    [1, 1000, 1080, 1, text(hex(IDR))],
    [2, 1005, 1005, 1, "aabb"],
    [1, 1040, 1020, 0, text(hex(SLICE))],
  ]);
  assert.deepEqual(
    log.frames.map((frame) => frame.discardable),
    [false, false, true],
  );
});

test("equal sequence headers pass as the same track, changed ones as another", () => {
  const { log, demuxer } = make();
  for (const config of ["1190", "1190", "1210"]) demuxer.audio(0, hex(`af 00 ${config}`));
  assert.equal(log.tracks[0], log.tracks[1]);
  assert.notEqual(log.tracks[1], log.tracks[2]);
  assert.equal(log.tracks[2]!.id, 2);
});

test("a configuration is a copy: a read buffer that is reused does not change it", () => {
  const { log, demuxer } = make();
  // Buffers, as sockets give them: their slice() is no copy.
  const bodies = [Buffer.from(hex("af 00 1190")), Buffer.from(hex(`17 00 000000 ${AVCC}`))] as const;
  demuxer.audio(0, bodies[0]);
  demuxer.video(0, bodies[1]);
  assert.equal(text(bodies[1].subarray(5)), AVCC, "what a peer sent is left as it was");
  for (const body of bodies) body.fill(0);
  assert.deepEqual(
    log.tracks.map((track) => text(track.config)),
    ["1190", AVCC],
  );
});

test("NAL lengths of 1 and 2 bytes become 4", () => {
  for (const [size, frame] of [
    ["fc", "02 65aa 01 06"],
    ["fd", "0002 65aa 0001 06"],
  ]) {
    const { log, demuxer } = make();
    demuxer.video(0, hex(`17 00 000000 01f4000d${size}${AVCC.slice(10)}`));
    demuxer.video(0, hex(`17 01 000000 ${frame}`));
    assert.equal(text(log.tracks[0]!.config), AVCC);
    assert.equal(text(log.frames[0]!.data), "0000000265aa0000000106");
  }
});

test("lying NAL lengths, broken records and unknown codecs are refused", () => {
  const { demuxer } = make();
  demuxer.video(0, hex(`17 00 000000 ${AVCC}`));
  for (const frame of ["000000ff 65aa", "ffffffff 65", "000002"]) {
    assert.throws(() => demuxer.video(0, hex(`17 01 000000 ${frame}`)), refused(), frame);
  }
  for (const config of ["", "01", "01f4000dff", "02f4000dffe1", "01f4000dffe1ffff00", "01f4000dffe1000267f4", "01f4000dfee1"]) {
    assert.throws(() => make().demuxer.video(0, hex(`17 00 000000 ${config}`)), refused(), config);
  }
  for (const config of ["", "12", "ff", "f8", "1780"])
    assert.throws(() => make().demuxer.audio(0, hex(`af 00 ${config}`)), refused(), config);
  assert.throws(() => make().demuxer.video(0, hex(`17 00 000000 ${"00".repeat(70_000)}`)), refused("limit"));
  assert.throws(() => make().demuxer.video(0, hex("18 00")), refused("unsupported"));
});

test("frames before their configuration are dropped and counted, silence is not counted", () => {
  const { log, demuxer } = make();
  demuxer.audio(0, hex("af 01 aabb"));
  demuxer.video(0, hex(`17 01 000000 ${IDR}`));
  demuxer.video(0, hex("91 61763031 0a00"));
  for (const body of ["", "af 01", "2f"]) demuxer.audio(0, hex(body));
  for (const body of ["", "17 01 000000", "57 00", "17 02 000000", "22"]) demuxer.video(0, hex(body));
  assert.equal(demuxer.dropped, 3);
  assert.deepEqual([log.tracks, log.frames], [[], []]);
});

test("codecs without a configuration are declared by their first frame", () => {
  const { log, demuxer } = make();
  demuxer.audio(0, hex(`2f fffb90640000 ${"00".repeat(400)}`));
  demuxer.audio(26, hex("72 d5d5"));
  demuxer.audio(46, hex("73 d5d5"));
  demuxer.audio(66, hex("b6 aa"));
  demuxer.audio(86, hex("91 4f707573 fc"));
  demuxer.video(0, hex("12 aabb"));
  demuxer.video(40, hex("22 aabb"));
  assert.deepEqual(
    log.tracks.map((track) => [track.codec, track.kind === "audio" ? [track.sampleRate, track.channels, track.flvHeader] : []]),
    [
      ["mp3", [44_100, 2, 0x2f]],
      ["pcm-alaw", [8000, 1, 0x72]],
      ["pcm-alaw", [8000, 2, 0x73]],
      ["speex", [16_000, 1, 0xb6]],
      ["opus", [48_000, 2, undefined]],
      ["h263", []],
    ],
  );
  assert.deepEqual(log.list.slice(5), [
    [1, 0, 0, 1, "12aabb"],
    [1, 40, 40, 0, "22aabb"],
  ]);
});

test("multitrack: ids of their own, a limit, the first one is the default", () => {
  const { log, demuxer } = make();
  demuxer.audio(0, hex("95 10 6d703461 00 000002 1190 03 000002 1210"));
  demuxer.audio(10, hex("95 11 6d703461 00 000001 aa 03 000001 bb"));
  assert.deepEqual(
    log.tracks.map((track) => [track.id, track.isDefault]),
    [
      [2, true],
      [515, false],
    ],
  );
  assert.deepEqual(
    log.frames.map((frame) => [frame.track, frame.dts]),
    [
      [2, 10],
      [515, 10],
    ],
  );
  demuxer.video(0, hex(`96 00 61766331 01 ${AVCC}`));
  assert.equal(log.tracks[2]!.id, 257);
  const many = make().demuxer;
  const declare = (id: number): void => many.audio(0, hex(`95 00 6d703461 ${id.toString(16).padStart(2, "0")} 1190`));
  for (let id = 0; id < MAX_TRACKS; id++) declare(id);
  assert.throws(() => declare(MAX_TRACKS), refused("limit"));
});

test("metadata, wrapped or plain, as object or ECMA array, late or taken back", () => {
  const values = {
    width: 1280,
    videocodecid: 7,
    audiocodecid: "mp4a",
    when: new Date(0),
    nothing: undefined,
    list: [1, amfObject({ a: null })],
  };
  const expected = {
    width: 1280,
    videocodecid: 7,
    audiocodecid: "mp4a",
    when: "1970-01-01T00:00:00.000Z",
    nothing: null,
    list: [1, { a: null }],
  };
  const { log, demuxer } = make();
  demuxer.data(0, encodeAmf0("@setDataFrame", "onMetaData", new AmfEcmaArray(amfObject(values))));
  demuxer.data(0, encodeAmf0("onMetaData", values));
  demuxer.data(0, encodeAmf0("@clearDataFrame", "onMetaData"));
  demuxer.data(0, encodeAmf0("onMetaData"));
  assert.deepEqual(JSON.parse(JSON.stringify(log.metadatas)), [expected, expected, {}, {}]);
  assert.deepEqual(log.announced, [
    { video: true, audio: true },
    { video: true, audio: true },
  ]);
  assert.deepEqual([log.tracks, log.frames], [[], []]);
});

test("what metadata promises: codec ids, sizes, or the word of hasAudio", () => {
  const promise = (values: Record<string, number | string | boolean>): unknown => {
    const { log, demuxer } = make();
    demuxer.data(0, encodeAmf0("onMetaData", values));
    return log.announced[0];
  };
  assert.deepEqual(promise({ videocodecid: 7, audiocodecid: 10, hasAudio: false }), { video: true, audio: false });
  assert.deepEqual(promise({ audiosamplerate: 44_100, videocodecid: 0 }), { video: false, audio: true });
  assert.deepEqual(promise({ hasVideo: true, width: Number.NaN }), { video: true, audio: false });
  assert.equal(promise({ encoder: "x" }), undefined);
});

test("other script messages ride with the media, byte for byte", () => {
  const { log, demuxer } = make();
  const cue = encodeAmf0("onCuePoint", { name: "c" });
  demuxer.data(0, cue);
  demuxer.audio(0, hex("af 00 1190"));
  demuxer.audio(2 ** 24 - 20, hex("af 01 aa"));
  demuxer.data(2 ** 24 - 30, cue);
  demuxer.data(0, Buffer.concat([encodeAmf0("@setDataFrame"), cue]));
  demuxer.data(5_000_000, cue);
  demuxer.data(0, encodeAmf0("|RtmpSampleAccess", true, true));
  assert.deepEqual(log.list.slice(1), [
    [3, 2 ** 24 - 30, 2 ** 24 - 30, 1, text(cue)],
    [3, 2 ** 24, 2 ** 24, 1, text(cue)],
    [3, 2 ** 24 - 20, 2 ** 24 - 20, 1, text(cue)],
  ]);
  assert.deepEqual(
    log.tracks.map((track) => track.codec),
    ["aac", "amf0"],
  );
});

test("script messages that are no AMF0, too large or endlessly wrapped are refused or harmless", () => {
  const { log, demuxer } = make();
  assert.throws(() => demuxer.data(0, hex("0affffffff")), refused());
  assert.throws(() => demuxer.data(0, hex("03000161".repeat(30_000))), refused("limit"));
  assert.throws(() => demuxer.data(0, encodeAmf0("onMetaData", { big: "x".repeat(MAX_METADATA) })), refused("limit"));
  const string = encodeAmf0("@setDataFrame");
  demuxer.data(0, Buffer.concat(Array.from({ length: 30_000 }, () => string)));
  demuxer.data(0, string);
  demuxer.data(0, new Uint8Array(0));
  assert.deepEqual(log.frames, []);
});

test("stamps that wrap at 31 bits go on, audio beside video", () => {
  const { log, demuxer } = make();
  demuxer.audio(0, hex("af 00 1190"));
  demuxer.video(0, hex(`17 00 000000 ${AVCC}`));
  for (const raw of [2 ** 31 - 40, 2 ** 31 - 20, 0, 20]) {
    demuxer.video(raw, hex(`17 01 000000 ${IDR}`));
    demuxer.audio((raw + 5) % 2 ** 31, hex("af 01 aa"));
  }
  const expected = [-40, -35, -20, -15, 0, 5, 20, 25].map((time) => 2 ** 31 + time);
  assert.deepEqual(
    log.frames.map((frame) => frame.dts),
    expected,
  );
});

test("FLV tags go where their type says; AMF3 script tags have a byte in front", () => {
  const { log, demuxer } = make();
  demuxer.tag({ type: 8, timestamp: 0, body: hex("af 00 1190") });
  demuxer.tag({ type: 9, timestamp: 0, body: hex(`17 00 000000 ${AVCC}`) });
  demuxer.tag({ type: 15, timestamp: 0, body: Buffer.concat([hex("00"), encodeAmf0("onMetaData", { a: 1 })]) });
  demuxer.tag({ type: 18, timestamp: 0, body: encodeAmf0("onMetaData", { a: 2 }) });
  demuxer.tag({ type: 7, timestamp: 0, body: hex("00") });
  assert.deepEqual([log.tracks.length, log.metadatas.map(({ a }) => a)], [2, [1, 2]]);
});

test("garbage throws nothing but ProtocolError", () => {
  const starts = fc.constantFrom(
    "",
    "1701000000",
    "1700000000",
    "9068766331",
    "9168766331",
    "9061763031",
    "9161763031",
    "9176703039",
    "22",
    "af00",
    "904f707573",
    "2f",
    "96",
    "914d",
    "9161632d33",
  );
  const messages = fc.array(fc.tuple(fc.constantFrom(8, 9, 18), starts, fc.uint8Array({ maxLength: 60 })), { maxLength: 6 });
  fc.assert(
    fc.property(messages, (list) => {
      const { demuxer } = make();
      demuxer.video(0, hex(`17 00 000000 ${AVCC}`));
      for (const [type, start, bytes] of list) {
        try {
          demuxer.tag({ type, timestamp: 0, body: Buffer.concat([hex(start), bytes]) });
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});
