/** Chromium on pages that are below a path: of a program's own HTTP server, and of a port of ours. */
import assert from "node:assert/strict";
import { createReadStream, existsSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { createServer, type MillraceServer } from "../../src/index.ts";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import { playerVideo, playsOn } from "./browser.ts";

let browser: Browser;
let theirs: Server;
const servers: MillraceServer[] = [];
/** Where the pages are, with a slash at its end. */
const roots: string[] = [];
const stop = new AbortController();

before(async () => {
  if (!existsSync(fileURLToPath(new URL("../../dist/web/watch.html", import.meta.url)))) await buildWeb();
  const clip = await makeClip({ seconds: 30 });
  theirs = createHttpServer((_request, response) => void response.writeHead(404).end("theirs"));
  theirs.listen(0, "127.0.0.1");
  const mounted = createServer({ rtmp: { enabled: false }, http: { server: theirs, basePath: "/media" } });
  const own = createServer({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0, basePath: "/a/b" } });
  servers.push(mounted, own);
  for (const server of servers) {
    await server.listen();
    const file = createReadStream(clip);
    server.publish("live/cam", file, { format: "flv", pace: "realtime", signal: stop.signal }).catch(() => undefined);
  }
  roots.push(`http://127.0.0.1:${(theirs.address() as AddressInfo).port}/media/`, `http://127.0.0.1:${own.address("http")!.port}/a/b/`);
  browser = await launchChromium();
});
after(async () => {
  stop.abort();
  await browser?.close();
  await Promise.all(servers.map((server) => server.close(500)));
  theirs?.closeAllConnections();
  theirs?.close();
});

describe("below a path", () => {
  for (const [i, where] of ["of a program's own server", "of a port of ours"].entries()) {
    it(`${where}: from the first page to the stream, all by links, nothing missing`, async () => {
      const root = roots[i]!;
      const context = await browser.newContext();
      const page = await context.newPage();
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(error.message));
      page.on("response", (response) => {
        if (response.status() >= 400 || !response.url().startsWith(root)) wrong.push(`${response.status()} ${response.url()}`);
      });
      await page.goto(root);
      await page.locator('a[href*="watch/live/cam"]').first().click();
      await page.waitForURL(`${root}watch/live/cam`);
      await playsOn(page, playerVideo, `mounted-${i}`);
      assert.equal(await page.evaluate("document.querySelector('millrace-player').stats().transport"), "websocket");
      const shown = await page.evaluate<string>(
        "document.body.innerText + [...document.querySelectorAll('input, textarea')].map((e) => e.value).join(' ')",
      );
      assert.ok(shown.includes(`${root}live/cam.flv`), shown);
      await page.goto(`${root}embed/live/cam`);
      await playsOn(page, playerVideo, `mounted-embed-${i}`);
      assert.deepEqual(wrong, []);
      await context.close();
    });
  }
});
