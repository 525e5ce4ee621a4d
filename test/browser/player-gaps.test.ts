/** What a live stream suffers, and what the viewer sees of it (design, "Browser gap tests"). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeLoopClip } from "../support/loop-clip.ts";
import type { LoopClip } from "../support/loop-clip.ts";
import { FakeMp4Server } from "../support/fake-mp4-server.ts";
import { LiveClip } from "../support/live-clip.ts";
import { PlayerBrowser } from "../support/player-page.ts";
import type { PlayerPage } from "../support/player-page.ts";

let browser: PlayerBrowser;
let clip: LoopClip;

before(async () => {
  [browser, clip] = await Promise.all([PlayerBrowser.launch(), makeLoopClip()]);
});
after(async () => browser.close());

interface Watching {
  readonly live: LiveClip;
  readonly server: FakeMp4Server;
  readonly page: PlayerPage;
}

/** Half a second of buffer: what is tried here is the fault, not how busy the machine is that the tests run on. */
const latency = "0.5";

/** Watches a live clip until it has settled, does something to it, and looks at what came of it. */
async function watch(
  what: (watching: Watching) => Promise<void>,
  attributes: Readonly<Record<string, string>> = {},
  of = clip,
): Promise<void> {
  const live = new LiveClip(of);
  const server = new FakeMp4Server(live);
  await server.listen();
  const page = await browser.open(server.page({ src: "/live/cam", autoplay: "", controls: "", latency, ...attributes }));
  try {
    await page.until(`report.state === "playing" && report.currentTime > 0`);
    await page.playOn(1.5);
    await page.reset();
    await what({ live, server, page });
    assert.deepEqual(page.problems, []);
  } finally {
    await page.page.close();
    await server.close();
  }
}

/** A filter that leaves out what lies in a stretch beginning `from` seconds after the next key frame, and when it is over. */
function leaveOut(live: LiveClip, kinds: readonly string[], from: number, seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let start: number | undefined;
  live.filter = (frame, track, time) => {
    if (start === undefined && track.kind === "video" && frame.sap !== 0) start = time + from;
    if (start === undefined || time < start) return true;
    if (time >= start + seconds) {
      live.filter = () => true;
      resolve();
      return true;
    }
    return !kinds.includes(track.kind);
  };
  return promise;
}

test("nothing happens: nothing waits, nothing is sought, the buffer keeps its target", { timeout: 60_000 }, async () => {
  await watch(async ({ page }) => {
    const report = await page.playOn(8);
    assert.equal(report.waiting, 0);
    assert.equal(report.seeking, 0);
    assert.ok(report.stats!.buffer > 0.2 && report.stats!.buffer < 1, `${report.stats!.buffer}`);
    assert.ok(report.stats!.latency! < 1.2, `${report.stats!.latency}`);
    assert.deepEqual(report.states, ["connecting", "playing"]);
  });
});

test("100 ms of video missing in the middle of a GOP: the picture goes on", { timeout: 60_000 }, async () => {
  await watch(async ({ live, page }) => {
    await leaveOut(live, ["video"], 0.5, 0.1);
    const report = await page.playOn(3);
    assert.equal(report.waiting, 0);
    assert.ok(report.longestFreeze < 400, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
  });
});

test("100 ms of everything missing in the middle of a GOP", { timeout: 60_000 }, async () => {
  await watch(async ({ live, page }) => {
    await leaveOut(live, ["video", "audio"], 0.5, 0.1);
    const report = await page.playOn(3);
    assert.ok(report.waiting <= 1, `${report.waiting}`);
    assert.ok(report.longestFreeze < 500, `${report.longestFreeze} ms`);
  });
});

test("a slow viewer is skipped to the next key frame", { timeout: 60_000 }, async () => {
  await watch(async ({ live, server, page }) => {
    await leaveOut(live, [], 0.8, 0.1);
    server.skip();
    const report = await page.playOn(4);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.ok(report.longestFreeze < 1800, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
    assert.ok(report.stats!.buffer < 1.2, `${report.stats!.buffer}`);
  });
});

test("the publisher is away for a second and comes back on the same timeline", { timeout: 60_000 }, async () => {
  await watch(async ({ live, page }) => {
    live.interrupt(1);
    const report = await page.playOn(4);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.equal(report.state, "playing");
    assert.ok(report.stats!.buffer < 1.2, `${report.stats!.buffer}`);
  });
});

test("the connection breaks: one picture goes on", { timeout: 60_000 }, async () => {
  await watch(async ({ server, page }) => {
    server.cut();
    await page.until("report.stats?.reconnects === 1");
    const report = await page.playOn(4);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.ok(report.longestFreeze < 1500, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
  });
});

test("the server restarts with a new timeline", { timeout: 60_000 }, async () => {
  await watch(async ({ live, server, page }) => {
    server.isDown = true;
    server.cut();
    await page.until(`report.state === "reconnecting"`);
    live.restart();
    server.isDown = false;
    await page.until("report.stats?.reconnects === 1");
    const report = await page.playOn(4);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.equal(report.state, "playing");
    assert.ok(report.stats!.buffer < 1.2, `${report.stats!.buffer}`);
  });
});

test("the sound is lost and comes back: the picture goes on", { timeout: 60_000 }, async () => {
  await watch(async ({ live, page }) => {
    await leaveOut(live, ["audio"], 0.5, 3);
    const report = await page.playOn(2);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.ok(report.longestFreeze < 400, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
  });
});

test("the sound is announced as gone: the picture goes on", { timeout: 60_000 }, async () => {
  await watch(async ({ live, page }) => {
    live.announce(clip.tracks.filter((track) => track.kind === "video"));
    const silent = await page.playOn(4);
    assert.ok(silent.waiting <= 1, `${silent.waiting} waitings`);
    assert.ok(silent.longestFreeze < 400, `${silent.longestFreeze} ms`);
    live.announce(clip.tracks);
    const report = await page.playOn(3);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.equal(report.stats!.audioCodec, "mp4a.40.2");
  });
});
