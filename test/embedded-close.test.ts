/** The life of a server inside a program: opened once, closed at any time. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer as createTcpServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket } from "ws";
import type { ServerOptions } from "../src/index.ts";
import { createServer } from "../src/server/server.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { RtmpClient } from "./support/rtmp-client.ts";
import { Tone } from "./support/tone.ts";

const options: ServerOptions = { rtmp: { host: "127.0.0.1", port: 0 }, http: { host: "127.0.0.1", port: 0 }, auth: false };

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test("everybody is told in their protocol's words before the sockets close", async () => {
  const server = createServer(options);
  await server.listen();
  new Tone(server.hub, "live/tone");
  const { port } = server.address("rtmp")!;
  const player = await RtmpClient.connect(port);
  await player.play("live", "tone");
  await player.status("NetStream.Play.Start");
  const waiting = await RtmpClient.connect(port);
  await waiting.connectApp("live");
  waiting.command(await waiting.createStream(), "play", null, "later");
  const publisher = await RtmpClient.connect(port);
  await publisher.publish("live", "mine");
  const idle = await RtmpClient.connect(port);
  await idle.connectApp("live");
  const webSocket = new WebSocket(`ws://127.0.0.1:${server.address("http")!.port}/live/tone.flv`);
  await once(webSocket, "message");
  const farewell = once(webSocket, "close");
  const started = performance.now();
  await server.close();
  assert.ok(performance.now() - started < 2000);
  await Promise.all([player.closed, waiting.closed, publisher.closed, idle.closed]);
  const shutdown = "NetConnection.Connect.AppShutdown";
  assert.deepEqual(player.codes.slice(-3), ["NetStream.Play.UnpublishNotify", "NetStream.Play.Stop", shutdown]);
  assert.deepEqual(publisher.codes.slice(-2), ["NetStream.Unpublish.Success", shutdown]);
  assert.equal(waiting.codes.at(-1), shutdown);
  assert.equal(idle.codes.at(-1), shutdown);
  assert.deepEqual(((await farewell) as [number, Buffer])[0], 1001);
});

test("closing again is the same closing, and what comes after is refused", async () => {
  const server = createServer(options);
  await server.listen();
  await assert.rejects(server.listen(), /called before/);
  const closing = server.close();
  assert.equal(server.close(), closing);
  await closing;
  await server[Symbol.asyncDispose]();
  await assert.rejects(server.listen(), /closed/);
  await assert.rejects(server.stream("live/a").frames().next(), { code: "closing" });
  assert.equal(server.address("rtmp"), undefined);
});

test("closing while it opens its ports leaves none open", async () => {
  const server = createServer({ ...options, rtmp: { host: "localhost", port: 0 } });
  const starting = server.listen();
  const closing = server.close();
  await assert.rejects(starting, /closed while it opened/);
  await closing;
  assert.deepEqual([server.address("rtmp"), server.address("http")], [undefined, undefined]);
});

test("a server that was never opened closes too, and one that could not open its ports is closed", async () => {
  await createServer(options).close();
  const holder = createTcpServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const server = createServer({ ...options, http: { host: "127.0.0.1", port } });
  await assert.rejects(server.listen(), { name: "ListenError" });
  assert.equal(server.address("rtmp"), undefined);
  await server.close();
  holder.close();
});

test("at the end of its block a server is closed", async () => {
  let port: number;
  {
    await using server = createServer(options);
    await server.listen();
    ({ port } = server.address("http")!);
    assert.equal(await isOpen(port), true);
  }
  assert.equal(await isOpen(port), false);
});

test("who takes nothing more is cut when the time is up", async () => {
  const server = createServer(options);
  await server.listen();
  const tone = new Tone(server.hub, "live/tone");
  const stuck = await RawConnection.open(server.address("http")!.port);
  stuck.send("GET /live/tone.flv HTTP/1.1\r\nHost: x\r\n\r\n");
  await stuck.until((text) => text.includes("FLV"));
  stuck.socket.pause();
  for (let i = 0; i < 300; i++) {
    tone.send(1, 100_000);
    await new Promise(setImmediate);
  }
  const started = performance.now();
  await server.close(300);
  const took = performance.now() - started;
  assert.ok(took >= 250 && took < 3000, `${took} ms`);
  stuck.socket.destroy();
});
