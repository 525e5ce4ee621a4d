import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "../../media/frame.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { MuxedChunk, MuxedInit, Muxer } from "../../media/muxer.ts";
import type { Generation, Track } from "../../media/track.ts";
import type { Description } from "./description.ts";
import { fmp4Muxer } from "./muxer.ts";
import type { Fmp4Options } from "./muxer.ts";
import { Fmp4Reader } from "./reader.ts";
import type { FragmentEvent } from "./reader.ts";
import { aacTrack, avcTrack } from "./tracks.fixture.ts";

const utcOffset = 1_750_000_000_000;

class Tap {
  readonly muxer: Muxer;
  readonly inits: MuxedInit[] = [];
  readonly chunks: MuxedChunk[] = [];
  readonly #reader = new Fmp4Reader();
  readonly fragments: FragmentEvent[] = [];

  constructor(tracks: readonly Track[], options?: Fmp4Options) {
    this.muxer = fmp4Muxer(options)({
      init: (init) => {
        this.inits.push(init);
        this.#read(init.bytes);
      },
      chunk: (chunk) => {
        this.chunks.push(chunk);
        for (const part of chunk.parts) this.#read(part);
      },
    });
    this.muxer.discontinuity({ reason: "start", utcOffset });
    this.muxer.generation(generation(1, tracks));
  }

  #read(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) if (event.type === "fragment") this.fragments.push(event);
  }

  /** Track, decoding time and durations of each fragment. */
  get written(): [number, number, number[]][] {
    return this.fragments.map(({ fragment }) => {
      const [track] = fragment.tracks;
      return [track!.trackId, track!.decodeTime, track!.samples.map((sample) => sample.duration)];
    });
  }

  get description(): Description {
    return JSON.parse(this.inits.at(-1)!.description!) as Description;
  }
}

function generation(id: number, tracks: readonly Track[]): Generation {
  return { id, tracks, metadata: {} };
}

function video(dts: number, changes: Partial<Frame> = {}): Frame {
  return { track: 1, dts, pts: dts, sap: 0, discardable: false, arrived: 0, data: Uint8Array.of(0, 0, 0, 1, 9), ...changes };
}

function audio(dts: number, changes: Partial<Frame> = {}): Frame {
  return { track: 2, dts, pts: dts, sap: 1, discardable: false, arrived: 0, data: Uint8Array.of(0x21, 0x10), ...changes };
}

test("a video frame goes out at once, exact in presentation, with the flags of what it is", () => {
  const tap = new Tap([avcTrack(), aacTrack()]);
  tap.muxer.frame(video(1000, { sap: 1, pts: 1080 }));
  tap.muxer.frame(video(1040, { pts: 1200 }));
  tap.muxer.frame(video(1080, { pts: 1120, discardable: true }));
  tap.muxer.frame(video(1120, { sap: 3 }));
  tap.muxer.frame(video(1160, { sap: 4 }));
  const samples = tap.fragments.map(({ fragment }) => fragment.tracks[0]!);
  assert.deepEqual(
    samples.map((track) => track.decodeTime + track.samples[0]!.compositionOffset),
    [1080, 1200, 1120, 1120, 1160].map((ms) => ms * 90),
  );
  assert.deepEqual(
    samples.map((track) => track.samples[0]!.flags),
    [0x0200_0000, 0x0101_0000, 0x0181_0000, 0x0200_0000, 0x0101_0000],
  );
  assert.deepEqual(
    tap.chunks.map((chunk) => [chunk.dts, chunk.randomAccess, chunk.urgent]),
    [
      [1_000_000, true, true],
      [1_040_000, false, true],
      [1_080_000, false, true],
      [1_120_000, true, true],
      [1_160_000, false, true],
    ],
  );
});

