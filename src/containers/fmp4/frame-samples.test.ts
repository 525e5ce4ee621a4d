import assert from "node:assert/strict";
import { test } from "node:test";
import { eac3Samples, flacSamples, opusSamples, samplesIn } from "./frame-samples.ts";
import { aacTrack } from "./tracks.fixture.ts";

test("Opus packets tell their length in the first two bytes", () => {
  const cases: [number[], number | undefined][] = [
    [[], undefined],
    [[0x00], 480], // SILK 10 ms
    [[0x18], 2880], // SILK 60 ms
    [[0x60], 480], // hybrid 10 ms
    [[0x68], 960], // hybrid 20 ms
    [[0x80], 120], // CELT 2.5 ms
    [[0xf8], 960], // CELT 20 ms, one frame
    [[0xf9], 1920], // two frames
    [[0xfb, 0x86], 5760], // six frames, the count's byte has flags above it
    [[0xfb, 0x80], undefined],
  ];
  for (const [packet, samples] of cases) assert.equal(opusSamples(Uint8Array.from(packet)), samples);
});

test("FLAC frames tell their length by a code or after the coded number", () => {
  const cases: [number[], number | undefined][] = [
    [[0xff, 0xf8, 0x19, 0, 0], 192],
    [[0xff, 0xf8, 0x29, 0, 0], 576],
    [[0xff, 0xf8, 0x59, 0, 0], 4608],
    [[0xff, 0xf8, 0xc9, 0, 0], 4096],
    [[0xff, 0xf9, 0xf9, 0, 0], 32_768],
    [[0xff, 0xf8, 0x69, 0, 0x05, 99], 100],
    [[0xff, 0xf8, 0x79, 0, 0xc3, 0x80, 0x03, 0xe7], 1000],
    [[0xff, 0xf8, 0x79, 0, 0xc3, 0x80, 0x03], undefined],
    [[0xff, 0xf8, 0x09, 0, 0], undefined],
    [[0xff, 0xf1, 0xc9, 0, 0], undefined],
  ];
  for (const [frame, samples] of cases) assert.equal(flacSamples(Uint8Array.from(frame)), samples);
});

test("E-AC-3 frames have one to six blocks of 256", () => {
  assert.equal(eac3Samples(Uint8Array.of(0x0b, 0x77, 0, 0, 0x00)), 256);
  assert.equal(eac3Samples(Uint8Array.of(0x0b, 0x77, 0, 0, 0x30)), 1536);
  assert.equal(eac3Samples(Uint8Array.of(0x0b, 0x77, 0, 0, 0xc0)), 1536);
  assert.equal(eac3Samples(Uint8Array.of(0x0b, 0x76, 0, 0, 0x00)), undefined);
});

test("what a frame does not say its track does, and else its codec", () => {
  const none = Uint8Array.of(0);
  assert.equal(samplesIn(aacTrack({ samplesPerFrame: 2048 }), none), 2048);
  assert.equal(samplesIn(aacTrack({ samplesPerFrame: 0 }), none), 1024);
  assert.equal(samplesIn(aacTrack({ codec: "mp3", samplesPerFrame: 0, sampleRate: 22_050 }), none), 576);
  assert.equal(samplesIn(aacTrack({ codec: "flac", samplesPerFrame: 4608 }), none), 4608);
  assert.equal(samplesIn(aacTrack({ codec: "eac3", samplesPerFrame: 0 }), Uint8Array.of(0x0b, 0x77, 0, 0, 0x10)), 512);
});
