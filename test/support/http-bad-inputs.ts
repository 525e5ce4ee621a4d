/** What bad peers do to the HTTP and WebSocket port. Each ends, or is answered, and never hurts another. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { RawConnection, splitResponse } from "./raw-connection.ts";

/** One thing that a bad peer does. */
export interface HttpBadInput {
  readonly name: string;
  /** @param port where HTTP is spoken; @param live name of a stream that is on air. Resolves when the connection is closed. */
  readonly run: (port: number, live: string) => Promise<void>;
}

/** Addresses of streams that are none, and what is said of them. */
export const badPaths: readonly (readonly [path: string, status: number, words: RegExp])[] = [
  ["/live/%zz.flv", 400, /percent sign/],
  ["/live/%E0%A4.mp4", 400, /percent sign/],
  ["/live/%2e%2e/x.flv", 400, /"\.\." is not allowed/],
  ["/live/a%00b.flv", 400, /control character/],
  [`/live/${"x".repeat(300)}.flv`, 400, /characters long/],
  ["/a/b/c/d/e/f/g/h/i.flv", 400, /segments/],
  ["/console/x.flv", 400, /server's own pages/],
  ["/.flv", 400, /empty/],
  ["/live/cam", 404, /address ends in \.flv, \.mp4/],
  ["/nothing", 404, /nothing here/],
  ["/watch/%zz", 400, /percent sign/],
  ["/live/never.flv", 404, /Nobody is publishing/],
  ["/live/never.flv?hevc=new", 400, /\?hevc= takes/],
];

/** The same for WebSockets: the close code in place of the status. */
export const badWebSocketPaths: readonly (readonly [path: string, code: number, words: RegExp])[] = [
  ["/live/never.mp4", 4404, /Nobody is publishing "live\/never"/],
  ["/live/%zz.mp4", 4403, /percent sign/],
  ["/live/%.mp4", 4403, /percent sign/],
  ["/%ff%fe/%c0%ae.flv", 4403, /percent sign/],
  ["/api/x.flv", 4403, /server's own pages/],
  [`/live/${"x".repeat(500)}.flv`, 4403, /characters long/],
];

/** What is no HTTP at all, or too much of it. */
export const noises: readonly (readonly [name: string, text: string])[] = [
  ["an RTMP handshake", "\x03\0\0\0\0".padEnd(1537, "x")],
  ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
  ["a head without end", "GET / HTTP/1.1\r\nHost: x\r\n" + "X: y\r\n".repeat(10_000) + "\r\n"],
];

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

/** Headers of WebSocket handshakes that are none. */
export const badHandshakes: readonly string[] = [
  upgrade,
  `${upgrade}Sec-WebSocket-Version: 13\r\n`,
  `${upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n`,
  `${upgrade}Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`,
];

/** Those of one that is. */
export const goodHandshake = `${upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;

/** WebSocket frames that break the rules: unmasked, of no known kind, longer than anything, with reserved bits. */
export const badFrames: readonly string[] = [
  "\x81\x03abc",
  "\x8f\x80\0\0\0\0",
  "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
  "\xc1\x80\0\0\0\0",
];

const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

/** Sends it and waits for the server to close. */
async function say(port: number, text: string): Promise<RawConnection> {
  const peer = await RawConnection.open(port);
  peer.send(text);
  await peer.closed;
  return peer;
}

async function refusedPath(port: number, [path, status, words]: (typeof badPaths)[number]): Promise<void> {
  const response = splitResponse((await say(port, get(path, "Connection: close\r\n"))).received);
  assert.equal(response.status, status, path);
  assert.match(response.body.toString(), words, path);
}

async function refusedWebSocket(port: number, [path, code, words]: (typeof badWebSocketPaths)[number]): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const [closed, reason] = (await once(socket, "close")) as [number, Buffer];
  assert.equal(closed, code, path);
  assert.match(reason.toString(), words, path);
}

/** Begins a head and adds a line to it now and then. */
async function dribble(port: number): Promise<void> {
  const peer = await RawConnection.open(port);
  peer.send("GET / HTTP/1.1\r\n");
  const drops = setInterval(() => peer.send("X-A: b\r\n"), 100);
  await peer.closed;
  clearInterval(drops);
}

async function badFrame(port: number, live: string, frame: string): Promise<void> {
  const peer = await RawConnection.open(port);
  peer.send(get(`/${live}.flv`, goodHandshake));
  await peer.until((text) => text.includes("FLV"));
  peer.send(frame);
  await peer.closed;
}

async function secondRequest(port: number, live: string): Promise<void> {
  const peer = await RawConnection.open(port);
  peer.send(get(`/${live}.flv`));
  await peer.until((text) => text.includes("FLV"));
  peer.send(get("/health"));
  await peer.closed;
}

export const httpBadInputs: readonly HttpBadInput[] = [
  { name: "a connection without a word", run: async (port) => (await RawConnection.open(port)).closed },
  {
    name: "200 heads that come byte by byte",
    run: async (port) => void (await Promise.all(Array.from({ length: 200 }, () => dribble(port)))),
  },
  ...noises.map(([name, text]) => ({ name: `${name} on the HTTP port`, run: async (port: number) => void (await say(port, text)) })),
  {
    name: "a body",
    run: async (port) => {
      const head = "POST /api/v1/streams HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
      assert.equal(splitResponse((await say(port, head)).received).status, 413);
    },
  },
  { name: "two requests on a viewer's connection", run: secondRequest },
  ...badPaths.map((path) => ({ name: `GET ${path[0].slice(0, 40)}`, run: (port: number) => refusedPath(port, path) })),
  ...badWebSocketPaths.map((path) => ({
    name: `a WebSocket to ${path[0].slice(0, 40)}`,
    run: (port: number) => refusedWebSocket(port, path),
  })),
  ...badHandshakes.map((headers, i) => ({
    name: `WebSocket handshake ${i + 1} that is none`,
    run: async (port: number, live: string) => assert.match((await say(port, get(`/${live}.flv`, headers))).text, /^HTTP\/1\.1 4/),
  })),
  ...badFrames.map((frame, i) => ({
    name: `WebSocket frame ${i + 1} that breaks the rules`,
    run: (port: number, live: string) => badFrame(port, live, frame),
  })),
];
