/** Every bad input, again and again, against a server as people start it: it survives, and holds nothing of it afterwards. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { GoodNeighbours } from "../support/good-neighbours.ts";
import { httpBadInputs } from "../support/http-bad-inputs.ts";
import type { Holdings } from "../support/inspect-child.ts";
import { InspectedServer } from "../support/inspected-server.ts";
import { rtmpBadInputs, stalledHandshakes } from "../support/rtmp-bad-inputs.ts";
import { badClocks } from "../support/rtmp-clocks.ts";

/** Rounds after the one that warms up. */
const rounds = 3;
/** Bad inputs at one time: most of them wait. */
const lanes = 16;
/** What one round may leave behind. Bytes. */
const mostRss = 2 * 1024 * 1024;
const mostHeap = 200_000;
/** A bad session is over within this time. Milliseconds. */
const endedWithin = 10_000;
const givenUpAfter = 30_000;
/** A peer that is silent after connect has ten seconds by the settings, and is found out within another one. */
const longer = /nothing after connect|pings for ever|never\.flv$|never\.mp4$/;
/** The counts are back within this time: outputs that nobody watches are kept for ten seconds. */
const settledWithin = 25_000;

interface BadInput {
  readonly name: string;
  /** Nothing else is done meanwhile. */
  readonly heavy?: boolean | undefined;
  readonly run: () => Promise<unknown>;
}

interface Round {
  readonly seconds: number;
  readonly slowest: readonly { readonly name: string; readonly ms: number }[];
  readonly holdings: Holdings;
}

test("bad input leaves nothing behind", { timeout: 10 * 60_000 }, async (t) => {
  await using server = await InspectedServer.start();
  using neighbours = await GoodNeighbours.settle(server);
  const inputs: readonly BadInput[] = [
    ...rtmpBadInputs.map(({ name, heavy, run }) => ({ name: `RTMP: ${name}`, heavy, run: () => run(server.rtmp) })),
    { name: "RTMP: 300 stalled handshakes", heavy: true, run: () => stalledHandshakes(server.rtmp, 300) },
    ...badClocks.map(({ name, run }) => ({ name: `RTMP: ${name}`, run: () => run(server.rtmp) })),
    ...httpBadInputs.map(({ name, run }) => ({ name: `HTTP: ${name}`, run: () => run(server.http, neighbours.stream) })),
  ];
  const { counts } = await server.holdings();
  const before = (await round(server, inputs, counts)).holdings;
  const done: Round[] = [];
  for (let i = 0; i < rounds; i++) done.push(await round(server, inputs, counts));
  const figures = { inputs: inputs.length, frames: neighbours.frames, ...figuresOf(before, done) };
  const folder = join(import.meta.dirname, "../../artifacts");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "leaks.json"), `${JSON.stringify({ ...figures, rounds: done }, undefined, 2)}\n`);
  t.diagnostic(JSON.stringify(figures));
  await neighbours.leave();
  assert.doesNotMatch(server.program.stderr, /"level":[56]0/, "a fault of ours");
  for (const growth of figures.rssGrowth) assert.ok(growth <= mostRss, `RSS grew by ${growth} bytes in a round`);
  for (const growth of figures.heapGrowth) assert.ok(growth <= mostHeap, `the heap grew by ${growth} bytes in a round`);
});

/** All bad inputs, many at a time. @param counts what the server has to hold afterwards */
async function round(server: InspectedServer, inputs: readonly BadInput[], counts: Holdings["counts"]): Promise<Round> {
  const started = performance.now();
  const took: { name: string; ms: number }[] = [];
  for (const input of inputs) if (input.heavy === true) took.push(await timed(input));
  const left = inputs.filter((input) => input.heavy !== true).values();
  const lane = async (): Promise<void> => {
    for (const input of left) took.push(await timed(input));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  for (const { name, ms } of took) if (!longer.test(name)) assert.ok(ms <= endedWithin, `${name} went on for ${ms} ms`);
  const seconds = Math.round((performance.now() - started) / 1000);
  const slowest = took.toSorted((a, b) => b.ms - a.ms).slice(0, 8);
  return { seconds, slowest, holdings: await settled(server, counts) };
}

async function timed({ name, run }: BadInput): Promise<{ name: string; ms: number }> {
  const started = performance.now();
  const tooLong = new AbortController();
  try {
    await Promise.race([run(), delay(givenUpAfter, undefined, { signal: tooLong.signal }).then(() => assert.fail("it does not end"))]);
    tooLong.abort();
  } catch (error) {
    throw new Error(`${name}: ${String(error)}`, { cause: error });
  }
  return { name, ms: Math.round(performance.now() - started) };
}

async function settled(server: InspectedServer, counts: Holdings["counts"]): Promise<Holdings> {
  const deadline = performance.now() + settledWithin;
  for (;;) {
    const holdings = await server.holdings();
    if (isDeepStrictEqual(holdings.counts, counts)) return holdings;
    if (performance.now() > deadline) assert.deepEqual(holdings.counts, counts, "something is still held");
    await delay(1000);
  }
}

function figuresOf(before: Holdings, done: readonly Round[]) {
  const all = [before, ...done.map(({ holdings }) => holdings)];
  const growth = (key: "rss" | "heapUsed") => done.map(({ holdings }, i) => holdings[key] - all[i]![key]);
  return {
    rssGrowth: growth("rss"),
    heapGrowth: growth("heapUsed"),
    rss: before.rss,
    heap: before.heapUsed,
    counts: before.counts,
    seconds: done.map(({ seconds }) => seconds),
    slowest: done.at(-1)!.slowest,
  };
}
