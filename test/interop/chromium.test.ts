/** Chromium plays: our own page, mpegts.js, and both behind nginx. Pictures go to artifacts/interop/. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip, type ClipOptions } from "../support/clip.ts";
import { freePort, start, type RunningProgram } from "../support/program.ts";
import { plainVideo, playerVideo, playsOn } from "./browser.ts";
import { Place, Way } from "./place.ts";
import * as publishers from "./publishers.ts";

let place: Place;
let browser: Browser;
const running: RunningProgram[] = [];

before(async () => {
  // `npm test` has built them; this file may be run alone.
  if (!existsSync(fileURLToPath(new URL("../../dist/web/watch.html", import.meta.url)))) await buildWeb();
  [place, browser] = await Promise.all([Place.open(), launchChromium()]);
});
after(async () => {
  await browser?.close();
  for (const program of running) await program.stop();
  await place?.[Symbol.asyncDispose]();
});

/** Publishes a clip that is longer than what is done with it. */
async function publish(name: string, options: ClipOptions, publisher = publishers.ffmpeg8): Promise<void> {
  if (place.server.hub.streams.get(name)?.state === "live") return;
  const clip = await makeClip({ seconds: 30, ...options });
  running.push(publisher.publish(clip, place.rtmp(name)));
  await place.until(() => place.server.hub.streams.get(name)?.state === "live", `${name} is live`);
}

const h264 = (): Promise<void> => publish("live/h264", {}, publishers.ffmpeg5);

/** Opens a page and asserts that no script of it failed. */
async function open(url: string, watch: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  const wrong: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(error.message));
  try {
    await page.goto(url);
    await watch(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

const transport = (page: Page): Promise<string> => page.evaluate<string>("document.querySelector('millrace-player').stats().transport");

describe("the page of a stream", () => {
  const watch = (name: string, codecs: readonly string[]): Promise<void> =>
    open(`http://127.0.0.1:${place.httpPort}/watch/${name}`, async (page) => {
      const { width, height } = await playsOn(page, playerVideo, `watch-${name.replace("/", "-")}`);
      assert.deepEqual([width, height], [320, 180]);
      assert.equal(await transport(page), "websocket");
      const shown = await page.evaluate<string[]>(
        "(({ videoCodec, audioCodec }) => [videoCodec, audioCodec])(document.querySelector('millrace-player').stats())",
      );
      assert.deepEqual(
        shown.map((codec) => codec.split(".")[0]),
        codecs,
      );
    });

  it("plays H.264 and AAC", async () => {
    await h264();
    await watch("live/h264", ["avc1", "mp4a"]);
  });
  it("plays AV1 and Opus", async () => {
    await publish("live/av1", { video: "av1", audio: "opus", seconds: 15 });
    await watch("live/av1", ["av01", "opus"]);
  });
  it("plays VP9 and Opus", async () => {
    await publish("live/vp9", { video: "vp9", audio: "opus", seconds: 15 });
    await watch("live/vp9", ["vp09", "opus"]);
  });
});

describe("mpegts.js", () => {
  let pages: Server;
  let origin: string;
  before(async () => {
    const script = await readFile(fileURLToPath(import.meta.resolve("mpegts.js")));
    pages = createServer((request, response) => {
      if (request.url === "/mpegts.js") response.end(script);
      else response.setHeader("Content-Type", "text/html").end(mpegtsPage);
    });
    await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  });
  after(() => {
    pages.closeAllConnections();
    pages.close();
  });

  for (const [way, type] of [
    [Way.httpFlv, "flv"],
    [Way.wsFlv, "flv"],
    [Way.httpTs, "mpegts"],
    [Way.wsTs, "mpegts"],
  ] as const) {
    it(`plays ${way}`, async () => {
      await h264();
      await open(`${origin}/?${type}#${place.url(way, "live/h264")}`, async (page) => {
        await playsOn(page, plainVideo, `mpegts-${way}`);
      });
    });
  }
});

const mpegtsPage = `<!doctype html><title>mpegts.js</title><video muted controls></video><script src="/mpegts.js"></script><script>
const player = mpegts.createPlayer({ type: location.search.slice(1), isLive: true, url: location.hash.slice(1) });
player.attachMediaElement(document.querySelector("video"));
player.load();
player.play();
</script>`;

describe("behind nginx at a sub-path", () => {
  let port: number;
  before(async () => {
    port = await freePort();
    const config = place.file("conf");
    await writeFile(config, nginxConfig(port, place));
    const nginx = start("nginx", ["-p", place.folder, "-e", "stderr", "-c", config], { stopSignal: "SIGTERM" });
    running.push(nginx);
    await place.untilListens(port);
  });

  it("the page plays by WebSocket where nginx passes upgrades on", async () => {
    await h264();
    await open(`http://127.0.0.1:${port}/media/watch/live/h264`, async (page) => {
      await playsOn(page, playerVideo, "nginx-upgrade");
      assert.equal(await transport(page), "websocket");
    });
  });

  it("the page plays by fetch where it has a plain proxy_pass", async () => {
    await h264();
    await open(`http://127.0.0.1:${port}/plain/watch/live/h264`, async (page) => {
      await playsOn(page, playerVideo, "nginx-plain");
      assert.equal(await transport(page), "fetch");
    });
  });
});

function nginxConfig(port: number, { httpPort, folder }: Place): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr warn; events {}
http { access_log off; ${temporary} server { listen 127.0.0.1:${port};
  location /media/ { proxy_pass http://127.0.0.1:${httpPort}/; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; }
  location /plain/ { proxy_pass http://127.0.0.1:${httpPort}/; }
} }`;
}
