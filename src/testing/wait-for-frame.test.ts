import assert from "node:assert/strict";
import { test } from "node:test";
import { createServer } from "../server/server.ts";
import { FakeClock } from "./fake-clock.ts";
import { publishTestClip } from "./test-clip.ts";
import { waitForFrame } from "./wait-for-frame.ts";
import { WaitTimeoutError } from "./wait.ts";

test("a frame is waited for before anybody publishes, and is of the kind that was asked for", async () => {
  await using server = createServer();
  const waiting = Promise.all([
    waitForFrame(server, "live/cam"),
    waitForFrame(server, "live/cam", { kind: "audio" }),
    waitForFrame(server, "live/cam", { where: ({ dts }) => dts >= 200, kind: "video" }),
  ]);
  await using clip = await publishTestClip(server, "live/cam");
  const [any, audio, later] = await waiting;
  assert.deepEqual([any.track.kind, any.gap, any.sap], ["video", "start", 1]);
  assert.equal(audio.track.codec, "aac");
  assert.ok(later.dts >= 200 && later.dts < 300, `${later.dts} ms`);
  assert.equal(clip.stream, "live/cam");
});

test("it waits on when a stream ends before such a frame came", async () => {
  const clock = new FakeClock();
  await using server = createServer({ clock });
  const waiting = waitForFrame(server, "live/cam", { kind: "audio" });
  await (await publishTestClip(server, "live/cam", { kind: "video" })).stop();
  await clock.advance(1000);
  assert.equal(server.stream("live/cam").state, "offline");
  await using clip = await publishTestClip(server, "live/cam");
  assert.equal((await waiting).track.kind, "audio");
  assert.equal(clip.tracks.length, 2);
});

test("a time-out says what was waited for and how things were", async () => {
  const clock = new FakeClock();
  await using server = createServer({ clock, streams: { gracePeriod: "20s" } });
  const words = async (name: string, kind?: "video" | "audio"): Promise<string> => {
    const error: unknown = await waitForFrame(server, name, { timeout: 30, ...(kind && { kind }) }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof WaitTimeoutError && error.name === "TimeoutError", String(error));
    return error.message;
  };
  assert.equal(await words("live/cam"), 'waited 30 ms for a frame of "live/cam": nobody publishes it');
  const clip = await publishTestClip(server, "live/kam", { kind: "video" });
  assert.equal(await words("live/cam", "video"), 'waited 30 ms for a video frame of "live/cam": nobody publishes it, there is "live/kam"');
  assert.match(
    await words("live/kam", "audio"),
    /^waited 30 ms for an audio frame of "live\/kam": it is live with video \(avc\); \d+ other frames came$/,
  );
  await clip.stop("lost");
  assert.match(await words("live/kam", "audio"), /: its publisher was lost and has not come back; \d+ other frames came$/);
  server.hub.publish("live/silent", { protocol: "test", address: "", encoder: "" });
  assert.match(await words("live/silent"), /: its publisher has not sent its tracks$/);
});

test("a signal, a name that cannot be, a condition that throws, and a server that closes end it at once", async () => {
  await using server = createServer();
  const abort = new AbortController();
  const waiting = waitForFrame(server, "live/cam", { signal: abort.signal });
  const reason = new Error("enough");
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(waitForFrame(server, "live/cam", { signal: abort.signal }), reason);
  await assert.rejects(waitForFrame(server, "api"), { code: "name-refused" });
  await assert.rejects(waitForFrame(server, "live/cam", { timeout: Infinity }), RangeError);
  await using clip = await publishTestClip(server, "live/cam");
  const broken = (): boolean => {
    throw reason;
  };
  await assert.rejects(waitForFrame(server, "live/cam", { where: broken }), reason);
  const last = waitForFrame(server, "live/other");
  await server.close();
  await assert.rejects(last, { code: "closing" });
  assert.equal(await clip.finished, "closing");
});
