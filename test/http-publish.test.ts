/** What may go wrong with what is published over HTTP: each publisher is told why, and nobody else is hurt. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, beforeEach, afterEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileHeader, tagParts, TagType } from "../src/containers/flv/tag.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { makeClip } from "./support/clip.ts";
import { packetsOf } from "./support/packets.ts";
import { RawConnection, splitResponse } from "./support/raw-connection.ts";
import { Tone } from "./support/tone.ts";
import { run } from "./support/program.ts";

/** Milliseconds after which a silent publisher is given up here. */
const stall = 1000;

let flv: Buffer;
/** Frames of it that come to viewers. */
let flvFrames: number;
let progressive: Buffer;
let server: ComposedServer;
let port: number;
/** Somebody who publishes all the while, and must not notice. */
let neighbour: Tone;
let silence: () => void;
const lost: string[] = [];

before(async () => {
  const clip = await makeClip({ seconds: 2 });
  flv = await readFile(clip);
  flvFrames = (await packetsOf(clip)).length;
  const mp4 = `${clip}.progressive.mp4`;
  await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", clip, "-c", "copy", mp4]);
  progressive = await readFile(mp4);
});

beforeEach(async () => {
  server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0, publishStallTimeout: `${stall}ms`, allowedOrigins: ["https://good.example"] },
    auth: false,
    streams: { gracePeriod: "200ms" },
  });
  await server.listen();
  port = server.address("http")!.port;
  neighbour = new Tone(server.hub, "live/neighbour");
  silence = neighbour.run();
  lost.length = 0;
  server.on("lost", ({ stream, reason }) => void (stream.name === "live/cam" && lost.push(reason)));
});

afterEach(async () => {
  assert.equal(server.stream("live/neighbour").state, "live", "the neighbour is on air");
  silence();
  await server.close(200);
});

const chunk = (bytes: Buffer): string => `${bytes.length.toString(16)}\r\n${bytes.toString("latin1")}\r\n`;

