import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import type { AudioTrack, Track, VideoTrack } from "../../media/track.ts";
import * as made from "./document.fixture.ts";
import { audioSettings, blockBody, cluster, cut, document, entry, hex, idr, open, read, simple, slice } from "./document.fixture.ts";
import { MatroskaDemuxer } from "./demuxer.ts";
import { DocType, ebmlHeader } from "./document.ts";
import { element, floatElement, textElement, unsignedElement } from "./ebml.ts";
import { ElementId as Id } from "./ids.ts";

const isError = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof ProtocolError && error.code === code && words.test(error.message);
const text = (data: Uint8Array): string => Buffer.from(data).toString("hex");
const recordOf = (bytes: Uint8Array): Uint8Array => element(Id.codecPrivate, bytes);

/** Track, decoding and presentation time of every frame. */
const times = ({ frames }: made.Read): number[][] => frames.map(({ track, dts, pts }) => [track, dts, pts]);

function only(entries: readonly Uint8Array[], ...blocks: readonly Uint8Array[]): { track: Track; got: made.Read } {
  const got = read([joined([document(entries), cluster(0, ...blocks)])]);
  assert.equal(got.tracks.length, 1);
  return { track: got.tracks[0]!, got };
}

test("tracks, metadata and frames of a live document", () => {
  const info = [textElement(Id.title, "A title"), textElement(Id.writingApp, "a muxer")];
  const blocks = [simple(1, 0, idr), simple(2, 5, hex("aa")), simple(1, 120, slice, 0), simple(1, 40, slice, 1), simple(2, 26, hex("bb"))];
  const got = read([joined([document([made.avc(), made.aac()], info), cluster(1000, ...blocks), cluster(1200, simple(1, -40, idr))])]);
  assert.deepEqual(got.announced, [{ video: true, audio: true }]);
  assert.deepEqual({ ...got.metadata[0] }, { title: "A title", encoder: "a muxer" });
  const common = { timescale: 1000, isDefault: true };
  const video: VideoTrack = {
    kind: "video",
    id: 1,
    codec: "avc",
    config: made.avcRecord,
    ...common,
    codecString: "avc1.64001f",
    width: 1280,
    height: 720,
    frameRate: 50,
  };
  const audio: AudioTrack = {
    kind: "audio",
    id: 2,
    codec: "aac",
    config: hex("1190"),
    ...common,
    codecString: "mp4a.40.2",
    sampleRate: 48_000,
    channels: 2,
    samplesPerFrame: 1024,
  };
  assert.deepEqual(got.tracks, [{ ...video, frameRate: (got.tracks[0] as VideoTrack).frameRate }, audio]);
  assert.deepEqual(
    got.frames.map(({ sap, discardable, data }) => [sap, discardable, text(data)]),
    [
      [Sap.closed, false, text(idr)],
      [Sap.closed, false, "aa"],
      [Sap.none, false, text(slice)],
      [Sap.none, true, text(slice)],
      [Sap.closed, false, "bb"],
      [Sap.closed, false, text(idr)],
    ],
  );
  assert.deepEqual(
    times(got).map(([track, , pts]) => [track, pts]),
    [
      [1, 1000],
      [2, 1005],
      [1, 1120],
      [1, 1040],
      [2, 1026],
      [1, 1160],
    ],
  );
});

