/** Made-up media with real decoder configurations, for the suites. */
import type { SourceFrame } from "../../src/media/demuxer.ts";
import { Sap } from "../../src/media/frame.ts";
import type { AudioTrack, VideoTrack } from "../../src/media/track.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** H.264 of 320 by 180 pixels. */
export const video: VideoTrack = {
  id: 1,
  kind: "video",
  codec: "avc",
  config: bytes("01f4000dffe1001967f4000d919b28283f6022000003000200000300641e28532c01000668ebe3c44844fff8f800"),
  timescale: 1000,
  isDefault: true,
  codecString: "avc1.f4000d",
  width: 320,
  height: 180,
  frameRate: 25,
};

/** The same track of another encoder. */
export const otherVideo: VideoTrack = {
  ...video,
  config: bytes("0164001fffe1001a6764001facd9405005bb011000000300100000030300f183196001000468efbcb0fdf8f800"),
  codecString: "avc1.64001f",
  width: 1280,
  height: 720,
};

/** AAC-LC, 48 kHz, stereo. */
export const audio: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "aac",
  config: bytes("1190"),
  timescale: 1000,
  isDefault: true,
  codecString: "mp4a.40.2",
  sampleRate: 48_000,
  channels: 2,
  samplesPerFrame: 1024,
};

/** Milliseconds between two pictures. */
export const pictureMs = 40;

/** Picture `number`, `delay` milliseconds after its decoding shown; no other has its payload. `length` at least 16. */
export function picture(number: number, options: { key?: boolean; delay?: number; length?: number; at?: number } = {}): SourceFrame {
  const { key = number % 25 === 0, delay = 80, length = 40, at = number * pictureMs } = options;
  const data = new Uint8Array(length).fill(0x80 | (number & 0x7f));
  const view = new DataView(data.buffer);
  view.setUint32(0, length - 4);
  data[4] = key ? 0x65 : 0x41;
  view.setUint32(6, number | 0x8080_8080);
  view.setUint32(10, Math.floor(number / 128) | 0x8080_8080);
  return { track: video.id, dts: at, pts: at + delay, sap: key ? Sap.closed : Sap.none, discardable: false, data };
}

/** Audio frame `number` at its time to the nearest millisecond, as RTMP stamps it. */
export function sound(number: number, rate = 48_000, from = 0): SourceFrame {
  const data = new Uint8Array(12);
  new DataView(data.buffer).setUint32(0, number);
  const dts = from + Math.round((number * 1024 * 1000) / rate);
  return { track: audio.id, dts, pts: dts, sap: Sap.closed, discardable: false, data };
}

/** Pictures and sound of so many seconds, in order of their times. */
export function stretch(seconds: number, from = 0): SourceFrame[] {
  const pictures = Array.from({ length: Math.round(seconds * 25) }, (_, i) =>
    picture(i, { at: from + i * pictureMs, delay: [80, 160, 40, 0][i % 4]! }),
  );
  const sounds = Array.from({ length: Math.floor((seconds * 48_000) / 1024) }, (_, i) => sound(i, 48_000, from));
  return [...pictures, ...sounds].sort((a, b) => a.dts - b.dts || a.track - b.track);
}

export const hexOf = (data: Uint8Array): string => Buffer.from(data).toString("hex");
