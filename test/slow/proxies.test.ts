/** Behind nginx, HAProxy and Caddy as docs/operate.md sets them up: what clients see, and whom the server sees. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import type { Browser } from "playwright-core";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import { run, type RunningProgram, start } from "../support/program.ts";
import { playerVideo, playsOn } from "../interop/browser.ts";
import { Place } from "../interop/place.ts";
import { caddy, haproxy, nginx, type Proxy, proxyAddress } from "../interop/proxy-recipes.ts";
import { ffmpeg5 } from "../interop/publishers.ts";

/** An address of a client that no proxy has. */
const clientAddress = "127.0.0.3";

interface LogRecord {
  readonly msg: string;
  readonly level: number;
  readonly address?: string;
}

let place: Place;
let browser: Browser;
let records: LogRecord[];
let publisher: RunningProgram;
const proxies = new Map<string, Proxy>();

before(async () => {
  if (!existsSync(fileURLToPath(new URL("../../dist/web/watch.html", import.meta.url)))) await buildWeb();
  records = [];
  const logger = pino({ level: "debug", base: null }, { write: (line: string) => void records.push(JSON.parse(line) as LogRecord) });
  place = await Place.open({ trustedProxies: ["127.0.0.1", proxyAddress], logger });
  browser = await launchChromium();
  for (const [name, open] of Object.entries({ nginx, haproxy, caddy })) proxies.set(name, await open(place));
  publisher = ffmpeg5.publish(await makeClip({ seconds: 60 }), place.rtmp("live/cam"));
  await place.until(() => place.server.hub.streams.get("live/cam")?.state === "live", "live/cam is live");
});
after(async () => {
  await browser?.close();
  for (const program of [publisher, ...[...proxies.values()].map((proxy) => proxy.program)]) await program?.stop();
  await place?.[Symbol.asyncDispose]();
});

/** Resolves with the first record since `from` that has this in its message. */
async function logged(words: string, from: number): Promise<LogRecord> {
  const found = (): LogRecord | undefined => records.slice(from).find(({ msg }) => msg.includes(words));
  await place.until(() => found() !== undefined, `the log says: ${words}`);
  return found()!;
}

describe("HTTPS at a sub-path", () => {
  for (const name of ["nginx", "haproxy", "caddy"]) {
    const root = (): string => `https://127.0.0.1:${proxies.get(name)!.web}/media/`;

    it(`${name}: the page plays by WebSocket, and shows addresses of https and wss`, async () => {
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      const wrong: string[] = [];
      page.on("console", (message) => void (message.type() === "error" && wrong.push(message.text())));
      await page.goto(`${root()}watch/live/cam`);
      await playsOn(page, playerVideo, `proxy-${name}`);
      assert.equal(await page.evaluate("document.querySelector('millrace-player').stats().transport"), "websocket");
      const shown = await page.locator("#urls code").allTextContents();
      const wanted = [
        `rtmp://127.0.0.1:${place.rtmpPort}/live/cam`,
        `${root()}live/cam.flv`,
        `${root().replace("https:", "wss:")}live/cam.mp4`,
        `${root()}watch/live/cam`,
      ];
      for (const url of wanted) assert.ok(shown.includes(url), `${url} is not among ${shown.join(" ")}`);
      assert.deepEqual(wrong, []);
      await page.close();
    });

    it(`${name}: the API tells the URL that was asked for, whatever the client says`, async () => {
      const lies = [
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Prefix: /evil",
        "X-Forwarded-Proto: http",
        "Forwarded: host=evil.example",
      ];
      const answer = await run("curl", ["-sk", ...lies.flatMap((lie) => ["-H", lie]), `${root()}api/v1/streams`]);
      const { server } = JSON.parse(answer.stdout.toString()) as { server: { httpUrl: string } };
      assert.equal(server.httpUrl, root());
    });

    it(`${name}: the client's address arrives, and not the one it makes up`, async () => {
      const from = records.length;
      const lie = "X-Forwarded-For: 192.0.2.66, 127.0.0.1";
      await using viewer = start("curl", [
        "-skN",
        "--interface",
        clientAddress,
        "-H",
        lie,
        "-o",
        place.file("flv"),
        `${root()}live/cam.flv`,
      ]);
      assert.equal((await logged("viewer came", from)).address, clientAddress);
      await viewer.stop();
    });
  }
});

describe("through a proxy in TCP mode", () => {
  const ways: [name: string, url: () => string][] = [
    ["nginx, PROXY protocol 1", () => `rtmp://127.0.0.1:${proxies.get("nginx")!.rtmp}`],
    ["nginx, RTMPS", () => `rtmps://127.0.0.1:${proxies.get("nginx")!.rtmps}`],
    ["HAProxy, PROXY protocol 2", () => `rtmp://127.0.0.1:${proxies.get("haproxy")!.rtmp}`],
  ];
  for (const [name, url] of ways) {
    it(`${name}: FFmpeg publishes and plays, and its address arrives`, async () => {
      const from = records.length;
      const stream = `live/${name.replaceAll(/\W/g, "")}`;
      const clip = await makeClip({ seconds: 4 });
      await using sending = ffmpeg5.publish(clip, `${url()}/${stream}`);
      await using playing = start("ffmpeg", [
        "-v",
        "error",
        "-nostdin",
        "-i",
        `${url()}/${stream}`,
        "-c",
        "copy",
        "-f",
        "flv",
        place.file("flv"),
      ]);
      assert.equal((await logged("RTMP publisher started", from)).address, "127.0.0.1");
      assert.equal((await logged("RTMP player started", from)).address, "127.0.0.1");
      await sending.succeeded();
      await playing.succeeded();
    });
  }

  it("a trusted proxy that sends no header works too, and is taken for the publisher", async () => {
    const from = records.length;
    await using sending = ffmpeg5.publish(await makeClip({ seconds: 4 }), `rtmp://127.0.0.1:${proxies.get("haproxy")!.bare}/live/bare`);
    assert.equal((await logged("RTMP publisher started", from)).address, proxyAddress);
    await sending.stop();
  });

  it("HTTP through HAProxy in TCP mode: the client's address arrives", async () => {
    const from = records.length;
    const url = `http://127.0.0.1:${proxies.get("haproxy")!.plainWeb}/live/cam.flv`;
    await using viewer = start("curl", ["-sN", "--interface", clientAddress, "-o", place.file("flv"), url]);
    assert.equal((await logged("viewer came", from)).address, clientAddress);
    await viewer.stop();
  });

  it("HAProxy's health checks and whoever looks at a port are no trouble in the log", () => {
    assert.deepEqual(
      records.filter(({ level }) => level >= 40).map(({ msg }) => msg),
      [],
    );
  });
});