test("times keep the grid of the file, and lose the delay of their codec", () => {
  const scale = (nanoseconds: number): Uint8Array[] => [unsignedElement(Id.timestampScale, nanoseconds)];
  const at = (nanoseconds: number, ...more: Uint8Array[]): made.Read =>
    read([joined([document([entry(1, "A_MPEG/L3", ...more)], scale(nanoseconds)), cluster(10, simple(1, -3, hex("fffb9064")))])]);
  for (const [nanoseconds, timescale, pts] of [
    [1_000_000, 1000, 7],
    [100_000, 10_000, 7],
    [1, 1_000_000_000, 7],
    [20_832, 31_250_000, 4557],
    [1_000_000_000, 1, 7],
  ] as const) {
    const got = at(nanoseconds);
    assert.equal(got.tracks[0]!.timescale, timescale);
    assert.equal(got.frames[0]!.pts, pts);
  }
  assert.equal(at(1_000_000, unsignedElement(Id.codecDelay, 6_500_000)).frames[0]!.pts, 0);
  assert.equal(at(10_000, unsignedElement(Id.codecDelay, 6_500_000)).frames[0]!.pts, 7 - 650);
  assert.throws(() => at(0), isError("malformed", /a tick of 0 nanoseconds/));
  assert.throws(() => at(1_000_000_001), isError("malformed", /a tick of 1000000001 nanoseconds/));
});

test("laced frames get the times that their track, their group or their codec says", () => {
  const lace = blockBody(1, 10, 0x84, hex("02 aabbcc"));
  const laced = (more: readonly Uint8Array[], block: Uint8Array): number[] =>
    read([joined([document([entry(1, "A_AAC", recordOf(hex("1190")), ...more)]), cluster(0, block)])]).frames.map(({ pts }) => pts);
  const group = element(Id.blockGroup, element(Id.block, lace), unsignedElement(Id.blockDuration, 90));
  assert.deepEqual(laced([], element(Id.simpleBlock, lace)), [10, 31, 53]);
  assert.deepEqual(laced([], group), [10, 40, 70]);
  assert.deepEqual(laced([unsignedElement(Id.defaultDuration, 20_500_000)], group), [10, 31, 51]);
});

test("the same tracks have the same ids in whatever order they come; one of a kind is the default", () => {
  const language = (tag: string): Uint8Array => textElement(Id.language, tag);
  const bcp = textElement(Id.languageBcp47, "pt-BR");
  const entries = [
    entry(7, "A_AAC", recordOf(hex("1190")), language("ger"), unsignedElement(Id.flagDefault, 0)),
    entry(9, "A_AAC", recordOf(hex("1190")), language("fre"), bcp),
    entry(3, "A_AAC", recordOf(hex("1190")), language("und")),
    made.avc(200),
  ];
  const { tracks, frames } = read([
    joined([document(entries), cluster(0, simple(9, 0, hex("aa")), element(Id.simpleBlock, hex("40c8 0000 80 00000001 65")))]),
  ]);
  assert.deepEqual(
    tracks.map(({ id, kind, isDefault, language: of }) => [id, kind, isDefault, of]),
    [
      [2, "audio", false, "de"],
      [513, "audio", true, "pt-BR"],
      [514, "audio", false, undefined],
      [1, "video", true, undefined],
    ],
  );
  assert.deepEqual(
    frames.map(({ track }) => track),
    [513, 1],
  );
});

test("H.264 as browsers record it, without CodecPrivate and with start codes, and changing on the way", () => {
  const other = joined([hex("00000001 6742c00c8c8d40a0cbcf00f08846a0 00000001 68ce3c80 00000001 65b80004")]);
  const { tracks, frames, demuxer } = read([
    joined([
      document([entry(1, "V_MPEG4/ISO/AVC")]),
      cluster(
        0,
        simple(1, 0, hex("00000141b80004"), 0),
        simple(1, 40, made.annexB),
        simple(1, 80, hex("0000000141b80004"), 0),
        simple(1, 120, other),
      ),
    ]),
  ]);
  assert.equal(demuxer.dropped, 1);
  assert.deepEqual(
    tracks.map((track) => [track.codecString, (track as VideoTrack).width]),
    [
      ["avc1.64001f", 1280],
      ["avc1.42c00c", 320],
    ],
  );
  assert.equal(text(tracks[0]!.config), text(made.avcRecord));
  assert.deepEqual(
    frames.map(({ pts, sap, data }) => [pts, sap, text(data)]),
    [
      [40, Sap.closed, text(idr)],
      [80, Sap.none, text(slice)],
      [120, Sap.closed, text(idr)],
    ],
  );
});

