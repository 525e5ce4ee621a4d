/** How late the picture is: a clock burned into the pictures before the encoder, read off the screen of a browser. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { launchChromium } from "../support/chromium.ts";
import { barsReader } from "../support/clock-bars.ts";
import { ClockSource } from "../support/clock-source.ts";
import { startServer } from "../support/server-program.ts";

/** Seconds that are looked at. */
const length = 60;
/** Pictures made before the page is opened: more than the server keeps. */
const onAirBefore = 150;
const artifacts = join(import.meta.dirname, "../../artifacts");

/** What the page saw, times in `Date.now()` milliseconds. */
interface Sight {
  /** Of each picture shown: its clock (-1 where it could not be read), when it was on the screen, how many the browser had presented. */
  readonly shown: readonly (readonly [clock: number, at: number, presented: number])[];
  readonly openedAt: number;
  readonly events: readonly { readonly name: string; readonly at: number }[];
  /** The player's own figures, twice a second. */
  readonly stats: readonly {
    readonly latency: number | null;
    readonly buffer: number;
    readonly playbackRate: number;
    readonly droppedFrames: number;
  }[];
}

/** Finds the player's video as soon as it is there and notes each picture and each trouble. */
const probe = `(() => {
  const wall = (time) => Date.now() + time - performance.now();
  const sight = { shown: [], openedAt: wall(0), events: [], stats: [] };
  globalThis.sight = sight;
  const watch = (player, video) => {
    const read = ${barsReader};
    const note = (now, { expectedDisplayTime, presentedFrames }) => {
      video.requestVideoFrameCallback(note);
      sight.shown.push([read(video), wall(expectedDisplayTime), presentedFrames]);
    };
    video.requestVideoFrameCallback(note);
    for (const name of ["waiting", "stalled", "seeking", "playing", "error"])
      video.addEventListener(name, () => sight.events.push({ name, at: Date.now() }));
    setInterval(() => sight.stats.push(player.stats()), 500);
  };
  const look = () => {
    const player = document.querySelector("millrace-player");
    const video = player?.shadowRoot?.querySelector("video");
    if (video) watch(player, video);
    else setTimeout(look, 1);
  };
  look();
})()`;

let browser: Browser;

before(async () => {
  mkdirSync(artifacts, { recursive: true });
  browser = await launchChromium();
});
after(() => browser?.close());

test("capture to screen in Chromium", { timeout: 180_000 }, async (t) => {
  await using server = await startServer();
  await using source = new ClockSource(`rtmp://127.0.0.1:${server.rtmp}/live/clock`);
  await server.program.said(/"msg":"on air"/, t.signal);
  // Long enough that a page which comes now is not there from the stream's beginning, as pages are not.
  await source.made(onAirBefore);
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.addInitScript(probe);
  await page.goto(`http://127.0.0.1:${server.http}/watch/live/clock`);
  await Promise.race([page.waitForTimeout(length * 1000), source.ended]);
  await page.screenshot({ path: join(artifacts, "latency.png") });
  const figures = evaluate(await page.evaluate<Sight>("sight"), source);
  writeFileSync(join(artifacts, "latency.json"), `${JSON.stringify(figures, undefined, 2)}\n`);
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.seconds > length - 5, `${figures.seconds} s were seen`);
  assert.ok(figures.firstPicture <= 1000, `the first picture after ${figures.firstPicture} ms`);
  assert.ok(figures.median <= 500, `median ${figures.median} ms`);
  assert.ok(figures.p95 <= 700, `p95 ${figures.p95} ms`);
  assert.equal(figures.waiting, 0, "playback waited");
  assert.ok(figures.seeks <= 1, `${figures.seeks} seeks`);
  assert.ok(figures.shownShare >= 0.99, `${figures.shownShare} of the pictures were shown`);
});

/** Milliseconds, except where the name says otherwise. */
function evaluate(sight: Sight, source: ClockSource) {
  const readable = sight.shown.filter(([clock]) => clock >= 0);
  const delays = readable.map(([clock, at]) => at - source.epoch - clock).sort((a, b) => a - b);
  const [first, last] = [readable[0]![0], readable.at(-1)![0]];
  const made = source.captured.filter((clock) => clock >= first && clock <= last);
  const seen = new Set(readable.map(([clock]) => clock));
  const firstAt = sight.shown[0]![1];
  const count = (name: string) => sight.events.filter((event) => event.name === name && event.at > firstAt).length;
  const at = (share: number) => Math.round(delays[Math.floor(delays.length * share)]!);
  const mean = (values: readonly number[]) => Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
  return {
    seconds: Math.round((last - first) / 1000),
    firstPicture: Math.round(firstAt - sight.openedAt),
    median: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: Math.round(delays.at(-1)!),
    waiting: count("waiting"),
    seeks: count("seeking"),
    made: made.length,
    shown: seen.size,
    shownShare: made.filter((clock) => seen.has(clock)).length / made.length,
    /** As the browser counts: callbacks may miss one that was shown. */
    presented: sight.shown.at(-1)![2] - sight.shown[0]![2] + 1,
    lost: lostRuns(made, seen),
    /** What was shown latest: when, in seconds after the first picture, and how late. */
    late: readable
      .map(([clock, time]) => [Math.round((time - firstAt) / 100) / 10, Math.round(time - source.epoch - clock)] as const)
      .filter(([, delay]) => delay > at(0.95) + 50)
      .slice(0, 20),
    unreadable: sight.shown.length - readable.length,
    missedByEncoder: source.missed,
    fromServer: mean(sight.stats.flatMap(({ latency }) => (latency === null ? [] : [latency * 1000]))),
    buffer: mean(sight.stats.map(({ buffer }) => buffer * 1000)),
    droppedByBrowser: sight.stats.at(-1)!.droppedFrames,
    loadAverage: loadavg()[0]!,
  };
}

/** Runs of pictures that were not shown: seconds after the first one, and how many. */
function lostRuns(made: readonly number[], seen: ReadonlySet<number>): (readonly [second: number, pictures: number])[] {
  const runs: (readonly [number, number])[] = [];
  let count = 0;
  for (const [i, clock] of made.entries()) {
    if (!seen.has(clock)) count += 1;
    if (count > 0 && (seen.has(clock) || i === made.length - 1)) {
      runs.push([Math.round((clock - made[0]!) / 100) / 10, count]);
      count = 0;
    }
  }
  return runs;
}
