/** Looking back over HTTP and WebSocket: `?date=`, `?buffer=`, `?preroll=`, `?pace=`. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Publication } from "../src/hub/publication.ts";
import { type ComposedServer, createServer } from "../src/server/server.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { audio, hexOf, picture, pictureMs, video } from "./contracts/media.ts";
import { flvReader, fmp4Reader, matroskaReader, type ReadFrame, type StreamReader, tsReader } from "./contracts/readers.ts";
import { http, type Open, webSocket } from "./contracts/ways.ts";

const stream = "live/cam";
const begun = Date.UTC(2026, 0, 1, 12);
const ways: readonly (readonly [name: string, open: Open, extension: string, reader: () => StreamReader])[] = [
  ["HTTP-FLV", http, "flv", flvReader],
  ["HTTP-TS", http, "ts", tsReader],
  ["HTTP-fMP4", http, "mp4", fmp4Reader],
  ["HTTP-Matroska", http, "mkv", matroskaReader],
  ["WS-FLV", webSocket, "flv", flvReader],
  ["WS-TS", webSocket, "ts", tsReader],
  ["WS-fMP4", webSocket, "mp4", fmp4Reader],
];

/** A server whose clock is ours, and a publisher who has been there for a while. */
class Setting implements AsyncDisposable {
  readonly clock = new FakeClock(begun);
  readonly server: ComposedServer;
  readonly publication: Publication;
  #pictures = 0;

  constructor(server: (clock: FakeClock) => ComposedServer) {
    this.server = server(this.clock);
    this.publication = this.server.hub.publish(stream, { protocol: "test", address: "", encoder: "" });
    this.publication.track(video);
    this.publication.track(audio);
  }

  /** A picture every 40 ms with a sound, a key frame a second. */
  async send(seconds: number): Promise<void> {
    for (let i = 0; i < seconds * 25; i++) {
      const number = this.#pictures++;
      const time = number * pictureMs;
      this.publication.frame(picture(number));
      this.publication.frame({ track: audio.id, dts: time, pts: time, sap: 1, discardable: false, data: new Uint8Array(20).fill(number) });
      if (number % 5 === 4) await this.clock.advance(5 * pictureMs);
    }
  }

  get port(): number {
    return this.server.address("http")!.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close(0);
  }
}

async function open(options: { maxReplays?: number } = {}): Promise<Setting> {
  const make = (clock: FakeClock): ComposedServer =>
    createServer({
      clock,
      rtmp: { enabled: false },
      http: { host: "127.0.0.1", port: 0 },
      streams: { ringTime: "1m" },
      viewers: { waitForPublisher: "0s", ...options },
    });
  const setting = new Setting(make);
  await setting.server.listen();
  return setting;
}

/** Payloads of pictures from one number to before another. */
const sent = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => hexOf(picture(from + i).data));
const pictures = (frames: readonly ReadFrame[]): string[] => frames.filter(({ kind }) => kind === "video").map(({ data }) => data);

/** Resolves when nothing more comes: what is under way over loopback is there within some turns of the event loop. */
async function whenQuiet(frames: readonly unknown[]): Promise<void> {
  for (let quiet = 0, count = -1; quiet < 200; quiet++) {
    if (frames.length !== count) [quiet, count] = [0, frames.length];
    await turn();
  }
}

