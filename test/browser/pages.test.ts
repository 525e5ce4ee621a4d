/**
 * The pages in Chromium, in each of their states, light and dark, on a phone and on a desktop. Pictures of them go to
 * artifacts/pages/.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { readClip } from "../../src/server/publishing/clip.ts";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { FakeApiServer } from "../support/fake-api-server.ts";
import { LiveClip } from "../support/live-clip.ts";
import { fewStreams, manyStreams, sampleRefusals, sampleStream } from "../support/sample-streams.ts";

const root = new URL("../../", import.meta.url);
const pictures = fileURLToPath(new URL("artifacts/pages/", root));

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { width: 390, height: 844 };
const looks = [
  { label: "desktop-light", viewport: desktop.viewport, colorScheme: "light" },
  { label: "desktop-dark", viewport: desktop.viewport, colorScheme: "dark" },
  { label: "phone-dark", viewport: phone, colorScheme: "dark" },
  { label: "phone-light", viewport: phone, colorScheme: "light" },
] as const;

let folder: string;
let browser: Browser;
let clip: LiveClip;
let server: FakeApiServer;
let proxied: FakeApiServer;

before(async () => {
  mkdirSync(pictures, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), "millrace-pages-"));
  await buildWeb(folder);
  const { tracks, frames, length } = readClip(await readFile(new URL("assets/demo.flv", root)));
  clip = new LiveClip({ tracks, frames: frames.map((each) => each.frame), seconds: length / 1e6 });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  clip?.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  const folders = [folder, fileURLToPath(new URL("assets/", root))];
  server = new FakeApiServer({ folders, clip });
  proxied = new FakeApiServer({ folders, clip, prefix: "/tv/mill" });
  await Promise.all([server.listen(), proxied.listen()]);
});

afterEach(() => Promise.all([server.close(), proxied.close()]));

/** Opens a page, does `look`, and asserts that nothing failed in it and nothing came from elsewhere. */
async function open(url: string, options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(options);
  const wrong: string[] = [];
  context.on("page", (page) => {
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => {
      // A 404 of the API is how an offline stream is told; the browser logs it as an error all the same.
      const isAnswer = /Failed to load resource|WebSocket connection to/.test(message.text());
      if (message.type() === "error" && !isAnswer) wrong.push(message.text());
    });
    page.on("request", (request) => {
      if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).host !== new URL(url).host)
        wrong.push(`asked for ${request.url()}`);
    });
  });
  const page = await context.newPage();
  try {
    await page.goto(url);
    await look(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

/** Opens a page, does `look`, and takes a picture of it in each of the four looks; none may be wider than its window. */
async function everyLook(url: string, name: string, look: (page: Page) => Promise<void>, fullPage = true): Promise<void> {
  await open(url, desktop, async (page) => {
    await look(page);
    for (const { label, viewport, colorScheme } of looks) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await holds(page, "document.documentElement.scrollWidth <= document.documentElement.clientWidth");
      await page.screenshot({ path: join(pictures, `${name}-${label}.png`), fullPage });
    }
  });
}

const sees = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).first().waitFor({ state: "visible", timeout: 10_000 });
const plays = (page: Page): Promise<void> => holds(page, "document.querySelector('millrace-player')?.stats?.()?.decodedFrames > 5");
/** The page looks at once whether it was shown, and asks the server: nobody waits two seconds for the next time. */
const hurry = (page: Page): Promise<void> => page.evaluate("void document.dispatchEvent(new Event('visibilitychange'))");

/** Waits until an expression is true in the page. `waitForFunction` would need `unsafe-eval`, which our policy forbids. */
async function holds(page: Page, expression: string): Promise<void> {
  const until = Date.now() + 10_000;
  while (!(await page.evaluate<boolean>(`Boolean(${expression})`))) {
    assert.ok(Date.now() < until, `${expression} did not come true`);
    await page.waitForTimeout(50);
  }
}

