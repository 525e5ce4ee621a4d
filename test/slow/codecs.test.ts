/** What else RTMP carries, bit for bit over every way that has it: what test/interop/codecs.test.ts leaves out. */
import { describe, it } from "node:test";
import { type CodecCase, everyWayHas } from "../interop/every-way.ts";
import { Way } from "../interop/place.ts";
import * as publishers from "../interop/publishers.ts";

const { httpMp4, wsMp4, httpMkv } = Way;
const mp4 = [httpMp4, wsMp4] as const;
const millisecond = 1000;
const cases: readonly CodecCase[] = [
  { name: "HEVC and AAC", clip: { video: "hevc" } },
  { name: "VP9 and Opus", clip: { video: "vp9", audio: "opus" }, audioFrame: 20 * millisecond },
  { name: "VP9 and FLAC", clip: { video: "vp9", audio: "flac" }, audioFrame: 4608e6 / 48_000 },
  { name: "H.264 and AC-3", clip: { audio: "ac3" }, audioFrame: 32 * millisecond },
  { name: "H.264 and E-AC-3", clip: { audio: "eac3" }, audioFrame: 32 * millisecond },
  { name: "H.264 and MP3", clip: { audio: "mp3" }, publisher: publishers.ffmpeg5, audioFrame: 24 * millisecond },
  { name: "H.264 in slices, AAC at 44.1 kHz", clip: { video: "h264-zerolatency", sampleRate: 44_100 }, publisher: publishers.ffmpeg5 },
  { name: "AAC alone", clip: { video: false }, publisher: publishers.ffmpeg5 },
  { name: "Opus alone", clip: { video: false, audio: "opus" }, audioFrame: 20 * millisecond },
  { name: "H.264 alone", clip: { audio: false }, publisher: publishers.ffmpeg5 },
  { name: "H.264 and G.711 A-law", clip: { audio: "pcm-alaw" }, publisher: publishers.ffmpeg5, audioNotIn: mp4 },
  { name: "H.264 and G.711 µ-law", clip: { audio: "pcm-mulaw" }, publisher: publishers.ffmpeg5, audioNotIn: mp4 },
  { name: "H.264 and Nellymoser", clip: { audio: "nellymoser" }, publisher: publishers.ffmpeg5, audioNotIn: [...mp4, httpMkv] },
];

describe("codecs every way", { concurrency: 3 }, () => {
  for (const each of cases) it(each.name, (t) => everyWayHas(t, each));
});
