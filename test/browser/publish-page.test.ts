/**
 * The page that publishes, in Chromium with made-up devices: what it sends is watched by our own player, and every trouble is told in words.
 * Pictures go to artifacts/pages/.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type ComposedServer, createServer } from "../../src/server/server.ts";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { Tone } from "../support/tone.ts";

const pictures = fileURLToPath(new URL("../../artifacts/pages/", import.meta.url));
const key = "the-right-key";
const name = "live/cam";
const looks = [
  { label: "desktop-light", viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  { label: "desktop-dark", viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  { label: "phone-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark" },
  { label: "phone-light", viewport: { width: 390, height: 844 }, colorScheme: "light" },
] as const;

let browser: Browser;
let context: BrowserContext;
let server: ComposedServer;
const wrong: string[] = [];

before(async () => {
  mkdirSync(pictures, { recursive: true });
  await buildWeb();
  browser = await launchChromium([
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--host-resolver-rules=MAP studio.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ]);
});
after(() => browser?.close());

async function listening(port = 0): Promise<ComposedServer> {
  const made = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port },
    publishKey: key,
    viewers: { waitForPublisher: "20s" },
  });
  await made.listen();
  return made;
}

beforeEach(async () => {
  server = await listening();
  context = await browser.newContext({ viewport: looks[0].viewport });
  wrong.length = 0;
});
afterEach(async () => {
  await context.close();
  await server.close(200);
  assert.deepEqual(wrong, []);
});

function url(path: string, host = "127.0.0.1"): string {
  return `http://${host}:${server.address("http")!.port}/${path}`;
}

/** Opens the page. @param script runs in it before its own */
async function open(script = "", host?: string): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => {
    const isAnswer = /Failed to load resource|WebSocket connection to/.test(message.text());
    if (message.type() === "error" && !isAnswer) wrong.push(message.text());
  });
  await page.addInitScript(script);
  await page.goto(url(`publish/${name}`, host));
  return page;
}

/** Takes a picture of a page in each of the four looks; none may be wider than its window. */
async function everyLook(page: Page, label: string): Promise<void> {
  for (const look of looks) {
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize(look.viewport);
    await holds(page, "document.documentElement.scrollWidth <= document.documentElement.clientWidth");
    await page.screenshot({ path: join(pictures, `${label}-${look.label}.png`), fullPage: true });
  }
  await page.setViewportSize(looks[0].viewport);
}

/** Waits until an expression is true in the page. `waitForFunction` would need `unsafe-eval`, which our policy forbids. */
async function holds(page: Page, expression: string): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await page.evaluate<boolean>(`Boolean(${expression})`))) {
    assert.ok(Date.now() < end, `${expression} did not come true`);
    await page.waitForTimeout(50);
  }
}

const press = (page: Page, button: string): Promise<void> => page.getByRole("button", { name: button, exact: true }).click();
const sees = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).first().waitFor({ state: "visible", timeout: 15_000 });
const isState = (page: Page, words: string): Promise<void> => holds(page, `document.getElementById("state").textContent === "${words}"`);

async function turnOn(page: Page): Promise<void> {
  await press(page, "Turn on the camera");
  await page.getByRole("button", { name: "Go live" }).waitFor();
}

