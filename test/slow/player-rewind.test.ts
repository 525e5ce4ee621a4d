/** The player's way back: a clock burned into the pictures says which moment is shown, in Chromium. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { buildWeb } from "../../tools/build-web.ts";
import { Place } from "../interop/place.ts";
import { launchChromium } from "../support/chromium.ts";
import { barsReader } from "../support/clock-bars.ts";
import { ClockSource } from "../support/clock-source.ts";

const name = "live/clock";
/** Seconds. */
const pastWanted = 25;
const root = join(import.meta.dirname, "../..");
const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2, colorScheme: "dark" } as const;

/** Knows the sockets that the page opens, and whether the player was ever without a picture since it had one. */
const probe = `(() => {
  globalThis.sockets = [];
  globalThis.blanks = 0;
  const Native = WebSocket;
  globalThis.WebSocket = class extends Native {
    constructor(...given) { super(...given); sockets.push(this); }
  };
  const read = ${barsReader};
  const part = (name) => document.querySelector("millrace-player")?.shadowRoot?.querySelector(name);
  let hadPicture = false;
  const look = () => {
    requestAnimationFrame(look);
    const video = part("video");
    const has = video?.videoWidth > 0 || part(".still")?.hidden === false;
    if (hadPicture && !has) blanks += 1;
    hadPicture ||= has === true;
  };
  requestAnimationFrame(look);
  globalThis.clock = () => {
    const canvas = part(".canvas");
    const picture = canvas?.hidden === false ? canvas : part("video");
    return !picture || (picture.videoWidth ?? picture.width) === 0 || part(".still")?.hidden === false ? -1 : read(picture);
  };
})()`;

interface Seen {
  /** Seconds that the clock in the picture is behind; NaN where it cannot be read. */
  readonly late: number;
  readonly behind: number;
  readonly past: number;
  readonly state: string;
  readonly live: string;
  readonly valueText: string;
  readonly hasBar: boolean;
  readonly isIdle: boolean;
  readonly blanks: number;
  readonly reconnects: number;
  readonly waitings: number;
}

/** What the page shows now. */
async function look(page: Page, source: ClockSource): Promise<Seen> {
  const [clock, now, rest] = await page.evaluate<[number, number, Omit<Seen, "late">]>(`(() => {
    const player = document.querySelector("millrace-player");
    const part = (name) => player.shadowRoot.querySelector("[part~=" + name + "]");
    const { reconnects = 0, waitings = 0 } = player.stats() ?? {};
    return [clock(), Date.now(), {
      behind: player.behind, past: player.past, state: player.state, live: part("live").textContent, blanks, reconnects, waitings,
      valueText: part("seek").getAttribute("aria-valuetext"), hasBar: part("seek").checkVisibility(),
      isIdle: part("root").classList.contains("idle"),
    }];
  })()`);
  return { ...rest, late: clock < 0 ? Number.NaN : (now - source.epoch - clock) / 1000 };
}

async function until(page: Page, source: ClockSource, what: string, holds: (seen: Seen) => boolean, seconds = 10): Promise<Seen> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const seen = await look(page, source);
    if (holds(seen)) return seen;
    assert.ok(performance.now() < end, `${what}: ${JSON.stringify(seen)}`);
    await page.waitForTimeout(30);
  }
}

const isLate = (seen: Seen, seconds: number): boolean => Math.abs(seen.late - seconds - 0.6) < 1.2 && seen.state === "playing";

