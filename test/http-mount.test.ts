/** Pages and streams on an HTTP server that belongs to somebody else. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createHttpServer, request as httpRequest, type Server, type ServerOptions as HttpServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import type { ServerOptions } from "../src/index.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { run } from "./support/program.ts";
import { dechunked, RawConnection, splitResponse } from "./support/raw-connection.ts";
import { Tone } from "./support/tone.ts";

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
});

interface Place {
  readonly theirs: Server;
  readonly port: number;
  readonly base: string;
  readonly ours: ComposedServer;
}

/** A server of a program's own that answers everything with "theirs", and ours on it. */
async function mounted(options: ServerOptions = {}, http: HttpServerOptions = {}): Promise<Place> {
  const theirs = createHttpServer(http, (request, response) => response.end(`theirs ${request.url}`));
  const ours = createServer({ rtmp: { enabled: false }, ...options, http: { server: theirs, basePath: "/media" } });
  await ours.listen();
  theirs.listen(0, "127.0.0.1");
  await once(theirs, "listening");
  ending.push(
    () => theirs.closeAllConnections(),
    () => new Promise((resolve) => theirs.close(resolve)),
    () => ours.close(200),
  );
  const { port } = theirs.address() as AddressInfo;
  return { theirs, port, base: `http://127.0.0.1:${port}`, ours };
}

const text = async (url: string, init: RequestInit = {}): Promise<string> => (await fetch(url, init)).text();
const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const isFlv = (received: string): boolean => received.includes("FLV\x01");

async function viewer(port: number, path = "/media/live/tone.flv"): Promise<RawConnection> {
  return (await RawConnection.open(port)).send(get(path));
}

test("what is below the path is ours, all else theirs as before", async () => {
  const { base, port, ours } = await mounted();
  new Tone(ours.hub, "live/tone");
  assert.equal(await text(`${base}/`), "theirs /");
  assert.equal(await text(`${base}/mediathek`), "theirs /mediathek");
  assert.equal(await text(`${base}/live/tone.flv`), "theirs /live/tone.flv");
  assert.equal(await text(`${base}/media/health`), "ok\n");
  const { streams, server } = (await (await fetch(`${base}/media/api/v1/streams?x=1`)).json()) as {
    streams: { name: string }[];
    server: { httpPort: number };
  };
  assert.deepEqual([streams.map(({ name }) => name), server.httpPort], [["live/tone"], port]);
  assert.equal((await fetch(`${base}/media/api/v1/streams/live/tone`)).status, 200);
  const slash = await fetch(`${base}/media?a=b`, { redirect: "manual" });
  assert.deepEqual([slash.status, slash.headers.get("location")], [302, "media/?a=b"]);
  const watching = await viewer(port);
  await watching.until(isFlv);
  assert.deepEqual(ours.address("http"), { host: "127.0.0.1", port });
});

test("listeners that come later hear nothing of ours either, and every event of theirs", async () => {
  const { theirs, base, ours } = await mounted();
  new Tone(ours.hub, "live/tone");
  const heard: string[] = [];
  theirs.on("request", ({ url }) => heard.push(`request ${url}`));
  theirs.on("upgrade", ({ url }, socket) => {
    heard.push(`upgrade ${url}`);
    socket.destroy();
  });
  await text(`${base}/media/health`);
  await text(`${base}/other`);
  const webSocket = new WebSocket(`${base}/media/live/tone.flv`);
  await once(webSocket, "message");
  webSocket.terminate();
  await once(new WebSocket(`${base}/other`), "error");
  assert.deepEqual(heard, ["request /other", "upgrade /other"]);
});

test("WebSockets of theirs and ours live side by side", async () => {
  const { theirs, base, ours } = await mounted();
  const tone = new Tone(ours.hub, "live/tone");
  const chat = new WebSocketServer({ server: theirs, path: "/chat" });
  chat.on("connection", (socket) => socket.on("message", (message: Buffer) => socket.send(`echo ${message.toString()}`)));
  const theirOwn = new WebSocket(`${base}/chat`);
  await once(theirOwn, "open");
  const watching = new WebSocket(`${base}/media/live/tone.flv`);
  await once(watching, "message");
  theirOwn.send("hello");
  assert.equal(String((await once(theirOwn, "message"))[0]), "echo hello");
  tone.send();
  await once(watching, "message");
  const refused = new WebSocket(`${base}/media/nothing`);
  const [{ message }] = (await once(refused, "error")) as [Error];
  assert.match(message, /404/);
  theirOwn.terminate();
  watching.terminate();
  chat.close();
});

