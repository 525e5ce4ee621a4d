/** Frames of a live stream are missing, and what the viewer sees of it (design, "Browser gap tests"). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ClipWatcher, leaveOut } from "../support/clip-watcher.ts";

let watcher: ClipWatcher;

before(async () => {
  watcher = await ClipWatcher.launch();
});
after(async () => watcher.close());

test("nothing happens: nothing waits, nothing is sought, the buffer keeps its target", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ page }) => {
    const report = await page.playOn(8);
    assert.equal(report.waiting, 0);
    assert.equal(report.seeking, 0);
    assert.ok(report.stats!.buffer > 0.2 && report.stats!.buffer < 1, `${report.stats!.buffer}`);
    assert.ok(report.stats!.latency! < 1.2, `${report.stats!.latency}`);
    assert.deepEqual(report.states, ["connecting", "playing"]);
  });
});

test("100 ms of video missing in the middle of a GOP: the picture goes on", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ live, page }) => {
    await leaveOut(live, ["video"], 0.5, 0.1);
    const report = await page.playOn(3);
    assert.equal(report.waiting, 0);
    assert.ok(report.longestFreeze < 400, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
  });
});

test("100 ms of everything missing in the middle of a GOP", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ live, page }) => {
    await leaveOut(live, ["video", "audio"], 0.5, 0.1);
    const report = await page.playOn(3);
    assert.ok(report.waiting <= 1, `${report.waiting}`);
    assert.ok(report.longestFreeze < 500, `${report.longestFreeze} ms`);
  });
});

test("a slow viewer is skipped to the next key frame", { timeout: 60_000 }, async () => {
  await watcher.watch(async ({ live, server, page }) => {
    await leaveOut(live, [], 0.8, 0.1);
    server.skip();
    const report = await page.playOn(4);
    assert.ok(report.waiting <= 1, `${report.waiting} waitings`);
    assert.ok(report.longestFreeze < 1800, `${report.longestFreeze} ms`);
    assert.equal(report.state, "playing");
    assert.ok(report.stats!.buffer < 1.2, `${report.stats!.buffer}`);
  });
});
