import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import type { MuxedChunk, MuxedInit } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import { rescale } from "../../media/time.ts";
import type { AudioTrack, Track, VideoTrack } from "../../media/track.ts";
import * as made from "./document.fixture.ts";
import { cut, hex, idr, read, slice } from "./document.fixture.ts";
import { MatroskaReader } from "./reader.ts";
import { matroskaMuxer } from "./muxer.ts";
import type { MatroskaOptions } from "./muxer.ts";

const video: VideoTrack = {
  ...{ kind: "video", id: 1, codec: "avc", config: made.avcRecord, timescale: 1000, isDefault: true },
  ...{ codecString: "avc1.64001f", width: 1280, height: 720, frameRate: 25 },
};
const audio: AudioTrack = {
  ...{ kind: "audio", id: 2, codec: "aac", config: hex("1190"), timescale: 1000, isDefault: true },
  ...{ codecString: "mp4a.40.2", sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 },
};
const vp9: VideoTrack = {
  ...video,
  codec: "vp9",
  config: hex("001f82010d010000"),
  codecString: "vp09.00.31.08.01.01.13.01.00",
  width: 320,
  height: 180,
};
const opus: AudioTrack = {
  ...audio,
  codec: "opus",
  config: hex("4f707573486561640102380180bb0000000000"),
  codecString: "opus",
  samplesPerFrame: 0,
};
const vp9Key = hex("8249834240 13f00b36");

const frame = (track: Track, pts: number, more: Partial<SourceFrame> = {}): SourceFrame => {
  return { track: track.id, dts: pts, pts, sap: Sap.closed, discardable: false, data: track.kind === "video" ? idr : hex("21"), ...more };
};

/** What a muxer makes of tracks and frames: inits and chunks. */
function mux(
  tracks: readonly Track[],
  frames: readonly SourceFrame[],
  options: MatroskaOptions = {},
): { inits: MuxedInit[]; chunks: MuxedChunk[]; bytes: Uint8Array } {
  const [inits, chunks]: [MuxedInit[], MuxedChunk[]] = [[], []];
  const muxer = matroskaMuxer(options)({ init: (init) => inits.push(init), chunk: (chunk) => chunks.push(chunk) });
  muxer.discontinuity({ reason: "start", utcOffset: 0 });
  muxer.generation({ id: 1, tracks, metadata: {} });
  for (const each of frames) muxer.frame({ ...each, arrived: 0 });
  muxer.flush();
  return { inits, chunks, bytes: joined([inits[0]!.bytes, ...chunks.flatMap(({ parts }) => parts)]) };
}

/** The order of clusters and blocks in bytes. */
function outline(bytes: Uint8Array): string {
  let text = "";
  const reader = new MatroskaReader({
    begins: (id) => (text += id === 0x1f43b675 ? "[" : "S"),
    element: (id) => (text += id === 0xa3 ? "b" : id === 0xe7 ? "t" : ""),
  });
  reader.push(bytes);
  return text;
}

test("a cluster begins at every random-access point of the default video track, and holds the frames until the next", () => {
  const other = { ...video, id: 3, isDefault: false };
  const frames = [
    ...[
      frame(video, 0),
      frame(audio, 5),
      frame(video, 40, { sap: Sap.none, data: slice }),
      frame(other, 40),
      frame(video, 80, { sap: Sap.gradual }),
    ],
    ...[frame(audio, 90), frame(video, 120, { sap: Sap.open })],
  ];
  const { bytes, chunks, inits } = mux([video, audio, other], frames);
  assert.equal(outline(bytes), "S[tbbbb[tbb[tb");
  assert.deepEqual(
    chunks.map(({ randomAccess, urgent }) => [randomAccess, urgent]),
    [
      ...[
        [true, true],
        [false, false],
        [false, true],
        [false, true],
        [true, true],
        [false, false],
        [true, true],
      ],
    ],
  );
  assert.equal(inits.length, 1);
  assert.equal(inits[0]!.change, undefined);
  assert.equal(chunks[0]!.parts.at(-1), frames[0]!.data, "payloads are not copied");
});