function head(request: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ Host: "x", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

const chunked = { "Transfer-Encoding": "chunked" };

/** Opens a connection and sends the head of a publisher. */
async function publisher(headers: Readonly<Record<string, string>> = chunked, path = "/live/cam"): Promise<RawConnection> {
  return (await RawConnection.open(port)).send(head(`POST ${path}`, headers));
}

/** The status and words of an answer that has come, the connection closed or not. */
async function answer(peer: RawConnection): Promise<{ status: number; words: string }> {
  const final = (text: string): string => text.replace(/^HTTP\/1\.1 100 [^\n]*\n\r\n/, "");
  await peer.until((text) => /\r\n\r\n.*\n$/s.test(final(text)));
  const { status, body } = splitResponse(Buffer.from(final(peer.text), "latin1"));
  return { status, words: body.toString() };
}

async function isLive(name = "live/cam"): Promise<void> {
  const end = performance.now() + 5000;
  while (server.stream(name).state !== "live") {
    assert.ok(performance.now() < end, "live in time");
    await delay(5);
  }
}

/** Frames that are on the timeline when the publisher has gone. */
async function frames(): Promise<{ readonly count: Promise<number> }> {
  const reading = server.stream("live/cam").frames({ from: "oldest", wait: 5000 });
  const count = (async () => {
    let all = 0;
    for await (const _ of reading) all += 1;
    return all;
  })();
  count.catch(() => undefined);
  await delay(0);
  return { count };
}

test("ten thousand chunks of a few bytes are the same stream", async () => {
  const whole = await frames();
  const peer = await publisher();
  for (let at = 0; at < flv.length; at += 7) peer.send(chunk(flv.subarray(at, at + 7)));
  peer.send("0\r\n\r\n");
  assert.deepEqual(await answer(peer), { status: 200, words: "The stream has ended.\n" });
  const tiny = await whole.count;
  assert.ok(flv.length / 7 > 10_000);
  assert.equal(tiny, flvFrames);
  assert.deepEqual(lost, ["unpublished"]);
});

test("a body whose length is told is taken to its end", async () => {
  const peer = await publisher({ "Content-Length": String(flv.length), "Content-Type": "video/x-flv" });
  peer.send(flv.toString("latin1"));
  assert.equal((await answer(peer)).status, 200);
});

const noLength = { "User-Agent": "old", "Content-Type": "video/x-flv" };
const splits: readonly (readonly [how: string, pieces: (head: string) => readonly string[]])[] = [
  ["with the head", (text) => [text + flv.toString("latin1", 0, 5000), flv.toString("latin1", 5000)]],
  ["behind the head", (text) => [text, flv.toString("latin1")]],
  ["with the end of the head", (text) => [text.slice(0, -3), text.slice(-3) + flv.toString("latin1")]],
];

for (const [how, pieces] of splits) {
  for (const version of ["1.0", "1.1"]) {
    test(`a body of HTTP/${version} without a length, that comes ${how}, ends with the connection`, async () => {
      const whole = await frames();
      const peer = await RawConnection.open(port);
      for (const piece of pieces(head("POST /live/cam", noLength).replace("HTTP/1.1", `HTTP/${version}`))) {
        peer.send(piece);
        await delay(20);
      }
      peer.socket.end();
      await peer.closed;
      assert.equal(splitResponse(peer.received).status, 200);
      assert.equal(await whole.count, flvFrames);
      assert.deepEqual(lost, ["lost"], "who ends so may as well have crashed");
    });
  }
}

test("a source of Icecast hears that it may before it sends, and its mistakes end the connection", async () => {
  const peer = await RawConnection.open(port);
  peer.send(`SOURCE /live/cam HTTP/1.0\r\nAuthorization: Basic ${btoa("source:hackme")}\r\n\r\n`);
  await peer.until((text) => text.includes("\r\n\r\n"));
  assert.equal(splitResponse(peer.received).status, 200);
  peer.send(flv.toString("latin1"));
  await isLive();
  peer.send("x".repeat(100_000));
  await peer.closed;
  assert.equal(splitResponse(peer.received).body.length, 0);
  assert.deepEqual(lost, ["refused"]);
});

test("what comes in parts is one stream: over one connection or several, and only from where it was", async () => {
  const whole = await frames();
  const part = async (from: number, to: number, agent = "parts"): Promise<number> => {
    const range = `bytes ${from}-${to - 1}/*`;
    const headers = { "Content-Range": range, "User-Agent": agent };
    const body = new Uint8Array(flv.subarray(from, to));
    return (await fetch(`http://127.0.0.1:${port}/live/cam`, { method: "PUT", headers, body })).status;
  };
  assert.equal(await part(0, 20_000), 200);
  assert.equal(await part(20_000, 20_001), 200);
  assert.equal(await part(20_001, 30_000, "another"), 422);
  assert.equal(await part(20_002, 30_000), 422);
  const peer = await publisher({ "Content-Length": "9999", "Content-Range": "bytes 20001-29999/*", "User-Agent": "parts" });
  assert.equal((await answer(peer.send(flv.toString("latin1", 20_001, 30_000)))).status, 200);
  assert.equal(await part(30_000, flv.length), 200);
  assert.equal(await whole.count, flvFrames);
  assert.deepEqual(lost, ["unpublished"]);
  assert.equal(await part(flv.length - 1, flv.length), 422);
  peer.socket.destroy();
});

test("a publisher that says nothing more is told, and viewers wait for it to come back", async () => {
  const peer = await publisher();
  peer.send(chunk(flv.subarray(0, 30_000)));
  await isLive();
  const { status, words } = await answer(peer);
  assert.deepEqual([status, words], [408, "The stream was ended: nothing came for 1 s.\n"]);
  assert.deepEqual(lost, ["lost"]);
  assert.equal(server.stream("live/cam").state, "reconnecting");
  peer.socket.destroy();
});

test("one that is held back may be silent for longer", async () => {
  const long = await readFile(await makeClip({ seconds: 6, size: "64x36" }));
  const peer = await publisher(chunked, "/live/cam?pace=realtime");
  peer.send(chunk(long));
  await delay(stall * 1.5);
  assert.equal(server.stream("live/cam").state, "live");
  peer.send("0\r\n\r\n");
  assert.equal((await answer(peer)).status, 200);
});

test("a file is slowed down to its own pace, unless it says otherwise", async () => {
  const long = await readFile(await makeClip({ seconds: 6, size: "64x36" }));
  const time = async (query: string): Promise<number> => {
    const started = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/live/cam${query}`, { method: "PUT", body: new Uint8Array(long) });
    assert.equal(response.status, 200);
    return performance.now() - started;
  };
  assert.ok((await time("?pace=fast")) < 1500);
  assert.ok((await time("")) > 2500, "six seconds, three of them ahead of time");
  assert.equal((await fetch(`http://127.0.0.1:${port}/live/cam?pace=slow`, { method: "PUT", body: "x" })).status, 400);
});

test("who goes away in the middle is lost, who ends in the middle is told", async () => {
  const gone = await publisher();
  gone.send(chunk(flv.subarray(0, 30_000)));
  await isLive();
  gone.socket.destroy();
  const cut = flv.subarray(0, flv.length - 9);
  while (lost.length < 1) await delay(5);
  const truncated = await publisher({ "Content-Length": String(cut.length) });
  truncated.send(cut.toString("latin1"));
  const { status, words } = await answer(truncated);
  assert.equal(status, 422);
  assert.match(words, /^What was sent cannot be read: byte \d+: the input ended within an FLV tag \(truncated\)\.\n$/);
  assert.deepEqual(lost, ["lost", "lost"]);
});

test("broken media are told with their place, while they are still sent, and the connection is closed in time", async () => {
  const peer = await publisher();
  // A strict array of 2^32 - 1 values.
  const offence = tagParts(TagType.script, 0, [Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff)]);
  const broken = Buffer.concat([flv, ...offence, Buffer.alloc(10_000)]);
  peer.send(chunk(broken));
  const { status, words } = await answer(peer);
  assert.equal(status, 422);
  assert.match(words, new RegExp(`: byte ${flv.length}: .*\\((limit|malformed|truncated)\\)\\.$`, "m"));
  const sending = setInterval(() => peer.send(chunk(Buffer.alloc(1000))), 10);
  const started = performance.now();
  await peer.closed;
  clearInterval(sending);
  assert.ok(performance.now() - started < 5000);
  assert.deepEqual(lost, ["refused"]);
});

const refusals: readonly (readonly [
  what: string,
  headers: Readonly<Record<string, string>>,
  body: () => Buffer,
  status: number,
  words: RegExp,
])[] = [
  ["garbage", chunked, () => Buffer.from("<html>".repeat(1000)), 415, /of no format that is known here: those are FLV/],
  ["another format than it says", { ...chunked, "Content-Type": "video/mp4" }, () => flv, 415, /the input is FLV, not MP4/],
  ["nothing of what it says", { ...chunked, "Content-Type": "video/mp4" }, () => Buffer.alloc(5000, 7), 422, /does not begin as MP4 does/],
  ["a compressed body", { ...chunked, "Content-Encoding": "gzip" }, () => flv, 415, /not with Content-Encoding: gzip/],
  ["a file of MP4 with its tables at the end", chunked, () => progressive, 415, /moov box comes behind the media: move it to the front/],
  [
    "a page of a site that may not",
    { ...chunked, Origin: "https://bad.example" },
    () => flv,
    403,
    /Pages of https:\/\/bad\.example may not publish/,
  ],
  ["nothing at all", { "Content-Length": "0" }, () => Buffer.alloc(0), 422, /the input is empty/],
  [
    "an FLV header alone",
    { "Content-Length": "13" },
    () => Buffer.from(fileHeader({ audio: true, video: true })),
    422,
    /no frame of video or audio/,
  ],
];

for (const [what, headers, body, status, words] of refusals) {
  test(`${what} is refused in words`, async () => {
    const peer = await publisher(headers);
    const bytes = body();
    peer.send("Content-Length" in headers ? bytes.toString("latin1") : chunk(bytes));
    const said = await answer(peer);
    assert.equal(said.status, status, said.words);
    assert.match(said.words, words);
    peer.socket.destroy();
    assert.equal(server.stream("live/cam").state, "offline");
  });
}

test("of two on one name the second is refused; the same encoder takes over, and the first is told", async () => {
  const first = await publisher({ ...chunked, "User-Agent": "one" });
  first.send(chunk(flv.subarray(0, 30_000)));
  await isLive();
  const other = await publisher({ ...chunked, "User-Agent": "another", Expect: "100-continue" });
  assert.deepEqual(await answer(other), { status: 409, words: '"live/cam" is being published by somebody else.\n' });
  assert.ok(!other.text.includes("100 Continue"));
  const again = await publisher({ ...chunked, "User-Agent": "one", Expect: "100-continue" });
  await again.until((text) => text.startsWith("HTTP/1.1 100 "));
  assert.deepEqual(await answer(first), { status: 409, words: "Another publisher has taken over.\n" });
  again.send(`${chunk(flv)}0\r\n\r\n`);
  assert.equal((await answer(again)).status, 200);
});

test("a second request behind a publisher's ends the connection", async () => {
  const peer = await publisher({ "Content-Length": String(flv.length) });
  peer.send(flv.toString("latin1") + head("GET /health", {}));
  await peer.closed;
  assert.ok(!peer.text.includes("ok\n"));
});

test("when the server closes it says so", async () => {
  const peer = await publisher();
  peer.send(chunk(flv.subarray(0, 30_000)));
  await isLive();
  silence();
  const closing = server.close(1000);
  assert.deepEqual(await answer(peer), { status: 503, words: "This server is closing.\n" });
  peer.socket.destroy();
  await closing;
  await server[Symbol.asyncDispose]();
  server = createServer({ rtmp: { enabled: false }, http: { enabled: false } });
  neighbour = new Tone(server.hub, "live/neighbour");
  silence = neighbour.run();
});
