import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessRequest } from "../../hub/access.ts";
import { Refusal } from "../../hub/refusal.ts";
import { FakeScheduler } from "../../../test/support/fake-scheduler.ts";
import { AccessChain, type AccessChainOptions, type RefusedRequest } from "./access-chain.ts";
import { AccessDenied } from "./access-denied.ts";
import { type AccessHook, Hooks } from "./hooks.ts";

const neutral = /^This server could not find out whether you may publish here\./;

function setUp(options: Partial<AccessChainOptions> = {}) {
  const scheduler = new FakeScheduler();
  const hooks = new Hooks();
  const refused: RefusedRequest[] = [];
  const faults: unknown[] = [];
  const chain = new AccessChain({
    steps: [hooks],
    auth: true,
    timeout: 5000,
    maxPending: 3,
    scheduler,
    log: { error: (fields) => void faults.push((fields as { err?: unknown }).err) },
    onRefused: (each) => void refused.push(each),
    ...options,
  });
  return { scheduler, hooks, refused, faults, chain };
}

function request(more: Partial<AccessRequest> = {}): AccessRequest {
  const query = new URLSearchParams();
  const about = { stream: "live/cam", key: undefined, query, headers: {}, address: "192.0.2.1", protocol: "test", client: "a test" };
  return { ...about, signal: new AbortController().signal, ...more };
}

