import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { dechunked, RawConnection, splitResponse } from "./support/raw-connection.ts";
import { Tone } from "./support/tone.ts";

let server: ComposedServer;
let port: number;

beforeEach(async () => {
  server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0 },
    viewers: { waitForPublisher: "150ms", stallTimeout: "1s" },
  });
  await server.listen();
  port = server.address("http")!.port;
});
afterEach(() => server.close(200));

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const hasFlv = (text: string) => text.includes("FLV\x01");

test("HTTP-FLV: chunked, not kept, not buffered on the way, for every site", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const viewer = await RawConnection.open(port);
  viewer.send(get("/live/tone.flv"));
  await viewer.until(hasFlv);
  tone.send(3);
  tone.publication.close("unpublished");
  await viewer.closed;
  const { status, headers, body } = splitResponse(viewer.received);
  assert.equal(status, 200);
  const expected = {
    "content-type": "video/x-flv",
    "transfer-encoding": "chunked",
    connection: "close",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    "access-control-allow-origin": "*",
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value, name);
  const { bytes, complete } = dechunked(body);
  assert.ok(complete, "the end of the stream is the last chunk");
  assert.deepEqual(bytes.subarray(0, 9), Buffer.from([0x46, 0x4c, 0x56, 1, 4, 0, 0, 0, 9]), "audio alone is announced");
});

test("HTTP-fMP4: the codecs are in the head", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const viewer = await RawConnection.open(port);
  viewer.send(get("/live/tone.mp4"));
  const stop = tone.run();
  await viewer.until((text) => text.includes("moof"));
  stop();
  const { headers, body } = splitResponse(viewer.received);
  assert.equal(headers.get("content-type"), 'audio/mp4; codecs="mp4a.40.2"');
  assert.equal(headers.get("x-codecs"), "mp4a.40.2");
  assert.equal(dechunked(body).bytes.toString("latin1", 4, 8), "ftyp");
  viewer.socket.destroy();
});

test("HTTP/1.0 gets a plain body that ends with the connection", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const viewer = await RawConnection.open(port);
  viewer.send("GET /live/tone.flv HTTP/1.0\r\n\r\n");
  await viewer.until(hasFlv);
  tone.publication.close("unpublished");
  await viewer.closed;
  const { headers, body } = splitResponse(viewer.received);
  assert.equal(headers.get("transfer-encoding"), undefined);
  assert.equal(body.toString("latin1", 0, 3), "FLV");
});

test("HEAD is answered at once, whether it is live or not", async () => {
  new Tone(server.hub, "live/tone");
  const live = await fetch(`http://127.0.0.1:${port}/live/tone.mp4`, { method: "HEAD" });
  assert.deepEqual([live.status, live.headers.get("content-type")], [200, 'audio/mp4; codecs="mp4a.40.2"']);
  assert.equal((await fetch(`http://127.0.0.1:${port}/live/other.flv`, { method: "HEAD" })).status, 404);
});

test("a viewer waits for its publisher, and not for ever", async () => {
  const never = await fetch(`http://127.0.0.1:${port}/live/never.flv`);
  assert.deepEqual([never.status, await never.text()], [404, 'Nobody is publishing "live/never".\n']);
  const early = await RawConnection.open(port);
  early.send(get("/live/soon.flv"));
  await waiting(1);
  new Tone(server.hub, "live/soon");
  await early.until(hasFlv);
  early.socket.destroy();
});

test("a viewer that leaves while it waits is forgotten", async () => {
  const viewer = await RawConnection.open(port);
  viewer.send(get("/live/never.flv"));
  await waiting(1);
  viewer.socket.destroy();
  await waiting(0);
});

test("only video, only audio; what is not there is refused in words", async () => {
  new Tone(server.hub, "live/tone");
  const refused = await fetch(`http://127.0.0.1:${port}/live/tone.mp4?only=video`);
  assert.equal(refused.status, 415);
  assert.match(await refused.text(), /video/);
  const wrong = await fetch(`http://127.0.0.1:${port}/live/tone.mp4?only=sound`);
  assert.deepEqual([wrong.status, await wrong.text()], [400, "?only= takes video or audio.\n"]);
});

test("a second request on a viewer's connection ends it", async () => {
  new Tone(server.hub, "live/tone");
  for (const second of [get("/live/tone.flv"), get("/health")]) {
    const viewer = await RawConnection.open(port);
    viewer.send(get("/live/tone.flv"));
    await viewer.until(hasFlv);
    viewer.send(second);
    await viewer.closed;
    const pipelined = await RawConnection.open(port);
    pipelined.send(get("/live/never.flv") + second);
    await pipelined.closed;
  }
  await viewers("live/tone", 0);
});

test("a stream may be asked for after another answer on the same connection", async () => {
  new Tone(server.hub, "live/tone");
  const viewer = await RawConnection.open(port);
  viewer.send(get("/health"));
  await viewer.until((text) => text.endsWith("ok\n"));
  viewer.send(get("/live/tone.flv"));
  await viewer.until(hasFlv);
  viewer.socket.destroy();
  const pipelined = await RawConnection.open(port);
  pipelined.send(get("/health") + get("/live/tone.flv"));
  await Promise.race([pipelined.closed, pipelined.until(hasFlv)]);
  pipelined.socket.destroy();
});

test("viewers are counted while they are there", async () => {
  new Tone(server.hub, "live/tone");
  const open = await Promise.all([1, 2, 3].map(() => RawConnection.open(port)));
  for (const viewer of open) viewer.send(get("/live/tone.flv"));
  await Promise.all(open.map((viewer) => viewer.until(hasFlv)));
  assert.equal(server.hub.streams.get("live/tone")?.viewers, 3);
  for (const viewer of open) viewer.socket.destroy();
  await viewers("live/tone", 0);
});

test("a viewer that reads nothing is let go, and nobody else notices", async () => {
  const tone = new Tone(server.hub, "live/tone");
  const stuck = await RawConnection.open(port);
  stuck.send(get("/live/tone.flv"));
  await stuck.until(hasFlv);
  stuck.socket.pause();
  const good = await RawConnection.open(port);
  good.send(get("/live/tone.flv"));
  await good.until(hasFlv);
  const flood = setInterval(() => tone.send(4, 500_000), 5);
  await viewers("live/tone", 1);
  clearInterval(flood);
  assert.ok(!good.socket.closed);
  good.socket.destroy();
  stuck.socket.resume();
  await stuck.closed;
  assert.ok(!dechunked(splitResponse(stuck.received).body).complete, "cut off, not ended");
});

test("closing the server ends its viewers in order", async () => {
  new Tone(server.hub, "live/tone");
  const viewer = await RawConnection.open(port);
  viewer.send(get("/live/tone.flv"));
  await viewer.until(hasFlv);
  await server.close(2000);
  await viewer.closed;
  assert.ok(dechunked(splitResponse(viewer.received).body).complete);
});

async function viewers(name: string, count: number): Promise<void> {
  while (server.hub.streams.get(name)?.viewers !== count) await new Promise(setImmediate);
}

async function waiting(count: number): Promise<void> {
  while (server.hub.waiting !== count) await new Promise(setImmediate);
}
