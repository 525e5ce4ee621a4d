import assert from "node:assert/strict";
import { test } from "node:test";
import { samplesIn } from "./frame-samples.ts";
import type { AudioTrack } from "./track.ts";

function aacTrack(changes: Partial<AudioTrack>): AudioTrack {
  const codec = { codec: "aac", config: Uint8Array.of(0x11, 0x90), codecString: "mp4a.40.2" } as const;
  const sound = { sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 };
  return { id: 2, kind: "audio", ...codec, timescale: 1000, isDefault: true, ...sound, ...changes };
}

test("what frames say of themselves comes first, then the track, then what is usual for the codec", () => {
  const cases: [Parameters<typeof aacTrack>[0], number[], number][] = [
    [{ codec: "opus", samplesPerFrame: 960 }, [0xf9], 1920],
    [{ codec: "opus", samplesPerFrame: 480 }, [0xfb, 0x80], 480],
    [{ codec: "opus", samplesPerFrame: 0 }, [0xfb], 960],
    [{ codec: "flac", samplesPerFrame: 4608 }, [0xff, 0xf8, 0x29, 0, 0, 0], 576],
    [{ codec: "flac", samplesPerFrame: 4608 }, [1, 2, 3], 4608],
    [{ codec: "flac", samplesPerFrame: 0 }, [1, 2, 3], 4096],
    [{ codec: "eac3", samplesPerFrame: 0 }, [0x0b], 1536],
    [{ codec: "ac3", samplesPerFrame: 0 }, [0x0b], 1536],
    [{ samplesPerFrame: 2048 }, [1], 2048],
    [{ samplesPerFrame: 0 }, [1], 1024],
    [{ codec: "mp3", samplesPerFrame: 0, sampleRate: 22_050 }, [1], 576],
    [{ codec: "mp3", samplesPerFrame: 0, sampleRate: 48_000 }, [1], 1152],
  ];
  for (const [changes, bytes, samples] of cases) assert.equal(samplesIn(aacTrack(changes), Uint8Array.from(bytes)), samples);
});
