/** What may go wrong with what is published over WebSocket: each publisher is told why, and nobody else is hurt. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { afterEach, before, beforeEach, test } from "node:test";
import { WebSocket } from "ws";
import { AccessDenied } from "../src/index.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { makeClip } from "./support/clip.ts";
import { packetsOf } from "./support/packets.ts";
import { Tone } from "./support/tone.ts";

let flv: Buffer;
let flvFrames: number;
let server: ComposedServer;
let silence: () => void;
const lost: string[] = [];

before(async () => {
  const clip = await makeClip({ seconds: 2 });
  flv = await readFile(clip);
  flvFrames = (await packetsOf(clip)).length;
});

beforeEach(async () => {
  server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0, publishStallTimeout: "1s", allowedOrigins: ["https://good.example"] },
    auth: false,
    streams: { gracePeriod: "200ms" },
  });
  await server.listen();
  silence = new Tone(server.hub, "live/neighbour").run();
  lost.length = 0;
  server.on("lost", ({ stream, reason }) => void (stream.name === "live/cam" && lost.push(reason)));
});

afterEach(async () => {
  silence();
  await server.close(200);
});

/** A publisher's WebSocket, and how it was closed. */
class Peer {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; words: string }>;
  readonly granted: Promise<unknown>;

  constructor(path = "live/cam", headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${server.address("http")!.port}/publish/${path}`, { headers });
    this.socket.on("error", () => undefined);
    this.granted = once(this.socket, "message");
    this.granted.catch(() => undefined);
    this.closed = new Promise((resolve) => this.socket.once("close", (code, reason) => resolve({ code, words: reason.toString() })));
  }
}

function framesOf(): Promise<number> {
  const reading = server.stream("live/cam").frames({ from: "oldest", wait: 5000 });
  return (async () => {
    let all = 0;
    for await (const _ of reading) all += 1;
    return all;
  })();
}

test("it hears that it publishes; messages of any size are one stream, and 1000 ends it", async () => {
  const whole = framesOf();
  const peer = new Peer();
  const [message] = (await peer.granted) as [Buffer];
  assert.deepEqual(JSON.parse(message.toString()), { type: "publishing" });
  peer.socket.send("video/x-flv");
  for (let at = 0; at < flv.length; at += 1000) peer.socket.send(flv.subarray(at, at + 1000));
  peer.socket.close(1000);
  assert.equal((await peer.closed).code, 1000);
  assert.equal(await whole, flvFrames);
  assert.deepEqual(lost, ["unpublished"]);
});

test("who sends before the answer has come loses nothing, and is held back where it is much", async () => {
  const { promise: decided, resolve: decide } = Promise.withResolvers<boolean>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  server.onPublish(() => {
    ask();
    return decided;
  });
  const whole = framesOf();
  const peer = new Peer();
  await Promise.all([asked, once(peer.socket, "open")]);
  // A stream of many times the limit, all of it junk but the beginning, must not come in.
  for (let at = 0; at < flv.length; at += 10_000) peer.socket.send(flv.subarray(at, at + 10_000));
  const filler = Buffer.alloc(1024 * 1024, 0xff);
  for (let i = 0; i < 32; i++) peer.socket.send(filler);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(peer.socket.bufferedAmount > 8 * 1024 * 1024, "most of it was not read");
  decide(true);
  // The filler is an encrypted tag.
  assert.equal((await peer.closed).code, 4415);
  assert.equal(await whole, flvFrames);
});

test("a publisher that says nothing is told: before its first message and later", async () => {
  const silent = new Peer();
  assert.deepEqual(await silent.closed, { code: 4408, words: "nothing came for 1 s" });
  const stalled = new Peer();
  await stalled.granted;
  stalled.socket.send(flv.subarray(0, 30_000));
  assert.deepEqual(await stalled.closed, { code: 4408, words: "nothing came for 1 s" });
  assert.deepEqual(lost, ["lost", "lost"]);
});

test("a page that goes away without a word is lost", async () => {
  for (const leave of [(peer: Peer) => peer.socket.terminate(), (peer: Peer) => peer.socket.close(1001)]) {
    const peer = new Peer();
    await peer.granted;
    peer.socket.send(flv.subarray(0, 30_000));
    leave(peer);
    const count = lost.length;
    while (lost.length === count) await new Promise(setImmediate);
  }
  assert.deepEqual(lost, ["lost", "lost"]);
});

const refusals: readonly (readonly [what: string, path: string, headers: Readonly<Record<string, string>>, code: number, words: RegExp])[] =
  [
    ["a name that cannot be", "live/%zz", {}, 4403, /percent sign/],
    ["no name", "", {}, 4403, /empty/],
    ["a query that means nothing", "live/cam?pace=slow", {}, 4403, /\?pace= takes/],
    [
      "a page of a site that may not",
      "live/cam",
      { Origin: "https://bad.example" },
      4403,
      /Pages of https:\/\/bad\.example may not publish/,
    ],
    ["a name that somebody else has", "live/neighbour", {}, 4409, /published by somebody else/],
  ];

for (const [what, path, headers, code, words] of refusals) {
  test(`${what} is refused in words`, async () => {
    const { closed } = new Peer(path, headers);
    const said = await closed;
    assert.equal(said.code, code);
    assert.match(said.words, words);
  });
}

test("whoever decides is asked, and refuses in its words", async () => {
  server.onPublish(({ key, protocol }) => {
    if (key !== "right") throw new AccessDenied(`Not over ${protocol}.`);
  });
  assert.deepEqual(await new Peer("live/cam?key=wrong").closed, { code: 4401, words: "Not over ws." });
  const peer = new Peer("live/cam?key=right");
  await peer.granted;
  peer.socket.close(1000);
  await peer.closed;
});

const mistakes: readonly (readonly [what: string, send: (peer: Peer) => void, code: number, words: RegExp])[] = [
  ["garbage", ({ socket }) => socket.send("<html>".repeat(1000), { binary: true }), 4415, /no format that is known/],
  [
    "another format than it says",
    ({ socket }) => {
      socket.send('video/webm; codecs="vp8"');
      socket.send(flv);
    },
    4415,
    /the input is FLV, not Matroska/,
  ],
  [
    "text among the media",
    ({ socket }) => {
      socket.send(flv.subarray(0, 30_000));
      socket.send("stop");
    },
    4422,
    /text message among the media/,
  ],
  [
    "media that end in the middle of a tag",
    ({ socket }) => {
      socket.send(Buffer.concat([flv, Buffer.from("0000")]));
      socket.send(Buffer.alloc(100_000, 0xff));
    },
    4415,
    /^byte \d+: /,
  ],
];

for (const [what, send, code, words] of mistakes) {
  test(`${what} ends it in words`, async () => {
    const peer = new Peer();
    await peer.granted;
    send(peer);
    const said = await peer.closed;
    assert.equal(said.code, code, said.words);
    assert.match(said.words, words);
  });
}

test("the same encoder takes over, and the first is told; so is who is on air when the server closes", async () => {
  const first = new Peer("live/cam", { "User-Agent": "one" });
  await first.granted;
  const second = new Peer("live/cam", { "User-Agent": "one" });
  await second.granted;
  assert.deepEqual(await first.closed, { code: 4409, words: "Another publisher has taken over." });
  second.socket.send(flv.subarray(0, 30_000));
  silence();
  const closing = server.close(1000);
  assert.deepEqual(await second.closed, { code: 1001, words: "This server is closing." });
  await closing;
});