test("an upgrade that nobody there takes is an ordinary request, as without us", async () => {
  const { theirs, port } = await mounted();
  const upgrading = (path: string, to: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = httpRequest({ port, path, headers: { Connection: "Upgrade", Upgrade: to } }, (response) => {
        response.setEncoding("utf8").once("data", (body: string) => resolve(body));
      });
      request.once("error", reject).end();
    });
  assert.equal(await upgrading("/other", "h2c"), "theirs /other");
  assert.equal(await upgrading("/other", "websocket"), "theirs /other");
  assert.equal(await upgrading("/media/health", "h2c"), "ok\n");
  assert.equal(theirs.listenerCount("upgrade"), 0);
});

test("their settings are left alone, and do not reach our viewers", async () => {
  const limits = { requestTimeout: 300, headersTimeout: 300, keepAliveTimeout: 100, connectionsCheckingInterval: 50, noDelay: false };
  const { theirs, port, ours } = await mounted({}, limits);
  theirs.setTimeout(250);
  const before = { ...limits, timeout: 250 };
  const tone = new Tone(ours.hub, "live/tone");
  const watching = await viewer(port);
  const waiting = await viewer(port, "/media/live/later.flv");
  await watching.until(isFlv);
  const idle = await RawConnection.open(port);
  await idle.closed;
  assert.equal(watching.socket.closed || waiting.socket.closed, false, "though theirs was cut by now");
  tone.send(1, 5000);
  await watching.until((received) => received.length > 5000);
  new Tone(ours.hub, "live/later");
  await waiting.until(isFlv);
  for (const [name, value] of Object.entries(before)) assert.equal(theirs[name as keyof Server], value, name);
  const refused = await viewer(port, "/media/live/tone.flv?only=video");
  await refused.until((received) => received.includes("415"));
  await refused.closed;
});

test("closing ends our viewers and nothing of theirs", async () => {
  const { theirs, port, base, ours } = await mounted();
  new Tone(ours.hub, "live/tone");
  const http = await viewer(port);
  const waiting = await viewer(port, "/media/live/later.flv");
  const webSocket = new WebSocket(`${base}/media/live/tone.flv`);
  await Promise.all([http.until(isFlv), once(webSocket, "message")]);
  const theirOwn = await RawConnection.open(port);
  theirOwn.send(get("/kept"));
  await theirOwn.until((received) => received.includes("theirs /kept"));
  const farewell = once(webSocket, "close");
  await ours.close();
  assert.equal(((await farewell) as [number])[0], 1001);
  await http.closed;
  assert.ok(dechunked(splitResponse(http.received).body).complete);
  assert.match(waiting.text, /^HTTP\/1.1 503 /);
  assert.equal(theirOwn.socket.closed, false);
  assert.equal(theirs.listening, true);
  assert.equal(Object.hasOwn(theirs, "emit"), false);
  assert.equal(await text(`${base}/media/health`), "theirs /media/health");
});

test("a viewer that does not read is cut when the time is up", async () => {
  const { port, ours } = await mounted();
  const tone = new Tone(ours.hub, "live/tone");
  const watching = await viewer(port);
  await watching.until(isFlv);
  watching.socket.pause();
  for (let i = 0; i < 300; i++) {
    tone.send(1, 100_000);
    await new Promise(setImmediate);
  }
  const started = performance.now();
  await ours.close(300);
  assert.ok(performance.now() - started < 3000);
  watching.socket.destroy();
});

test("a second request on a viewer's connection ends it, whoever it is for", async () => {
  const { port, ours } = await mounted();
  new Tone(ours.hub, "live/tone");
  const watching = await viewer(port);
  await watching.until(isFlv);
  watching.send(get("/"));
  await watching.closed;
  assert.doesNotMatch(watching.text, /theirs/);
});

test("over TLS, and on a Unix socket: also for viewers that are let go because they do not read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-mount-"));
  ending.push(() => rm(folder, { recursive: true }));
  const [key, cert, path] = ["key.pem", "cert.pem", "socket"].map((name) => join(folder, name)) as [string, string, string];
  const subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes"];
  await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", cert, ...subject]);
  const secure = createTlsServer({ key: await readFile(key), cert: await readFile(cert) });
  const local = createHttpServer();
  for (const [theirs, where] of [
    [secure, { port: 0, host: "127.0.0.1" }],
    [local, { path }],
  ] as const) {
    const ours = createServer({ rtmp: { enabled: false }, http: { server: theirs }, viewers: { stallTimeout: "1s" } });
    await ours.listen();
    await once(theirs.listen(where), "listening");
    ending.push(
      () => new Promise((resolve) => theirs.close(resolve)),
      () => ours.close(0),
    );
    const open = (): RawConnection => {
      const { port } = theirs === secure ? (theirs.address() as AddressInfo) : { port: 0 };
      return new RawConnection(theirs === secure ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }) : connect(path));
    };
    const tone = new Tone(ours.hub, "live/tone");
    const [good, stalled] = [open().send(get("/live/tone.flv")), open().send(get("/live/tone.flv"))];
    await Promise.all([good.until(isFlv), stalled.until(isFlv)]);
    stalled.socket.pause();
    const stop = tone.run(200_000);
    const { hub } = ours;
    while (hub.streams.get("live/tone")!.viewers > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    stop();
    assert.equal(good.socket.closed, false);
    stalled.socket.destroy();
    good.socket.destroy();
  }
});

