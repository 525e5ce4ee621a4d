/** The suite that every way to be let in passes: what hooks decide is what happens, and when they break nobody comes in. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { AccessDenied, type AccessHook, type AccessRequest } from "../../src/index.ts";
import { type ComposedServer, createServer } from "../../src/server/server.ts";
import { createLog } from "../../src/server/log.ts";
import { Tone } from "../support/tone.ts";
import { clientName, type Door, type Knock } from "./doors.ts";

/** What is on air for those who play; publishers go there too once it is over. */
const stream = "live/anna";
const key = "s3cr3t-k3y";
const neutral = /This server could not find out whether you may/;
/** No hook of the suite answers later than this. Milliseconds. */
const hookTimeout = 150;

export function accessContract(door: Door): void {
  describe(door.name, () => {
    let server: ComposedServer;
    let knocks: Knock[];
    let log: string;
    let silence: () => void;

    /** @param timeout milliseconds that hooks have */
    const open = async (timeout: number): Promise<void> => {
      log = "";
      knocks = [];
      const logger = createLog({ level: "trace", format: "json", colour: false, write: (line) => (log += line) });
      server = createServer({
        rtmp: { host: "127.0.0.1", port: 0 },
        http: { host: "127.0.0.1", port: 0 },
        hooks: { timeout: `${timeout}ms`, maxPending: 2 },
        streams: { gracePeriod: "0s" },
        viewers: { waitForPublisher: "50ms" },
        logger,
      });
      await server.listen();
      silence = door.intent === "play" ? new Tone(server.hub, stream).run() : () => undefined;
    };
    const close = async (): Promise<void> => {
      silence();
      for (const { leave } of knocks) leave();
      await server.close(200);
      assert.ok(!log.includes(key), "a key is in the log");
    };
    /** Hooks have so long that nothing happens because their time is up. */
    const openWithPatience = async (): Promise<void> => {
      await close();
      await open(20_000);
    };
    beforeEach(() => open(hookTimeout));
    afterEach(close);

    const knock = (path: string): Knock => {
      const made = door.knock(server, path);
      knocks.push(made);
      return made;
    };
    const hook = (made: AccessHook): (() => void) => (door.intent === "publish" ? server.onPublish(made) : server.onPlay(made));
    const isThere = (): boolean => {
      const found = server.hub.streams.get(stream);
      return door.intent === "publish" ? found?.publication !== undefined : found?.viewers === 1;
    };

    it("lets in whom nobody refuses", async () => {
      const takeAway = hook(() => true);
      assert.equal(await knock(stream).answer, "granted");
      await until(isThere);
      takeAway();
    });

    it("tells a hook all that it knows", async () => {
      let told: AccessRequest | undefined;
      hook((request) => void (told = request));
      assert.equal(await knock(`${stream}?key=${key}&room=7`).answer, "granted");
      const { signal, headers, query, ...rest } = told!;
      assert.deepEqual(rest, { stream, key, address: "127.0.0.1", protocol: door.protocol, client: clientName });
      assert.deepEqual([query.get("room"), query.get("key")], ["7", key]);
      assert.equal(headers["x-test"], door.protocol === "rtmp" ? undefined : "Yes");
      assert.equal(signal.aborted, false);
    });

    it("refuses in the hook's words", async () => {
      hook(() => {
        throw new AccessDenied("The doors open at eight.");
      });
      assert.equal(await knock(stream).answer, `${door.says.denied}The doors open at eight.`);
      assert.equal(await knock(`${stream}?key=${key}`).answer, `${door.says.deniedWithKey}The doors open at eight.`);
      assert.ok(!isThere());
      assert.match(log, /The doors open at eight/);
    });

    for (const [name, broken] of brokenHooks) {
      it(`lets nobody in where a hook ${name}`, async () => {
        let signal: AbortSignal | undefined;
        hook((request) => {
          ({ signal } = request);
          return broken();
        });
        const answer = await knock(stream).answer;
        assert.ok(answer.startsWith(door.says.denied), answer);
        assert.match(answer, neutral);
        assert.match(log, /nobody could decide/);
        assert.doesNotMatch(answer, /a bug of the hook/);
        // A late answer changes nothing.
        if (signal?.aborted === true) await delay(hookTimeout);
        assert.ok(!isThere());
        assert.equal(server.hub.waiting, 0);
      });
    }

    it("shows or publishes the stream under the name that was granted, and does not tell that name", async () => {
      hook(({ stream: asked }) => {
        assert.equal(asked, `live/${key}`);
        return { as: stream };
      });
      assert.equal(await knock(`live/${key}`).answer, "granted");
      await until(isThere);
      assert.ok(!server.hub.streams.has(`live/${key}`));
      assert.match(log, /live\/anna/);
    });

    it("says of a stream that is not there, or taken, what it was asked for", async () => {
      if (door.intent === "publish") new Tone(server.hub, "live/internal");
      hook(() => ({ as: "live/internal" }));
      const words =
        door.intent === "publish" ? /"live\/mine" is being published by somebody else\.$/ : /Nobody is publishing "live\/mine"\.$/;
      assert.match(await knock("live/mine").answer, words);
    });

    it("gives up the question when the peer leaves", async () => {
      await openWithPatience();
      const { promise: asked, resolve } = Promise.withResolvers<AbortSignal>();
      hook(({ signal }) => {
        resolve(signal);
        return new Promise(() => undefined);
      });
      const { leave } = knock(stream);
      const signal = await asked;
      leave();
      await until(() => signal.aborted);
      assert.doesNotMatch(log, /refused|nobody could decide/);
    });

    it("keeps a bounded number of them waiting", async () => {
      hook(() => new Promise(() => undefined));
      const answers = await Promise.all([1, 2, 3].map(() => knock(stream).answer));
      assert.equal(answers.filter((answer) => neutral.test(answer)).length, 2);
      assert.equal(answers.filter((answer) => answer.startsWith(door.says.full) && /busy/.test(answer)).length, 1);
    });

    it("tells who waits that the server closes", async () => {
      await openWithPatience();
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      hook(() => {
        resolve();
        return new Promise(() => undefined);
      });
      const { answer } = knock(stream);
      await asked;
      const started = performance.now();
      const closing = server.close(2000);
      const words = await answer;
      assert.ok(words.startsWith(door.says.closing) && /closing/.test(words), words);
      await closing;
      assert.ok(performance.now() - started < 1900, "it was cut off");
    });
  });
}

const brokenHooks: readonly (readonly [name: string, hook: () => ReturnType<AccessHook>])[] = [
  [
    "throws",
    () => {
      throw new Error("a bug of the hook");
    },
  ],
  ["rejects", () => Promise.reject(new Error("a bug of the hook"))],
  ["hangs", () => new Promise(() => undefined)],
  ["answers late", () => delay(hookTimeout + 50, true)],
  ["returns nonsense", () => "yes" as unknown as boolean],
  ["promises nonsense", () => Promise.resolve({ as: 7 } as unknown as { as: string })],
  ["grants a reserved name", () => ({ as: "api/streams" })],
  ["grants a name that leaves", () => ({ as: "live/../../x" })],
];

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    assert.ok(performance.now() < end, "not in time");
    await delay(5);
  }
}
