/** Players of HLS: hls.js in Chromium in its low-latency mode, FFmpeg, GStreamer, mpv and VLC. Pictures go to artifacts/interop/. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { makeClip, type ClipOptions } from "../support/clip.ts";
import { packetsOf } from "../support/packets.ts";
import { start, type RunningProgram } from "../support/program.ts";
import { launchChromium } from "../support/chromium.ts";
import { plainVideo, playsOn } from "../interop/browser.ts";
import { barePackets } from "../interop/ts-packets.ts";
import type { Got } from "../interop/players.ts";
import { aacFrame, commonRun, compare } from "../interop/compare.ts";
import { Place } from "../interop/place.ts";
import * as publishers from "../interop/publishers.ts";

let place: Place;
let browser: Browser;
const running: RunningProgram[] = [];

before(async () => {
  [place, browser] = await Promise.all([Place.open(), launchChromium()]);
});
after(async () => {
  await browser?.close();
  for (const program of running) await program.stop();
  await place?.[Symbol.asyncDispose]();
});

/** Publishes a clip, and resolves when it is live. */
async function publish(name: string, options: ClipOptions): Promise<string> {
  const clip = await makeClip(options);
  running.push(publishers.ffmpeg5.publish(clip, place.rtmp(name)));
  await place.until(() => place.server.hub.streams.get(name)?.state === "live", `${name} is live`);
  return clip;
}

const playlist = (name: string, query = ""): string => `http://127.0.0.1:${place.httpPort}/${name}.m3u8${query}`;

/** What a page with hls.js has seen. */
interface Seen {
  /** Seconds; and what it aims at. */
  readonly latency: number;
  readonly target: number;
  readonly waiting: number;
  readonly errors: readonly string[];
  readonly holes: number;
  readonly lowLatency: boolean;
  readonly time: number;
}

describe("hls.js in Chromium", () => {
  let pages: Server;
  let origin: string;
  before(async () => {
    const script = await readFile(fileURLToPath(new URL("../../node_modules/hls.js/dist/hls.js", import.meta.url)));
    pages = createServer((request, response) => {
      if (request.url === "/hls.js") response.end(script);
      else response.setHeader("Content-Type", "text/html").end(hlsPage);
    });
    await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  });
  after(() => {
    pages.closeAllConnections();
    pages.close();
  });

  /** Watches for some seconds of the media. */
  async function watch(url: string, picture: string, watched: number): Promise<Seen> {
    const page: Page = await browser.newPage();
    try {
      await page.goto(`${origin}/#${url}`);
      await playsOn(page, plainVideo, picture);
      // It may begin further back, and goes a little faster until it is where it wants to be.
      await page.waitForFunction("seen().latency < seen().target + 0.3", undefined, { timeout: 30_000, polling: 200 });
      await page.evaluate("begin()");
      const { time } = await page.evaluate<Seen>("seen()");
      await page.waitForFunction(`seen().time > ${time + watched}`, undefined, { timeout: (watched + 20) * 1000, polling: 200 });
      return await page.evaluate<Seen>("seen()");
    } finally {
      await page.close();
    }
  }

  for (const { name, query = "", options, behind } of [
    { name: "live/gop1", options: { gop: 25 }, behind: 2 },
    { name: "live/gop4", options: { gop: 100 }, behind: 3 },
    { name: "live/muxed", query: "?mux=1", options: { gop: 25 }, behind: 3 },
    { name: "live/old", query: "?format=ts", options: { gop: 25 }, behind: 9 },
  ]) {
    it(`plays ${name}${query}, at most ${behind} s behind, without a stop`, async () => {
      await publish(name, { seconds: 60, ...options });
      const { latency, waiting, errors, holes, lowLatency } = await watch(playlist(name, query), `hls-${name.replace("/", "-")}`, 12);
      assert.deepEqual({ waiting, errors, holes }, { waiting: 0, errors: [], holes: 0 });
      assert.equal(lowLatency, query !== "?format=ts");
      assert.ok(latency <= behind, `${latency} s behind`);
    });
  }
});