test("a handler for frameworks: below the path whatever they took off it, all else is passed on", async () => {
  const ours = createServer({ rtmp: { enabled: false }, http: { server: false, basePath: "/media" } });
  await ours.listen();
  assert.equal(ours.address("http"), undefined);
  const tone = new Tone(ours.hub, "live/tone");
  // As Connect and Express do for app.use("/media", …), and for app.use(…).
  const theirs = createHttpServer((request, response) => {
    const { url = "" } = request;
    const next = (): void => void response.end(`theirs ${url}`);
    if (!url.startsWith("/media")) return ours.handler(request, response, next);
    Object.assign(request, { originalUrl: url, url: url.slice("/media".length) || "/" });
    ours.handler(request, response, next);
  });
  theirs.on("upgrade", (request, socket, head) => {
    if (!ours.upgrade(request, socket, head)) socket.end("HTTP/1.1 418 I'm a teapot\r\n\r\n");
  });
  await once(theirs.listen(0, "127.0.0.1"), "listening");
  const { port } = theirs.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  ending.push(
    () => theirs.closeAllConnections(),
    () => new Promise((resolve) => theirs.close(resolve)),
    () => ours.close(200),
  );
  assert.equal(await text(`${base}/x`), "theirs /x");
  assert.equal(await text(`${base}/media/health`), "ok\n");
  assert.match(await text(`${base}/media/api/v1/streams`), /"live\/tone"/);
  const watching = await viewer(port);
  await watching.until(isFlv);
  const webSocket = new WebSocket(`${base}/media/live/tone.flv`);
  await once(webSocket, "message");
  const [{ message }] = (await once(new WebSocket(`${base}/x`), "error")) as [Error];
  assert.match(message, /418/);
  tone.publication.close("unpublished");
  await watching.closed;
  await ours.close();
  assert.equal(await text(`${base}/media/health`), "theirs /media/health");
});

test("the handler without a framework answers 404, and 503 when it is closed", async () => {
  const ours = createServer({ rtmp: { enabled: false }, http: { server: false, basePath: "/media/" } });
  const theirs = createHttpServer(ours.handler);
  await once(theirs.listen(0, "127.0.0.1"), "listening");
  ending.push(() => new Promise((resolve) => theirs.close(resolve)));
  const base = `http://127.0.0.1:${(theirs.address() as AddressInfo).port}`;
  assert.equal((await fetch(`${base}/x`)).status, 404);
  assert.equal((await fetch(`${base}/media/health`)).status, 200);
  await ours.close();
  assert.equal((await fetch(`${base}/media/health`)).status, 503);
});

test("a base path on a port of our own: all is below it, the root leads there", async () => {
  const ours = createServer({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0, basePath: "/a/b" } });
  await ours.listen();
  ending.push(() => ours.close(200));
  new Tone(ours.hub, "live/tone");
  const { port } = ours.address("http")!;
  const base = `http://127.0.0.1:${port}`;
  const root = await fetch(`${base}/`, { redirect: "manual" });
  assert.deepEqual([root.status, root.headers.get("location")], [302, "./a/b/"]);
  assert.equal((await fetch(`${base}/health`)).status, 404);
  assert.equal((await fetch(`${base}/a/b/health`)).status, 200);
  const openApi = (await (await fetch(`${base}/a/b/api/v1/openapi.json`)).json()) as { servers: { url: string }[] };
  assert.equal(new URL(openApi.servers[0]!.url, `${base}/a/b/api/v1/openapi.json`).href, `${base}/a/b/`);
  await (await viewer(port, "/a/b/live/tone.flv")).until(isFlv);
  const [{ message }] = (await once(new WebSocket(`${base}/live/tone.flv`), "error")) as [Error];
  assert.match(message, /404/);
});

test("what cannot be mounted on, and settings of a port that is not ours, are told at once", () => {
  assert.throws(() => createServer({ http: { server: {} as Server } }), /http.server is an http.Server/);
  const server = createHttpServer();
  assert.throws(() => createServer({ http: { server, port: 8080, host: "127.0.0.1" } }), {
    name: "ConfigError",
    message: /http.host.*\n.*http.port/,
  });
  assert.throws(() => createServer({ http: { basePath: "media" } }), { name: "ConfigError", message: /basePath/ });
  assert.throws(() => createServer({ http: { basePath: "/a/../b" } }), { name: "ConfigError" });
  // RTMP may have the port that HTTP would have by default.
  createServer({ rtmp: { port: 8080 }, http: { server } });
});