test("VP9 and VP8 say in their key frames what they are, and may change", () => {
  const colour = element(Id.video, element(Id.colour, unsignedElement(Id.transferCharacteristics, 13), unsignedElement(Id.primaries, 1)));
  // Profile 0, 8 bits, BT.709, limited range, 320 by 180 and 640 by 360; then a frame that is none.
  const [small, large] = [hex("8249834240 13f00b36"), hex("8249834240 27f01678")];
  const vp9 = read([
    joined([
      document([entry(1, "V_VP9", recordOf(hex("010100 02011f 030108")), colour)]),
      cluster(0, simple(1, 0, hex("8600"), 0), simple(1, 1, small), simple(1, 2, small), simple(1, 3, large)),
    ]),
  ]);
  assert.deepEqual(
    vp9.tracks.map((track) => [track.codecString, (track as VideoTrack).width, (track as VideoTrack).height, text(track.config)]),
    [
      ["vp09.00.31.08.01.01.13.01.00", 320, 180, "001f82010d010000"],
      ["vp09.00.31.08.01.01.13.01.00", 640, 360, "001f82010d010000"],
    ],
  );
  assert.equal(vp9.demuxer.dropped, 1);
  assert.deepEqual(
    vp9.frames.map(({ sap }) => sap),
    [Sap.closed, Sap.closed, Sap.closed],
  );
  const vp8 = read([
    joined([document([entry(1, "V_VP8")]), cluster(0, simple(1, 0, hex("500000 9d012a 4001b400")), simple(1, 33, hex("510000"), 0))]),
  ]);
  assert.deepEqual(
    vp8.tracks.map((track) => [track.codec, (track as VideoTrack).width, (track as VideoTrack).height]),
    [["vp8", 320, 180]],
  );
  assert.deepEqual(times(vp8), [
    [1, 0, 0],
    [1, 33, 33],
  ]);
});

test("AV1 with a record that lacks the sequence header, and delimiters in its blocks", () => {
  const key = hex("1200 0a0d000000043cfecc01a2021a0308 32021001");
  const { track, got } = only(
    [entry(1, "V_AV1", recordOf(hex("81090c00")))],
    simple(1, 0, hex("32022001"), 0),
    simple(1, 40, key),
    simple(1, 80, hex("1200 32023001"), 0),
  );
  assert.equal(text(track.config), "81000c000a0d000000043cfecc01a2021a0308");
  assert.deepEqual([(track as VideoTrack).width, (track as VideoTrack).height], [320, 180]);
  assert.deepEqual(
    got.frames.map(({ pts, sap, data }) => [pts, sap, text(data)]),
    [
      [40, Sap.closed, text(key.subarray(2))],
      [80, Sap.none, "32023001"],
    ],
  );
  const { track: complete } = only([entry(1, "V_AV1", recordOf(hex("81000c000a0d000000043cfecc01a2021a0308")))]);
  assert.equal(complete.codecString, track.codecString);
});

