import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, test } from "node:test";
import { WebSocket } from "ws";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { badFrames, badHandshakes, badWebSocketPaths, goodHandshake } from "./support/http-bad-inputs.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { Tone } from "./support/tone.ts";

let server: ComposedServer;
let port: number;

beforeEach(async () => {
  server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0, allowedOrigins: ["https://good.example"] },
    viewers: { waitForPublisher: "150ms", stallTimeout: "1s" },
  });
  await server.listen();
  port = server.address("http")!.port;
});
afterEach(() => server.close(200));

interface Watched {
  readonly socket: WebSocket;
  readonly messages: { readonly text?: string; readonly bytes?: Buffer }[];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Resolves when so many messages have come. */
  count(n: number): Promise<void>;
}

function watch(path: string, options: { origin?: string } = {}): Watched {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { ...options, perMessageDeflate: true });
  const messages: Watched["messages"] = [];
  socket.on("message", (data: Buffer, binary) => messages.push(binary ? { bytes: data } : { text: data.toString() }));
  const closed = new Promise<{ code: number; reason: string }>((resolve, reject) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    socket.on("error", reject);
  });
  closed.catch(() => undefined);
  const count = async (n: number) => {
    while (messages.length < n) await once(socket, "message");
  };
  return { socket, messages, closed, count };
}

test("WS-FLV: the header is a message, each tag is one", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const viewer = watch("/live/tone.flv");
  await viewer.count(2);
  tone.send(2);
  await viewer.count(4);
  assert.equal(viewer.messages[0]!.bytes!.toString("latin1", 0, 3), "FLV");
  for (const { bytes } of viewer.messages.slice(1)) {
    assert.equal(bytes![0], 8, "an audio tag");
    assert.equal(bytes!.readUIntBE(1, 3) + 15, bytes!.length, "a whole one");
  }
  assert.equal(viewer.socket.extensions, "", "media are not compressed again");
  tone.publication.close("unpublished");
  assert.deepEqual(await viewer.closed, { code: 1000, reason: "the stream has ended" });
});

test("WS-fMP4: a text message with the codecs, the header, the fragments", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const viewer = watch("/live/tone.mp4");
  const stop = tone.run();
  await viewer.count(3);
  stop();
  const config = JSON.parse(viewer.messages[0]!.text!);
  assert.deepEqual([config.type, config.codecs], ["config", "mp4a.40.2"]);
  assert.equal(viewer.messages[1]!.bytes!.toString("latin1", 4, 8), "ftyp");
  assert.ok(viewer.messages[2]!.bytes!.includes("moof"));
  viewer.socket.close();
  assert.equal((await viewer.closed).code, 1005);
});

test("every refusal is a close code with its reason", async () => {
  new Tone(server.hub, "live/tone");
  const cases: (readonly [path: string, code: number, reason: RegExp, origin?: string])[] = [
    ...badWebSocketPaths,
    ["/live/tone.mp4?only=video", 4415, /video/],
    ["/live/tone.mp4?only=sound", 4403, /only=/],
    ["/live/tone.flv", 4403, /bad\.example/, "https://bad.example"],
  ];
  for (const [path, code, reason, origin] of cases) {
    const closed = await watch(path, origin === undefined ? {} : { origin }).closed;
    assert.equal(closed.code, code, path);
    assert.match(closed.reason, reason, path);
  }
});

test("a WebSocket that is no stream's is refused by HTTP", async () => {
  for (const path of ["/", "/live/cam", "/api/v1/streams"]) await assert.rejects(watch(path).closed, /404/);
});

test("an upgrade to anything else is answered as if it were not asked for", async () => {
  const peer = await RawConnection.open(port);
  peer.send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n");
  await peer.until((text) => text.startsWith("HTTP/1.1 200") && text.endsWith("ok\n"));
  peer.socket.destroy();
});

test("handshakes that are none end the connection", async () => {
  for (const headers of badHandshakes) {
    const peer = await RawConnection.open(port);
    peer.send(`GET /live/tone.flv HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
    await peer.closed;
    assert.match(peer.text, /^HTTP\/1\.1 4/);
  }
});

test("viewers that break the rules end themselves alone", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const good = watch("/live/tone.flv");
  await good.count(1);
  for (const frame of badFrames) {
    const peer = await RawConnection.open(port);
    peer.send(`GET /live/tone.flv HTTP/1.1\r\nHost: x\r\n${goodHandshake}\r\n`);
    await peer.until((text) => text.includes("FLV"));
    peer.send(frame);
    await peer.closed;
  }
  tone.send();
  await good.count(good.messages.length + 1);
  good.socket.close();
  await good.closed;
});

test("who waits is shown the stream when it comes", async () => {
  const viewer = watch("/live/soon.mp4");
  while (server.hub.waiting === 0) await new Promise(setImmediate);
  const tone = new Tone(server.hub, "live/soon");
  const stop = tone.run();
  await viewer.count(3);
  stop();
  viewer.socket.terminate();
  while (server.hub.streams.get("live/soon")!.viewers > 0) await new Promise(setImmediate);
});

test("a viewer that reads nothing is let go with the code for it", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const viewer = watch("/live/tone.flv");
  await viewer.count(1);
  viewer.socket.pause();
  const { streams } = server.hub;
  const flood = setInterval(() => tone.send(4, 500_000), 5);
  while (streams.get("live/tone")!.viewers > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  clearInterval(flood);
  viewer.socket.resume();
  assert.equal((await viewer.closed).code, 4408);
});

test("a closing server says so", async () => {
  new Tone(server.hub, "live/tone");
  const viewer = watch("/live/tone.flv");
  await viewer.count(1);
  const closing = server.close(2000);
  assert.equal((await viewer.closed).code, 1001);
  await closing;
});
