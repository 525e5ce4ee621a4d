/** HLS as requests and answers, of a stream whose clock is ours. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { avcTrack } from "../src/containers/fmp4/tracks.fixture.ts";
import { AccessDenied } from "../src/index.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { parsePlaylist } from "./support/hls-watcher.ts";
import { Tone } from "./support/tone.ts";

let clock: FakeClock;
let server: ComposedServer;
let root: string;
let tone: Tone;
/** Questions that the hook was asked. */
let asked: (string | undefined)[];

beforeEach(async () => {
  clock = new FakeClock();
  server = createServer({
    rtmp: { enabled: false },
    http: { host: "127.0.0.1", port: 0 },
    viewers: { waitForPublisher: "150ms", max: 3 },
    streams: { ringTime: "10s" },
    clock,
  });
  asked = [];
  server.onPlay(({ key }) => {
    asked.push(key);
    if (key === "wrong") throw new AccessDenied("Bring another key.");
  });
  await server.listen();
  root = `http://127.0.0.1:${server.address("http")!.port}`;
  tone = new Tone(server.hub, "live/tone");
});
afterEach(() => server.close(200));

/** So many seconds of sound, in as much time. */
async function play(seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 5; i++) {
    tone.send(10);
    await clock.advance(200);
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly text: string;
}

async function get(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(new URL(url, root), init);
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body, text: body.toString() };
}

/** The media playlist that the multivariant one names, absolute. */
async function playlistUrl(query = ""): Promise<string> {
  const { status, text } = await get(`/live/tone.m3u8${query}`);
  assert.equal(status, 200, text);
  return new URL(text.trimEnd().split("\n").at(-1)!, `${root}/live/`).href;
}

const withQuery = (url: string, more: string): string => `${url}${url.includes("?") ? "&" : "?"}${more}`;

test("playlists, headers of media, segments and parts: types, CORS, what caches may keep", async () => {
  await play(7);
  for (const path of ["/live/tone.m3u8", "/live/tone/index.m3u8", "/live/tone/playlist.m3u8"]) {
    const { status, text, headers } = await get(`${path}?key=a%26b&x=1&mux=0`);
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), "application/vnd.apple.mpegurl");
    assert.equal(headers.get("access-control-allow-origin"), "*");
    const uri = text.trimEnd().split("\n").at(-1)!;
    assert.match(text, /^#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="mp4a\.40\.2"$/m);
    const prefix = path.endsWith("tone.m3u8") ? "tone/" : "";
    assert.match(uri, new RegExp(`^${prefix}hls-[a-z0-9]+-[a-z0-9]+\\.1/a1\\.m3u8\\?key=a%26b&x=1$`));
    const media = new URL(uri, `${root}${path}`).href;
    const details = parsePlaylist((await get(media)).text, media);
    assert.ok(details.fragments.length >= 2 && details.partList!.length > 3);
    const segment = details.fragments[0]!;
    for (const url of [segment.initSegment!.url, segment.url, details.partList![0]!.url]) {
      const answer = await get(url);
      assert.equal(answer.status, 200);
      assert.ok(url.endsWith("?key=a%26b&x=1"));
      assert.equal(answer.headers.get("content-type"), "audio/mp4");
      assert.match(answer.headers.get("cache-control")!, /immutable/);
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    }
  }
});

test("a request for what is not there yet is answered when it is", async () => {
  await play(5);
  const url = await playlistUrl();
  const before = parsePlaylist((await get(url)).text, url);
  const [sn, part] = [before.lastPartSn, before.lastPartIndex];
  const hint = new URL(before.preloadHint!["URI"] as string, url).href;
  let answered = 0;
  const later = [withQuery(url, `_HLS_msn=${sn}&_HLS_part=${part + 1}`), hint, withQuery(url, `_HLS_msn=${sn + 1}`)].map((each) =>
    get(each).then((answer) => ((answered += 1), answer)),
  );
  await get(url);
  assert.equal(answered, 0, "they wait");
  await play(0.4);
  const [playlist, piece] = await Promise.all(later.slice(0, 2));
  const after = parsePlaylist(playlist!.text, url);
  assert.ok(after.lastPartSn > sn || after.lastPartIndex > part);
  assert.ok(
    after.partList!.some((each) => each.url === hint),
    "what was hinted at has come",
  );
  assert.match(piece!.body.toString("latin1", 4, 8), /prft|moof/);
  await play(4);
  assert.ok(parsePlaylist((await later[2]!).text, url).endSN >= sn + 1);
});