test("audio codecs, with what their tracks or their first frames say", () => {
  const about = (codecId: string, more: readonly Uint8Array[], frame = hex("aa")): unknown[] => {
    const { track } = only([entry(1, codecId, ...more)], simple(1, 0, frame));
    const { codec, config, sampleRate, channels } = track as AudioTrack;
    return [codec, text(config), sampleRate, channels];
  };
  const opus = hex("4f707573486561640102380180bb0000000000");
  const streamInfo = `10001000${"000000".repeat(2)}0ac44370${"00".repeat(20)}`;
  assert.deepEqual(about("A_AAC", [recordOf(hex("1190"))]), ["aac", "1190", 48_000, 2]);
  assert.deepEqual(about("A_AAC", [audioSettings(44_100, 1)]), ["aac", "1208", 44_100, 1]);
  assert.deepEqual(about("A_AAC/MPEG2/MAIN", [audioSettings(48_000, 8)]), ["aac", "09b8", 48_000, 8]);
  assert.deepEqual(about("A_AAC/MPEG4/LC/SBR", [audioSettings(24_000, 2, floatElement(Id.outputSamplingFrequency, 48_000))]), [
    "aac",
    "1310",
    24_000,
    2,
  ]);
  assert.deepEqual(about("A_OPUS", [recordOf(opus), audioSettings(48_000, 2)]), ["opus", text(opus), 48_000, 2]);
  assert.deepEqual(about("A_OPUS", [audioSettings(48_000, 1), unsignedElement(Id.codecDelay, 6_500_000)]), [
    "opus",
    "4f7075734865616401013801 80bb0000 000000".replaceAll(" ", ""),
    48_000,
    1,
  ]);
  assert.deepEqual(about("A_MPEG/L3", [], hex("fffb9064")), ["mp3", "", 44_100, 2]);
  assert.deepEqual(about("A_AC3", [], hex("0b77 0000 14 40 43 e0")).slice(0, 2), ["ac3", "101140"]);
  assert.deepEqual(about("A_PCM/INT/LIT", [audioSettings(44_100, 2, unsignedElement(Id.bitDepth, 16))]), ["pcm-le", "", 44_100, 2]);
  assert.deepEqual(about("A_MS/ACM", [recordOf(hex("0600 0100 401f0000 401f0000 0100 0800 0000")), audioSettings(8000, 1)]), [
    "pcm-alaw",
    "",
    8000,
    1,
  ]);
  assert.deepEqual(about("A_MS/ACM", [recordOf(hex("0700 0100 401f0000 401f0000 0100 0800 0000")), audioSettings(8000, 1)]), [
    "pcm-mulaw",
    "",
    8000,
    1,
  ]);
  assert.deepEqual(about("A_FLAC", [recordOf(hex(`664c6143 80000022 ${streamInfo}`))]), ["flac", streamInfo, 44_100, 2]);
  assert.throws(
    () => about("A_AAC", [audioSettings(44_101, 2)]),
    isError("malformed", /AAC of 44101 Hz and 2 channels without its CodecPrivate/),
  );
});

test("what is not ours to carry is left out in words, and refused where nothing is left", () => {
  const pcm = entry(4, "A_PCM/INT/LIT", audioSettings(48_000, 2, unsignedElement(Id.bitDepth, 24)));
  const subtitles = element(
    Id.trackEntry,
    unsignedElement(Id.trackNumber, 5),
    unsignedElement(Id.trackType, 17),
    textElement(Id.codecId, "S_TEXT/UTF8"),
  );
  const got = read([
    joined([
      document([made.avc(), pcm, subtitles, entry(6, "V_REAL/RV40")]),
      cluster(0, simple(4, 0, hex("aa")), simple(5, 0, hex("bb")), simple(1, 0, idr)),
    ]),
  ]);
  assert.deepEqual(got.demuxer.leftOut, ["track 4 (A_PCM/INT/LIT, 24 bits)", "track 5 (S_TEXT/UTF8)", "track 6 (V_REAL/RV40)"]);
  assert.deepEqual(got.announced, [{ video: true, audio: false }]);
  assert.deepEqual(times(got).length, 1);
  const nothing = isError("unsupported", /^Matroska without a track that we carry: track 4 \(A_PCM\/INT\/LIT, 24 bits\), track 5/);
  assert.throws(() => read([document([pcm, subtitles])]), nothing);
  assert.throws(() => read([document([])]), isError("unsupported", /no tracks/));
});

