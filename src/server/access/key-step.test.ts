import assert from "node:assert/strict";
import { test } from "node:test";
import type { IncomingMessage } from "node:http";
import type { AccessRequest } from "../../hub/access.ts";
import { streamAddress } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import { systemScheduler } from "../../hub/scheduler.ts";
import { readTarget } from "../http/target.ts";
import { viewerQuestion } from "../http/viewer-question.ts";
import { AccessChain, Intent } from "./access-chain.ts";
import { KeyRing } from "./key-ring.ts";
import { KeyStep } from "./key-step.ts";
import { newKey } from "./publish-key.ts";

const general = newKey();
const bound = newKey();
const own = "correct-horse";
const keys = new KeyRing({
  fixed: [
    { key: general, stream: undefined },
    { key: bound, stream: "live/cam" },
    { key: own, stream: "live/own" },
  ],
});
const step = new KeyStep(keys, true);

/** What a protocol makes of app and name. */
function asked(app: string, name: string, password?: string): AccessRequest {
  const { name: stream, params } = streamAddress(app, name);
  const { signal } = new AbortController();
  return {
    stream,
    query: params,
    key: password ?? params.get("key") ?? undefined,
    headers: {},
    address: "192.0.2.1",
    protocol: "rtmp",
    client: "",
    signal,
  };
}

const published = async (request: AccessRequest) => (await step.decide(Intent.publish, request)).stream;

test("a key is taken in every spelling", async () => {
  const escaped = Array.from(general, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");
  const granted: [AccessRequest, string][] = [
    [asked("live", `cam?key=${general}`), "live/cam"],
    [asked("live", `cam?x=1&key=${general}&y=2`), "live/cam"],
    [asked(`live?key=${general}`, "cam"), "live/cam"],
    [asked("live", `cam?key=${escaped}`), "live/cam"],
    [asked("", `live/cam?key=${general}`), "live/cam"],
    [asked(`live?key=wrong`, `cam?key=${general}`), "live/cam"],
    [asked("live", "cam", general), "live/cam"],
    [asked("live", `cam?key=${bound}`), "live/cam"],
    [asked("live", bound), "live/cam"],
    [asked("live/", `${bound}?x=1`), "live/cam"],
    [asked("elsewhere", bound), "live/cam"],
    [asked("", bound), "live/cam"],
    [asked("live", bound.replace("_", "%5F")), "live/cam"],
    [asked("live", `${bound}?key=${bound}`), "live/cam"],
    [asked("live", `${bound}?key=${general}`), "live/cam"],
    [asked("live", own), "live/own"],
  ];
  for (const [request, stream] of granted) assert.equal(await published(request), stream);
});

test("over HTTP a key comes in the query, as a bearer token or as the password of Basic", async () => {
  const over = (headers: Readonly<Record<string, string>>, path = "/live/cam.flv") => {
    const target = readTarget(path)!;
    const facts = { stream: "live/cam", protocol: "http", address: "192.0.2.1" };
    const { signal } = new AbortController();
    return { ...viewerQuestion({ headers } as unknown as IncomingMessage, target, facts), signal };
  };
  const chain = new AccessChain({
    steps: [step],
    auth: true,
    timeout: 1000,
    maxPending: 10,
    scheduler: systemScheduler,
    log: { error: (_fields, message) => assert.ok(false, message) },
    onRefused: () => undefined,
  });
  for (const request of [
    over({}, `/live/cam.flv?key=${general}`),
    over({ authorization: `Bearer ${general}` }),
    over({ authorization: `bearer ${bound}` }),
    over({ authorization: `Basic ${btoa(`anybody:${general}`)}` }),
    over({ authorization: `Basic ${btoa(`:${bound}`)}` }),
  ]) {
    assert.deepEqual(await chain.publish(request), { stream: "live/cam" });
  }
  for (const authorization of [
    "",
    "Bearer",
    "Bearer wrong",
    `Bearer ${own}`,
    `Basic ${btoa(general)}`,
    `Basic ${btoa(`${general}:`)}`,
    general,
  ]) {
    await assert.rejects(chain.publish(over({ authorization })), { code: "denied" }, authorization);
  }
});

test("without a key, with a wrong one, or with one for another stream nobody publishes, and no key is in the words", async () => {
  const refused: [AccessRequest, RegExp][] = [
    [asked("live", "cam"), /^Publishing needs a key/],
    [asked("live", "cam?key="), /^Publishing needs a key/],
    [asked("live", "cam", ""), /^Publishing needs a key/],
    [asked("live", "cam?KEY=" + general), /^Publishing needs a key/],
    [asked("live", "cam?key=wrong"), /not a valid publish key/],
    [asked("live", `cam?key=${general.slice(0, -1)}`), /not a valid publish key/],
    [asked("live", `cam?key=${general}x`), /not a valid publish key/],
    [asked("live", `cam?key=${general.toUpperCase()}`), /not a valid publish key/],
    [asked("live", `other?key=${bound}`), /publishes another stream/],
    [asked("live", `live/cam?key=${bound}`), /publishes another stream/],
    [asked("live", general), /stands where the stream's name belongs/],
    [asked("live", `${general}?key=${general}`), /stands where the stream's name belongs/],
    [asked(bound, "cam"), /stands where the stream's name belongs/],
    [asked("live", `${newKey()}?key=${general}`), /stands where the stream's name belongs/],
    [asked("live", `x-${own}-x?key=${general}`), /stands where the stream's name belongs/],
  ];
  for (const [request, words] of refused) {
    await assert.rejects(published(request), (error: unknown) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.code, "denied");
      assert.match(error.message, words);
      return [general, bound, own].every((key) => !error.message.includes(key));
    });
  }
});

test("it has no say in who watches, and none in who publishes where keys are switched off", () => {
  assert.equal(step.decides(Intent.publish), true);
  assert.equal(step.decides(Intent.play), false);
  assert.equal(new KeyStep(keys, false).decides(Intent.publish), false);
});

test("where all keys were taken away nobody publishes", async () => {
  await assert.rejects(new KeyStep(new KeyRing({ fixed: [] }), true).decide(Intent.publish, asked("live", "cam?key=x")), {
    code: "denied",
  });
});
