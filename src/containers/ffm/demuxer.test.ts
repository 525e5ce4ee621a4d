import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { audio, picture, video } from "../../../test/contracts/media.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { joinAnnexB } from "../../media/annex-b.ts";
import { parseAvcConfig } from "../../media/avc.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { Sap } from "../../media/frame.ts";
import { nalUnits } from "../../media/nal.ts";
import type { AudioTrack, Track, VideoTrack } from "../../media/track.ts";
import { FfmDemuxer } from "./demuxer.ts";
import { writeHeader } from "./header.ts";
import { PAGE_SIZE } from "./page.ts";
import { PageWriter } from "./page-writer.ts";
import type { FfmFrame, FfmReaderOptions } from "./reader.ts";
import type { FfmStream } from "./stream-info.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const none = new Map<string, string>();

function streamOf(codecId: number, rest: Partial<FfmStream> & { readonly kind: FfmStream["kind"] }): FfmStream {
  return { codecId, bitRate: 0, extradata: new Uint8Array(0), options: none, privateOptions: none, ...rest };
}

interface Told {
  readonly tracks: Track[];
  readonly frames: SourceFrame[];
  readonly announced: { readonly video: boolean; readonly audio: boolean }[];
  readonly demuxer: FfmDemuxer;
}

function demuxed(bytes: Uint8Array, options?: FfmReaderOptions): Told {
  const tracks: Track[] = [];
  const frames: SourceFrame[] = [];
  const announced: Told["announced"] = [];
  const sink = {
    announce: (kinds: Told["announced"][0]) => void announced.push({ ...kinds }),
    metadata: () => undefined,
    track: (track: Track) => void tracks.push(track),
    frame: (frame: SourceFrame) => void frames.push(frame),
  };
  const demuxer = new FfmDemuxer(sink, options);
  demuxer.push(bytes);
  return { tracks, frames, announced, demuxer };
}

/** A stream with a header and frames 40 ms apart, with these payloads. */
function file(
  streams: readonly FfmStream[],
  payloads: readonly { readonly data: Uint8Array; readonly stream?: number; readonly isKey?: boolean }[],
): Uint8Array {
  const writer = new PageWriter();
  for (const [number, { data, stream = 0, isKey = true }] of payloads.entries()) {
    const frame: FfmFrame = { stream, isKey, dts: number * 40_000, pts: number * 40_000, duration: 40_000, size: data.length, data };
    writer.add(frame);
  }
  return new Uint8Array(Buffer.concat([writeHeader(streams), ...writer.flush()]));
}

const refused = (streams: readonly FfmStream[], payload: Uint8Array | undefined, code: string, words: RegExp): void =>
  assert.throws(
    () => demuxed(file(streams, payload === undefined ? [] : [{ data: payload }])),
    (error) => error instanceof ProtocolError && error.code === code && words.test(error.message),
  );

const { sps, pps } = parseAvcConfig(video.config);
const sets = [...sps, ...pps];
const units = (number: number): Uint8Array[] => [...nalUnits(picture(number).data)];
const avc = (extradata: Uint8Array): FfmStream => streamOf(28, { kind: "video", extradata, options: new Map([["time_base", "1/25"]]) });

test("H.264 behind start codes: sets in the header, sets among the frames, and both", () => {
  const inBand = [{ data: joinAnnexB([...sets, ...units(0)]) }, { data: joinAnnexB(units(1)), isKey: false }];
  const bare = [{ data: joinAnnexB(units(0)) }, { data: joinAnnexB(units(1)), isKey: false }];
  for (const [extradata, payloads] of [
    [joinAnnexB(sets), bare],
    [joinAnnexB(sets), inBand],
    [new Uint8Array(0), inBand],
  ] as const) {
    const { tracks, frames } = demuxed(file([avc(extradata)], payloads));
    assert.equal(tracks.length, 1);
    const [track] = tracks as [VideoTrack];
    assert.deepEqual(track.config, video.config);
    assert.deepEqual(
      [track.id, track.codecString, track.width, track.height, track.frameRate, track.timescale],
      [1, "avc1.f4000d", 320, 240, 25, 1e6],
    );
    assert.deepEqual(
      frames.map(({ data, sap, dts }) => [Buffer.from(data), sap, dts]),
      [
        [Buffer.from(picture(0).data), Sap.closed, 0],
        [Buffer.from(picture(1).data), Sap.none, 40_000],
      ],
    );
  }
});

