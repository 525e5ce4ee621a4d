/** Made-up streams with real decoder configurations, for what is written and read as MPEG-TS. */
import fc from "fast-check";
import { opusHeadOf } from "../../src/containers/mpegts/opus-unit.ts";
import type { SourceFrame } from "../../src/media/demuxer.ts";
import { frameAccess } from "../../src/media/describe.ts";
import { samplesIn } from "../../src/media/frame-samples.ts";
import { joinNalUnits } from "../../src/media/nal.ts";
import type { AudioTrack, Track, VideoTrack } from "../../src/media/track.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

export function avcTrack(changes: Partial<VideoTrack> = {}): VideoTrack {
  const config = hex("01f4000dffe1001967f4000d919b28283f6022000003000200000300641e28532c01000668ebe3c44844fff8f800");
  const picture = { width: 320, height: 180, frameRate: 25, codecString: "avc1.f4000d" };
  return { id: 1, kind: "video", codec: "avc", config, timescale: 90_000, isDefault: true, ...picture, ...changes };
}

export function hevcTrack(changes: Partial<VideoTrack> = {}): VideoTrack {
  const config = hex(
    "0102200000009000000000003cf000fcfdfafa00000f03a00001001840010c01ffff02200000030090000003000003003c959809a10001002a4201010220000003009000" +
      "0003000003003ca00a080b9f6d96566924caf0168080000003008000000f04a2000100074401c172b46240",
  );
  return avcTrack({ codec: "hevc", config, codecString: "hvc1.2.4.L60.90", frameRate: 30, ...changes });
}

export function aacTrack(changes: Partial<AudioTrack> = {}): AudioTrack {
  const sound = { sampleRate: 48_000, channels: 2, samplesPerFrame: 1024, codecString: "mp4a.40.2" };
  return { id: 2, kind: "audio", codec: "aac", config: hex("1190"), timescale: 90_000, isDefault: true, ...sound, ...changes };
}

export function opusTrack(changes: Partial<AudioTrack> = {}): AudioTrack {
  return aacTrack({ codec: "opus", config: opusHeadOf(2, 0)!, codecString: "opus", samplesPerFrame: 0, ...changes });
}

/** A NAL unit of these first bytes and others, as emulation prevention leaves them, not ending in 0. */
function nalUnit(first: readonly number[], rest: Uint8Array): Uint8Array {
  const out = [...first];
  for (const byte of rest) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Uint8Array.of(...out, 0x80);
}

interface Picture {
  readonly isKey: boolean;
  readonly isReference: boolean;
  readonly slices: readonly Uint8Array[];
  readonly step: number;
  readonly delay: number;
}

const picture: fc.Arbitrary<Picture> = fc.record({
  isKey: fc.nat(9).map((n) => n === 0),
  isReference: fc.boolean(),
  slices: fc.array(fc.uint8Array({ maxLength: 500, size: "max" }), { minLength: 1, maxLength: 3 }),
  step: fc.integer({ min: 1, max: 9000 }),
  delay: fc.nat(18_000),
});

/** The first slice of a picture is told by its first bit. */
function slicesOf({ codec }: VideoTrack, { isKey, isReference, slices }: Picture): Uint8Array[] {
  const avc = isKey ? 0x65 : isReference ? 0x41 : 0x01;
  const hevc = isKey ? 19 << 1 : isReference ? 2 : 0;
  const head = codec === "avc" ? [avc] : [hevc, 1];
  return slices.map((rest, i) => nalUnit([...head, i === 0 ? 0x80 : 0x40], rest));
}

/** The first picture of a stream, which is one to start at, and others. Times in the track's ticks. */
export function pictures(track: VideoTrack): fc.Arbitrary<SourceFrame[]> {
  return fc.array(picture, { minLength: 1, maxLength: 25, size: "max" }).map((all) => {
    let dts = 0;
    return all.map((each, i) => {
      const data = joinNalUnits(slicesOf(track, i === 0 ? { ...each, isKey: true } : each));
      if (i > 0) dts += each.step;
      return { track: track.id, dts, pts: dts + each.delay, data, ...frameAccess(track.codec, track.config, data)! };
    });
  });
}

/** Sound, for the most part without holes. */
export function sounds(track: AudioTrack): fc.Arbitrary<SourceFrame[]> {
  const hole = fc.nat(20).chain((n) => (n === 0 ? fc.integer({ min: 200, max: 50_000 }) : fc.constant(0)));
  // 20 ms in one frame, where it is Opus.
  const data = fc
    .uint8Array({ minLength: 1, maxLength: 400 })
    .map((bytes) => (track.codec === "opus" ? Uint8Array.of(0xfc, ...bytes) : bytes));
  return fc.array(fc.record({ hole, data }), { minLength: 1, maxLength: 40, size: "max" }).map((all) => {
    let time = 0;
    return all.map(({ hole: gap, data: bytes }) => {
      const dts = Math.round(time + gap);
      time += gap + (samplesIn(track, bytes) * track.timescale) / track.sampleRate;
      return { track: track.id, dts, pts: dts, sap: 1, discardable: false, data: bytes } satisfies SourceFrame;
    });
  });
}

/** Frames of all tracks in order of their times, the first video track's first picture before all. */
export function stream(tracks: readonly Track[]): fc.Arbitrary<SourceFrame[]> {
  const each = tracks.map((track) => (track.kind === "video" ? pictures(track) : track.kind === "audio" ? sounds(track) : fc.constant([])));
  return fc.tuple(...each).map((all) => all.flat().sort((a, b) => a.dts - b.dts || a.track - b.track));
}
