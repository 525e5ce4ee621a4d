/** A live stream is interrupted, or its sound ends, and what the viewer sees of it (design, "Browser gap tests"). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ClipWatcher, leaveOut } from "../support/clip-watcher.ts";

let watcher: ClipWatcher;

before(async () => {
  watcher = await ClipWatcher.launch();
});
after(async () => watcher.close());

test("the publisher is away for a second and comes back on the same timeline", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ live, page }) => {
    live.interrupt(1);
    const report = await page.playOn(4);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.equal(report.state, "playing");
    assert.ok(report.stats!.buffer < 1.2, `${report.stats!.buffer}`);
  });
});

test("the connection breaks: one picture goes on", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ server, page }) => {
    server.cut();
    await page.until("report.stats?.reconnects === 1");
    const report = await page.playOn(4);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.ok(report.longestFreeze < 1500, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
  });
});

test("the server restarts with a new timeline", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ live, server, page }) => {
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
  await watcher.watch(async ({ live, page }) => {
    await leaveOut(live, ["audio"], 0.5, 3);
    const report = await page.playOn(2);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.ok(report.longestFreeze < 400, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
  });
});

test("the sound is announced as gone: the picture goes on", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ live, page }) => {
    live.announce(watcher.clip.tracks.filter((track) => track.kind === "video"));
    const silent = await page.playOn(4);
    assert.ok(silent.waiting <= 1, `${silent.waiting} waitings`);
    assert.ok(silent.longestFreeze < 400, `${silent.longestFreeze} ms`);
    live.announce(watcher.clip.tracks);
    const report = await page.playOn(3);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.equal(report.stats!.audioCodec, "mp4a.40.2");
  });
});
