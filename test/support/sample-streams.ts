/** Streams as the API would list them. */
import type { StreamFacts } from "../../web/pages/facts.ts";

/** A stream that looks like the demo clip's; change what matters. */
export function sampleStream(name: string, changes: Partial<StreamFacts> = {}): StreamFacts {
  return {
    name,
    state: "live",
    since: new Date(Date.now() - 47.2 * 60_000).toISOString(),
    bitrate: 2_140_000,
    viewers: 3,
    publisher: { protocol: "rtmp", address: "192.168.1.20", encoder: "obs-output module (libobs version 29.0.2)" },
    tracks: [
      { kind: "video", codec: "avc", width: 960, height: 540, frameRate: 30 },
      { kind: "audio", codec: "aac", sampleRate: 48_000, channels: 2 },
    ],
    containers: ["flv", "mp4"],
    ...changes,
  };
}

/** A few of different kinds. */
export function fewStreams(): StreamFacts[] {
  return [
    sampleStream("live/cam"),
    sampleStream("live/harbour view", {
      viewers: 1,
      bitrate: 6_310_000,
      tracks: [
        { kind: "video", codec: "hevc", width: 1920, height: 1080, frameRate: 59.94 },
        { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 6 },
      ],
    }),
    sampleStream("live/gone", { state: "reconnecting", publisher: null, bitrate: 0, viewers: 12 }),
    sampleStream("live/just-now", {
      state: "waiting",
      tracks: [],
      containers: [],
      viewers: 0,
      bitrate: 0,
      since: new Date(Date.now() - 2000).toISOString(),
      publisher: { protocol: "rtmp", address: "127.0.0.1", encoder: "Lavf59.27.100" },
    }),
    sampleStream("radio/nightfall", {
      viewers: 1204,
      bitrate: 128_000,
      publisher: { protocol: "rtmp", address: "fd00::17", encoder: "" },
      tracks: [{ kind: "audio", codec: "mp3", sampleRate: 44_100, channels: 2 }],
      since: new Date(Date.now() - 50 * 3_600_000).toISOString(),
    }),
  ];
}

/** As many as `count`, none like another. */
export function manyStreams(count: number): StreamFacts[] {
  return Array.from({ length: count }, (_, index) =>
    sampleStream(`${["live", "studio", "events/hall"][index % 3]}/cam-${index + 1}`, {
      viewers: (index * 7) % 90,
      bitrate: 600_000 + (index % 12) * 450_000,
      state: index % 37 === 5 ? "reconnecting" : "live",
    }),
  );
}
