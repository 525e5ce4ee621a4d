/** Hooks that break, again and again over every protocol: when it is over the server holds what it held before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { AccessHook } from "../src/index.ts";
import { createServer } from "../src/server/server.ts";
import { doors } from "./contracts/doors.ts";
import { Tone } from "./support/tone.ts";

/** Of each door and kind. */
const knocks = 15;

const hooks: readonly (readonly [name: string, hook: AccessHook, leaves: boolean])[] = [
  [
    "throw",
    () => {
      throw new Error("a bug");
    },
    false,
  ],
  ["hang", () => new Promise(() => undefined), false],
  ["hang, and the peer leaves", () => new Promise(() => undefined), true],
  [
    "answer when they are told to stop",
    ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(true))),
    true,
  ],
  ["answer late", () => delay(150, true), false],
  ["answer nonsense", () => 7 as unknown as boolean, false],
];

/** What keeps the process busy, and how much of it: sockets, timers, servers. */
function holdings(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

for (const [name, hook, leaves] of hooks) {
  test(`hooks that ${name}`, async () => {
    const server = createServer({
      rtmp: { host: "127.0.0.1", port: 0 },
      http: { host: "127.0.0.1", port: 0 },
      hooks: { timeout: "100ms" },
      viewers: { max: 1 },
    });
    const signals: AbortSignal[] = [];
    const noting: AccessHook = (request) => {
      signals.push(request.signal);
      return hook(request);
    };
    server.onPublish(noting);
    const takeAway = server.onPlay(noting);
    await server.listen();
    new Tone(server.hub, "live/tone");
    const before = holdings();
    const wait = async (condition: () => boolean, what: string): Promise<void> => {
      const end = performance.now() + 10_000;
      while (!condition()) {
        assert.ok(performance.now() < end, `${what}: ${JSON.stringify(holdings())}, before ${JSON.stringify(before)}`);
        await delay(10);
      }
    };
    const people = doors.flatMap((door) => Array.from({ length: knocks }, () => door.knock(server, "live/tone")));
    if (leaves) {
      await wait(() => signals.length === people.length, "all are asked about");
      for (const { leave } of people) leave();
    } else {
      const answers = await Promise.all(people.map(({ answer }) => answer));
      assert.ok(!answers.includes("granted"));
      for (const { leave } of people) leave();
    }
    await wait(
      () => Object.keys({ ...holdings(), ...before }).every((kind) => (holdings()[kind] ?? 0) <= (before[kind] ?? 0)),
      "all is given back",
    );
    if (/hang|stop|late/.test(name)) assert.ok(signals.every(({ aborted }) => aborted));
    assert.deepEqual([server.hub.waiting, server.hub.streams.get("live/tone")?.viewers, server.hub.streams.size], [0, 0, 1]);
    // The one seat is free.
    takeAway();
    const last = doors.find((door) => door.name === "HTTP-FLV")!.knock(server, "live/tone");
    assert.equal(await last.answer, "granted");
    last.leave();
    await server.close(200);
  });
}
