import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import type { AudioTrack, Track, VideoTrack } from "../../media/track.ts";
import { box, fields, fullBox } from "./boxes.ts";
import { Fmp4Demuxer } from "./demuxer.ts";
import { fragmentParts, SampleFlags } from "./fragment.ts";
import { fmp4Init } from "./init.ts";
import { aacTrack, avcTrack, hvcC, opusHead, streamInfo } from "./tracks.fixture.ts";

class Collector implements FrameSink {
  readonly kinds: object[] = [];
  readonly tracks: Track[] = [];
  readonly frames: SourceFrame[] = [];
  announce(kinds: object): void {
    this.kinds.push(kinds);
  }
  metadata(): void {}
  track(track: Track): void {
    this.tracks.push(track);
  }
  frame(frame: SourceFrame): void {
    this.frames.push(frame);
  }
}

function demux(...pieces: readonly Uint8Array[]): Collector {
  const collector = new Collector();
  const demuxer = new Fmp4Demuxer(collector);
  for (const piece of pieces) demuxer.push(piece);
  return collector;
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => fields((out) => parts.forEach((part) => out.bytes(part)));
const idr = Uint8Array.of(0, 0, 0, 2, 0x65, 0x88);
const other = Uint8Array.of(0, 0, 0, 2, 0x41, 0x9a);
const unused = Uint8Array.of(0, 0, 0, 2, 0x01, 0x9a);

/** Two tracks in one fragment, each with its own traf, as FFmpeg writes them. */
function fragment(): Uint8Array {
  const of = (trackId: number, decodeTime: number, duration: number, payloads: readonly Uint8Array[]): Uint8Array[] =>
    fragmentParts({
      sequence: 1,
      trackId,
      decodeTime,
      samples: payloads.map((data) => ({ duration, flags: SampleFlags.sync, compositionOffset: trackId === 1 ? 7200 : 0, data })),
    });
  const trafs: Uint8Array[] = [];
  const payload: Uint8Array[] = [];
  const parts = [of(1, 90_000, 3600, [idr, other, unused]), of(2, 48_000, 1024, [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)])];
  for (const [head, ...data] of parts) {
    const size = new DataView(head!.buffer, head!.byteOffset).getUint32(0);
    trafs.push(head!.slice(8 + 16, size));
    payload.push(...data);
  }
  const moof = box("moof", fullBox("mfhd", 0, 0, Uint8Array.of(0, 0, 0, 1)), ...trafs);
  let at = moof.length + 8;
  let from = 8 + 16;
  for (const [i, traf] of trafs.entries()) {
    // data_offset of the trun: behind the headers of traf, tfhd, tfdt and trun, and the sample count.
    new DataView(moof.buffer, moof.byteOffset).setUint32(from + 8 + 16 + 20 + 16, at);
    from += traf.length;
    at += joined(parts[i]!.slice(1)).length;
  }
  return joined([moof, box("mdat", ...payload)]);
}

const init = fmp4Init([avcTrack(), aacTrack()]);

test("samples of both tracks come in order of decoding time, with their own ticks", () => {
  const { kinds, tracks, frames } = demux(init, fragment());
  assert.deepEqual(kinds, [{ video: true, audio: true }]);
  assert.deepEqual(
    tracks.map(({ timescale }) => timescale),
    [90_000, 48_000],
  );
  assert.deepEqual(
    frames.map(({ track, dts, pts, sap, discardable }) => [track, dts, pts, sap, discardable]),
    [
      [1, 90_000, 97_200, 1, false],
      [2, 48_000, 48_000, 1, false],
      [2, 49_024, 49_024, 1, false],
      [1, 93_600, 100_800, 0, false],
      [2, 50_048, 50_048, 1, false],
      [1, 97_200, 104_400, 0, true],
    ],
  );
  assert.deepEqual([frames[0]!.data, frames[1]!.data], [idr, Uint8Array.of(1)]);
});

test("an edit list moves its track", () => {
  const elst = fullBox(
    "elst",
    0,
    0,
    fields((out) => out.u32(2).u32(500).u32(0xffff_ffff).u32(0x1_0000).u32(0).u32(1024).u32(0x1_0000)),
  );
  const { frames } = demux(withEdit(init, box("edts", elst)), fragment());
  // Half a second of the movie's milliseconds at 48 kHz, less what the media begin with.
  assert.deepEqual(
    frames.filter(({ track }) => track === 2).map(({ dts }) => dts),
    [48_000 + 24_000 - 1024, 48_000 + 24_000, 48_000 + 24_000 + 1024],
  );
  assert.equal(frames.find(({ track }) => track === 1)?.dts, 90_000);
});