test("what means nothing, is too far ahead, or is not there, is told so at once", async () => {
  await play(5);
  const url = await playlistUrl();
  const { lastPartSn } = parsePlaylist((await get(url)).text, url);
  for (const query of [
    "_HLS_msn=-1",
    "_HLS_msn=x",
    "_HLS_msn=",
    "_HLS_msn=1e3",
    "_HLS_part=1",
    "_HLS_msn=1&_HLS_part=-1",
    "_HLS_msn=99999999999999999999999",
    `_HLS_msn=${lastPartSn + 5}`,
    `_HLS_msn=${lastPartSn}&_HLS_part=900`,
    "_HLS_skip=NO",
  ]) {
    const { status, text } = await get(withQuery(url, query));
    assert.equal(status, 400, `${query}: ${text}`);
  }
  assert.equal((await get("/live/tone.m3u8?format=avi")).status, 400);
  const folder = url.replace(/a1\.m3u8$/, "");
  for (const path of [
    "a9.m3u8",
    "v1.m3u8",
    "a1/0/s999999.m4s",
    "a1/0/p999999.m4s",
    "a1/0/i9.mp4",
    "a1/77/s1.m4s",
    "a1/0/s.m4s",
    "a1/0/x1.m4s",
  ]) {
    assert.equal((await get(folder + path)).status, 404, path);
  }
  assert.equal((await get(url.replace(/hls-[^.]*/, "hls-zzz-1"))).status, 404);
  assert.equal((await get("/live/other.m3u8", { method: "HEAD" })).status, 404);
});

test("what does not come in three target durations is answered with 503", async () => {
  await play(5);
  const url = await playlistUrl();
  const { lastPartSn } = parsePlaylist((await get(url)).text, url);
  const waiting = get(withQuery(url, `_HLS_msn=${lastPartSn + 1}`));
  await get(url);
  await clock.advance(5500);
  await clock.advance(2000);
  assert.equal((await waiting).status, 503);
});

test("ranges, HEAD, entity tags and compression", async () => {
  await play(7);
  const url = await playlistUrl();
  const segment = parsePlaylist((await get(url)).text, url).fragments[0]!.url;
  const whole = await get(segment);
  const { length } = whole.body;
  for (const [range, from, to] of [
    ["bytes=0-9", 0, 10],
    ["bytes=300-", 300, length],
    ["bytes=-7", length - 7, length],
    [`bytes=${length - 2}-${length + 50}`, length - 2, length],
  ] as const) {
    const part = await get(segment, { headers: { Range: range } });
    assert.equal(part.status, 206, range);
    assert.equal(part.headers.get("content-range"), `bytes ${from}-${to - 1}/${length}`);
    assert.deepEqual(part.body, whole.body.subarray(from, to));
  }
  for (const range of ["bytes=9-1", "bytes=-", "lines=1-2", "bytes=1-2,5-6", "bytes=99999999999999999999-"])
    assert.equal((await get(segment, { headers: { Range: range } })).status, 200, range);
  for (const range of [`bytes=${length}-`, "bytes=-0"])
    assert.equal((await get(segment, { headers: { Range: range } })).status, 416, range);
  const head = await get(segment, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length"), head.body.length], [200, String(length), 0]);
  const etag = head.headers.get("etag")!;
  assert.equal((await get(segment, { headers: { "If-None-Match": etag } })).status, 304);
  const plain = await fetch(url, { headers: { "Accept-Encoding": "identity" } });
  assert.equal(plain.headers.get("content-encoding"), null);
  const zipped = await fetch(url, { headers: { "Accept-Encoding": "gzip" }, method: "HEAD" });
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.match(zipped.headers.get("vary")!, /Accept-Encoding/);
  assert.ok(gunzipSync(await compressed(url)).equals(Buffer.from(await plain.arrayBuffer())));
});

/** The bytes of an answer as they come. */
async function compressed(url: string): Promise<Buffer> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    request(url, { headers: { "Accept-Encoding": "gzip" } }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece)).on("end", () => resolve(Buffer.concat(pieces)));
    })
      .on("error", reject)
      .end();
  });
}