test("numbers of fragments grow; each track skips one after a place to join at and after a discontinuity, so that VLC looks at its time", () => {
  const tap = new Tap([avcTrack(), aacTrack()]);
  tap.muxer.frame(video(1000, { sap: 1 }));
  tap.muxer.frame(video(1040));
  for (const dts of [1000, 1021, 1043, 1064, 1085, 1107]) tap.muxer.frame(audio(dts));
  tap.muxer.frame(video(1080, { sap: 1 }));
  tap.muxer.discontinuity({ reason: "jump", utcOffset: 0 });
  tap.muxer.frame(video(5000));
  const alone = new Tap([avcTrack()]);
  for (const dts of [1000, 1040]) alone.muxer.frame(video(dts, { sap: 1 }));
  const numbers = (of: Tap): string => of.fragments.map(({ fragment }) => `${fragment.tracks[0]!.trackId}:${fragment.sequence}`).join(" ");
  assert.equal(numbers(tap), "1:2 1:3 2:5 2:6 1:8 1:10");
  assert.equal(numbers(alone), "1:1 1:2");
});

test("audio beside video goes out three frames at a time and waits for the picture", () => {
  const tap = new Tap([avcTrack(), aacTrack()]);
  for (const dts of [0, 21, 43, 64]) tap.muxer.frame(audio(dts));
  assert.deepEqual(tap.written, [[2, 0, [1024, 1024, 1024]]]);
  tap.muxer.flush();
  tap.muxer.flush();
  assert.deepEqual(tap.written.slice(1), [[2, 3072, [1024]]]);
  assert.deepEqual(
    tap.chunks.map((chunk) => [chunk.dts, chunk.randomAccess, chunk.urgent]),
    [
      [0, false, false],
      [64_000, false, false],
    ],
  );
});

test("audio alone goes out two frames at a time, and viewers may start at each", () => {
  const tap = new Tap([aacTrack()]);
  for (const dts of [0, 21, 43, 64]) tap.muxer.frame(audio(dts));
  assert.deepEqual(
    tap.written.map(([, start]) => start),
    [0, 2048],
  );
  assert.ok(tap.chunks.every((chunk) => chunk.randomAccess && chunk.urgent));
});

test("long audio frames do not wait for others", () => {
  const tap = new Tap([avcTrack(), aacTrack({ codec: "mp3", config: new Uint8Array(0), sampleRate: 8000, samplesPerFrame: 576 })]);
  tap.muxer.frame(audio(0));
  assert.equal(tap.chunks.length, 1);
});

test("a hole in the audio ends a fragment and stays a hole", () => {
  const tap = new Tap([aacTrack()], { audioFramesPerFragment: 8 });
  for (const dts of [0, 21, 500, 521]) tap.muxer.frame(audio(dts));
  tap.muxer.flush();
  assert.deepEqual(tap.written, [
    [2, 0, [1024, 1024]],
    [2, 24_000, [1024, 1024]],
  ]);
});

test("key frames carry the wall clock of their presentation; audio alone does about once a second", () => {
  const tap = new Tap([avcTrack(), aacTrack()]);
  tap.muxer.frame(video(0, { sap: 1, pts: 80 }));
  tap.muxer.frame(video(40));
  tap.muxer.discontinuity({ reason: "reconnect", utcOffset: utcOffset + 500 });
  tap.muxer.frame(video(2000, { sap: 1 }));
  assert.deepEqual(
    tap.fragments.flatMap((event) => event.references.map((each) => [each.trackId, Math.round(each.utc) - utcOffset, each.mediaTime])),
    [
      [1, 80, 7200],
      [1, 2500, 180_000],
    ],
  );
  const alone = new Tap([aacTrack()]);
  for (let i = 0; i < 141; i++) alone.muxer.frame(audio(Math.round((i * 1024) / 48)));
  assert.equal(alone.fragments.flatMap((event) => event.references).length, 3);
});