describe("going back in the player", { concurrency: 1 }, () => {
  let browser: Browser;
  let place: Place;
  let source: ClockSource;

  before(async () => {
    if (!existsSync(join(root, "dist/web/watch.html"))) await buildWeb();
    place = await Place.open({ streams: { ringTime: "1m" } });
    source = new ClockSource(place.rtmp(name));
    browser = await launchChromium();
    await source.made(pastWanted * 30);
    const past = () => place.server.hub.streams.get(name)?.past?.milliseconds ?? 0;
    await place.until(() => past() > pastWanted * 1000, "the stream has a past");
  });
  after(async () => {
    await browser?.close();
    await source?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  async function open(options: BrowserContextOptions, attributes: Readonly<Record<string, string>> = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    await page.addInitScript(probe);
    await page.goto(`http://127.0.0.1:${place.httpPort}/watch/${name}`);
    for (const [key, value] of Object.entries(attributes)) {
      await page.locator("millrace-player").evaluate((player, given) => player.setAttribute(...given), [key, value] as [string, string]);
    }
    const seen = await until(page, source, "it is live and says how far back one can go", (now) => now.late < 2 && now.hasBar, 20);
    assert.ok(seen.past >= pastWanted - 1 && seen.past <= 60, `${seen.past} s of past`);
    assert.deepEqual([seen.behind, seen.live, seen.valueText], [0, "LIVE", "Live"]);
    return page;
  }
  const call = (page: Page, expression: string) => page.evaluate(`document.querySelector("millrace-player").${expression}`);
  const picture = (page: Page, file: string) => page.screenshot({ path: join(root, "artifacts", `${file}.png`) });

  it("10 s back by its method, on over a lost connection, and live within a second", { timeout: 60_000 }, async () => {
    const page = await open(desktop);
    await picture(page, "player-past-live");
    await call(page, "seekBack(10)");
    const back = await until(page, source, "the picture is the older one", (seen) => isLate(seen, 10));
    assert.ok(Math.abs(back.behind - back.late) < 1.5, `says ${back.behind}, shows ${back.late}`);
    assert.match(back.live, /^LIVE-0:1[0-2]$/);
    assert.deepEqual([back.reconnects, back.waitings, back.blanks], [0, 0, 0]);
    await picture(page, "player-past-back");
    await page.waitForTimeout(2000);
    assert.ok(isLate(await look(page, source), 10), "it stays as far behind");

    await page.evaluate("sockets.at(-1).close()");
    const again = await until(page, source, "it goes on", (seen) => seen.reconnects === 1 && isLate(seen, 10));
    assert.equal(again.blanks, 0);

    await call(page, "pause()");
    await page.waitForTimeout(1500);
    await call(page, "play()");
    const paused = await until(page, source, "a pause in the past goes on where it was", (seen) => isLate(seen, 12));
    assert.equal(paused.reconnects, 1);

    const clicked = performance.now();
    await page.getByRole("button", { name: /^Jump to live/ }).click();
    const live = await until(page, source, "LIVE is live", (seen) => seen.late < 1.5);
    const took = performance.now() - clicked;
    assert.ok(took < 1000, `${took} ms`);
    assert.deepEqual([live.behind, live.blanks], [0, 0]);
    await page.context().close();
  });

  it("by keys: on the player, and on the slider", { timeout: 60_000 }, async () => {
    const page = await open(desktop);
    await page.locator("millrace-player").focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    const back = await until(page, source, "twice 10 s", (seen) => isLate(seen, 20));
    assert.match(back.valueText, /^0:2\d behind live$/);
    assert.equal(await page.evaluate("sockets.length"), 2, "both keys are one wish");
    await page.keyboard.press("ArrowRight");
    await until(page, source, "10 s forward", (seen) => isLate(seen, 10));
    await page.keyboard.press("l");
    await until(page, source, "l is live", (seen) => seen.late < 1.5 && seen.behind === 0);
    const slider = page.getByRole("slider", { name: "Position in the stream" });
    await slider.focus();
    await page.keyboard.press("Home");
    const oldest = await until(page, source, "Home is the oldest", (seen) => seen.behind > 0 && seen.late > pastWanted);
    assert.ok(oldest.late > oldest.past - 3, `${oldest.late} of ${oldest.past} s`);
    await picture(page, "player-past-oldest");
    await page.keyboard.press("End");
    await until(page, source, "End is live", (seen) => seen.late < 1.5 && seen.behind === 0);
    await page.context().close();
  });

  it("on a phone, by touch", { timeout: 60_000 }, async () => {
    const page = await open(phone);
    const box = (await page.getByRole("slider", { name: "Position in the stream" }).boundingBox())!;
    assert.ok(box.height >= 24 && box.width > 300, `${box.width} x ${box.height}`);
    // The first tap brings the bar where it has gone.
    await page.touchscreen.tap(box.x + box.width / 2, box.y - 100);
    const { past } = await look(page, source);
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
    const back = await until(page, source, "half way back", (seen) => Math.abs(seen.late - past / 2) < 3);
    assert.equal(back.blanks, 0);
    assert.ok(back.hasBar && !back.isIdle, "the bar is still there after a tap on it");
    await picture(page, "player-past-phone");
    await page.context().close();
  });

  it("by fetch, where a header tells of the past", { timeout: 60_000 }, async () => {
    const page = await open(desktop, { transport: "fetch" });
    await call(page, "seekBack(10)");
    await until(page, source, "the picture is the older one", (seen) => isLate(seen, 10));
    await page.context().close();
  });

  it("by WebCodecs", { timeout: 60_000 }, async () => {
    const page = await open(desktop, { engine: "webcodecs" });
    await call(page, "seekTo(new Date(Date.now() - 10_000))");
    await until(page, source, "the picture is the older one", (seen) => isLate(seen, 10));
    await call(page, "jumpToLive()");
    await until(page, source, "live", (seen) => seen.late < 1.5 && seen.behind === 0);
    await page.context().close();
  });
});