test("H.264 behind lengths needs the record, in whatever length it has", () => {
  const twoBytes = new Uint8Array(video.config);
  twoBytes[4] = 0xfd;
  const short = Buffer.concat(units(0).flatMap((unit) => [Buffer.from([unit.length >> 8, unit.length & 255]), unit]));
  for (const [extradata, data] of [
    [video.config, picture(0).data],
    [twoBytes, short],
  ] as const) {
    const { tracks, frames } = demuxed(file([avc(extradata)], [{ data }]));
    assert.deepEqual(tracks[0]!.config, video.config);
    assert.deepEqual(Buffer.from(frames[0]!.data), Buffer.from(picture(0).data));
  }
  refused([avc(new Uint8Array(0))], picture(0).data, "unsupported", /global_header/);
  refused([avc(hex("0142"))], undefined, "truncated", /bytes/);
  refused([avc(hex("42"))], undefined, "malformed", /start code/);
});

test("pictures before the first set of parameters are dropped and counted", () => {
  const { tracks, frames, demuxer } = demuxed(
    file([avc(new Uint8Array(0))], [{ data: joinAnnexB(units(1)) }, { data: joinAnnexB([...sets, ...units(0)]) }]),
  );
  assert.equal(tracks.length, 1);
  assert.deepEqual([frames.length, frames[0]!.dts, demuxer.dropped], [1, 40_000, 1]);
});

const aac = (extradata: Uint8Array, options: Record<string, string> = {}): FfmStream =>
  streamOf(0x1_5002, { kind: "audio", bitRate: 96_000, extradata, options: new Map(Object.entries(options)) });

test("AAC: configuration in the header, in the options alone, in ADTS", () => {
  const raw = hex("21 10 04 60 8c 1c");
  const told = (stream: FfmStream, data: Uint8Array): readonly [AudioTrack, SourceFrame[]] => {
    const { tracks, frames } = demuxed(file([stream], [{ data }]));
    assert.equal(tracks.length, 1);
    return [tracks[0] as AudioTrack, frames];
  };
  const [fromHeader] = told(aac(audio.config), raw);
  assert.deepEqual(
    [fromHeader.config, fromHeader.sampleRate, fromHeader.channels, fromHeader.samplesPerFrame, fromHeader.bitRate],
    [hex("1190"), 48_000, 2, 1024, 96_000],
  );
  assert.deepEqual(told(aac(new Uint8Array(0), { ar: "48000", ac: "2", profile: "1" }), raw)[0].config, hex("1190"));
  assert.deepEqual(told(aac(new Uint8Array(0), { ar: "48000", ac: "2", profile: "-1" }), raw)[0].config, hex("1190"));
  const adts = Buffer.concat([hex("fff14c8001bffc"), raw]);
  const [track, frames] = told(aac(new Uint8Array(0)), Buffer.concat([adts, adts]));
  assert.deepEqual(track.config, hex("1190"));
  assert.deepEqual(
    frames.map(({ data, dts }) => [Buffer.from(data), dts]),
    [
      [Buffer.from(raw), 0],
      [Buffer.from(raw), 21_333],
    ],
  );
  refused([aac(new Uint8Array(0), { ar: "48000" })], raw, "malformed", /AAC of 48000 Hz and 0 channels/);
  refused([aac(new Uint8Array(0), { ar: "12345", ac: "2" })], raw, "malformed", /12345/);
});

test("Opus without its head is told by its options", () => {
  const opus = streamOf(0x1_503d, {
    kind: "audio",
    options: new Map([
      ["ac", "2"],
      ["delay", "312"],
    ]),
  });
  const { tracks } = demuxed(file([opus], []));
  assert.deepEqual(Buffer.from(tracks[0]!.config).toString("latin1"), "OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0");
  refused([streamOf(0x1_503d, { kind: "audio", options: new Map([["ac", "6"]]) })], undefined, "malformed", /Opus/);
});

test("Flash's H.263 gets the first byte of its FLV tag", () => {
  const flv1 = streamOf(22, { kind: "video", options: new Map([["video_size", "320x240"]]) });
  const { tracks, frames } = demuxed(file([flv1], [{ data: hex("0000 84") }, { data: hex("0000 85"), isKey: false }]));
  assert.equal((tracks[0] as VideoTrack).width, 320);
  assert.deepEqual(
    frames.map(({ data, sap }) => [Buffer.from(data).toString("hex"), sap]),
    [
      ["12000084", Sap.closed],
      ["22000085", Sap.none],
    ],
  );
});

