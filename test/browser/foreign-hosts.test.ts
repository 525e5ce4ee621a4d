/**
 * The pages in a Chromium that reaches no host but the server: they play, ask nobody else for anything, and break no
 * line of their content security policy. Who may frame them is tried with pages of another site.
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { createServer as createMillrace, type MillraceServer } from "../../src/index.ts";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";

let browser: Browser;
let server: MillraceServer;
let site: Server;
let siteOrigin: string;

before(async () => {
  await buildWeb();
  site = createServer((request, response) => {
    const frame = new URL(request.url ?? "", "http://x").searchParams.get("frame") ?? "";
    response
      .setHeader("Content-Type", "text/html")
      .end(`<!doctype html><title>A site</title><iframe src="${frame}" allow="autoplay"></iframe>`);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  siteOrigin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  server = await millrace({});
  browser = await launchChromium(["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]);
});
after(async () => {
  await browser?.close();
  await server?.close(0);
  site?.close();
  site?.closeAllConnections();
});

async function millrace(http: { readonly allowedOrigins?: string[] }): Promise<MillraceServer> {
  const made = createMillrace({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0, ...http }, demo: true, auth: false });
  await made.listen();
  return made;
}

function origin(of: MillraceServer): string {
  return `http://127.0.0.1:${of.address("http")!.port}`;
}

/** What a page asked for and was not allowed. */
interface Witnessed {
  /** Requests and WebSockets to other hosts. */
  readonly foreign: string[];
  /** Lines of the policy that were broken, and by what. */
  readonly violations: string[];
  readonly errors: string[];
}

/** Opens a page and sees all that it and its frames do. */
async function open(url: string, look: (page: Page, seen: Witnessed) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 900, height: 600 } });
  const seen: Witnessed = { foreign: [], violations: [], errors: [] };
  const own = new Set([new URL(url).host, new URL(origin(server)).host]);
  const asked = (what: string): void => {
    if (!/^(blob|data):/.test(what) && !own.has(new URL(what).host)) seen.foreign.push(what);
  };
  context.on("request", (request) => asked(request.url()));
  context.on("page", (page) => {
    page.on("websocket", (socket) => asked(socket.url()));
    page.on("pageerror", (error) => seen.errors.push(error.message));
  });
  await context.exposeBinding("tellViolation", (_source, text: string) => void seen.violations.push(text));
  await context.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => tellViolation(`${event.effectiveDirective} ${event.blockedURI}`))",
  );
  try {
    const page = await context.newPage();
    await page.goto(url);
    await look(page, seen);
  } finally {
    await context.close();
  }
}