test("a delta update leaves out what the player has", async () => {
  const url = (await play(5), await playlistUrl());
  for (let i = 0; i < 4; i++) {
    await play(5);
    await get(url);
  }
  const whole = parsePlaylist((await get(url)).text, url);
  const delta = parsePlaylist((await get(withQuery(url, "_HLS_skip=YES"))).text, url);
  assert.equal(whole.canSkipUntil, 12);
  assert.ok(delta.skippedSegments >= 3, String(delta.skippedSegments));
  assert.equal(delta.startSN, whole.startSN);
  assert.equal(delta.endSN, whole.endSN);
});

test("access is asked once for a player, not for each piece; a key that is refused gets nothing", async () => {
  await play(7);
  const url = await playlistUrl("?key=right");
  const details = parsePlaylist((await get(url)).text, url);
  for (const { url: segment } of details.fragments) assert.equal((await get(segment)).status, 200);
  assert.deepEqual(asked, ["right"]);
  assert.equal((await get("/live/tone.m3u8?key=wrong")).status, 403);
  const wrong = details.fragments[0]!.url.replace("right", "wrong");
  assert.equal((await get(wrong)).status, 403);
  await clock.advance(31_000);
  assert.equal((await get(url)).status, 200);
  assert.deepEqual(asked, ["right", "wrong", "wrong", "right"], "and again after a while");
});

test("players count as viewers while they ask; what is made ends with them, and begins again where the timeline is", async () => {
  await play(7);
  const url = await playlistUrl();
  const stream = server.hub.streams.get("live/tone")!;
  const before = parsePlaylist((await get(url)).text, url);
  assert.equal(stream.viewers, 1);
  await playlistUrl("?key=other");
  assert.equal(stream.viewers, 2);
  for (const key of ["a", "b"]) await get(`/live/tone.m3u8?key=${key}`);
  assert.equal((await get("/live/tone.m3u8?key=c")).status, 503, "as many as there are seats");
  await play(14);
  assert.equal(stream.viewers, 0);
  assert.equal((await get(before.fragments[0]!.url)).status, 404, "nothing is kept that nobody asks for");
  const after = parsePlaylist((await get(url)).text, url);
  assert.ok(after.startSN > before.endSN, `${after.startSN} after ${before.endSN}`);
});

test("when it is over the playlist says so, and the next of that name has another", async () => {
  await play(7);
  const url = await playlistUrl();
  const waiting = get(withQuery(url, `_HLS_msn=${parsePlaylist((await get(url)).text, url).lastPartSn + 1}`));
  await get(url);
  tone.publication.close("unpublished");
  assert.match((await waiting).text, /#EXT-X-ENDLIST\n$/);
  const last = parsePlaylist((await get(url)).text, url);
  assert.equal(last.live, false);
  assert.equal((await get(last.fragments.at(-1)!.url)).status, 200);
  tone = new Tone(server.hub, "live/tone");
  await play(5);
  const next = await playlistUrl();
  assert.notEqual(next, url);
  assert.equal(parsePlaylist((await get(url)).text, url).live, false);
  assert.equal(parsePlaylist((await get(next)).text, next).live, true);
});

test("tracks that come end the playlists, and the stream's playlist names others", async () => {
  await play(5);
  const url = await playlistUrl();
  const before = parsePlaylist((await get(url)).text, url);
  tone.publication.track(avcTrack({ id: 7 }));
  await play(1);
  const ended = parsePlaylist((await get(url)).text, url);
  assert.equal(ended.live, false);
  assert.ok(ended.endSN >= before.endSN);
  const { text } = await get("/live/tone.m3u8");
  assert.match(text, /hls-[a-z0-9-]+\.2\/a1\.m3u8/);
  assert.match(text, /hls-[a-z0-9-]+\.2\/v7\.m3u8/);
});

test("who waits is told that the server closes", async () => {
  await play(5);
  const url = await playlistUrl();
  const waiting = get(withQuery(url, `_HLS_msn=${parsePlaylist((await get(url)).text, url).lastPartSn + 1}`));
  await get(url);
  const closed = server.close(200);
  // Its publisher goes first, and with it the stream.
  assert.ok([200, 503].includes((await waiting).status));
  await closed;
});

test("without low latency, and as MPEG-TS, segments alone are listed", async () => {
  await play(7);
  const ts = await playlistUrl("?format=ts");
  const details = parsePlaylist((await get(ts)).text, ts);
  assert.equal(details.partList, null);
  const { headers, body } = await get(details.fragments[0]!.url);
  assert.equal(headers.get("content-type"), "video/mp2t");
  assert.deepEqual([body[0], body.length % 188], [0x47, 0]);
});