test("a cluster is never longer than its blocks can say, nor than five seconds", () => {
  const every = (ms: number, timescale: number): string => {
    const track = { ...video, timescale };
    const frames = Array.from({ length: 30 }, (_, i) =>
      frame(track, Math.round((i * ms * timescale) / 1000), { sap: i === 0 ? Sap.closed : Sap.none }),
    );
    return outline(mux([track], frames).bytes);
  };
  assert.equal(every(1000, 1000), `S${"[tbbbbb".repeat(6)}`);
  assert.equal(every(30, 90_000), `S${"[tbbbbbbbbbbb".repeat(2)}[tbbbbbbbb`, "327 ms where ticks are 10 µs");
  assert.equal(
    outline(mux([video], [frame(video, 90_000), frame(video, 20_000, { sap: Sap.none }), frame(video, 19_000, { sap: Sap.none })]).bytes),
    "S[tb[tbb",
  );
});

test("without video every frame is a whole cluster", () => {
  const { bytes, chunks } = mux([audio], [frame(audio, 0), frame(audio, 21)]);
  assert.ok(chunks.every(({ randomAccess }) => randomAccess));
  assert.equal(outline(bytes), "S[tb[tb");
  assert.equal(Buffer.from(joined(chunks[1]!.parts)).toString("hex"), "1f43b6758ae78115a3858100008021");
});

test("in WebM a block that belongs before the one ahead of it begins another cluster; in Matroska it need not", () => {
  const frames = [
    frame(vp9, 0, { data: vp9Key }),
    frame(opus, 60),
    frame(vp9, 40, { sap: Sap.none }),
    frame(opus, 80),
    frame(vp9, 90, { sap: Sap.none }),
  ];
  assert.equal(outline(mux([vp9, opus], frames, { docType: "webm" }).bytes), "S[tbb[tbbb");
  assert.equal(outline(mux([vp9, opus], frames).bytes), "S[tbbbbb");
});

test("tracks that changed end what was: the init has no change; equal ones say nothing", () => {
  const inits: MuxedInit[] = [];
  const muxer = matroskaMuxer()({ init: (init) => inits.push(init), chunk: () => undefined });
  const tell = (id: number, tracks: readonly Track[]): void => muxer.generation({ id, tracks, metadata: { id } });
  tell(1, [video, audio]);
  tell(2, [{ ...video }, audio]);
  assert.equal(inits.length, 1);
  tell(3, [video, { ...audio, config: hex("1210") }]);
  tell(4, [video]);
  assert.deepEqual(
    inits.map(({ change }) => change),
    [undefined, undefined, undefined],
  );
});

test("WebM takes what browsers play from it, and says what it leaves", () => {
  const refusal = (tracks: readonly Track[], options: MatroskaOptions, words: RegExp): void =>
    assert.throws(
      () => mux(tracks, [], options),
      (error: Error) => error instanceof NotCarried && words.test(error.message),
    );
  const webm = { docType: "webm" } as const;
  assert.deepEqual(
    read([mux([video, opus], [], webm).bytes]).tracks.map(({ codec }) => codec),
    ["opus"],
  );
  assert.match(Buffer.from(mux([vp9], [], webm).bytes).toString("latin1"), /webm/);
  assert.match(Buffer.from(mux([vp9], []).bytes).toString("latin1"), /matroska/);
  refusal([video, audio], webm, /^WebM cannot carry H\.264, Matroska can; WebM cannot carry AAC, Matroska can$/);
  refusal([{ ...video, config: hex("") }], {}, /no decoder configuration for its H\.264, or a damaged one/);
  refusal([{ ...audio, codec: "pcm-le", config: hex(""), sampleRate: 0 }], {}, /nothing says the sampling rate of its uncompressed PCM/);
  refusal([video], { video: false }, /the stream has no audio/);
  refusal([audio], { audio: false }, /the stream has no video/);
  refusal([], {}, /neither video nor audio/);
});