/** The refusal that an answer was. */
async function refusal(answer: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await answer.then(
    () => assert.fail("it was granted"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal, String(error));
  return error;
}

test("nobody may publish before somebody decides; without auth, and to watch, everybody may", async () => {
  const shut = setUp();
  const { code, message } = await refusal(shut.chain.publish(request()));
  assert.equal(code, "denied");
  assert.match(message, /onPublish/);
  assert.equal(shut.faults.length, 1);
  assert.deepEqual(await shut.chain.play(request()), { stream: "live/cam" });
  const open = setUp({ auth: false });
  assert.deepEqual([open.chain.open, shut.chain.open], [true, false]);
  assert.deepEqual(await open.chain.publish(request()), { stream: "live/cam" });
});

test("what a hook may answer", async () => {
  const granted: [AccessHook, stream: string][] = [
    [() => undefined, "live/cam"],
    [() => true, "live/cam"],
    [async () => {}, "live/cam"],
    [() => ({ as: "live/anna" }), "live/anna"],
    [({ stream }) => Promise.resolve({ as: stream }), "live/cam"],
    [() => ({ as: "live/50% off?" }), "live/50% off?"],
    [() => ({ as: "/flv:live//Ä" }), "live/Ä"],
  ];
  for (const [hook, stream] of granted) {
    const { chain, hooks } = setUp();
    hooks.add("publish", hook);
    assert.deepEqual(await chain.publish(request()), { stream });
    assert.equal(chain.pending, 0);
  }
});

test("everything else refuses, in neutral words and with the reason in the log", async () => {
  const nonsense = ["live/anna", 7, null, {}, [], { as: 7 }, { as: undefined }, { allow: true }, Symbol("yes"), () => true, 1n, NaN, ""];
  const names = ["", "/", "..", "live/../x", "api/x", "Watch", "a/b/c/d/e/f/g/h/i", "x".repeat(201), "a\\b", "a\u0000b", "\ud800"];
  const faulty: (() => unknown)[] = [
    ...nonsense.map((answer) => () => answer),
    ...nonsense.map((answer) => () => Promise.resolve(answer)),
    ...names.map((as) => () => ({ as })),
    () => assert.fail("a bug"),
    () => Promise.reject(new Refusal("busy", "not for the peer")),
    () => Promise.reject(null),
    () => ({
      get as(): string {
        throw new Error("a getter");
      },
    }),
  ];
  for (const hook of faulty) {
    const { chain, hooks, faults, refused } = setUp({ auth: false });
    hooks.add("publish", hook as AccessHook);
    const { code, message } = await refusal(chain.publish(request()));
    assert.equal(code, "denied");
    assert.match(message, neutral);
    assert.equal(faults.length, 1);
    assert.equal(refused.length, 1);
    assert.equal(chain.pending, 0);
  }
});

test("a hook refuses with words, or with none", async () => {
  const words: [AccessHook, message: string][] = [
    [() => false, "You may not publish here."],
    [() => Promise.reject(new AccessDenied("The event is over.")), "The event is over."],
    [
      () => {
        throw new AccessDenied(`${"x".repeat(299)}\u{1f600}`);
      },
      `${"x".repeat(299)}\ufffd`,
    ],
    [() => Promise.reject(new AccessDenied("line\r\nline\u0000")), "line line"],
    [() => Promise.reject(new AccessDenied()), "You may not publish here."],
  ];
  for (const [hook, message] of words) {
    const { chain, hooks, faults } = setUp();
    hooks.add("publish", hook);
    const refused = await refusal(chain.publish(request()));
    assert.deepEqual([refused.code, refused.message], ["denied", message]);
    assert.deepEqual(faults, []);
  }
});

test("several hooks: all have to grant, each sees the name before it, one can be taken away", async () => {
  const { chain, hooks } = setUp();
  const seen: string[] = [];
  hooks.add("publish", ({ stream }) => void seen.push(stream));
  const takeAway = hooks.add("publish", ({ stream }) => ({ as: `${stream}/b` }));
  hooks.add("publish", ({ stream }) => void seen.push(stream));
  assert.deepEqual(await chain.publish(request()), { stream: "live/cam/b" });
  takeAway();
  takeAway();
  assert.deepEqual(await chain.publish(request()), { stream: "live/cam" });
  assert.deepEqual(seen, ["live/cam", "live/cam/b", "live/cam", "live/cam"]);
  hooks.add("publish", () => false);
  hooks.add("publish", () => assert.fail("asked though it was refused before"));
  assert.equal((await refusal(chain.publish(request()))).message, "You may not publish here.");
  assert.throws(() => hooks.add("play", "no" as unknown as AccessHook), TypeError);
});

test("a hook that gives no answer in time refuses, is told, and its late answer counts for nothing", async () => {
  const { chain, hooks, scheduler, faults } = setUp();
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  let signal: AbortSignal | undefined;
  let asked = 0;
  hooks.add("publish", (about) => {
    signal = about.signal;
    return late;
  });
  hooks.add("publish", () => void (asked += 1));
  const answer = refusal(chain.publish(request()));
  await Promise.resolve();
  scheduler.advance(4999);
  assert.equal(signal?.aborted, false);
  assert.equal(chain.pending, 1);
  scheduler.advance(1);
  assert.match((await answer).message, neutral);
  assert.match(String(faults[0]), /no answer within 5000 ms/);
  assert.equal(signal?.aborted, true);
  assert.equal(chain.pending, 0);
  resolve(true);
  await new Promise(setImmediate);
  assert.equal(asked, 0);
  assert.equal(faults.length, 1);
  assert.equal(scheduler.pending, 0);
});

test("a peer that leaves is nobody's refusal; its place is free when the hook is done or time is up", async () => {
  const { chain, hooks, scheduler, faults, refused } = setUp();
  const signals: AbortSignal[] = [];
  const { promise: never } = Promise.withResolvers<boolean>();
  hooks.add("publish", ({ signal }) => {
    signals.push(signal);
    return never;
  });
  const peer = new AbortController();
  const answers = [1, 2, 3].map(() => refusal(chain.publish(request({ signal: peer.signal }))));
  peer.abort();
  await Promise.all(answers);
  assert.ok(signals.every((signal) => signal.aborted));
  assert.deepEqual([refused, faults], [[], []]);
  assert.equal(chain.pending, 3);
  assert.equal((await refusal(chain.publish(request()))).code, "full");
  scheduler.advance(5000);
  assert.equal(chain.pending, 0);
  assert.deepEqual(faults, []);
});

test("closing refuses who waits, and who comes", async () => {
  const { chain, hooks, scheduler } = setUp();
  let signal: AbortSignal | undefined;
  hooks.add("play", (about) => {
    signal = about.signal;
    return new Promise(() => undefined);
  });
  const answer = refusal(chain.play(request()));
  await Promise.resolve();
  chain.close();
  assert.equal((await answer).code, "closing");
  assert.equal((await refusal(chain.play(request()))).code, "closing");
  assert.equal(signal?.aborted, true);
  assert.deepEqual([chain.pending, scheduler.pending], [0, 0]);
});

test("nothing of a request stays on the peer's signal", async () => {
  const { chain, hooks } = setUp();
  const peer = new AbortController();
  let listeners = 0;
  const { signal } = peer;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  hooks.add("play", ({ key }) => key === "right");
  await chain.play(request({ signal, key: "right" }));
  await refusal(chain.play(request({ signal })));
  assert.equal(listeners, 0);
});
