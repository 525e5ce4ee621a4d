/** Streams as the API would list them. */
import type { RefusedAttempt, StreamFacts } from "../../web/pages/facts.ts";

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

/** Attempts that were refused, the newest `minutes` ago. */
export function sampleRefusals(minutes: number): RefusedAttempt[] {
  const ago = (more: number) => new Date(Date.now() - (minutes + more) * 60_000).toISOString();
  const obs = { protocol: "rtmp", client: "obs-output module (libobs version 29.0.2)", address: "192.168.1.20" };
  const ffmpeg = { protocol: "rtmp", client: "FMLE/3.0 (compatible; Lavf59.27.100)", address: "2001:db8:85a3:8d3:1319:8a2e:370:7348" };
  return [
    { ...obs, at: ago(0), count: 14, intent: "publish", stream: "live/cam", code: "denied", reason: "This is not a valid publish key." },
    {
      ...ffmpeg,
      at: ago(3),
      count: 1,
      intent: "publish",
      stream: "events/a-very-long-name-that-somebody-thought-was-a-good-idea/hall-one-camera-two",
      code: "denied",
      reason: "Publishing needs a key: write NAME?key=KEY as the stream key.",
    },
    {
      ...obs,
      at: ago(5),
      count: 2,
      intent: "publish",
      stream: "live/mr_\u2026",
      code: "denied",
      reason: "This key publishes another stream.",
    },
    {
      ...ffmpeg,
      at: ago(9),
      count: 1,
      intent: "publish",
      stream: "live/cam",
      code: "busy",
      reason: '"live/cam" is being published by somebody else.',
    },
    {
      at: ago(40),
      count: 1,
      intent: "play",
      protocol: "http",
      client: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      address: "203.0.113.77",
      stream: "live/members",
      code: "denied",
      reason: "You may not watch this stream.",
    },
    ...Array.from({ length: 3 }, (_, index): RefusedAttempt => ({
      ...obs,
      at: ago(60 + index),
      count: 1,
      intent: "publish",
      stream: `api/${index}`,
      code: "name-refused",
      reason: 'This stream name cannot be used: "api" as the first segment belongs to the server\'s own pages.',
    })),
  ];
}
