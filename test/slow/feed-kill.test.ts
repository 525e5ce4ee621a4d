/** A server that keeps a feed is killed at fifty moments, and each time goes on with what it had. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { hexOf, picture, pictureMs } from "../contracts/media.ts";
import { flvReader } from "../contracts/readers.ts";
import { start } from "../support/program.ts";
import { seeded } from "../support/recorded-disk.ts";

const child = fileURLToPath(new URL("../support/feed-child.ts", import.meta.url));
const kills = 50;
/** Pictures of each run have numbers of their own, which begin with a key frame; a picture tells 14 bits of its number. */
const perRun = 300;
/** Milliseconds of the newest that may be lost, and how far back viewers go. */
const [mostLost, back] = [1000, 30_000];

/** Numbers of the pictures that a viewer gets who goes back, up to the end of what is kept. */
async function kept(port: number, from: number): Promise<number[]> {
  const reader = flvReader();
  const date = new Date(from).toISOString();
  await new Promise<void>((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: `/live/cam.flv?date=${date}&pace=fast`, agent: false }, (response) => {
      assert.equal(response.statusCode, 200);
      response.on("data", (bytes: Buffer) => reader.push(Uint8Array.from(bytes)));
      response.on("error", reject);
      response.on("end", resolve);
    }).on("error", reject);
  });
  return reader.frames
    .filter(({ kind }) => kind === "video")
    .map(({ data }) => {
      const bytes = Buffer.from(data, "hex");
      const number = ((bytes[13]! & 0x7f) << 7) | (bytes[9]! & 0x7f);
      const { data: whole } = picture(number, { length: bytes.length, key: (number % perRun) % 25 === 0 });
      assert.ok(data === hexOf(whole), `the payload of picture ${number}`);
      return number;
    });
}

test("fifty kills", { timeout: 600_000 }, async (t) => {
  const data = await mkdtemp(join(tmpdir(), "millrace-kill-"));
  t.after(() => rm(data, { recursive: true, force: true }));
  const random = seeded(4);
  /** What was published and when, as the children said. */
  const published = new Map<number, number>();
  let killed = 0;
  const losses: number[] = [];
  /** The newest picture that was kept last time. */
  let before = -1;
  /** All that were seen to be kept. */
  const there = new Set<number>();
  const look = (run: number, numbers: readonly number[], now: number): void => {
    for (const number of numbers) there.add(number);
    for (let i = 1; i < numbers.length; i++) {
      const [one, next] = [numbers[i - 1]!, numbers[i]!];
      const isNext = next === one + 1 || (next % perRun === 0 && next > one);
      assert.ok(isNext, `${one} is followed by ${next}`);
    }
    // What the last run published until a second before it was killed is there, and what was there before it.
    const ofRun = [...published].filter(([number]) => number >= run * perRun);
    const newest = ofRun.findLast(([, at]) => at <= killed - mostLost)?.[0] ?? before;
    const last = numbers.at(-1) ?? -1;
    assert.ok(last >= newest, `run ${run}: up to ${last} of ${ofRun.at(-1)?.[0]}, ${newest} at least`);
    before = last;
    losses.push(ofRun.filter(([number]) => number > last).length * pictureMs);
    // Those that were lost are none that could be asked for.
    const oldest = [...published].find(([number, at]) => at >= now - back && there.has(number))?.[0];
    if (oldest !== undefined) assert.ok(numbers[0]! <= oldest, `from ${numbers[0]} where ${oldest} was asked for`);
  };
  for (let run = 0; run <= kills; run++) {
    await using program = start(process.execPath, [child, data, String(run * perRun)], { input: "open", stopSignal: "SIGKILL" });
    const port = Number((await program.said(/port (\d+)/))[1]);
    if (run > 0) {
      const now = Date.now();
      look(run - 1, await kept(port, now - back), now);
    }
    program.stdin.write("go\n");
    await program.said(/picture/);
    await delay(200 + random() * 1800);
    killed = Date.now();
    process.kill(program.pid, "SIGKILL");
    const { stdout } = await program.finished;
    for (const [, number, at] of stdout.toString().matchAll(/picture (\d+) (\d+)\n/g)) published.set(Number(number), Number(at));
  }
  assert.equal(losses.length, kills);
  t.diagnostic(
    `${published.size} pictures; lost ${Math.max(...losses)} ms at most, ${Math.round(losses.reduce((a, b) => a + b) / kills)} ms on average`,
  );
});
