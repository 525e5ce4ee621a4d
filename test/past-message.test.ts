import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { audio, picture, pictureMs, video } from "./contracts/media.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";

const begun = Date.UTC(2030, 0, 1, 12);

/** A server that has been published to for a while. */
async function publish(t: TestContext, ringTime: `${number}s`, seconds: number): Promise<ComposedServer> {
  const clock = new FakeClock(begun);
  const server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0 },
    auth: false,
    streams: { ringTime },
    clock,
  });
  t.after(() => server.close(0));
  await server.listen();
  const publication = server.hub.publish("live/cam", { protocol: "test", address: "", encoder: "" });
  publication.track(video);
  publication.track(audio);
  for (let number = 0; number < seconds * 25; number++) {
    publication.frame(picture(number));
    if (number % 5 === 4) await clock.advance(5 * pictureMs);
  }
  return server;
}

/** The types of the text messages of a WebSocket before the first media, and the first of them. */
async function greeting(server: ComposedServer, end: string): Promise<{ types: unknown[]; first: Record<string, unknown> | undefined }> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.address("http")!.port}/live/cam.${end}`);
  const texts: Record<string, unknown>[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("error", reject);
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (isBinary) resolve();
    else texts.push(JSON.parse(data.toString()) as Record<string, unknown>);
  });
  await promise;
  socket.terminate();
  return { types: texts.map(({ type }) => type), first: texts[0] };
}

test("who watches fMP4 is told how far back the stream goes, before its configuration", async (t) => {
  const server = await publish(t, "20s", 8);
  const { types, first } = await greeting(server, "mp4");
  assert.deepEqual(types, ["past", "config"]);
  assert.equal(first?.["now"], new Date(server.hub.scheduler.wallClock()).toISOString());
  assert.ok(Math.abs(Date.parse(String(first["oldest"])) - begun) < 1000, String(first["oldest"]));
  assert.equal(first["keeps"], 19);
  assert.deepEqual((await greeting(server, "ts")).types, [], "players of other containers know no text");
  const response = await fetch(`http://127.0.0.1:${server.address("http")!.port}/live/cam.mp4`, {
    headers: { Origin: "https://a.example" },
  });
  await response.body?.cancel();
  assert.deepEqual(JSON.parse(response.headers.get("millrace-past")!), first);
  assert.match(response.headers.get("access-control-expose-headers")!, /\bMillrace-Past\b/);
});

test("nothing is said of a past that is too short to see", async (t) => {
  const server = await publish(t, "2s", 8);
  assert.deepEqual((await greeting(server, "mp4")).types, ["config"]);
  const head = await fetch(`http://127.0.0.1:${server.address("http")!.port}/live/cam.mp4`, { method: "HEAD" });
  assert.equal(head.headers.get("millrace-past"), null);
});