test("the init is described, and may replace another only where clients are told", () => {
  const tap = new Tap([avcTrack(), aacTrack(), aacTrack({ id: 3, codec: "speex" })]);
  const [init] = tap.inits;
  assert.equal(init!.change, init!.bytes);
  assert.equal(init!.changeIsAnnounced, true);
  const { type, codecs, tracks, leftOut } = tap.description;
  assert.deepEqual([type, codecs], ["config", "avc1.64001f,mp4a.40.2"]);
  assert.deepEqual(tracks, [
    {
      id: 1,
      kind: "video",
      codec: "avc1.64001f",
      mimeType: 'video/mp4; codecs="avc1.64001f"',
      timescale: 90_000,
      isDefault: true,
      width: 1280,
      height: 720,
    },
    {
      id: 2,
      kind: "audio",
      codec: "mp4a.40.2",
      mimeType: 'audio/mp4; codecs="mp4a.40.2"',
      timescale: 48_000,
      isDefault: true,
      sampleRate: 48_000,
      channels: 2,
    },
  ]);
  assert.deepEqual(leftOut, [{ id: 3, kind: "audio", codec: "speex", reason: "MP4 cannot carry Speex" }]);
});

test("a generation with the same tracks is no news; a new configuration is a new init on the same clock", () => {
  const tap = new Tap([avcTrack(), aacTrack()]);
  tap.muxer.frame(audio(0));
  tap.muxer.generation(generation(2, [avcTrack({ frameRate: 50 }), aacTrack(), aacTrack({ id: 4, codec: "speex" })]));
  assert.equal(tap.inits.length, 1);
  assert.equal(tap.chunks.length, 1, "what was held belongs to the generation before");
  tap.muxer.frame(audio(22));
  tap.muxer.generation(generation(3, [avcTrack({ width: 640 }), aacTrack({ sampleRate: 44_100 })]));
  assert.equal(tap.inits.length, 2);
  tap.muxer.frame(audio(43));
  tap.muxer.flush();
  const [first, second, third] = tap.written;
  assert.deepEqual([first![1], second![1]], [0, 1024]);
  assert.ok(third![1] / 44_100 >= 2048 / 48_000 && third![1] / 44_100 < 2048 / 48_000 + 0.001);
});

test("tracks that are not wanted or not carried are left out, frames of theirs and empty ones too", () => {
  const tap = new Tap([avcTrack(), aacTrack()], { video: false });
  assert.deepEqual(
    tap.description.tracks.map((track) => track.id),
    [2],
  );
  tap.muxer.frame(video(0, { sap: 1 }));
  tap.muxer.frame(audio(0, { data: new Uint8Array(0) }));
  tap.muxer.flush();
  assert.equal(tap.chunks.length, 0);
});

test("with nothing to carry it says what and why", () => {
  const refused = (tracks: readonly Track[], words: string, options?: Fmp4Options): void => {
    assert.throws(
      () => new Tap(tracks, options),
      (error) => error instanceof NotCarried && error.message === words,
    );
  };
  refused([aacTrack({ codec: "speex" })], "MP4 cannot carry Speex");
  refused([aacTrack({ codec: "ac3", config: Uint8Array.of(0x52, 8, 0xc0) })], "MP4 cannot carry AC-3 of less than 32 kHz");
  refused([avcTrack({ codec: "vp6" }), aacTrack({ codec: "nellymoser" })], "MP4 cannot carry VP6; MP4 cannot carry Nellymoser");
  refused([avcTrack()], "the stream has no audio", { video: false });
  refused([aacTrack()], "the stream has no video", { audio: false });
  refused([], "the stream has neither video nor audio");
});

test("of several video tracks viewers start at the default one's key frames", () => {
  const tap = new Tap([avcTrack({ id: 5, isDefault: false }), avcTrack()]);
  tap.muxer.frame(video(0, { track: 5, sap: 1 }));
  tap.muxer.frame(video(0, { track: 1, sap: 1 }));
  assert.deepEqual(
    tap.chunks.map((chunk) => chunk.randomAccess),
    [false, true],
  );
});