/** The init with a box more in its second trak. */
function withEdit(bytes: Uint8Array, edts: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + edts.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const text = String.fromCharCode(...bytes);
  const moov = text.indexOf("moov") - 4;
  const trak = text.lastIndexOf("trak") - 4;
  const at = trak + view.getUint32(trak);
  out.set(bytes.subarray(0, at));
  out.set(edts, at);
  out.set(bytes.subarray(at), at + edts.length);
  const sizes = new DataView(out.buffer);
  sizes.setUint32(moov, view.getUint32(moov) + edts.length);
  sizes.setUint32(trak, view.getUint32(trak) + edts.length);
  return out;
}

const noConfig = new Uint8Array(0);
const vpcC = Uint8Array.of(0, 10, 0x82, 2, 2, 2, 0, 0);
const av1C = Uint8Array.of(0x81, 0x00, 0x0c, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x00, 0x24, 0xc4, 0xff, 0xdf, 0x00, 0x68, 0x02, 0x00);
const coded: readonly (VideoTrack | AudioTrack)[] = [
  avcTrack(),
  avcTrack({ codec: "hevc", config: hvcC }),
  avcTrack({ codec: "av1", config: av1C }),
  avcTrack({ codec: "vp8", config: noConfig }),
  avcTrack({ codec: "vp9", config: vpcC }),
  aacTrack({ language: "de" }),
  aacTrack({ codec: "mp3", config: noConfig }),
  aacTrack({ codec: "opus", config: opusHead }),
  aacTrack({ codec: "flac", config: streamInfo }),
  aacTrack({ codec: "ac3", config: Uint8Array.of(0x10, 0x3d, 0xc0) }),
];

for (const track of coded) {
  test(`${track.codec}: the track is read as it was written`, () => {
    const read = demux(fmp4Init([track])).tracks[0]!;
    const { id, kind, codec, language } = track;
    assert.deepEqual({ id: read.id, kind: read.kind, codec: read.codec, language: read.language }, { id, kind, codec, language });
    if (codec === "hevc") assert.equal(read.config.length, track.config.length, "its arrays are said to be complete");
    else if (codec === "vp8") assert.equal(read.config.length, 0);
    else assert.deepEqual(read.config, track.config);
    assert.ok(
      read.kind === "video" ? read.width > 0 && read.height > 0 : read.kind === "audio" && read.sampleRate > 0 && read.channels > 0,
    );
  });
}

test("tracks that nobody here can carry are passed over; with no other it is an error that names them", () => {
  const renamed = (bytes: Uint8Array, from: string, to: string): Uint8Array =>
    Uint8Array.from(String.fromCharCode(...bytes).replaceAll(from, to), (character) => character.charCodeAt(0));
  const { tracks, frames } = demux(renamed(init, "avc1", "xyz1"), fragment());
  assert.deepEqual(
    tracks.map(({ id }) => id),
    [2],
  );
  assert.equal(frames.length, 3);
  assert.throws(() => demux(renamed(fmp4Init([avcTrack()]), "avc1", "xyz1")), { code: "unsupported", message: /xyz1/ });
});

test("what is not fragmented, and what ends in the middle, is told", () => {
  const progressive = Uint8Array.from(String.fromCharCode(...init).replace("mvex", "free"), (character) => character.charCodeAt(0));
  assert.throws(() => demux(progressive), { code: "unsupported", message: /not fragmented/ });
  assert.throws(() => demux(box("ftyp"), box("mdat", idr)), { code: "unsupported", message: /not fragmented/ });
  assert.throws(() => demux(init, box("mdat", idr)), { code: "order", message: /without a moof/ });
  const end = (...pieces: readonly Uint8Array[]): void => {
    const demuxer = new Fmp4Demuxer(new Collector());
    for (const piece of pieces) demuxer.push(piece);
    demuxer.end();
  };
  end(init);
  end(init, fragment());
  for (const cut of [1, 20, fragment().length - 3]) assert.throws(() => end(init, fragment().subarray(0, cut)), { code: "truncated" });
  assert.throws(() => end(), { code: "truncated" });
});

test("property: bytes changed anywhere, in pieces cut anywhere, throw ProtocolError or nothing", () => {
  const good = joined([init, fragment(), fragment()]);
  const change = fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), fc.integer({ min: 1, max: 500 }), (changes, step) => {
      const bytes = good.slice();
      for (const { at, value } of changes) bytes[at] = value;
      const demuxer = new Fmp4Demuxer(new Collector());
      try {
        for (let at = 0; at < bytes.length; at += step) demuxer.push(bytes.slice(at, at + step));
        demuxer.end();
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
