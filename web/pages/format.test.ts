import assert from "node:assert/strict";
import { test } from "node:test";
import { audioText, bitRate, codecName, count, duration, encoderName, span, tracksText, videoText } from "./format.ts";

test("bit rates keep two figures or so", () => {
  const cases: [number, string][] = [
    [0, "–"],
    [Number.NaN, "–"],
    [90, "1 kb/s"],
    [96_400, "96 kb/s"],
    [999_499, "999 kb/s"],
    [999_500, "1.0 Mb/s"],
    [2_140_000, "2.1 Mb/s"],
    [9_949_999, "9.9 Mb/s"],
    [9_950_000, "10 Mb/s"],
    [608_000_000, "608 Mb/s"],
  ];
  for (const [bits, text] of cases) assert.equal(bitRate(bits), text, String(bits));
});

test("lengths of time have one or two units", () => {
  const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
  const cases: [number, string][] = [
    [-5, "0 s"],
    [59 * second + 999, "59 s"],
    [minute, "1 min"],
    [hour - 1, "59 min"],
    [hour, "1 h"],
    [3 * hour + 5 * minute, "3 h 5 min"],
    [day, "1 d"],
    [50 * hour, "2 d 2 h"],
  ];
  for (const [milliseconds, text] of cases) assert.equal(duration(milliseconds), text, String(milliseconds));
});

test("short spans do not flicker in their last figure", () => {
  assert.deepEqual([null, Number.NaN, -0.01, 0.424, 0.9949, 0.996, 12.34].map(span), [
    "–",
    "–",
    "0 ms",
    "420 ms",
    "990 ms",
    "1.0 s",
    "12.3 s",
  ]);
});

test("tracks are told in words", () => {
  const video = { kind: "video", codec: "avc", width: 1280, height: 720, frameRate: 30000 / 1001 } as const;
  const audio = { kind: "audio", codec: "aac", sampleRate: 44_100, channels: 1 } as const;
  assert.equal(videoText(video), "H.264 1280×720 29.97 fps");
  assert.equal(videoText({ ...video, width: 0, height: 0, frameRate: 0 }), "H.264");
  assert.equal(audioText(audio), "AAC 44.1 kHz mono");
  assert.equal(audioText({ ...audio, codec: "pcm-mulaw", sampleRate: 8000, channels: 3 }), "G.711 µ-law 8 kHz 3 channels");
  assert.equal(tracksText([video, audio, { ...audio }], "audio"), "AAC 44.1 kHz mono +1");
  assert.equal(tracksText([audio], "video"), "");
  assert.equal(codecName("brand-new"), "brand-new");
});

test("one is singular", () => {
  assert.deepEqual(
    [0, 1, 1204].map((number) => count(number, "viewer", "viewers")),
    ["0 viewers", "1 viewer", "1,204 viewers"],
  );
});

test("encoders have the names that people know", () => {
  assert.equal(encoderName("obs-output module (libobs version 29.0.2+dfsg-1)"), "OBS 29.0.2");
  assert.equal(encoderName("FMLE/3.0 (compatible; Lavf59.27.100)"), "FFmpeg (Lavf59.27.100)");
  assert.equal(encoderName("Something 1"), "Something 1");
});