/** Waits until an expression is true in a page or a frame; `waitForFunction` would need `unsafe-eval`. */
async function holds(where: Pick<Page, "evaluate">, expression: string): Promise<void> {
  const until = Date.now() + 15_000;
  while (!(await where.evaluate<boolean>(`Boolean(${expression})`))) {
    assert.ok(Date.now() < until, `${expression} did not come true`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const plays = "document.querySelector('millrace-player')?.stats?.()?.decodedFrames > 20";

describe("with every other host blocked", () => {
  const pages: [path: string, isThere: string][] = [
    ["/", "document.querySelector('#streams a')"],
    ["/watch/live/demo", `${plays} && document.querySelectorAll('#urls .copy-field').length > 4`],
    ["/embed/live/demo", plays],
    ["/watch/live/%zz", "document.querySelector('a') && getComputedStyle(document.body).maxWidth === '576px'"],
  ];
  for (const [path, isThere] of pages) {
    it(`${path} does all it does`, async () => {
      await open(origin(server) + path, async (page, seen) => {
        await holds(page, isThere);
        assert.deepEqual(seen, { foreign: [], violations: [], errors: [] });
      });
    });
  }

  it("the player plays by fetch too", async () => {
    await open(`${origin(server)}/embed/live/demo`, async (page, seen) => {
      await page.evaluate("document.querySelector('millrace-player').setAttribute('transport', 'fetch')");
      await holds(page, `${plays} && document.querySelector('millrace-player').stats().transport === 'fetch'`);
      assert.deepEqual(seen, { foreign: [], violations: [], errors: [] });
    });
  });

  it("what a page must not do is not done, and is seen here", async () => {
    await open(`${origin(server)}/watch/live/demo`, async (page, seen) => {
      const misdeeds: [script: string, directive: RegExp][] = [
        ["document.body.append(Object.assign(new Image(), { src: 'http://elsewhere.example/x.png' }))", /^img-src http:\/\/elsewhere/],
        [
          "document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.ran = 1' }))",
          /^script-src-elem inline/,
        ],
        ["document.body.append(Object.assign(document.createElement('style'), { textContent: 'p {}' }))", /^style-src-elem inline/],
        ["document.body.setAttribute('style', 'color: red')", /^style-src-attr inline/],
        ["document.body.setAttribute('onclick', 'globalThis.ran = 1')", /^script-src-attr inline/],
        ["void fetch('http://elsewhere.example/').catch(() => 0)", /^connect-src http:\/\/elsewhere/],
        ["try { new WebSocket('wss://elsewhere.example/') } catch {}", /^connect-src wss:\/\/elsewhere/],
        [
          "document.body.append(Object.assign(document.createElement('iframe'), { src: 'http://elsewhere.example/' }))",
          /^frame-src http:\/\/elsewhere/,
        ],
        ["document.querySelector('base').href = 'http://elsewhere.example/'", /^base-uri http:\/\/elsewhere/],
        // Later, because what a debugger runs may use it.
        ["setTimeout(() => { try { Function('globalThis.ran = 1')() } catch {} })", /^script-src eval/],
      ];
      for (const [script, directive] of misdeeds) {
        seen.violations.length = 0;
        await page.evaluate(`(() => { ${script} })()`);
        for (let tries = 0; !seen.violations.some((text) => directive.test(text)); tries++) {
          assert.ok(tries < 100, `${script}: ${seen.violations.join(", ")}`);
          await page.waitForTimeout(20);
        }
      }
      assert.equal(await page.evaluate("globalThis.ran"), undefined);
    });
    await open(`${siteOrigin}/?frame=http://elsewhere.example/`, async (_page, seen) => {
      assert.deepEqual(seen.foreign, ["http://elsewhere.example/"]);
      return Promise.resolve();
    });
  });
});

describe("frames on other sites", () => {
  const frameOf = (page: Page): Page["evaluate"] | undefined => {
    const frame = page.frames().find((each) => each !== page.mainFrame());
    return frame?.evaluate.bind(frame) as Page["evaluate"] | undefined;
  };
  const isBlocked = async (page: Page): Promise<boolean> => {
    const frame = page.frames().find((each) => each !== page.mainFrame());
    await frame?.waitForLoadState();
    return frame?.url().startsWith("chrome-error:") === true;
  };

  it("show the embedded player", async () => {
    await open(`${siteOrigin}/?frame=${origin(server)}/embed/live/demo`, async (page, seen) => {
      await holds({ evaluate: frameOf(page)! }, plays);
      assert.deepEqual(seen, { foreign: [], violations: [], errors: [] });
    });
  });

  it("show no other page", async () => {
    for (const path of ["/", "/watch/live/demo", "/api/v1/streams", "/watch/live/%zz"]) {
      await open(`${siteOrigin}/?frame=${origin(server)}${path}`, async (page) => assert.ok(await isBlocked(page), path));
    }
  });

  it("show the embedded player only where the site is listed", async () => {
    const listed = await millrace({ allowedOrigins: [siteOrigin] });
    const closed = await millrace({ allowedOrigins: ["https://elsewhere.example"] });
    try {
      await open(`${siteOrigin}/?frame=${origin(listed)}/embed/live/demo`, (page) => holds({ evaluate: frameOf(page)! }, plays));
      await open(`${siteOrigin}/?frame=${origin(closed)}/embed/live/demo`, async (page) => assert.ok(await isBlocked(page)));
      // Its own pages play all the same.
      await open(`${origin(closed)}/watch/live/demo`, (page) => holds(page, plays));
    } finally {
      await Promise.all([listed.close(0), closed.close(0)]);
    }
  });
});