type Read = (source: string) => Promise<Got[]>;

describe("programs get what was published, bit for bit", () => {
  /** Plays to the end of a clip, and compares what came with what was sent. @param play resolves to a file or URL to read */
  async function plays(name: string, who: string, play: (name: string) => Promise<string>, read: Read = packetsOf): Promise<void> {
    const clip = await publish(name, { seconds: 9, gop: 25 });
    const got = await read(await play(name));
    const common = commonRun(await read(clip), got);
    const { video, audio } = compare(common.sent, common.got, who, { audio: 1000 + aacFrame, late: true });
    assert.equal(common.got.length, got.length, `${who}: all that it got was published`);
    assert.ok(video > 150 && audio > 250, `${who}: ${video} and ${audio} packets`);
  }

  it("FFmpeg 5.1, fMP4 in two renditions", () => plays("live/ff", "FFmpeg", (name) => Promise.resolve(playlist(name))));
  it("FFmpeg 5.1, one rendition", () => plays("live/ffmux", "FFmpeg", (name) => Promise.resolve(playlist(name, "?mux=1"))));
  it("FFmpeg 5.1, MPEG-TS", () => plays("live/ffts", "FFmpeg", (name) => Promise.resolve(playlist(name, "?format=ts")), barePackets));
  it("mpv", () =>
    plays("live/mpv", "mpv", async (name) => {
      const file = place.file("mkv");
      await using mpv = start("mpv", ["--no-config", "--no-terminal", "--vo=null", "--ao=null", `--stream-record=${file}`, playlist(name)]);
      await mpv.succeeded();
      return file;
    }));
  it("GStreamer", async () => {
    const play: Parameters<typeof plays>[2] = async (name) => {
      const file = place.file("ts");
      const demux = `souphttpsrc location=${playlist(name, "?format=ts")} ! hlsdemux ! filesink location=${file}`;
      await using gst = start("gst-launch-1.0", ["-q", "-e", ...demux.split(" ")]);
      await gst.succeeded();
      return file;
    };
    await plays("live/gst", "GStreamer", play, barePackets);
  });
  it("VLC", async () => {
    const play: Parameters<typeof plays>[2] = async (name) => {
      const file = place.file("ts");
      const sout = `--sout=#std{access=file,mux=ts,dst=${file}}`;
      await using vlc = start("cvlc", ["-q", sout, playlist(name, "?format=ts"), "vlc://quit"], { unprivileged: true });
      await vlc.succeeded();
      return file;
    };
    const clip = await publish("live/vlc", { seconds: 9, gop: 25 });
    // It writes ADTS headers of its own: pictures are compared.
    const pictures = async (source: string): Promise<string[]> =>
      (await barePackets(source)).filter(({ kind }) => kind === "video").map(({ md5 }) => md5);
    const [sent, got] = [await pictures(clip), await pictures(await play("live/vlc"))];
    assert.ok(got.length > 150, `${got.length} pictures`);
    const at = sent.indexOf(got[0]!);
    assert.deepEqual(got, sent.slice(at, at + got.length));
  });
});

const hlsPage = `<!doctype html><title>hls.js</title><video muted controls></video><script src="/hls.js"></script><script>
const video = document.querySelector("video");
const hls = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1 });
const errors = [];
let waiting = 0;
let holes = 0;
video.addEventListener("waiting", () => (waiting += 1));
hls.on(Hls.Events.ERROR, (_, { details, fatal }) => errors.push(details + (fatal ? " (fatal)" : "")));
hls.loadSource(location.hash.slice(1));
hls.attachMedia(video);
hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
setInterval(() => (holes = Math.max(holes, video.buffered.length - 1)), 100);
function begin() {
  waiting = 0;
  holes = 0;
  errors.length = 0;
}
function seen() {
  return { latency: hls.latency, target: hls.targetLatency, waiting, errors, holes, time: video.currentTime, lowLatency: Boolean(hls.levels[hls.currentLevel]?.details?.partList) };
}
</script>`;
