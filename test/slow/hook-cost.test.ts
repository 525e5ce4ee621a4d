/** What hooks cost: a thousand calls a second take at most a tenth of a core. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemScheduler } from "../../src/hub/scheduler.ts";
import { AccessChain } from "../../src/server/access/access-chain.ts";
import { Hooks } from "../../src/server/access/hooks.ts";

const callsPerSecond = 1000;
const seconds = 5;
/** Of one core. */
const most = 0.1;
/** Milliseconds between two handfuls of calls. */
const pace = 10;

test("a thousand hook calls a second", async (t) => {
  const hooks = new Hooks();
  const chain = new AccessChain({
    steps: [hooks],
    auth: true,
    timeout: 5000,
    maxPending: 1000,
    scheduler: systemScheduler,
    log: { error: () => assert.fail("a hook failed") },
    onRefused: () => assert.fail("somebody was refused"),
  });
  let calls = 0;
  hooks.add("play", async ({ key, query, signal }) => {
    calls += 1;
    await new Promise(setImmediate);
    signal.throwIfAborted();
    return key === query.get("key") && { as: "live/anna" };
  });
  const ask = async (): Promise<void> => {
    const query = new URLSearchParams("key=k&only=video");
    const headers = { host: "example.org", "user-agent": "a player" };
    const about = { stream: "live/cam", key: "k", query, headers, address: "192.0.2.1", protocol: "http", client: "a player" };
    const grant = await chain.play({ ...about, signal: new AbortController().signal });
    assert.equal(grant.stream, "live/anna");
  };
  await core(ask, 1);
  calls = 0;
  const idle = await core(() => Promise.resolve(), seconds);
  const busy = await core(ask, seconds);
  t.diagnostic(`${calls} calls in ${seconds} s: ${(100 * busy).toFixed(2)} % of a core, ${(100 * idle).toFixed(2)} % of it for the pace`);
  assert.ok(calls >= 0.95 * callsPerSecond * seconds, `${calls} calls`);
  assert.equal(chain.pending, 0);
  assert.ok(busy - idle <= most, `${busy - idle} of a core`);
});

/** Runs a task so often for some seconds. @returns the part of a core that took */
async function core(task: () => Promise<void>, forSeconds: number): Promise<number> {
  const started = performance.now();
  const before = process.cpuUsage();
  let done = 0;
  while (performance.now() - started < forSeconds * 1000) {
    const due = Math.floor(((performance.now() - started) * callsPerSecond) / 1000);
    const tasks: Promise<void>[] = [];
    for (; done < due; done++) tasks.push(task());
    await Promise.all(tasks);
    await delay(pace);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - started);
}