test("opaque codecs come out bit for bit, absurd sizes and rates are none", () => {
  const absurd = new Map([
    ["video_size", "99999x99999"],
    ["time_base", "0/0"],
  ]);
  const mpeg4 = streamOf(13, { kind: "video", bitRate: 200_000, extradata: hex("000001b0"), options: absurd });
  const vorbis = streamOf(0x1_5005, {
    kind: "audio",
    extradata: hex("02 01 01 aa bb cc"),
    options: new Map([
      ["ar", "-5"],
      ["ac", "2"],
    ]),
  });
  const { tracks, frames, announced } = demuxed(
    file([mpeg4, vorbis], [{ data: hex("0102") }, { data: hex("03"), isKey: false }, { data: hex("04"), stream: 1 }]),
  );
  const [first, second] = tracks as [VideoTrack, AudioTrack];
  assert.deepEqual(
    [first.codec, first.config, first.width, first.height, first.frameRate, first.bitRate],
    ["mpeg4", hex("000001b0"), 0, 0, 0, 200_000],
  );
  assert.deepEqual([second.id, second.codec, second.sampleRate, second.channels], [2, "vorbis", 0, 2]);
  assert.deepEqual(
    frames.map(({ data, sap }) => [data, sap]),
    [
      [hex("0102"), Sap.closed],
      [hex("03"), Sap.none],
      [hex("04"), Sap.closed],
    ],
  );
  assert.deepEqual(announced, [{ video: true, audio: true, count: 2 }]);
});

test("streams that we do not carry are left out, and their frames; what is left of none is refused", () => {
  const theirs = streamOf(62, { kind: "video" });
  const { tracks, frames, announced } = demuxed(
    file([theirs, streamOf(8, { kind: "video" })], [{ data: hex("01") }, { data: hex("02"), stream: 1 }]),
  );
  assert.deepEqual(
    tracks.map(({ id, codec, isDefault }) => [id, codec, isDefault]),
    [[2, "mjpeg", true]],
  );
  assert.deepEqual(
    frames.map(({ track, data }) => [track, data]),
    [[2, hex("02")]],
  );
  assert.deepEqual(announced, [{ video: true, audio: false, count: 1 }]);
  refused([theirs], undefined, "unsupported", /no stream of a codec that is known here: 62/);
  refused([], undefined, "unsupported", /there are none/);
});

test("of a kind the first stream is the default", () => {
  const streams = [streamOf(8, { kind: "video" }), streamOf(13, { kind: "video" }), aac(audio.config), aac(audio.config)];
  assert.deepEqual(
    demuxed(file(streams, [])).tracks.map(({ isDefault }) => isDefault),
    [true, false, true, false],
  );
});

test("a frame without its codec's configuration is dropped and counted", () => {
  const flac = streamOf(0x1_500c, { kind: "audio" });
  const { tracks, frames, demuxer } = demuxed(file([flac], [{ data: hex("fff8") }, { data: new Uint8Array(0) }]));
  assert.deepEqual([tracks.length, frames.length, demuxer.dropped], [0, 0, 1]);
});

test("where the input may end, and where not", () => {
  const bytes = file([streamOf(8, { kind: "video" })], [{ data: new Uint8Array(5000) }]);
  const ends = (length: number): (() => void) => {
    const { demuxer } = demuxed(bytes.subarray(0, length));
    return () => demuxer.end();
  };
  for (const length of [0, 100, PAGE_SIZE - 1]) assert.throws(ends(length), /within the header/);
  for (const length of [PAGE_SIZE + 1, 2 * PAGE_SIZE]) assert.throws(ends(length), /within a page or a frame/);
  ends(PAGE_SIZE)();
  ends(bytes.length)();
});

test("garbage throws nothing but ProtocolError", () => {
  const id = fc.constantFrom(
    1,
    8,
    13,
    22,
    28,
    140,
    168,
    174,
    0x1_0000,
    0x1_5000,
    0x1_5001,
    0x1_5002,
    0x1_5003,
    0x1_5008,
    0x1_500c,
    0x1_5029,
    0x1_503d,
  );
  const bytes = fc.uint8Array({ maxLength: 40 });
  const stream = fc.tuple(
    id,
    fc.oneof(bytes, fc.constantFrom(video.config, joinAnnexB(sets), hex("1190"))),
    fc.constantFrom("ar=8000,ac=1", "ac=2", ""),
  );
  fc.assert(
    fc.property(
      fc.array(stream, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(2), fc.boolean(), bytes), { maxLength: 6 }),
      (streams, frames) => {
        const described = streams.map(([codecId, extradata, options]) =>
          streamOf(codecId, {
            kind: codecId < 0x1_0000 ? "video" : "audio",
            extradata,
            options: new Map(
              options
                .split(",")
                .filter(Boolean)
                .map((each) => each.split("=") as [string, string]),
            ),
          }),
        );
        try {
          demuxed(
            file(
              described,
              frames.map(([index, isKey, data]) => ({ stream: index % streams.length, isKey, data })),
            ),
          );
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      },
    ),
    { numRuns: 1000 },
  );
});
