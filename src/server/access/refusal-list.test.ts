import assert from "node:assert/strict";
import { test } from "node:test";
import { Intent } from "./access-chain.ts";
import { newKey } from "./publish-key.ts";
import { keptRefusals, RefusalList } from "./refusal-list.ts";

const request = (stream: string, address = "192.0.2.1") => ({ stream, address, protocol: "rtmp", client: "OBS" });
const denied = { code: "denied", message: "no" } as const;

test("the newest attempt comes first, and the same again is one entry that counts", () => {
  const list = new RefusalList(() => []);
  list.add(Intent.publish, request("live/a"), denied, 1000);
  list.add(Intent.publish, request("live/b"), denied, 2000);
  list.add(Intent.publish, request("live/a"), denied, 3000);
  list.add(Intent.play, request("live/a"), { code: "full", message: "too many" }, 4000);
  assert.deepEqual(
    list.attempts.map(({ intent, stream, code, at, count }) => [intent, stream, code, at, count]),
    [
      ["play", "live/a", "full", 4000, 1],
      ["publish", "live/a", "denied", 3000, 2],
      ["publish", "live/b", "denied", 2000, 1],
    ],
  );
});

test("no more than 200 are kept, the oldest go first, and one that tries again and again pushes nobody out", () => {
  const list = new RefusalList(() => []);
  for (let at = 0; at < 1000; at++) {
    list.add(Intent.publish, request(`live/${at}`), denied, at);
    list.add(Intent.publish, request("live/again"), denied, at);
  }
  assert.equal(list.attempts.length, keptRefusals);
  assert.deepEqual([list.attempts[0]?.count, list.attempts.at(-1)?.stream], [1000, "live/801"]);
});

test("keys are masked in all that a peer sent, and long texts are cut", () => {
  const own = { key: "correct-horse", stream: "live/cam" };
  const key = newKey();
  const list = new RefusalList(() => [own]);
  const facts = { stream: `live/${key}`, address: "::1", protocol: "rtmp", client: `me ${own.key} ${"x".repeat(1000)}` };
  list.add(Intent.publish, facts, { code: "denied", message: `what about ${key}` }, 0);
  const text = JSON.stringify(list.attempts);
  assert.ok(!text.includes(key) && !text.includes(own.key) && text.length < 600, text);
  assert.equal(list.attempts[0]?.stream, "live/mr_…");
});
