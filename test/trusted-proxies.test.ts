/** What servers believe of proxies: PROXY headers on both ports in any pieces, X-Forwarded headers, and from whom. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { pino } from "pino";
import { WebSocket } from "ws";
import type { ConfigInput } from "../src/index.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { writeProxyHeader } from "../src/protocols/proxy-protocol/header.ts";
import { RawConnection, splitResponse } from "./support/raw-connection.ts";
import { RtmpClient } from "./support/rtmp-client.ts";
import { sendFrames, sendHeaders } from "./support/rtmp-media.ts";
import { Tone } from "./support/tone.ts";

const client = { source: "192.0.2.7", sourcePort: 50_000, destination: "192.0.2.1", destinationPort: 1935 };
const headers = [
  ["version 1", writeProxyHeader(1, client)],
  ["version 2", writeProxyHeader(2, client, new Uint8Array(300).fill(4))],
] as const;

/** A server of its own with all that it logs. */
class Place implements AsyncDisposable {
  readonly server: ComposedServer;
  readonly records: Record<string, unknown>[] = [];

  constructor(settings: ConfigInput) {
    const write = (line: string): void => void this.records.push(JSON.parse(line) as Record<string, unknown>);
    this.server = createServer({
      rtmp: { host: "127.0.0.1", port: 0, handshakeTimeout: "500ms" },
      http: { host: "127.0.0.1", port: 0 },
      auth: false,
      logger: pino({ level: "debug", base: null }, { write }),
      ...settings,
    });
  }

  static async open(settings: ConfigInput = {}): Promise<Place> {
    const place = new Place(settings);
    await place.server.listen();
    return place;
  }

  port(role: "rtmp" | "http"): number {
    return this.server.address(role)!.port;
  }

  /** The first log record with this in its message. */
  async logged(words: string): Promise<Record<string, unknown>> {
    for (let tries = 0; ; tries++) {
      const record = this.records.find(({ msg }) => String(msg).includes(words));
      if (record) return record;
      assert.ok(tries < 500, `not logged: ${words}; but: ${this.records.map(({ msg }) => String(msg)).join(", ")}`);
      await delay(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close(200);
  }
}

const trusting = (): Promise<Place> => Place.open({ trustedProxies: ["loopback"] });

/** Sends bytes in pieces that arrive one by one. */
async function sendInPieces(socket: Socket, bytes: Uint8Array, places: readonly number[]): Promise<void> {
  socket.setNoDelay(true);
  let from = 0;
  for (const to of [...places.toSorted((a, b) => a - b), bytes.length]) {
    if (to <= from) continue;
    await new Promise<void>((resolve) => socket.write(bytes.subarray(from, to), () => resolve()));
    await delay(2);
    from = to;
  }
}

async function published(place: Place, header: Uint8Array | undefined): Promise<string | undefined> {
  using publisher = await RtmpClient.connect(place.port("rtmp"), header && { before: header });
  const streamId = await publisher.publish("live", "cam");
  sendHeaders(publisher, streamId);
  sendFrames(publisher, streamId, 0, 2);
  const address = place.server.hub.streams.get("live/cam")?.publication?.info.address;
  publisher.command(0, "deleteStream", null, streamId);
  await publisher.status("NetStream.Unpublish.Success");
  return address;
}

describe("RTMP behind a trusted proxy", () => {
  for (const [name, header] of headers) {
    it(`takes the client's address from a PROXY header of ${name}`, async () => {
      await using place = await trusting();
      assert.equal(await published(place, header), "192.0.2.7");
      assert.equal((await place.logged("RTMP publisher started"))["address"], "192.0.2.7");
    });
  }

  it("works without a header too, and takes a health check for the proxy's own", async () => {
    await using place = await trusting();
    assert.equal(await published(place, undefined), "127.0.0.1");
    assert.equal(await published(place, writeProxyHeader(2, undefined)), "127.0.0.1");
    assert.equal(await published(place, writeProxyHeader(1, undefined)), "127.0.0.1");
  });

  it("ends what begins like a header and is none, comes too late or is cut short", async () => {
    await using place = await trusting();
    const cases: [bytes: string, code: string][] = [
      ["PROXY TCP4 x y 1 2\r\n", "malformed"],
      [`PROXY UNKNOWN ${"x".repeat(200)}`, "limit"],
      ["\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "limit"],
      ["PROXY TCP4 192.0.2.7 ", "timeout"],
      ["\r\n\r\n\0\r\nQUIT\n", "timeout"],
    ];
    for (const [bytes, code] of cases) {
      place.records.length = 0;
      const peer = await RawConnection.open(place.port("rtmp"));
      peer.send(bytes);
      await peer.closed;
      const record = await place.logged("RTMP connection ended");
      assert.deepEqual([record["code"], record["address"]], [code, "127.0.0.1"], bytes);
    }
    place.records.length = 0;
    const cut = await RawConnection.open(place.port("rtmp"));
    cut.send("PROXY TCP4 192.0.2.7 ");
    cut.socket.end();
    assert.equal((await place.logged("RTMP connection ended"))["code"], "truncated");
  });

  it("is closed with whoever has not said yet who it is", async () => {
    await using place = await Place.open({ trustedProxies: ["loopback"], rtmp: { host: "127.0.0.1", port: 0, handshakeTimeout: "1m" } });
    const silent = [await RawConnection.open(place.port("rtmp")), await RawConnection.open(place.port("http"))];
    silent[0]!.send("PROXY ");
    await delay(20);
    const started = performance.now();
    await place.server.close(5000);
    await Promise.all(silent.map(({ closed }) => closed));
    assert.ok(performance.now() - started < 2000);
  });

  it("reads the same from any splitting of the bytes", async () => {
    await using place = await Place.open({ trustedProxies: ["loopback"], rtmp: { host: "127.0.0.1", port: 0 } });
    const hello = Buffer.concat([Buffer.of(3), Buffer.alloc(1536)]);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...headers.map(([, header]) => header)), cuts(120), async (header, where) => {
        const peer = await RawConnection.open(place.port("rtmp"));
        await sendInPieces(peer.socket, Buffer.concat([header, hello]), where);
        await peer.until((text) => text.length === 3073);
        peer.socket.destroy();
      }),
      { numRuns: 40 },
    );
  });
});

