/** Our player by HLS in Chromium: chosen, and where nothing else gets through. Pictures go to artifacts/interop/. */
import assert from "node:assert/strict";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { buildWeb } from "../../tools/build-web.ts";
import { Place } from "../interop/place.ts";
import { playerVideo, playsOn } from "../interop/browser.ts";
import * as publishers from "../interop/publishers.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import type { RunningProgram } from "../support/program.ts";

let place: Place;
let browser: Browser;
let publisher: RunningProgram;
/** A proxy that lets short answers through and nothing else. */
let proxy: Server;
let origin: string;

before(async () => {
  await buildWeb();
  [place, browser] = await Promise.all([Place.open(), launchChromium()]);
  publisher = publishers.ffmpeg5.publish(await makeClip({ seconds: 60 }), place.rtmp("live/cam"));
  await place.until(() => place.server.hub.streams.get("live/cam")?.state === "live", "it is live");
  proxy = createServer((asked, answer) => {
    const [path = "", transport] = (asked.url ?? "").split("?transport=");
    if (path === "/") {
      const page = `<!doctype html><script type="module" src="assets/player.js"></script><millrace-player src="live/cam" autoplay muted transport="${transport}"></millrace-player>`;
      return answer.setHeader("Content-Type", "text/html").end(page);
    }
    if (path.endsWith("cam.mp4")) return asked.socket.destroy();
    const passed = request({ port: place.httpPort, host: "127.0.0.1", path: asked.url, headers: asked.headers, agent: false }, (got) => {
      answer.writeHead(got.statusCode!, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    answer.on("close", () => passed.destroy());
    return passed.end();
  });
  proxy.on("upgrade", (_, socket) => socket.destroy());
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
after(async () => {
  await browser?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  await publisher?.stop();
  await place?.[Symbol.asyncDispose]();
});

const player = "document.querySelector('millrace-player')";

async function open(transport: string, watch: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  try {
    await page.goto(`${origin}/?transport=${transport}`);
    await watch(page);
    assert.deepEqual(wrong, []);
  } finally {
    await page.close();
  }
}

for (const [transport, why] of [
  ["hls", "because it is chosen"],
  ["auto", "because neither a WebSocket nor an endless answer gets through"],
] as const) {
  it(`plays by HLS ${why}`, () =>
    open(transport, async (page) => {
      const { width, height } = await playsOn(page, playerVideo, `player-hls-${transport}`);
      assert.deepEqual([width, height], [320, 180]);
      const stats = await page.evaluate<{ transport: string; engine: string; latency: number; videoCodec: string }>(`${player}.stats()`);
      assert.deepEqual([stats.transport, stats.engine], ["hls", "mse"]);
      assert.match(stats.videoCodec, /^avc1/);
      assert.ok(stats.latency > 0 && stats.latency < 5, `${stats.latency} s`);
      assert.equal(await page.evaluate(`${player}.state`), "playing");
    }));
}

it("pauses and goes on; says that the stream has ended", () =>
  open("hls", async (page) => {
    await playsOn(page, playerVideo, "player-hls-paused");
    await page.evaluate(`${player}.pause()`);
    assert.equal(await page.evaluate(`${player}.state`), "paused");
    await page.evaluate(`${player}.play()`);
    await playsOn(page, playerVideo, "player-hls-resumed");
    await publisher.stop();
    await page.waitForFunction(`${player}.state === "ended" || ${player}.state === "waiting"`, undefined, { timeout: 20_000 });
  }));
