import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Hub } from "../src/hub/hub.ts";
import { Clips } from "../src/server/clips/clips.ts";
import { ContainerRegistry } from "../src/server/containers/container-registry.ts";
import { DemuxerRegistry } from "../src/server/containers/demuxer-registry.ts";
import { HttpListener, type HttpListenerOptions } from "../src/server/http/http-listener.ts";
import { HttpService, type HttpServiceOptions } from "../src/server/http/http-service.ts";
import type { ServerFacts } from "../src/server/http/server-facts.ts";
import { configJsonSchema } from "../src/server/config/json-schema.ts";
import { createServer } from "../src/server/server.ts";
import { checkConfig } from "../src/server/config/resolve.ts";
import { FeedService } from "../src/server/feeds/feed-service.ts";
import { silentLog } from "../src/server/log.ts";
import { Peers } from "../src/server/peers/peers.ts";
import { PluginRoutes } from "../src/server/plugins/plugin-routes.ts";
import { RecordingService } from "../src/server/recording/recording-service.ts";
import { Seats } from "../src/server/seats.ts";
import { Snapshots } from "../src/server/snapshots/snapshots.ts";
import { Transcoder } from "../src/server/transcode/transcoder.ts";
import { Vod } from "../src/server/vod/vod.ts";
import { badPaths, noises } from "./support/http-bad-inputs.ts";
import { openAccess } from "./support/open-access.ts";
import { RawConnection, splitResponse } from "./support/raw-connection.ts";
import { Tone } from "./support/tone.ts";

const refusals = { attempts: [], may: () => Promise.resolve(undefined) };
const headersTimeout = 400;
const idleTimeout = 500;
let folder: string;
const seats = new Seats(2);
const containers = new ContainerRegistry();
let hub: Hub;
let listener: HttpListener;
let port: number;
let base: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-edges-"));
  hub = new Hub();
  const ports = () => ({ rtmp: 1935, http: listener.address()?.port ?? null });
  const urls = () => ({ rtmp: "rtmp://live.example.org/", http: null });
  const recording = recordingOf(hub);
  listener = listenerWith(
    options(new Peers(), {
      version: "1.2.3",
      startedAt: 0,
      hub,
      containers,
      ports,
      urls,
      open: () => true,
      needsKey: false,
      hls: true,
      refusals,
      recording,
      clips: clipsOf(hub, recording),
    }),
  );
  await listener.listen({ host: "127.0.0.1", port: 0 });
  port = listener.address()!.port;
  base = `http://127.0.0.1:${port}`;
});
after(async () => {
  hub.close();
  await listener.close(200);
  await rm(folder, { recursive: true });
});

function recordingOf(streams: Hub): RecordingService {
  return new RecordingService(streams, checkConfig().recording, silentLog());
}

type Options = HttpServiceOptions & HttpListenerOptions;

function clipsOf(of: Hub, recording: RecordingService): Clips {
  return new Clips(of, recording, checkConfig().clips, silentLog());
}

function listenerWith(all: Options): HttpListener {
  return new HttpListener(new HttpService(all), all);
}

function options(peers: Peers, facts: ServerFacts): Options {
  return {
    facts,
    access: openAccess,
    demuxers: new DemuxerRegistry(),
    publishTimes: { stall: 300, ahead: 3000 },
    onRefused: () => undefined,
    log: silentLog(),
    peers,
    vod: new Vod({}, facts.hub, silentLog()),
    snapshots: new Snapshots({
      ...{ settings: { enabled: false, max: 1, timeout: 1000 }, ffmpeg: "ffmpeg", nice: 0 },
      ...{ scheduler: facts.hub.scheduler, log: silentLog() },
    }),
    transcoder: new Transcoder({ hub: facts.hub, settings: checkConfig({}, () => undefined).transcode, log: silentLog() }),
    webFolders: [folder],
    pluginRoutes: new PluginRoutes(),
    allowedOrigins: ["https://good.example"],
    maxConnections: 100,
    admit: () => seats.take(),
    waitForPublisher: 0,
    linger: 1000,
    headersTimeout,
    idleTimeout,
    feeds: new FeedService({ config: checkConfig(), log: silentLog(), hub: () => hub }),
  };
}

test("heads that never come, or come byte by byte, are cut", async () => {
  const silent = await RawConnection.open(port);
  const dribbling = await RawConnection.open(port);
  dribbling.send("GET / HTTP/1.1\r\n");
  const drops = setInterval(() => dribbling.send("X-A: b\r\n"), 50);
  await Promise.all([silent.closed, dribbling.closed]);
  clearInterval(drops);
});

test("so are PROXY headers that never come, and heads behind one", async () => {
  const recording = recordingOf(hub);
  const facts = {
    version: "",
    startedAt: 0,
    hub,
    ports: () => ({ rtmp: null, http: null }),
    urls: () => ({ rtmp: null, http: null }),
    open: () => true,
    needsKey: false,
    hls: true,
    containers,
    refusals,
    recording,
    clips: clipsOf(hub, recording),
  };
  const behind = listenerWith(options(new Peers(["loopback"]), facts));
  await behind.listen({ host: "127.0.0.1", port: 0 });
  const peers = await Promise.all(
    ["", "PROXY UNKN", "PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n"].map((text) => said(behind.address()!.port, text)),
  );
  await Promise.all(peers.map(({ closed }) => closed));
  await behind.close(0);
});