/** Places to cut bytes in two. */
function cuts(max: number): fc.Arbitrary<number[]> {
  return fc.oneof(fc.array(fc.nat({ max }), { maxLength: 6 }), fc.constant(Array.from({ length: 40 }, (_, at) => at)));
}

describe("RTMP and a proxy that is not trusted", () => {
  it("refuses its header with the reason, in either version", async () => {
    await using place = await Place.open({ trustedProxies: ["192.0.2.0/24"] });
    for (const [name, header] of headers) {
      place.records.length = 0;
      const peer = await RawConnection.open(place.port("rtmp"));
      peer.socket.write(header);
      await peer.closed;
      assert.equal(peer.text, "", name);
      const record = await place.logged("RTMP session ended");
      assert.deepEqual([record["code"], record["address"]], ["wrong-protocol", "127.0.0.1"], name);
      assert.equal(record["reason"], "a PROXY header, and 127.0.0.1 is no trusted proxy", name);
    }
  });

  it("still tells a browser that posts where the pages are", async () => {
    await using place = await Place.open();
    const peer = await RawConnection.open(place.port("rtmp"));
    peer.send("POST / HTTP/1.1\r\n\r\n");
    await peer.closed;
    assert.match(peer.text, new RegExp(`^HTTP/1\\.1 400 [^]*port ${place.port("http")} of this host`));
  });
});

describe("HTTP behind a trusted proxy", () => {
  it("reads a PROXY header, in any pieces, and serves what follows", async () => {
    await using place = await trusting();
    new Tone(place.server.hub, "live/tone");
    const request = Buffer.from("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...headers.map(([, header]) => header), new Uint8Array(0)), cuts(60), async (header, where) => {
        const peer = await RawConnection.open(place.port("http"));
        await sendInPieces(peer.socket, Buffer.concat([header, request]), where);
        await peer.until((text) => text.endsWith("ok\n"));
        peer.send("GET /live/tone.flv HTTP/1.1\r\nHost: x\r\n\r\n");
        await peer.until((text) => text.includes("FLV"));
        peer.socket.destroy();
      }),
      { numRuns: 30 },
    );
  });

  it("names viewers in the log as X-Forwarded-For or a PROXY header does", async () => {
    await using place = await trusting();
    new Tone(place.server.hub, "live/tone");
    const cases: [before: string, forwardedFor: string, address: string][] = [
      ["", "X-Forwarded-For: 198.51.100.1, 192.0.2.8\r\n", "192.0.2.8"],
      ["PROXY TCP4 192.0.2.9 192.0.2.1 1 80\r\n", "", "192.0.2.9"],
      // The client that the PROXY header names is no proxy of ours: what it says is nothing to go by.
      ["PROXY TCP4 192.0.2.10 192.0.2.1 1 80\r\n", "X-Forwarded-For: 198.51.100.1\r\n", "192.0.2.10"],
      ["PROXY TCP4 127.0.0.5 127.0.0.1 1 80\r\n", "X-Forwarded-For: 192.0.2.11\r\n", "192.0.2.11"],
    ];
    for (const [before, forwardedFor, address] of cases) {
      place.records.length = 0;
      const peer = await RawConnection.open(place.port("http"));
      peer.send(`${before}GET /live/tone.flv HTTP/1.1\r\nHost: x\r\n${forwardedFor}\r\n`);
      await peer.until((text) => text.includes("FLV"));
      assert.equal((await place.logged("viewer came"))["address"], address);
      peer.socket.destroy();
      assert.equal((await place.logged("viewer left"))["address"], address);
    }
    place.records.length = 0;
    const socket = new WebSocket(`ws://127.0.0.1:${place.port("http")}/live/tone.flv`, { headers: { "X-Forwarded-For": "2001:DB8::0:7" } });
    await once(socket, "message");
    assert.equal((await place.logged("viewer came"))["address"], "2001:db8::7");
    socket.terminate();
  });

  it("tells the URL under which it was asked, as the proxy says", async () => {
    await using place = await trusting();
    assert.equal(await httpUrl(place, {}), null);
    assert.equal(await httpUrl(place, { "X-Forwarded-Proto": "https" }), `https://127.0.0.1:${place.port("http")}/`);
    const all = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "live.example.org", "X-Forwarded-Prefix": "/media" };
    assert.equal(await httpUrl(place, all), "https://live.example.org/media/");
    assert.equal(await httpUrl(place, { "X-Forwarded-Host": "evil.example/'" }), null);
  });
});