describe("the first page", () => {
  it("tells a newcomer how to publish where nothing is live", async () => {
    await everyLook(server.url(""), "index-empty", async (page) => {
      await sees(page, "Nothing is live yet");
      await sees(page, "rtmp://127.0.0.1/live");
      await sees(page, "cam?key=KEY");
      await sees(page, /^ffmpeg .* -f flv "rtmp:\/\/127\.0\.0\.1\/live\/cam\?key=KEY"$/);
      await sees(page, /Put the publish key in place of KEY/);
    });
    server.facts = { open: true, needsKey: false };
    await open(server.url(""), desktop, async (page) => {
      await sees(page, /^ffmpeg .* -f flv rtmp:\/\/127\.0\.0\.1\/live\/cam$/);
      await sees(page, /Keys are switched off/);
    });
  });

  it("lists what is live, and follows it", async () => {
    await everyLook(server.url(""), "index-live", async (page) => {
      server.streams = [];
      await sees(page, "Nothing is live yet");
      server.streams = fewStreams();
      await hurry(page);
      await sees(page, "H.264 960×540 30 fps");
      await sees(page, "5 streams · 1,220 viewers · 8.6 Mb/s in");
      await sees(page, "HEVC 1920×1080 59.94 fps");
      await sees(page, "the publisher was lost; viewers are kept");
      assert.equal(await page.getByText("Nothing is live yet").isVisible(), false);
      const links = await page.locator(".stream a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
      assert.deepEqual(links, [
        "watch/live/cam",
        "watch/live/gone",
        "watch/live/harbour%20view",
        "watch/live/just-now",
        "watch/radio/nightfall",
      ]);
    });
  });

  it("tells who was refused and why, at once where nothing is live", async () => {
    server.refusals = sampleRefusals(2);
    await everyLook(server.url(""), "index-refused", async (page) => {
      await sees(page, "Refused: 8 attempts");
      await sees(page, "This is not a valid publish key.");
      await sees(page, /^OBS 29\.0\.2 over RTMP from 192\.168\.1\.20 · 2 min ago · 14 times$/);
      assert.equal(await page.locator(".refusals li").count(), 3);
    });
    await open(server.url(""), desktop, async (page) => {
      await page.getByRole("button", { name: "Show all 8" }).click();
      await page.locator(".refusals li").nth(7).waitFor();
      await sees(page, /^A browser over HTTP from 203\.0\.113\.77 · 42 min ago$/);
      // Whoever closes it is not bothered again.
      await page.getByText("Refused: 8 attempts").click();
      server.refusals = [{ ...server.refusals[0]!, stream: "live/late", at: new Date().toISOString() }, ...server.refusals];
      await hurry(page);
      await sees(page, "Refused: 9 attempts");
      assert.equal(await page.getByText("live/late").isVisible(), false);
    });
  });

  it("says nothing of refusals where there were none, and opens none that are old", async () => {
    server.streams = fewStreams();
    await open(server.url(""), desktop, async (page) => {
      await sees(page, /^5 streams/);
      await holds(page, "document.getElementById('refused').hidden && document.querySelectorAll('#refused summary').length === 1");
      server.refusals = sampleRefusals(20);
      await hurry(page);
      await sees(page, "Refused: 8 attempts");
      assert.equal(await page.getByText("This is not a valid publish key.").isVisible(), false);
    });
  });

  it("asks for the key where the list is not for everybody, and keeps it nowhere", async () => {
    server.streams = fewStreams();
    server.refusals = sampleRefusals(2);
    server.operatorKey = "mr_operator";
    await everyLook(server.url(""), "index-refused-key", async (page) => {
      await page.getByText("Refused attempts").click();
      await sees(page, "This list shows addresses. It is for the operator.");
    });
    await open(server.url(""), desktop, async (page) => {
      await page.getByText("Refused attempts").click();
      await page.getByLabel("Publish key").fill("mr_wrong");
      await page.getByRole("button", { name: "Show" }).click();
      await sees(page, "This is not the key that publishes every stream.");
      await page.getByLabel("Publish key").fill(" mr_operator ");
      await page.keyboard.press("Enter");
      await sees(page, "Refused: 8 attempts");
      await sees(page, "This is not a valid publish key.");
      assert.equal(await page.getByLabel("Publish key").isVisible(), false);
      assert.ok(!(await page.content()).includes("mr_operator"));
      assert.deepEqual(await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]"), [0, 0, ""]);
      await page.reload();
      await sees(page, "Refused attempts");
    });
  });

  it("keeps the focus while the list changes", async () => {
    server.streams = [sampleStream("live/b")];
    await open(server.url(""), desktop, async (page) => {
      await page.getByRole("link", { name: "live/b" }).focus();
      server.streams = [sampleStream("live/a"), sampleStream("live/b", { viewers: 77 })];
      await sees(page, "77 viewers");
      await holds(page, "document.activeElement.textContent === 'live/b'");
    });
  });

  it("shows two hundred streams and filters them", async () => {
    server.streams = manyStreams(200);
    await everyLook(
      server.url(""),
      "index-busy",
      async (page) => {
        await sees(page, /^200 streams/);
        await page.getByRole("searchbox").fill("studio cam-11");
        await sees(page, /^5 of 200 streams/);
        await page.getByRole("searchbox").fill("");
        await page.locator(".stream").nth(199).waitFor();
      },
      false,
    );
  });

  it("says when the server is gone, and goes on when it is back", async () => {
    await everyLook(server.url(""), "index-error", async (page) => {
      server.streams = fewStreams();
      await sees(page, /^5 streams/);
      server.isDown = true;
      await hurry(page);
      await sees(page, /The server does not answer/);
      assert.equal(await page.locator(".stream").count(), 5);
      server.isDown = false;
    });
    await open(server.url(""), desktop, async (page) => {
      await sees(page, /^5 streams/);
      server.problem = { status: 502, type: "text/html", body: "<h1>Bad gateway</h1>" };
      await sees(page, /a proxy before it, answered: status 502/);
      server.problem = undefined;
      await sees(page, /^5 streams/);
      assert.equal(await page.getByText("status 502").isVisible(), false);
    });
  });
});

describe("the page of a stream", () => {
  it("plays it and tells its figures and addresses", async () => {
    server.streams = fewStreams();
    await everyLook(server.url("watch/live/cam"), "watch-live", async (page) => {
      await plays(page);
      await sees(page, "H.264 960×540 30 fps");
      await sees(page, /^3 viewers · on air 47 min/);
      await holds(page, "/^\\d+ ms$/.test(document.querySelector('#figures dd').textContent)");
      const { host } = new URL(server.url(""));
      assert.deepEqual((await page.locator(".urls code").allTextContents()).slice(0, 7), [
        "rtmp://127.0.0.1/live/cam",
        `http://${host}/live/cam.m3u8`,
        `http://${host}/live/cam.flv`,
        `ws://${host}/live/cam.flv`,
        `http://${host}/live/cam.mp4`,
        `ws://${host}/live/cam.mp4`,
        `http://${host}/watch/live/cam`,
      ]);
      await sees(page, `<iframe src="http://${host}/embed/live/cam"`);
      assert.equal(await page.locator("#state").textContent(), "Live");
    });
  });

  it("shows the URLs under which the server says it is reached", async () => {
    server.streams = [];
    server.facts = { httpUrl: "https://live.example.org/media/", rtmpUrl: "rtmps://in.example.org:1936/" };
    await open(server.url("watch/live/cam"), desktop, async (page) => {
      await sees(page, "wss://live.example.org/media/live/cam.mp4");
      await sees(page, "https://live.example.org/media/watch/live/cam");
      await sees(page, "rtmps://in.example.org:1936/live/cam");
      await page.goto(server.url(""));
      await sees(page, "rtmps://in.example.org:1936/live");
      assert.equal(await page.getByText("through a proxy").count(), 0);
    });
    // Where only the pages have a URL of their own, RTMP is taken to be on the same host, and the page says what that needs.
    server.facts = { httpUrl: "https://live.example.org/media/" };
    await open(server.url(""), desktop, async (page) => {
      await sees(page, "rtmp://live.example.org/live");
      await sees(page, "The pages come through a proxy. RTMP does not: port 1935 of live.example.org");
    });
  });

  it("copies an address, also where there is no clipboard API", async () => {
    server.streams = fewStreams();
    await open(server.url("watch/live/cam"), { ...desktop, permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
      await page.getByRole("button", { name: "Copy RTMP" }).click();
      await sees(page, "Copied");
      assert.equal(await page.evaluate("navigator.clipboard.readText()"), "rtmp://127.0.0.1/live/cam");
      await page.evaluate("globalThis.read = () => Clipboard.prototype.readText.call(real); globalThis.real = navigator.clipboard");
      await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
      await page.getByRole("button", { name: "Copy HTTP-FLV" }).click();
      await page.getByText("Copied").nth(1).waitFor();
      assert.equal(await page.evaluate("read()"), server.url("live/cam.flv"));
    });
  });

  it("tells how to publish it while nobody does, and starts by itself", async () => {
    await everyLook(server.url("watch/live/soon"), "watch-offline", async (page) => {
      await sees(page, /Nobody is publishing live\/soon/);
      await sees(page, "Stream Key");
      assert.equal(await page.locator("#state").textContent(), "Offline");
    });
    await open(server.url("watch/live/soon"), desktop, async (page) => {
      await sees(page, /Nobody is publishing live\/soon/);
      server.streams = [sampleStream("live/soon")];
      await plays(page);
      await holds(page, "document.getElementById('state').textContent === 'Live'");
      assert.equal(await page.getByText("Stream Key").isVisible(), false);
    });
  });

  it("says what to do when the publisher is lost, the server is gone or says no", async () => {
    server.streams = fewStreams();
    await everyLook(server.url("watch/live/gone"), "watch-reconnecting", (page) => sees(page, /The publisher was lost. Viewers are kept/));
    server.refusal = { code: 4403, reason: "The link has run out." };
    await everyLook(server.url("watch/live/cam"), "watch-refused", (page) => sees(page, /does not let you watch/));
    server.refusal = undefined;
    server.isDown = true;
    await everyLook(server.url("watch/live/cam"), "watch-error", (page) => sees(page, /The server does not answer/));
  });
});

describe("the embedded player", () => {
  it("fills the frame and plays", async () => {
    server.streams = fewStreams();
    await everyLook(server.url("embed/live/cam"), "embed-live", async (page) => {
      await plays(page);
      const box = await page.locator("millrace-player").boundingBox();
      assert.deepEqual(box && { width: box.width, height: box.height }, page.viewportSize());
    });
    await everyLook(server.url("embed/live/none"), "embed-offline", (page) => sees(page, /Waiting for the stream/));
  });

  it("takes muted and controls from the query and hands on the rest", async () => {
    server.streams = fewStreams();
    await open(server.url("embed/live/cam?muted&controls=0&token=a%20b"), desktop, async (page) => {
      await plays(page);
      const player = page.locator("millrace-player");
      assert.equal(await player.getAttribute("muted"), "");
      assert.equal(await player.getAttribute("controls"), null);
      assert.equal(await player.getAttribute("src"), "live/cam?token=a+b");
    });
  });
});

describe("behind a proxy at a sub-path", () => {
  it("all pages work and stay below it", async () => {
    proxied.streams = fewStreams();
    await open(proxied.url(""), desktop, async (page) => {
      await page.getByRole("link", { name: "live/harbour view" }).click();
      await plays(page);
      assert.equal(page.url(), proxied.url("watch/live/harbour%20view"));
      await sees(page, proxied.url("live/harbour%20view.flv"));
      await page.getByRole("link", { name: "All streams" }).click();
      await sees(page, /^5 streams/);
      await page.getByText("Publish another stream").click();
      await page.goto(proxied.url("embed/live/cam"));
      await plays(page);
    });
    assert.ok(!proxied.asked.includes(""), "something was asked for above the proxy's path");
  });
});
