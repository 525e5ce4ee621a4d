/** Players of files: hls.js and the video element of Chromium, mpv, VLC, GStreamer and rtmpdump. Pictures go to artifacts/interop/. */
import assert from "node:assert/strict";
import { readFile, truncate } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { plainVideo, playsOn } from "../interop/browser.ts";
import { launchChromium } from "../support/chromium.ts";
import { type Packet, packetsOf } from "../support/packets.ts";
import { start } from "../support/program.ts";
import { type VodServer, vodServer } from "../support/vod-server.ts";

let vod: VodServer;
let browser: Browser;
let pages: Server;
let origin: string;
let source: Packet[];

before(async () => {
  [vod, browser] = await Promise.all([vodServer(), launchChromium()]);
  const clip = { seconds: 30, gop: 50 } as const;
  source = await packetsOf(await vod.add("film.mp4", { ...clip, container: "mp4" }, "-movflags", "+faststart"));
  await vod.add("tags.flv", clip);
  const script = await readFile(fileURLToPath(new URL("../../node_modules/hls.js/dist/hls.js", import.meta.url)));
  pages = createServer((request, response) => {
    if (request.url === "/hls.js") response.end(script);
    else response.setHeader("Content-Type", "text/html").end(page);
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
});
after(async () => {
  pages?.closeAllConnections();
  pages?.close();
  await browser?.close();
  await vod?.[Symbol.asyncDispose]();
});

/** `#URL`: by hls.js what ends in .m3u8, by the browser itself what does not. */
const page = `<!doctype html><video muted autoplay controls crossorigin="anonymous"></video><script src="/hls.js"></script><script>
  const video = document.querySelector("video");
  const url = location.hash.slice(1);
  window.errors = [];
  video.addEventListener("error", () => errors.push("video " + video.error?.message));
  if (url.endsWith(".m3u8")) {
    const hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_, data) => errors.push(data.details));
    hls.loadSource(url);
    hls.attachMedia(video);
  } else video.src = url;
</script>`;

describe("Chromium plays and seeks", () => {
  for (const [what, path] of [
    ["HLS of an MP4 file by hls.js", "film.mp4.m3u8"],
    ["HLS of an FLV file by hls.js", "tags.flv.m3u8"],
    ["the MP4 file itself", "film.mp4"],
    ["an FLV file as fragmented MP4", "tags.flv.mp4"],
  ] as const) {
    it(what, async () => {
      const tab: Page = await browser.newPage();
      try {
        await tab.goto(`${origin}/#${vod.base}/${path}`);
        await playsOn(tab, plainVideo, `vod-${path}`);
        if (path !== "tags.flv.mp4") {
          const duration = await tab.evaluate<number>(`${plainVideo}.duration`);
          assert.ok(Math.abs(duration - 30) < 0.2, `${duration} s`);
          for (const time of [20, 5.3, 27]) {
            await tab.evaluate(`${plainVideo}.currentTime = ${time}`);
            await tab.waitForFunction(`!${plainVideo}.seeking && ${plainVideo}.currentTime > ${time + 0.7}`, undefined, {
              timeout: 20_000,
            });
          }
          await tab.waitForFunction(`${plainVideo}.ended`, undefined, { timeout: 20_000 });
        }
        assert.deepEqual(await tab.evaluate("errors"), []);
      } finally {
        await tab.close();
      }
    });
  }
});

const video = (packets: readonly Packet[]): string[] => packets.filter(({ kind }) => kind === "video").map(({ md5 }) => md5);

/** What was played is a run of the file's pictures, from one of the given key frames to the end. */
function isRun(found: readonly string[], from: number, who: string): void {
  const all = video(source);
  // Some programs leave out the first or the last pictures when they write what they play.
  const begin = all.indexOf(found.find((hash) => all.includes(hash)) ?? "");
  assert.ok(begin >= from && begin <= from + 3, `${who} began at picture ${begin}`);
  const run = all.slice(begin, begin + found.length);
  assert.deepEqual(found.slice(0, run.length - 4), run.slice(0, -4), who);
  assert.ok(begin + found.length > all.length - 8, `${who}: ${found.length} pictures from ${begin}`);
}

/** Where a tag ends in the middle of an FLV file: rtmpdump goes on after whole tags. */
async function tagBoundary(file: string): Promise<number> {
  const bytes = await readFile(file);
  let at = 13;
  while (at < bytes.length / 2) at += 11 + bytes.readUIntBE(at + 1, 3) + 4;
  return at;
}

describe("programs play and seek, bit for bit", () => {
  const rtmp = (): string => `rtmp://127.0.0.1:${vod.rtmpPort}/vod/films/mp4:film.mp4`;
  const out = (name: string): string => join(vod.folder, `.${name}`);

  for (const [what, url, seek, begins] of [
    ["HLS", () => `${vod.base}/film.mp4.m3u8`, [], 0],
    ["the file from 13 s", () => `${vod.base}/film.mp4`, ["--start=13"], 300],
  ] as const) {
    it(`mpv, ${what}`, async () => {
      const file = out(`${what.replaceAll(" ", "")}.mkv`);
      const args = ["--no-config", "--no-terminal", "--vo=null", "--ao=null", ...seek, `--stream-record=${file}`, url()];
      await using mpv = start("mpv", args);
      await mpv.succeeded();
      isRun(video(await packetsOf(file)), begins, "mpv");
    });
  }

  it("FFmpeg, the file and RTMP from 13 s", async () => {
    for (const url of [`${vod.base}/film.mp4`, rtmp()]) {
      const file = out("ff.mkv");
      const args = ["-v", "error", "-nostdin", "-y", "-rtmp_buffer", "60000", "-ss", "13", "-i", url, "-map", "0:v", "-c", "copy", file];
      await using ffmpeg = start("ffmpeg", url.startsWith("rtmp") ? args : args.filter((arg) => arg !== "-rtmp_buffer" && arg !== "60000"));
      await ffmpeg.succeeded();
      isRun(video(await packetsOf(file)), 300, `FFmpeg ${url}`);
    }
  });

  it("VLC, HLS", async () => {
    // VLC refuses root, and the folder is ours alone: it plays, and says so.
    const args = ["-vv", "--vout=dummy", "--aout=dummy", `${vod.base}/film.mp4.m3u8`, "--run-time=6", "vlc://quit"];
    await using vlc = start("cvlc", args, { unprivileged: true });
    await vlc.finished;
    assert.match(vlc.stderr, /Received first picture/);
  });

  it("GStreamer, RTMP", async () => {
    const file = out("gst.flv");
    await using gst = start("gst-launch-1.0", ["-q", "-e", "rtmp2src", `location=${rtmp()}`, "!", "filesink", `location=${file}`]);
    await gst.succeeded();
    isRun(video(await packetsOf(file)), 0, "GStreamer");
  });

  it("rtmpdump, and goes on where it was cut off", async () => {
    const file = out("dump.flv");
    const args = ["-q", "-r", rtmp(), "-a", "vod/films", "-y", "mp4:film.mp4", "-o", file];
    await using whole = start("rtmpdump", args);
    await whole.finished;
    isRun(video(await packetsOf(file)), 0, "rtmpdump");
    await truncate(file, await tagBoundary(file));
    await using rest = start("rtmpdump", [...args, "--resume"]);
    await rest.finished;
    isRun(video(await packetsOf(file)), 0, "rtmpdump --resume");
  });
});
