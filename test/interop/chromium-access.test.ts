/** The pages in Chromium where a hook decides who may watch: the words of a refusal are seen, and a key lets in. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { AccessDenied } from "../../src/index.ts";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import type { RunningProgram } from "../support/program.ts";
import { playerVideo, playsOn } from "./browser.ts";
import { Place } from "./place.ts";
import * as publishers from "./publishers.ts";

const name = "live/members";
let place: Place;
let browser: Browser;
let publishing: RunningProgram;

before(async () => {
  if (!existsSync(fileURLToPath(new URL("../../dist/web/watch.html", import.meta.url)))) await buildWeb();
  [place, browser] = await Promise.all([Place.open(), launchChromium()]);
  place.server.onPlay(({ key }) => {
    if (key !== "for members") throw new AccessDenied("Members only.");
  });
  publishing = publishers.ffmpeg5.publish(await makeClip({ seconds: 30 }), place.rtmp(name));
  await place.until(() => place.server.hub.streams.get(name)?.state === "live", "it is live");
});
after(async () => {
  await browser?.close();
  await publishing?.stop();
  await place?.[Symbol.asyncDispose]();
});

async function open(path: string, watch: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage();
  try {
    await page.goto(`http://127.0.0.1:${place.httpPort}/${path}`);
    await watch(page);
  } finally {
    await page.close();
  }
}

/** The player's state, with the words it shows. */
const told = (page: Page): Promise<string> =>
  page.evaluate<string>(`(({ state, shadowRoot }) => state + ": " + shadowRoot.textContent)(document.querySelector("millrace-player"))`);

async function refused(page: Page): Promise<void> {
  const end = performance.now() + 10_000;
  while (!/^refused: .*Members only\./s.test(await told(page))) {
    assert.ok(performance.now() < end, await told(page));
    await page.waitForTimeout(50);
  }
}

describe("a stream for members", () => {
  for (const transport of ["websocket", "fetch"]) {
    it(`tells others so over ${transport}`, () =>
      open(`watch/${name}`, async (page) => {
        await page.evaluate(`document.querySelector("millrace-player").setAttribute("transport", "${transport}")`);
        await refused(page);
      }));

    it(`plays over ${transport} with the key that getToken() gives`, () =>
      open(`watch/${name}`, async (page) => {
        await refused(page);
        await page.evaluate(`(() => {
          const player = document.querySelector("millrace-player");
          player.setAttribute("transport", "${transport}");
          player.getToken = async () => "for members";
          player.src = "${name}";
          player.play();
        })()`);
        await playsOn(page, playerVideo, `members-${transport}`);
      }));
  }

  it("plays on a page whose address has the key", () =>
    open(`watch/${name}?key=for%20members`, async (page) => {
      await playsOn(page, playerVideo, "members-query");
      const text = await page.evaluate<string>("document.body.innerText");
      assert.doesNotMatch(text, /for.members|for%20members/);
    }));
});