test("header stripping is undone; compression and encryption are refused in words", () => {
  const encoded = (...children: readonly Uint8Array[]): Uint8Array =>
    element(Id.contentEncodings, element(Id.contentEncoding, ...children));
  const compression = (algorithm: number, settings = ""): Uint8Array =>
    element(Id.contentCompression, unsignedElement(Id.contentCompAlgo, algorithm), element(Id.contentCompSettings, hex(settings)));
  const track = (...encodings: readonly Uint8Array[]): Uint8Array => entry(1, "A_AC3", ...encodings);
  const scope = (value: number): Uint8Array => unsignedElement(Id.contentEncodingScope, value);
  const rest = hex("0000 14 40 43 e0");
  const [lace, whole] = [element(Id.simpleBlock, blockBody(1, 32, 0x84, joined([Uint8Array.of(1), rest, rest]))), `0b77${text(rest)}`];
  const { got } = only([track(encoded(scope(1), compression(3, "0b77")))], simple(1, 0, rest), lace);
  assert.deepEqual(
    got.frames.map(({ data }) => text(data)),
    [whole, whole, whole],
  );
  const record = only([entry(1, "A_AAC", encoded(scope(3), compression(3, "11")), recordOf(hex("90")))], simple(1, 0, hex("22")));
  assert.deepEqual([text(record.track.config), text(record.got.frames[0]!.data)], ["1190", "1122"]);
  const refused = (words: RegExp, ...encodings: readonly Uint8Array[]): void =>
    assert.throws(() => read([document([track(...encodings)])]), isError("unsupported", words));
  refused(/track 1 \(A_AC3\) is compressed with zlib/, encoded(element(Id.contentCompression)));
  refused(/compressed with zlib/, encoded(compression(0)));
  refused(/compressed with bzip2/, encoded(compression(1)));
  refused(/is encrypted/, encoded(unsignedElement(Id.contentEncodingType, 1)));
  refused(/encoded more than once/, element(Id.contentEncodings, element(Id.contentEncoding), element(Id.contentEncoding)));
  refused(/stripped of 257 bytes a frame, 256 allowed/, encoded(compression(3, "00".repeat(257))));
});

test("a second document begins a new stream of the same tracks, with its own times and grid", () => {
  const first = joined([
    document([made.aac(1), made.avc(2)]),
    cluster(0, simple(1, 0, hex("aa")), simple(2, 0, idr)),
    cluster(5000, simple(1, 0, hex("aa"))),
  ]);
  const second = joined([
    document([made.avc(1), made.aac(2)], [unsignedElement(Id.timestampScale, 100_000)]),
    cluster(0, simple(1, 10, idr), simple(2, 20, hex("bb"))),
  ]);
  const got = read([joined([first, second])]);
  assert.deepEqual(
    got.tracks.map(({ id, timescale }) => [id, timescale]),
    [
      [2, 1000],
      [1, 1000],
      [1, 10_000],
      [2, 10_000],
    ],
  );
  assert.deepEqual(
    times(got).map(([track, , pts]) => [track, pts]),
    [
      [2, 0],
      [1, 0],
      [2, 5000],
      [1, 10],
      [2, 20],
    ],
  );
});

test("a document that begins less than a second before the end of the one before follows on it", () => {
  const session = (from: number): Uint8Array =>
    joined([document([made.aac()]), cluster(from, simple(2, 0, hex("aa")), simple(2, 20, hex("bb")), simple(2, 40, hex("cc")))]);
  assert.deepEqual(
    times(read([joined([session(0), session(0), session(3000), session(0)])])).map(([, dts]) => dts),
    [0, 20, 40, 41, 61, 81, 3000, 3020, 3040, 0, 20, 40],
  );
});

test("a repeated description of the tracks changes nothing", () => {
  const tracks = element(Id.tracks, made.avc());
  const got = read([joined([document([made.avc()]), cluster(0, simple(1, 0, idr)), tracks, cluster(40, simple(1, 0, slice, 0))])]);
  assert.equal(got.tracks.length, 1);
  assert.equal(got.frames.length, 2);
});

