import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { WebSocket } from "ws";
import { AccessDenied } from "../src/index.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { RawConnection, splitResponse } from "./support/raw-connection.ts";
import { Tone } from "./support/tone.ts";

let server: ComposedServer;
let base: string;
let silence: () => void;
/** Keys that the hook was asked about. */
let asked: (string | undefined)[];

beforeEach(async () => {
  server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0, allowedOrigins: ["https://good.example"] },
    viewers: { waitForPublisher: "150ms", max: 1 },
  });
  asked = [];
  server.onPlay(({ key }) => {
    asked.push(key);
    if (key === "slow") return new Promise(() => undefined);
    if (key !== "right") throw new AccessDenied("Bring a <key>.");
  });
  await server.listen();
  base = `127.0.0.1:${server.address("http")!.port}`;
  silence = new Tone(server.hub, "live/tone").run();
});
afterEach(async () => {
  silence();
  await server.close(200);
});

const url = (path: string) => `http://${base}${path}`;
const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` });

/** Status of a request; its connection is dropped at once. */
async function status(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<number> {
  const abort = new AbortController();
  const response = await fetch(url(path), { method, headers, signal: abort.signal });
  abort.abort();
  while ((server.hub.streams.get("live/tone")?.viewers ?? 0) > 0) await new Promise(setImmediate);
  return response.status;
}

test("a key in every spelling", async () => {
  const spellings: [path: string, headers: Record<string, string>, key: string | undefined][] = [
    ["/live/tone.flv?key=right", {}, "right"],
    ["/live/tone.mp4?only=audio&key=right", {}, "right"],
    ["/live/tone.flv", { Authorization: "Bearer right" }, "right"],
    ["/live/tone.flv", { Authorization: "bearer   right " }, "right"],
    ["/live/tone.flv", basic("anna:right"), "right"],
    ["/live/tone.flv", basic(":right"), "right"],
    ["/live/tone.flv?key=right", { Authorization: "Bearer wrong" }, "right"],
    ["/live/tone.flv?key=wrong&key=right", {}, "right"],
    ["/live/tone.flv?key=", basic("anna:right"), "right"],
    ["/live/tone.flv", basic("anna:ri:ght"), "ri:ght"],
    ["/live/tone.flv", basic("right"), undefined],
    ["/live/tone.flv", basic("anna:"), undefined],
    ["/live/tone.flv?key=", {}, undefined],
    ["/live/tone.flv?Key=right", {}, undefined],
    ["/live/tone.flv", { Authorization: "Digest right" }, undefined],
    ["/live/tone.flv", { Authorization: "Bearer" }, undefined],
    ["/live/tone.flv", { Cookie: "key=right" }, undefined],
  ];
  for (const [path, headers, key] of spellings) {
    const expected = key === "right" ? 200 : key === undefined ? 401 : 403;
    assert.equal(await status(path, headers), expected, JSON.stringify([path, headers]));
    assert.equal(asked.pop(), key);
    const socket = new WebSocket(`ws://${base}${path}`, { headers });
    const end = await new Promise((resolve) => {
      socket.on("message", () => resolve("shown"));
      socket.on("close", (code, reason) => resolve(`${code} ${reason.toString()}`));
    });
    assert.equal(end, key === "right" ? "shown" : "4401 Bring a <key>.");
    assert.equal(asked.pop(), key);
    socket.terminate();
    while ((server.hub.streams.get("live/tone")?.viewers ?? 0) > 0) await new Promise(setImmediate);
  }
});

test("who sent no key is asked for one as suits it", async () => {
  const cases: [headers: Record<string, string>, status: number, challenge: string | null][] = [
    [{ "User-Agent": "Lavf/59.27.100" }, 401, 'Basic realm="Millrace", charset="UTF-8"'],
    [{ "User-Agent": "Mozilla/5.0", Accept: "*/*" }, 401, 'Bearer realm="Millrace"'],
    [{ "User-Agent": "Mozilla/5.0", Accept: "text/html,*/*" }, 401, 'Basic realm="Millrace", charset="UTF-8"'],
    [{ Authorization: "Bearer wrong" }, 403, null],
  ];
  for (const [headers, expected, challenge] of cases) {
    const response = await fetch(url("/live/tone.flv"), { headers });
    assert.deepEqual([response.status, response.headers.get("www-authenticate")], [expected, challenge]);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const body = await response.text();
    if (headers["Accept"]?.includes("html") === true) assert.match(body, /Bring a &lt;key&gt;\./);
    else assert.equal(body, "Bring a <key>.\n");
  }
});

test("HEAD is asked about as GET is, and waits for nobody; a preflight is not", async () => {
  assert.equal(await status("/live/tone.flv", {}, "HEAD"), 401);
  assert.equal(await status("/live/tone.flv?key=wrong", {}, "HEAD"), 403);
  assert.equal(await status("/live/tone.flv?key=right", {}, "HEAD"), 200);
  assert.equal(await status("/live/none.flv?key=right", {}, "HEAD"), 404);
  asked = [];
  const preflight = await fetch(url("/live/tone.flv"), { method: "OPTIONS", headers: { Origin: "https://good.example" } });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /\bAuthorization\b/);
  const refused = await fetch(url("/live/tone.flv"), { headers: { Origin: "https://good.example" } });
  assert.equal(refused.headers.get("access-control-allow-origin"), "https://good.example");
  assert.deepEqual(asked, [undefined]);
});

test("after a refusal the connection goes on", async () => {
  const peer = await RawConnection.open(server.address("http")!.port);
  peer.send("GET /live/tone.flv HTTP/1.1\r\nHost: x\r\n\r\n");
  await peer.until((text) => text.endsWith("Bring a <key>.\n"));
  const before = peer.received.length;
  peer.send("GET /live/tone.flv?key=right HTTP/1.1\r\nHost: x\r\n\r\n");
  await peer.until((text) => text.includes("FLV\x01"));
  assert.equal(splitResponse(peer.received.subarray(before)).status, 200);
  peer.socket.destroy();
});

test("who waits for an answer takes no seat from who has one", async () => {
  const waiting = await Promise.all([1, 2, 3].map(() => RawConnection.open(server.address("http")!.port)));
  for (const peer of waiting) peer.send("GET /live/tone.flv?key=slow HTTP/1.1\r\nHost: x\r\n\r\n");
  while (asked.length < 3) await new Promise(setImmediate);
  assert.equal(await status("/live/tone.flv?key=right"), 200);
  for (const peer of waiting) peer.socket.destroy();
});
