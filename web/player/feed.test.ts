import assert from "node:assert/strict";
import { test } from "node:test";
import { fragmentParts, SampleFlags } from "../../src/containers/fmp4/fragment.ts";
import { fmp4Init } from "../../src/containers/fmp4/init.ts";
import { codecName } from "./decoder-config.ts";
import { Feed } from "./feed.ts";
import { canBeSilent, silence } from "./silence.ts";
import { sameDecoding } from "./stream.ts";
import type { StreamConfig, StreamFragment } from "./stream.ts";
import { aacTrack, avcTrack } from "../../src/containers/fmp4/tracks.fixture.ts";

const video = avcTrack({ timescale: 90_000, width: 640, height: 360 });
const audio = aacTrack({ timescale: 48_000 });

const data = Uint8Array.of(1, 2, 3);

/** A picture of 40 ms at one second, whose presentation is 80 ms after its decoding and 1,000,000 ms after 1970. */
const picture = Buffer.concat(
  fragmentParts({
    sequence: 1,
    trackId: 1,
    decodeTime: 90_000,
    samples: [{ duration: 3600, flags: SampleFlags.sync, compositionOffset: 7200, data }],
    reference: { utc: 1_001_080, mediaTime: 97_200 },
  }),
);

function read(pieces: readonly Uint8Array[], described?: string): { configs: StreamConfig[]; fragments: StreamFragment[] } {
  const configs: StreamConfig[] = [];
  const fragments: StreamFragment[] = [];
  const feed = new Feed({ configuration: (config) => configs.push(config), fragment: (fragment) => fragments.push(fragment) });
  if (described !== undefined) feed.described(described);
  for (const piece of pieces) feed.data(Uint8Array.from(piece));
  return { configs, fragments };
}

test("tracks, codecs and decoder configurations come out of the init segment", () => {
  const { configs } = read([fmp4Init([video, audio])]);
  const tracks = configs[0]!.tracks;
  assert.deepEqual(
    tracks.map(({ id, kind, codec, mimeType, timescale }) => ({ id, kind, codec, mimeType, timescale })),
    [
      { id: 1, kind: "video", codec: "avc1.64001f", mimeType: 'video/mp4; codecs="avc1.64001f"', timescale: 90_000 },
      { id: 2, kind: "audio", codec: "mp4a.40.2", mimeType: 'audio/mp4; codecs="mp4a.40.2"', timescale: 48_000 },
    ],
  );
  assert.deepEqual(tracks[0]!.description, video.config);
  assert.deepEqual(tracks[1]!.description, audio.config);
});

test("the server's own words about codecs come first, and what it left out is passed on", () => {
  const described = { type: "config", tracks: [{ id: 1, codec: "avc1.640028" }], leftOut: [{ reason: "MP4 cannot carry Speex" }] };
  const { configs } = read([fmp4Init([video])], JSON.stringify(described));
  assert.equal(configs[0]!.tracks[0]!.codec, "avc1.640028");
  assert.deepEqual(configs[0]!.leftOut, ["MP4 cannot carry Speex"]);
});

test("fragments have their times, however the bytes are cut", () => {
  const bytes = Buffer.concat([fmp4Init([video, audio]), picture]);
  for (const length of [1, 7, 100, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
      bytes.subarray(index * length, (index + 1) * length),
    );
    const [fragment] = read(pieces).fragments;
    assert.ok(fragment !== undefined);
    assert.equal(fragment.decodeStart, 1);
    assert.equal(fragment.decodeEnd, 1.04);
    assert.equal(fragment.start, 1.08);
    assert.ok(Math.abs(fragment.end - 1.12) < 1e-9);
    assert.ok(fragment.sync);
    assert.ok(Math.abs(fragment.utcOffset! - 1_000_000) < 1, `${fragment.utcOffset}`);
    assert.deepEqual(fragment.samples[0]!.data, data);
  }
});

test("another set of tracks leaves the decoding of one as it is", () => {
  const [both, alone] = [read([fmp4Init([video, audio])]), read([fmp4Init([video])])];
  assert.ok(sameDecoding(both.configs[0]!.tracks[0]!, alone.configs[0]!.tracks[0]!));
  const other = read([fmp4Init([{ ...video, width: 320 }])]);
  assert.ok(!sameDecoding(both.configs[0]!.tracks[0]!, other.configs[0]!.tracks[0]!));
});

test("silence fills a stretch with whole frames", () => {
  const track = read([fmp4Init([audio])]).configs[0]!.tracks[0]!;
  const filler = silence(track, 2, 2.5)!;
  assert.ok(filler.end > 2.45 && filler.end <= 2.5, `${filler.end}`);
  const [fragment] = read([fmp4Init([audio]), Buffer.concat(filler.parts)]).fragments;
  assert.equal(fragment!.start, 2);
  assert.equal(fragment!.samples.length, 23);
  assert.ok(!canBeSilent({ ...track, codec: "ac-3" }));
  assert.equal(silence({ ...track, channels: 4 }, 0, 1), undefined);
});

test("codecs have the names that people know", () => {
  assert.equal(codecName("hvc1.1.6.L93.B0"), "HEVC (H.265)");
  assert.equal(codecName("mp4a.40.2"), "AAC");
  assert.equal(codecName("mp4a.6B"), "MP3");
  assert.equal(codecName("opus"), "Opus");
  assert.equal(codecName("x.y"), "x.y");
});
