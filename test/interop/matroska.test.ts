/** Matroska and WebM as programs publish them into the server that they embed, and as viewers over HTTP get them. */
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { describe, it } from "node:test";
import { launchChromium } from "../support/chromium.ts";
import type { ClipOptions } from "../support/clip.ts";
import { makeClip } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { plainVideo, playsOn } from "./browser.ts";
import { audioTolerance, compare } from "./compare.ts";
import { Place, Way } from "./place.ts";
import { Audience, ffmpeg5, ffmpeg8, type Viewer } from "./players.ts";

const name = "live/cam";
const { rtmp, httpMp4, httpMkv, httpWebm } = Way;

interface Case {
  readonly clip: ClipOptions;
  readonly viewers: readonly Viewer[];
  /** Microseconds of one audio frame. */
  readonly audioFrame: number;
}

const cases: readonly Case[] = [
  {
    clip: { container: "mkv" },
    viewers: [
      { way: httpMkv, player: ffmpeg5 },
      { way: rtmp, player: ffmpeg5 },
      { way: httpMp4, player: ffmpeg5 },
    ],
    audioFrame: 1024e6 / 48_000,
  },
  {
    clip: { container: "webm", video: "vp9", audio: "opus" },
    viewers: [
      { way: httpWebm, player: ffmpeg5 },
      { way: httpMkv, player: ffmpeg8 },
      { way: rtmp, player: ffmpeg8 },
    ],
    audioFrame: 20_000,
  },
  {
    clip: { container: "webm", video: "vp8", audio: "opus" },
    viewers: [
      { way: httpWebm, player: ffmpeg5 },
      { way: httpMkv, player: ffmpeg5 },
    ],
    audioFrame: 20_000,
  },
];

describe("what is published as Matroska or WebM comes back", () => {
  for (const { clip: options, viewers, audioFrame } of cases) {
    it(`${options.video ?? "h264"} and ${options.audio ?? "aac"}`, async () => {
      await using place = await Place.open();
      const clip = await makeClip({ seconds: 2, ...options });
      const sent = await packetsOf(clip);
      const audience = await Audience.gather(place, name, viewers);
      await place.server.publish(name, createReadStream(clip), { pace: "realtime" });
      for (const [i, got] of (await audience.got).entries()) {
        const { way, player } = viewers[i]!;
        compare(sent, got, `${player.name} over ${way}`, { audio: audioTolerance(way, audioFrame) });
      }
    });
  }
});

describe("WebM over HTTP", () => {
  it("plays in Chromium as the address of a video element", async () => {
    await using place = await Place.open();
    const browser = await launchChromium();
    try {
      const clip = await makeClip({ seconds: 20, video: "vp9", audio: "opus", container: "webm" });
      const publishing = place.server.publish(name, createReadStream(clip), { pace: "realtime" });
      publishing.catch(() => undefined);
      await place.until(() => place.server.hub.streams.get(name)?.state === "live", "it is live");
      const page = await browser.newPage();
      await page.setContent(`<video muted autoplay crossorigin src="${place.url(httpWebm, name)}"></video>`);
      const { width, height } = await playsOn(page, plainVideo, "webm-element");
      assert.deepEqual([width, height], [320, 180]);
    } finally {
      await browser.close();
    }
  });

  it("says what it is, and in words what it cannot carry", async () => {
    await using place = await Place.open();
    const [webm, h264] = [
      await makeClip({ seconds: 3, video: "vp9", audio: "opus", container: "webm" }),
      await makeClip({ seconds: 3, container: "mkv" }),
    ];
    const publishing = [
      place.server.publish("live/vp9", createReadStream(webm), { pace: "realtime" }),
      place.server.publish(name, createReadStream(h264), { pace: "realtime" }),
    ];
    for (const each of publishing) each.catch(() => undefined);
    const head = async (way: Way, stream: string): Promise<readonly [number, string | null, string]> => {
      const response = await fetch(place.url(way, stream));
      const words = response.ok ? (await response.body?.cancel(), "") : await response.text();
      return [response.status, response.headers.get("content-type"), words];
    };
    assert.deepEqual(await head(httpWebm, "live/vp9"), [200, 'video/webm; codecs="vp09.00.10.08,opus"', ""]);
    assert.deepEqual(await head(httpMkv, name), [200, "video/x-matroska", ""]);
    const [status, , words] = await head(httpWebm, name);
    assert.equal(status, 415);
    assert.match(words, /WebM cannot carry H\.264, Matroska can; WebM cannot carry AAC, Matroska can\./);
  });
});
