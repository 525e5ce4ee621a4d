import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Codec } from "../../media/track.ts";
import type { AudioTrack } from "../../media/track.ts";
import { readBoxes } from "./box-reader.ts";
import { carriedByFmp4 } from "./carried.ts";
import { fmp4Init } from "./init.ts";
import type { MediaTrack } from "./init.ts";
import { configBox, initForTrack, readMoov } from "./read-moov.ts";
import type { Movie } from "./read-moov.ts";
import { withCompleteArrays } from "./sample-entry.ts";
import { aacTrack, avcTrack, incompleteHvcC, opusHead, streamInfo } from "./tracks.fixture.ts";

function movieOf(init: Uint8Array): Movie {
  const [ftyp, moov] = readBoxes(init);
  assert.equal(ftyp?.type, "ftyp");
  assert.equal(moov?.type, "moov");
  return readMoov(moov.payload);
}

function hexOf(bytes: Uint8Array | undefined): string {
  return Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("an init segment reads back as the tracks it was made of", () => {
  const movie = movieOf(fmp4Init([avcTrack({ language: "pt-BR" }), aacTrack({ id: 7, language: "de" })]));
  const [video, audio] = movie.tracks;
  assert.deepEqual(
    [video!.id, video!.kind, video!.timescale, video!.entryType, video!.width, video!.height],
    [1, "video", 90_000, "avc1", 1280, 720],
  );
  assert.deepEqual(configBox(video!, "avcC"), avcTrack().config);
  assert.equal(video!.language, "por");
  assert.deepEqual(
    [audio!.id, audio!.kind, audio!.timescale, audio!.entryType, audio!.channels, audio!.sampleRate],
    [7, "audio", 48_000, "mp4a", 2, 48_000],
  );
  assert.equal(audio!.language, "deu");
});

test("every codec gets the sample entry and configuration box of its binding", () => {
  const audio = (changes: Partial<AudioTrack>): MediaTrack => aacTrack({ config: new Uint8Array(0), ...changes });
  const vp9 = Uint8Array.of(0, 21, 0x82, 2, 2, 2, 0, 0);
  const cases: [MediaTrack, string, string, string][] = [
    [avcTrack({ codec: "av1", config: Uint8Array.of(0x81, 4, 12, 0) }), "av01", "av1C", "81040c00"],
    [avcTrack({ codec: "vp9", config: vp9 }), "vp09", "vpcC", "010000000015820202020000"],
    [avcTrack({ codec: "vp8", config: new Uint8Array(0) }), "vp08", "vpcC", "010000000000820202020000"],
    [aacTrack(), "mp4a", "esds", `00000000038080802200000004808080144015000000000000000000000005808080021190068080800102`],
    [audio({ codec: "mp3", sampleRate: 44_100 }), "mp4a", "esds", `00000000038080801b000000048080800d6b15${"00".repeat(11)}068080800102`],
    [audio({ codec: "opus", config: opusHead }), "Opus", "dOps", "000201380000ac44fffe00"],
    [audio({ codec: "flac", config: streamInfo }), "fLaC", "dfLa", `0000000080000022${hexOf(streamInfo)}`],
    [audio({ codec: "ac3", config: Uint8Array.of(0x50, 8, 0xc0) }), "ac-3", "dac3", "5008c0"],
    [audio({ codec: "eac3", config: Uint8Array.of(7, 0, 0x20, 0xf, 0) }), "ec-3", "dec3", "0700200f00"],
  ];
  for (const [track, entry, config, bytes] of cases) {
    assert.equal(carriedByFmp4(track), undefined);
    const [read] = movieOf(fmp4Init([track])).tracks;
    assert.equal(read!.entryType, entry);
    assert.equal(hexOf(configBox(read!, config)), bytes);
  }
});

test("hvc1 says that its parameter sets are complete, and changes nothing else", () => {
  const complete = withCompleteArrays(incompleteHvcC);
  const changed = [...complete].map((byte, i) => byte ^ incompleteHvcC[i]!);
  assert.deepEqual(
    changed.flatMap((byte, i) => (byte === 0 ? [] : [[i, byte]])),
    [
      [23, 0x80],
      [30, 0x80],
      [38, 0x80],
    ],
  );
  const cutOff = incompleteHvcC.subarray(0, 27);
  assert.equal(withCompleteArrays(cutOff), cutOff);
  const [track] = movieOf(fmp4Init([avcTrack({ codec: "hevc", config: incompleteHvcC })])).tracks;
  assert.deepEqual(configBox(track!, "hvcC"), complete);
});

test("sampling rates that do not fit 16 bits are left to the decoder configuration", () => {
  const [track] = movieOf(fmp4Init([aacTrack({ sampleRate: 96_000 })])).tracks;
  assert.deepEqual([track!.sampleRate, track!.timescale], [0, 96_000]);
});

test("FLAC's sample size is the stream's", () => {
  const init = fmp4Init([aacTrack({ codec: "flac", config: streamInfo })]);
  const entry = init.findIndex((_, i) => String.fromCharCode(...init.subarray(i, i + 4)) === "fLaC");
  assert.equal(init[entry + 4 + 19], 24);
});

test("what MP4 cannot carry is refused in words, whatever the codec", () => {
  assert.equal(carriedByFmp4(aacTrack({ codec: "speex" })), "MP4 cannot carry Speex");
  assert.equal(carriedByFmp4(avcTrack({ codec: "mpeg4" })), "MP4 cannot carry MPEG-4 Visual");
  assert.equal(carriedByFmp4(aacTrack({ codec: "mp2" })), "MP4 cannot carry MP2");
  assert.match(carriedByFmp4(avcTrack({ config: new Uint8Array(0) }))!, /no decoder configuration for its H\.264/);
  const damaged = opusHead.slice();
  damaged[0] = 0;
  assert.match(carriedByFmp4(aacTrack({ codec: "opus", config: damaged }))!, /^the decoder configuration of its Opus is damaged/);
  for (const codec of Object.values(Codec)) {
    const track = { ...avcTrack({ codec }), config: new Uint8Array(64) };
    const reason = carriedByFmp4(track);
    if (reason !== undefined) assert.match(reason, /^MP4 cannot carry \S|is damaged/);
  }
});

test("one track of several becomes an init segment of its own, and is enabled in it", () => {
  const second = aacTrack({ id: 3, isDefault: false, language: "fr" });
  const movie = movieOf(fmp4Init([avcTrack(), aacTrack(), second]));
  assert.equal(movie.tracks[2]!.trak[8 + 8 + 3], 6);
  const alone = movieOf(initForTrack(movie, 3)!);
  assert.deepEqual(
    alone.tracks.map((track) => [track.id, track.language, track.trak[8 + 8 + 3]]),
    [[3, "fra", 7]],
  );
  assert.equal(initForTrack(movie, 9), undefined);
});

test("a damaged init segment throws ProtocolError and nothing else", () => {
  const init = fmp4Init([avcTrack(), aacTrack()]);
  const moov = readBoxes(init)[1]!.payload;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(moov.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
      const damaged = moov.slice();
      for (const [at, byte] of changes) damaged[at] = byte;
      try {
        const movie = readMoov(damaged);
        for (const track of movie.tracks) initForTrack(movie, track.id);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
