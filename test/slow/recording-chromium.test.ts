/** Chromium plays and seeks recordings as they are, whole, with their index in front, and cut off by a kill once the next start has taken off what is not whole. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createServer } from "../../src/index.ts";
import { repairFile } from "../../src/server/recording/scan-file.ts";
import { nodeDisk } from "../../src/server/storage/disk.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";

interface Played {
  readonly duration: number;
  readonly end: number;
  readonly waiting: number;
  readonly frames: number;
}

const play = `(async (src) => {
  const video = document.querySelector("video");
  video.muted = true;
  let waiting = 0;
  video.src = src;
  await new Promise((resolve, reject) => {
    video.onloadedmetadata = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
  const { duration } = video;
  video.currentTime = 2;
  await new Promise((resolve) => (video.onseeked = resolve));
  video.onwaiting = () => (waiting += 1);
  await video.play();
  await new Promise((resolve) => (video.onended = resolve));
  return { duration, end: video.currentTime, waiting, frames: video.getVideoPlaybackQuality().totalVideoFrames };
})`;

test("Chromium plays and seeks recordings", { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-chromium-"));
  const streams = [
    { match: "whole", template: "{stream}.{ext}" },
    { match: "front", template: "{stream}.{ext}", finish: "faststart" as const },
  ];
  await using server = createServer({ auth: false, rtmp: { enabled: false }, http: { enabled: false }, recording: { folder, streams } });
  const clip = await makeClip({ seconds: 5 });
  await Promise.all(streams.map(({ match }) => server.publish(match, createReadStream(clip), { format: "flv" })));
  await server.close(30_000);
  const whole = await readFile(join(folder, "whole.mp4"));
  await writeFile(join(folder, "killed.mp4"), whole.subarray(0, Math.round(whole.length * 0.9)));
  await repairFile(nodeDisk, folder, "killed.mp4", "mp4");
  const files = new Map([
    ["/whole.mp4", whole],
    ["/front.mp4", await readFile(join(folder, "front.mp4"))],
    ["/killed.mp4", await readFile(join(folder, "killed.mp4"))],
  ]);
  const web = createHttpServer((request, response) => {
    const file = files.get(request.url!);
    if (file === undefined) return void response.writeHead(200, { "Content-Type": "text/html" }).end("<video></video>");
    const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
    const part = file.subarray(Number(from), to === "" ? file.length : Number(to) + 1);
    const headers = { "Content-Type": "video/mp4", "Content-Range": `bytes ${from}-${Number(from) + part.length - 1}/${file.length}` };
    response.writeHead(206, { ...headers, "Content-Length": part.length, "Accept-Ranges": "bytes" }).end(part);
  });
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(web.address() as AddressInfo).port}/`);
    for (const name of files.keys()) {
      const played = await page.evaluate<Played>(`${play}(${JSON.stringify(name)})`);
      const least = name === "/killed.mp4" ? 3.8 : 4.9;
      assert.ok(played.end > least && played.end < 5.3, `${name}: ${JSON.stringify(played)}`);
      assert.ok(played.duration > least - 0.2 && played.duration < 5.3, `${name}: ${JSON.stringify(played)}`);
      assert.equal(played.waiting, 0, name);
      assert.ok(played.frames > (least - 2) * 20, `${name}: ${JSON.stringify(played)}`);
    }
  } finally {
    await browser.close();
    web.close();
    await rm(folder, { recursive: true });
  }
});