describe("who decides behind a trusted proxy", () => {
  it("is told the client's address, over every protocol", async () => {
    await using place = await trusting();
    const asked: string[] = [];
    const note = ({ protocol, address }: { protocol: string; address: string }): void => void asked.push(`${protocol} ${address}`);
    place.server.onPublish((request) => note(request));
    place.server.onPlay((request) => note(request));
    using publisher = await RtmpClient.connect(place.port("rtmp"), { before: headers[1][1] });
    const streamId = await publisher.publish("live", "cam");
    sendHeaders(publisher, streamId);
    sendFrames(publisher, streamId, 0, 2);
    using player = await RtmpClient.connect(place.port("rtmp"), { before: headers[0][1] });
    await player.play("live", "cam");
    const viewer = await RawConnection.open(place.port("http"));
    viewer.send("GET /live/cam.flv HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.8\r\n\r\n");
    await viewer.until((text) => text.includes("FLV"));
    viewer.socket.destroy();
    const socket = new WebSocket(`ws://127.0.0.1:${place.port("http")}/live/cam.flv`, { headers: { "X-Forwarded-For": "192.0.2.9" } });
    await once(socket, "message");
    socket.terminate();
    assert.deepEqual(asked, ["rtmp 192.0.2.7", "rtmp 192.0.2.7", "http 192.0.2.8", "ws 192.0.2.9"]);
  });

  it("lets a publisher come back from its own address, and nobody else from another behind the same proxy", async () => {
    await using place = await trusting();
    using publisher = await RtmpClient.connect(place.port("rtmp"), { before: headers[0][1] });
    await publisher.publish("live", "cam");
    using rival = await RtmpClient.connect(place.port("rtmp"), { before: writeProxyHeader(2, { ...client, source: "192.0.2.8" }) });
    await rival.connectApp("live");
    rival.command(await rival.createStream(), "publish", null, "cam", "live");
    await rival.status("NetStream.Publish.BadName");
    using same = await RtmpClient.connect(place.port("rtmp"), { before: headers[1][1] });
    await same.publish("live", "cam");
    await publisher.closed;
  });
});

describe("HTTP without trusted proxies", () => {
  it("believes nobody", async () => {
    await using place = await Place.open();
    new Tone(place.server.hub, "live/tone");
    const all = { "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil" };
    assert.equal(await httpUrl(place, all), null);
    const peer = await RawConnection.open(place.port("http"));
    peer.send("GET /live/tone.flv HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
    await peer.until((text) => text.includes("FLV"));
    assert.equal((await place.logged("viewer came"))["address"], "127.0.0.1");
    peer.socket.destroy();
    const posing = await RawConnection.open(place.port("http"));
    posing.send("PROXY TCP4 192.0.2.9 192.0.2.1 1 80\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    await posing.closed;
    assert.notEqual(splitResponse(posing.received).status, 200);
  });

  it("shows what the settings say it is reached under", async () => {
    await using place = await Place.open({ http: { host: "127.0.0.1", port: 0, publicUrl: "https://live.example.org/media" } });
    assert.equal(await httpUrl(place, { "X-Forwarded-Host": "evil.example" }), "https://live.example.org/media/");
    const browser = await RawConnection.open(place.port("rtmp"));
    browser.send("GET / HTTP/1.1\r\n\r\n");
    await browser.closed;
    assert.match(browser.text, /The web pages are at https:\/\/live\.example\.org\/media\/\n$/);
  });
});

async function httpUrl(place: Place, more: Readonly<Record<string, string>>): Promise<string | null> {
  const answer = await fetch(`http://127.0.0.1:${place.port("http")}/api/v1/streams`, { headers: more });
  return ((await answer.json()) as { server: { httpUrl: string | null } }).server.httpUrl;
}
