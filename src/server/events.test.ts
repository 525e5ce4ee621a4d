import assert from "node:assert/strict";
import { test } from "node:test";
import { Events } from "./events.ts";

interface Sample {
  readonly a: number;
  readonly b: string;
}

function setUp(): { events: Events<Sample>; logged: object[] } {
  const logged: object[] = [];
  const log = { error: (fields: object) => void logged.push(fields) };
  return { events: new Events<Sample>(["a", "b"], log), logged };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("listeners hear what they asked for, in order, after the turn in which it happened", async () => {
  const { events } = setUp();
  const heard: unknown[] = [];
  events.on("a", (value) => heard.push(value));
  events.on("b", (value) => heard.push(value));
  events.emit("a", 1);
  events.emit("b", "x");
  events.emit("a", 2);
  assert.deepEqual(heard, []);
  await turn();
  assert.deepEqual(heard, [1, "x", 2]);
});

test("a listener that throws or rejects is logged; the others and who emitted notice nothing", async () => {
  const { events, logged } = setUp();
  const heard: number[] = [];
  events.on("a", () => {
    throw new Error("thrown");
  });
  events.on("a", () => Promise.reject(new Error("rejected")));
  events.on("a", (value) => heard.push(value));
  events.emit("a", 1);
  await turn();
  assert.deepEqual(heard, [1]);
  assert.deepEqual(
    logged.map((fields) => ({ ...fields, err: (fields as { err: Error }).err.message })),
    [
      { err: "thrown", event: "a" },
      { err: "rejected", event: "a" },
    ],
  );
});

test("who has gone hears nothing: by the function returned, by the signal, also of what has happened already", async () => {
  const { events } = setUp();
  const heard: string[] = [];
  const abort = new AbortController();
  const off = events.on("a", () => heard.push("off"));
  events.on("a", () => heard.push("signal"), { signal: abort.signal });
  events.on("a", () => heard.push("aborted before"), { signal: AbortSignal.abort() });
  const late = events.on("a", () => heard.push("late"));
  events.emit("a", 1);
  late();
  await turn();
  off();
  abort.abort();
  events.emit("a", 2);
  await turn();
  assert.deepEqual(heard, ["off", "signal"]);
});

test("a name that is none and what is no function are told at once", () => {
  const { events } = setUp();
  assert.throws(() => events.on("c" as "a", () => undefined), /no event "c"; there are a, b/);
  assert.throws(() => events.on("toString" as "a", () => undefined), TypeError);
  assert.throws(() => events.on("a", undefined as unknown as () => void), /a listener is a function/);
});