async function goLive(page: Page): Promise<void> {
  await page.getByLabel("Publish key").fill(key);
  await press(page, "Go live");
  await isState(page, "Live");
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 15_000;
  while (!condition()) {
    assert.ok(performance.now() < end, `not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("the camera is turned on, published, watched, muted and stopped", async () => {
  const page = await open();
  await sees(page, "Nobody sees anything before you go live.");
  await everyLook(page, "publish-off");
  await turnOn(page);
  assert.deepEqual((await page.locator("#camera option").allTextContents()).length > 0, true);
  await goLive(page);
  await sees(page, /^H\.264 1280×720/);
  await sees(page, /^Opus 48 kHz/);
  const viewer = await context.newPage();
  await viewer.goto(url(`watch/${name}`));
  await holds(viewer, "document.querySelector('millrace-player')?.stats?.()?.decodedFrames > 30");
  const stats = await viewer.evaluate<{ width: number; videoCodec: string; audioCodec: string; latency: number }>(
    "document.querySelector('millrace-player').stats()",
  );
  assert.deepEqual([stats.width, stats.videoCodec.slice(0, 4), stats.audioCodec], [1280, "avc1", "opus"]);
  await viewer.close();
  await sees(page, "0 viewers");
  await holds(page, "/^\\d+ kb\\/s|Mb\\/s$/.test(document.querySelectorAll('#figures dd')[1].textContent)");
  await everyLook(page, "publish-live");
  await press(page, "Mute");
  assert.deepEqual(await page.evaluate("document.getElementById('preview').srcObject.getAudioTracks().map(({ enabled }) => enabled)"), [
    false,
  ]);
  await press(page, "Unmute");
  assert.ok(!(await page.content()).includes(key), "the page shows no key");
  const lost = new Promise<string>((resolve) => server.on("lost", ({ reason }) => resolve(reason)));
  await press(page, "Stop");
  assert.equal(await lost, "unpublished");
  await isState(page, "Off");
  // The camera stays on for another time.
  await goLive(page);
  await press(page, "Stop");
});

test("a key that is missing or wrong is asked for", async () => {
  const page = await open();
  await turnOn(page);
  await press(page, "Go live");
  await sees(page, "Publishing needs a key. Put it in, and go live.");
  await isState(page, "Stopped");
  await page.getByLabel("Publish key").fill("not-the-right-one");
  await press(page, "Go live");
  await sees(page, "This is not a valid publish key.");
  await everyLook(page, "publish-refused");
  await goLive(page);
  assert.equal(await page.locator("#advice").isVisible(), false);
});

test("a name that somebody else has is said, and so is a take-over", async () => {
  const tone = new Tone(server.hub, name);
  const silence = tone.run();
  const page = await open();
  await turnOn(page);
  await page.getByLabel("Publish key").fill(key);
  await press(page, "Go live");
  await sees(page, '"live/cam" is being published by somebody else.');
  silence();
  tone.publication.close("unpublished");
  await press(page, "Go live");
  await isState(page, "Live");
  server.hub.streams.get(name)!.publication!.close("replaced");
  await sees(page, "Another publisher has taken over.");
  await isState(page, "Stopped");
});

test("when the server restarts it goes on by itself", async () => {
  const page = await open();
  await turnOn(page);
  await goLive(page);
  await until(() => server.stream(name).state === "live", "it is live");
  const { port } = server.address("http")!;
  await server.close(200);
  await sees(page, "The server restarts. The stream goes on as soon as it is back.");
  await everyLook(page, "publish-reconnecting");
  server = await listening(port);
  await isState(page, "Live");
  await until(() => server.stream(name).state === "live", "it is live again");
});

test("a connection that is too slow is said, and then sent less", async () => {
  const page = await open(`
    globalThis.waiting = 0;
    const buffered = Object.getOwnPropertyDescriptor(WebSocket.prototype, "bufferedAmount");
    Object.defineProperty(WebSocket.prototype, "bufferedAmount", { get() { return globalThis.waiting; } });
  `);
  await turnOn(page);
  await goLive(page);
  await page.evaluate("globalThis.waiting = 700_000");
  await sees(page, /The connection is slow: 2\.1 s of it wait to be sent\./);
  await page.evaluate("globalThis.waiting = 2_000_000; setTimeout(() => (globalThis.waiting = 0), 400)");
  await sees(page, /The picture goes on with \d+ kb\/s\./);
  await isState(page, "Live");
});

test("the screen and its end, and sound alone", async () => {
  const page = await open(`
    navigator.mediaDevices.getDisplayMedia = async () => {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: 640, height: 360 });
      const context = canvas.getContext("2d");
      setInterval(() => { context.fillStyle = "hsl(" + (Date.now() / 20) % 360 + " 60% 50%)"; context.fillRect(0, 0, 640, 360); }, 40);
      globalThis.screenShared = canvas.captureStream(25);
      return globalThis.screenShared;
    };
  `);
  await page.getByLabel("Screen").check();
  assert.equal(await page.getByLabel("Camera", { exact: true }).locator("visible=true").count(), 1, "only the choice of it is left");
  await press(page, "Choose the screen");
  await page.getByRole("button", { name: "Go live" }).waitFor();
  await goLive(page);
  await sees(page, /^H\.264 640×360/);
  // A track that is stopped by its page tells nobody; one that the browser ends does.
  await page.evaluate("globalThis.screenShared.getVideoTracks()[0].dispatchEvent(new Event('ended'))");
  await sees(page, "The screen is not shared any more.");
  await until(() => server.stream(name).state === "offline", "it ends");
  await page.getByLabel("Sound").check();
  await press(page, "Turn on the microphone");
  await sees(page, "The microphone is on.");
  await goLive(page);
  await sees(page, /^Opus 48 kHz/);
  await until(
    () =>
      server
        .stream(name)
        .tracks.map(({ kind }) => kind)
        .join() === "audio",
    "sound alone",
  );
});

test("MP4 is published where a browser records nothing else, and says what that means", async () => {
  const page = await open(`
    const isSupported = MediaRecorder.isTypeSupported;
    MediaRecorder.isTypeSupported = (type) => /mp4/.test(type) && isSupported.call(MediaRecorder, type);
  `);
  await turnOn(page);
  await goLive(page);
  await sees(page, /viewers are about two seconds behind/);
  await until(() => server.stream(name).tracks.some(({ codec }) => codec === "avc"), "a picture");
});

test("no camera: not given, not there, not over http", async () => {
  const refused = await open(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));`);
  await press(refused, "Turn on the camera");
  await sees(refused, /The browser was not allowed to use the camera or microphone/);
  await everyLook(refused, "publish-not-allowed");
  const none = await open(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotFoundError"));`);
  await press(none, "Turn on the camera");
  await sees(none, /No camera or microphone was found/);
  const insecure = await open("", "studio.example");
  await sees(insecure, /Browsers give camera and microphone to pages over https alone/);
  await sees(insecure, new RegExp(`http://localhost:${server.address("http")!.port}/publish/live/cam`));
  assert.equal(await insecure.getByRole("button", { name: "Turn on the camera" }).isDisabled(), true);
  await everyLook(insecure, "publish-insecure");
});

test("the other pages lead to it", async () => {
  const page = await context.newPage();
  await page.goto(url(`watch/${name}`));
  await page.getByRole("link", { name: "Publish live/cam from here" }).click();
  await sees(page, "Publish from this browser");
  await page.goto(url("publish/"));
  await holds(page, "location.pathname === '/'");
});