test("Opus is stamped ahead by its pre-skip, and comes back where it was", () => {
  const { bytes } = mux([opus], [frame(opus, -7), frame(opus, 13)]);
  assert.ok(Buffer.from(bytes).includes("56aa83632ea0", 0, "hex"), "CodecDelay of 6.5 ms");
  assert.ok(Buffer.from(bytes).includes("56bb8404c4b400", 0, "hex"), "SeekPreRoll of 80 ms");
  assert.deepEqual(
    read([bytes]).frames.map(({ pts }) => pts),
    [-7, 13],
  );
});

const streamInfo = `10001000${"000000".repeat(2)}0ac44370${"00".repeat(20)}`;
/** Tracks of every codec, each with a frame to start at. */
const carried: readonly (readonly [track: Track, key: Uint8Array])[] = [
  [video, idr],
  [{ ...video, timescale: 90_000 }, idr],
  [{ ...video, language: "de" }, idr],
  [vp9, vp9Key],
  [{ ...video, codec: "vp8", config: hex(""), codecString: "vp8", width: 320, height: 180 }, hex("500000 9d012a 4001b400")],
  [
    {
      ...video,
      codec: "av1",
      config: hex("81000c000a0d000000043cfecc01a2021a0308"),
      codecString: "av01.0.00M.08.0.110.01.13.01.1",
      width: 320,
      height: 180,
    },
    hex("32021001"),
  ],
  [audio, hex("21")],
  [{ ...audio, config: hex("1310"), sampleRate: 24_000, language: "pt-BR" }, hex("21")],
  [{ ...audio, config: hex("2b11 8800"), codecString: "mp4a.40.5", samplesPerFrame: 2048 }, hex("21")],
  [opus, hex("fc")],
  [{ ...audio, codec: "flac", config: hex(streamInfo), codecString: "flac", sampleRate: 44_100, samplesPerFrame: 4096 }, hex("ff")],
  [{ ...audio, codec: "mp3", config: hex(""), codecString: "mp3", sampleRate: 44_100, samplesPerFrame: 1152 }, hex("fffb9064")],
  [{ ...audio, codec: "ac3", config: hex("101140"), codecString: "ac-3", samplesPerFrame: 1536 }, hex("0b77 0000 14 40 43 e0")],
  [{ ...audio, codec: "pcm-le", config: hex(""), codecString: "", sampleRate: 44_100, samplesPerFrame: 0 }, hex("0102")],
  [{ ...audio, codec: "pcm-alaw", config: hex(""), codecString: "", sampleRate: 8000, channels: 1, samplesPerFrame: 0 }, hex("d5")],
  [{ ...audio, codec: "pcm-mulaw", config: hex(""), codecString: "", sampleRate: 16_000, samplesPerFrame: 0 }, hex("ff")],
];

test("tracks and frames of every codec read back as they went in, in pieces cut anywhere", () => {
  const distances = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      fc.constantFrom(...carried),
      distances,
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      ([track, data], steps, lengths) => {
        let at = 0;
        const frames = [0, ...steps].map((step) => frame(track, (at += step), { data }));
        const { tracks, frames: got } = read(cut(mux([track], frames).bytes, lengths));
        const ticks = tracks[0]!.timescale;
        const { timescale: _, ...expected } = track;
        const { timescale: __, ...found } = tracks[0]!;
        if (found.kind === "video") assert.deepEqual(found, { ...expected, frameRate: found.frameRate });
        else assert.deepEqual(found, expected);
        assert.deepEqual(
          got.map(({ pts, sap, data: payload }) => [rescale(pts, ticks, track.timescale), sap, payload]),
          frames.map(({ pts, sap, data: payload }) => [pts, sap, payload]),
        );
      },
    ),
    { numRuns: 300 },
  );
});