test("what has no place, or says what cannot be, is refused", () => {
  const refused = (code: string, words: RegExp, ...parts: Uint8Array[]): void =>
    assert.throws(() => read([joined(parts)]), isError(code, words), `${words}`);
  const header = ebmlHeader(DocType.webm);
  refused("order", /a block before the tracks/, header, open(Id.segment), cluster(0, simple(1, 0, idr)));
  refused("order", /a block before its cluster's time/, document([made.avc()]), open(Id.cluster), simple(1, 0, idr));
  refused("unsupported", /document type "mkv3d"/, element(Id.ebml, textElement(Id.docType, "mkv3d")));
  refused(
    "unsupported",
    /Matroska version 5/,
    element(Id.ebml, textElement(Id.docType, "webm"), unsignedElement(Id.docTypeReadVersion, 5)),
  );
  refused("unsupported", /ids of 5 bytes/, element(Id.ebml, textElement(Id.docType, "webm"), unsignedElement(Id.ebmlMaxIdLength, 5)));
  refused("unsupported", /EBML version 2/, element(Id.ebml, textElement(Id.docType, "webm"), unsignedElement(Id.ebmlReadVersion, 2)));
  refused("malformed", /two tracks of one number/, document([made.avc(), made.aac(1)]));
  refused("malformed", /a track without a number/, document([element(Id.trackEntry)]));
  refused("unsupported", /its own TrackTimestampScale/, document([entry(1, "V_VP8", floatElement(Id.trackTimestampScale, 1.5))]));
  refused("limit", /more than 32 tracks/, document(Array.from({ length: 33 }, (_, i) => made.aac(i + 1))));
});

/** Documents with something wrong, or right, at every place. */
const entries = fc.oneof(
  { weight: 3, arbitrary: fc.constant([made.avc(), made.aac()]) },
  fc.constantFrom(...["V_VP9", "V_AV1", "V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC"].map((codecId) => [entry(1, codecId), entry(2, "A_OPUS")])),
  fc.constantFrom([], [made.avc(), made.avc()], [entry(1, "A_EAC3")]),
);
const bodies = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(idr, slice) },
  fc.constantFrom(made.annexB, hex("8249834240 13f00b36")),
  fc.uint8Array({ maxLength: 30 }),
);
const flags = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(0, 0x80, 0x81) }, fc.constant(0x84));
const blocks = fc
  .tuple(fc.constantFrom(1, 2), fc.integer({ min: -0x8000, max: 0x7fff }), flags, bodies)
  .map(([track, time, flag, data]) => simple(track, time, data, flag));

/** Frames by document. */
function framesOf(pieces: Iterable<Uint8Array>): SourceFrame[][] {
  const all: SourceFrame[][] = [];
  const demuxer = new MatroskaDemuxer({
    announce: () => all.push([]),
    metadata: () => undefined,
    track: () => undefined,
    frame: (frame) => all.at(-1)!.push(frame),
  });
  try {
    for (const piece of pieces) demuxer.push(piece);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
  }
  return all;
}

test("garbage throws nothing but ProtocolError, and decoding times rise where they do not jump back by more than a second", () => {
  let count = 0;
  const documents = fc.tuple(entries, fc.array(blocks, { maxLength: 12 }), fc.nat(100_000));
  fc.assert(
    fc.property(fc.array(documents, { maxLength: 2 }), fc.uint8Array({ maxLength: 40 }), (parts, garbage) => {
      const bytes = joined([...parts.flatMap(([tracks, inside, time]) => [document(tracks), cluster(time, ...inside)]), garbage]);
      const lasts = new Map<number, number>();
      for (const frames of framesOf(cut(bytes, [7, 100]))) {
        count += frames.length;
        if (frames.length > 0 && frames[0]!.dts < Math.max(...lasts.values()) - 1000) lasts.clear();
        for (const { track, dts } of frames) {
          const last = lasts.get(track) ?? -Infinity;
          assert.ok(dts > last || dts < last - 1000, `${dts} after ${last}`);
          lasts.set(track, dts);
        }
      }
    }),
    { numRuns: 1000 },
  );
  assert.ok(count > 1000, `${count} frames were read`);
});