describe("looking back", { concurrency: 1 }, () => {
  let setting: Setting;
  before(async () => {
    setting = await open();
    await setting.send(20);
  });
  after(() => setting[Symbol.asyncDispose]());

  for (const [name, way, extension, reader] of ways) {
    it(`${name}: begins at the key frame before the time asked for, and comes bit for bit`, async () => {
      const { server, clock } = setting;
      const watch = (query: string) => way(server, `/${stream}.${extension}?${query}`, reader());
      const end = (clock.now() / pictureMs) | 0;
      const date = new Date(clock.wallClock() - 7400).toISOString();
      const viewers = [watch("buffer=5.5&pace=fast"), watch(`date=${date}&pace=fast`), watch("buffer=4.5"), watch("preroll=2.5")];
      for (const viewer of viewers) await whenQuiet(viewer.frames);
      const [fast, dated, slow, live] = viewers.map(({ frames }) => pictures(frames)) as [string[], string[], string[], string[]];
      // MPEG-TS and Matroska have the last picture when the next begins.
      const allowed = (got: string[], from: number, to: number): void => {
        assert.ok(got.length >= to - from - 2 && got.length <= to - from + 1, `${got.length} pictures from ${from} to ${to}`);
        assert.deepEqual(got, sent(from, from + got.length));
      };
      allowed(fast, end - 150, end);
      allowed(dated, end - 200, end);
      allowed(slow, end - 125, end - 113);
      allowed(live, end - 75, end);
      await setting.send(2);
      for (const viewer of viewers) await whenQuiet(viewer.frames);
      allowed(pictures(viewers[0]!.frames), end - 150, end + 50);
      allowed(pictures(viewers[2]!.frames), end - 125, end - 63);
      for (const viewer of viewers) viewer.leave();
    });
  }

  it("a time that means nothing, or is in the future, is answered with what is understood", async () => {
    const future = new Date(setting.clock.wallClock() + 1000).toISOString();
    const cases = [
      ["date=yesterday", /date= takes a time/],
      ["date=", /date= takes a time/],
      [`date=${future}`, /future/],
      ["buffer=-1", /buffer= takes seconds/],
      ["buffer=1e9", /buffer= takes seconds/],
      ["preroll=x", /preroll= takes seconds/],
      ["pace=slow", /pace= takes/],
      ["date=now&buffer=5", /give one/],
      ["buffer=0&pace=", /pace= takes/],
    ] as const;
    for (const [query, words] of cases) {
      for (const method of ["GET", "HEAD"]) {
        const response = await fetch(`http://127.0.0.1:${setting.port}/${stream}.flv?${query}`, { method });
        assert.equal(response.status, 400, query);
        if (method === "GET") assert.match(await response.text(), words);
      }
      const socket = new WebSocket(`ws://127.0.0.1:${setting.port}/${stream}.flv?${query}`);
      const [code, reason] = (await once(socket, "close")) as [number, Buffer];
      assert.equal(code, 4403);
      assert.match(reason.toString(), words);
    }
  });

  it("HEAD, CORS and a stream that nobody publishes are as live", async () => {
    const at = `http://127.0.0.1:${setting.port}`;
    const head = await fetch(`${at}/${stream}.mp4?buffer=5`, { method: "HEAD", headers: { Origin: "https://a.example" } });
    assert.equal(head.status, 200);
    assert.match(head.headers.get("content-type")!, /^video\/mp4; codecs="avc1/);
    assert.equal(head.headers.get("access-control-allow-origin"), "*");
    assert.equal((await fetch(`${at}/live/none.flv?buffer=5`)).status, 404);
    assert.equal((await fetch(`${at}/${stream}.mp3?buffer=5`)).status, 415);
    const { server } = setting;
    while (server.hub.streams.get(stream)!.viewers > 0) await turn();
  });
});

it("more than may be shown the past at once are told so, and live is untouched", async () => {
  await using setting = await open({ maxReplays: 1 });
  await setting.send(3);
  const at = `http://127.0.0.1:${setting.port}/${stream}.flv`;
  const abort = new AbortController();
  const first = await fetch(`${at}?buffer=2`, { signal: abort.signal });
  assert.equal(first.status, 200);
  const second = await fetch(`${at}?buffer=2`);
  assert.equal(second.status, 503);
  assert.match(await second.text(), /past to 1 viewers/);
  assert.equal((await fetch(at, { signal: abort.signal })).status, 200);
  abort.abort();
});