async function said(where: number, text: string): Promise<RawConnection> {
  return (await RawConnection.open(where)).send(text);
}

test("what is no HTTP is cut", async () => {
  for (const [, noise] of noises) {
    const peer = await RawConnection.open(port);
    peer.send(noise);
    await peer.closed;
  }
});

test("bodies for what is no stream are refused with the head", async () => {
  const peer = await RawConnection.open(port);
  peer.send("POST /api/v1/streams HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  await peer.closed;
  assert.equal(splitResponse(peer.received).status, 413);
});

test("names that cannot be are refused with the reason", async () => {
  for (const [path, status, words] of badPaths) {
    const peer = await RawConnection.open(port);
    peer.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await peer.closed;
    const response = splitResponse(peer.received);
    assert.equal(response.status, status, path);
    assert.match(response.body.toString(), words, path);
  }
});

test("errors are a page for browsers, JSON for the API, and never run what they quote", async () => {
  const page = await fetch(`${base}/<script>/x.flv`, { headers: { accept: "text/html,*/*" } });
  assert.match(page.headers.get("content-type")!, /^text\/html/);
  assert.match(page.headers.get("content-security-policy")!, /default-src 'self'/);
  const quoted = await fetch(`${base}/live/%3Cscript%3Ealert(1)%3C%2Fscript%3E.flv`, { headers: { accept: "text/html" } });
  assert.ok(!(await quoted.text()).includes("<script>"));
  const json = await fetch(`${base}/api/v1/nothing`);
  assert.deepEqual([json.status, Object.keys((await body(json))["error"]!)], [404, ["code", "message"]]);
});

test("methods that change nothing here are refused", async () => {
  const requests = ["PUT /watch/live/cam", "POST /", "DELETE /live/cam.flv", "PATCH /live/cam.flv", "TRACE /live/cam.flv"];
  for (const method of requests) {
    const peer = await RawConnection.open(port);
    peer.send(`${method} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await peer.closed;
    assert.equal(splitResponse(peer.received).status, 405, method);
  }
});

test("only the listed sites may read", async () => {
  const ask = (origin: string, method = "GET") => fetch(`${base}/api/v1/streams`, { method, headers: { origin } });
  assert.equal((await ask("https://good.example")).headers.get("access-control-allow-origin"), "https://good.example");
  assert.equal((await ask("https://bad.example")).headers.get("access-control-allow-origin"), null);
  const preflight = await ask("https://good.example", "OPTIONS");
  assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-methods")], [204, "GET, HEAD, OPTIONS, POST, PUT"]);
});

test("no browser guesses at what an answer is, and an error may be framed by nobody but us", async () => {
  for (const path of ["/", "/health", "/api/v1/streams", "/api/v1/nothing", "/live/none.flv", "/assets/none.js", "/watch/"]) {
    const { headers } = await fetch(base + path, { redirect: "manual" });
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  }
  assert.match(
    (await fetch(`${base}/api/v1/streams`)).headers.get("content-security-policy")!,
    /default-src 'none'; frame-ancestors 'none'/,
  );
  const framed = async (path: string) => {
    const page = await fetch(base + path, { headers: { accept: "text/html" } });
    return /frame-ancestors (.*)$/.exec(page.headers.get("content-security-policy")!)?.[1];
  };
  assert.equal(await framed("/live/none.flv"), "'self'");
  assert.equal(await framed("/embed/%zz"), "'self' https://good.example");
});

test("no more viewers than there are seats", async () => {
  const tone = new Tone(hub, "live/full");
  const open = [await fetch(`${base}/live/full.flv`), await fetch(`${base}/live/full.flv`)];
  const refused = await fetch(`${base}/live/full.flv`);
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  tone.publication.close("unpublished");
  for (const response of open) await response.arrayBuffer();
  while (seats.taken > 0) await new Promise(setImmediate);
});

test("the API tells of streams as its description says", async () => {
  const tone = new Tone(hub, "live/a b");
  const list = await body(await fetch(`${base}/api/v1/streams`));
  const { containers: described, ...server } = list["server"] as unknown as { readonly containers: readonly { readonly name: string }[] };
  assert.deepEqual(
    described.map(({ name }) => name),
    ["flv", "mp4", "mpegts", "matroska", "webm", "adts", "mp3", "ogg", "wav", "mpjpeg", "mjpeg", "ffm"],
  );
  assert.deepEqual(
    { ...server, containers: described.slice(0, 2) },
    {
      version: "1.2.3",
      startedAt: "1970-01-01T00:00:00.000Z",
      rtmpPort: 1935,
      httpPort: port,
      rtmpUrl: "rtmp://live.example.org/",
      httpUrl: null,
      open: true,
      needsKey: false,
      hls: true,
      containers: [
        {
          name: "flv",
          title: "FLV",
          extension: "flv",
          webSocket: true,
          players: { http: "VLC, mpv, FFmpeg, mpegts.js", webSocket: "mpegts.js" },
        },
        {
          name: "mp4",
          title: "fMP4",
          extension: "mp4",
          webSocket: true,
          players: { http: "browsers, mpv, FFmpeg", webSocket: "Millrace's player" },
        },
      ],
    },
  );
  const stream = list["streams"]![0]!;
  assert.deepEqual(
    { ...stream, since: "", bitrate: 0, past: Object.keys(stream["past"] as object) },
    {
      name: "live/a b",
      state: "live",
      since: "",
      bitrate: 0,
      viewers: 0,
      past: ["oldest", "seconds"],
      file: null,
      publisher: { protocol: "test", address: "192.0.2.1", encoder: "tone" },
      tracks: [{ id: 1, kind: "audio", codec: "aac", codecString: "mp4a.40.2", sampleRate: 48000, channels: 2 }],
      containers: ["flv", "mp4", "mpegts", "matroska", "adts", "ffm"],
    },
  );
  for (const path of ["live/a%20b", "live%2Fa%20b"]) {
    assert.equal((await body(await fetch(`${base}/api/v1/streams/${path}`)))["name"], "live/a b");
  }
  const missing = await fetch(`${base}/api/v1/streams/live/none`);
  assert.deepEqual(
    [missing.status, await missing.json()],
    [404, { error: { code: "not-live", message: 'Nobody is publishing "live/none".' } }],
  );
  const description = await body(await fetch(`${base}/api/v1/openapi.json`));
  assert.deepEqual(Object.keys(description["paths"]!).toSorted(), [
    "/api/v1/clips",
    "/api/v1/config-schema.json",
    "/api/v1/recordings",
    "/api/v1/recordings/{id}",
    "/api/v1/refusals",
    "/api/v1/streams",
    "/api/v1/streams/{name}",
  ]);
  const settings = await fetch(`${base}/api/v1/config-schema.json`);
  assert.equal(settings.headers.get("content-type"), "application/schema+json");
  assert.deepEqual(await settings.json(), JSON.parse(JSON.stringify(configJsonSchema())));
  tone.publication.close("unpublished");
});

test("assets are sent, are not sent again, and not for ever to who does not read", async () => {
  await writeFile(join(folder, "big.txt"), "x".repeat(16_000_000));
  const first = await fetch(`${base}/assets/big.txt`);
  assert.equal((await first.text()).length, 16_000_000);
  const again = await fetch(`${base}/assets/big.txt`, { headers: { "if-none-match": first.headers.get("etag")! } });
  assert.equal(again.status, 304);
  const stuck = await RawConnection.open(port);
  stuck.socket.pause();
  stuck.send("GET /assets/big.txt HTTP/1.1\r\nHost: x\r\n\r\n");
  await delay(idleTimeout * 3);
  stuck.socket.resume();
  await stuck.closed;
  assert.ok(stuck.received.length < 16_000_000);
});

test("a stream asked for behind an unfinished answer ends the connection", async () => {
  new Tone(hub, "live/second");
  await writeFile(join(folder, "first.txt"), "first");
  const peer = await RawConnection.open(port);
  peer.send("GET /assets/first.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /live/second.flv HTTP/1.1\r\nHost: x\r\n\r\n");
  await peer.closed;
  assert.ok(!peer.text.includes("FLV"));
});

test("connections that have not asked for anything do not hold up the end", async () => {
  await using server = createServer({ rtmp: { enabled: false }, http: { host: "127.0.0.1", port: 0 } });
  await server.listen();
  const { port: own } = server.address("http")!;
  const spare = await RawConnection.open(own);
  const half = (await RawConnection.open(own)).send("GET /health HTTP/1.1\r\nHo");
  // One that came after them was answered: the server has met them.
  const last = (await RawConnection.open(own)).send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  await last.until((text) => text.endsWith("ok\n"));
  const started = performance.now();
  await server.close(60_000);
  await Promise.all([spare.closed, half.closed, last.closed]);
  assert.ok(performance.now() - started < 5000, `${performance.now() - started} ms`);
});

test("a viewer that waits is not idle", async () => {
  const tone = new Tone(hub, "live/quiet");
  const viewer = await RawConnection.open(port);
  viewer.send("GET /live/quiet.flv HTTP/1.1\r\nHost: x\r\n\r\n");
  await viewer.until((text) => text.includes("FLV"));
  await delay(idleTimeout * 2);
  assert.ok(!viewer.socket.closed);
  tone.publication.close("unpublished");
  await viewer.closed;
});

test("health, and a plain word where the pages were not built", async () => {
  const health = await fetch(`${base}/health`);
  assert.deepEqual([health.status, await health.text()], [200, "ok\n"]);
  assert.equal((await fetch(`${base}/`)).status, 503);
  assert.equal((await fetch(`${base}/assets/none.js`)).status, 404);
});

async function body(response: Response): Promise<Json> {
  return (await response.json()) as Json;
}

interface Json {
  readonly [key: string]: Json;
}
