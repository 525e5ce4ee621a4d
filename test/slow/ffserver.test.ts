/** An unchanged FFmpeg 3.1.3 against an ffserver.conf, played by today's programs in every format; today's encoders to the same feeds; the status page. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildWeb } from "../../tools/build-web.ts";
import { launchChromium } from "../support/chromium.ts";
import { makeClip } from "../support/clip.ts";
import { postClip } from "../support/feed-clip.ts";
import { FfserverPlace } from "../support/ffserver-place.ts";
import { runOldFfmpeg, testWithOldFfmpeg } from "../support/old-ffmpeg.ts";
import { packetsOf } from "../support/packets.ts";
import { run, start } from "../support/program.ts";
import { written } from "../interop/http-publishers.ts";
import { compare } from "../interop/compare.ts";

const camera = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=44100"];

const modern = `
  AudioCodec aac
  AudioBitRate 64
  AudioChannels 1
  AudioSampleRate 44100
  VideoCodec libx264
  VideoSize 320x180
  VideoFrameRate 20
  VideoBitRate 300
  VideoGopSize 20
  AVOptionVideo preset ultrafast
  AVOptionVideo pixel_format yuv420p
  AVOptionVideo flags +global_header
`;
const classic = `
  AudioCodec libmp3lame
  AudioBitRate 64
  AudioChannels 1
  AudioSampleRate 44100
  VideoCodec mpeg4
  VideoSize 176x144
  VideoFrameRate 10
  VideoGopSize 10
`;
const stills = `
  NoAudio
  VideoCodec mjpeg
  VideoSize 160x128
  VideoFrameRate 5
  VideoQMin 3
  VideoQMax 5
`;
const section = (name: string, body: string): string => `<Stream ${name}>\n  Feed coast.ffm\n${body}</Stream>\n`;

const conf = `
MaxClients 100
MaxBandwidth 100000
<Feed coast.ffm>
  FileMaxSize 8M
  ACL allow 127.0.0.1
</Feed>
${["coast.flv", "coast.ts", "coast.mp4", "coast.mkv"].map((name) => section(name, modern)).join("")}
${["small.ts", "small.mkv", "small.avi"].map((name) => section(name, classic)).join("")}
${section("voice.aac", `${modern}  NoVideo\n`)}
${section("voice.mp3", `${classic}  NoVideo\n`)}
${["coast.mjpg", "coast.mjpeg"].map((name) => section(name, stills)).join("")}
${section("coast.jpg", `${stills}  Format jpeg\n`)}
${section("coast.asf", "  VideoSize 176x144\n  VideoFrameRate 10\n")}
${section("relay.ffm", "")}
<Stream stat.html>
  Format status
</Stream>
`;

/** The codecs and frames that FFmpeg plays of a URL in three seconds. */
async function played(url: string): Promise<{ readonly codecs: string[]; readonly frames: number }> {
  const { stdout } = await run("ffmpeg", [
    ...["-v", "error", "-nostdin", "-rw_timeout", "20000000", "-t", "2", "-i", url],
    ...["-map", "0", "-c", "copy", "-f", "framemd5", "-", "-map", "0:v?", "-map", "0:a?", "-f", "null", "-"],
  ]);
  const text = stdout.toString("utf8");
  const codecs = [...text.matchAll(/^#codec_id \d+: (\w+)/gm)].map(([, codec]) => codec!);
  return { codecs: codecs.toSorted(), frames: [...text.matchAll(/^\d+,/gm)].length };
}

testWithOldFfmpeg(
  "FFmpeg 3.1.3 publishes H.264 and AAC, MPEG-4 and MP3, and MJPEG; FFmpeg 5.1, VLC and curl play them in every format",
  async () => {
    await using place = await FfserverPlace.open(conf);
    await chmod(place.folder, 0o777);
    const over = new AbortController();
    const encoder = runOldFfmpeg(["-re", ...camera, "-t", "100", place.url("coast.ffm")], { signal: over.signal }).catch(() => undefined);
    await place.server.hub.watch("coast.ffm", 20_000);
    const formats: readonly (readonly [name: string, codecs: readonly string[]])[] = [
      ["coast.flv", ["aac", "h264"]],
      ["coast.ts", ["aac", "h264"]],
      ["coast.mp4", ["aac", "h264"]],
      ["coast.mkv", ["aac", "h264"]],
      ["small.ts", ["mp3", "mpeg4"]],
      ["small.mkv", ["mp3", "mpeg4"]],
      ["small.avi", ["mp3", "mpeg4"]],
      ["voice.aac", ["aac"]],
      ["voice.mp3", ["mp3"]],
      ["coast.mjpg", ["mjpeg"]],
      ["coast.mjpeg", ["mjpeg"]],
      ["coast.asf", ["msmpeg4v3", "wmav2"]],
    ];
    for (const [name, codecs] of formats) {
      const got = await played(place.url(name));
      assert.deepEqual(got.codecs, codecs, name);
      assert.ok(got.frames >= 5, `${name}: ${got.frames} frames`);
    }
    const jpeg = Buffer.from(await (await fetch(place.url("coast.jpg"))).arrayBuffer());
    assert.deepEqual([jpeg.readUInt16BE(0), jpeg.readUInt16BE(jpeg.length - 2)], [0xffd8, 0xffd9]);
    for (const name of ["coast.flv", "coast.ts", "coast.mkv", "small.ts"]) {
      const pictures = await byVlc(place, name);
      assert.ok(pictures > 10, `VLC got ${pictures} pictures of ${name}`);
    }
    const ffm = join(place.folder, "relay.ffm");
    await start("curl", ["-sS", "--max-time", "3", "-o", ffm, place.url("relay.ffm")]).finished;
    const { stdout } = await runOldFfmpeg(["-i", ffm, "-map", "0", "-c", "copy", "-f", "framemd5", "-"]);
    assert.ok(stdout.toString("latin1").split("\n").length > 50, "FFmpeg 3.1.3 reads the feed again");
    over.abort();
    await encoder;
  },
);

/** Pictures that VLC takes out of four seconds of a stream. */
async function byVlc(place: FfserverPlace, name: string): Promise<number> {
  const file = join(place.folder, `${name}.tsv`);
  const args = ["-I", "dummy", "--no-plugins-cache", "--play-and-exit", "--run-time", "4", "--sout", `#stats{output=${file}}`];
  await using running = start("cvlc", [...args, place.url(name), "vlc://quit"], { unprivileged: true, env: { HOME: place.folder } });
  await running.finished;
  return (await readFile(file, "utf8")).split("\n").filter((line) => line.split("\t")[2] === "Video").length;
}

const today = `<Feed quay>\n</Feed>\n${["quay.flv", "quay.ts", "quay.mp4", "quay.mkv"]
  .map((name) => `<Stream ${name}>\n  Feed quay\n${modern}</Stream>\n`)
  .join("")}`;

for (const container of ["flv", "mpegts", "mp4", "matroska"] as const) {
  test(`what FFmpeg 5.1 posts to a feed as ${container} comes back bit for bit`, async () => {
    await using place = await FfserverPlace.open(`MaxBandwidth 100000\n${today}`);
    const clip = await makeClip({ seconds: 3 });
    const watching = ["quay.flv", "quay.mkv"].map(async (name) => {
      const file = join(place.folder, name);
      await run("curl", ["-sS", "--fail", "-o", file, place.url(name)]);
      return [name, await packetsOf(file)] as const;
    });
    await run("ffmpeg", [
      "-v",
      "error",
      "-nostdin",
      "-re",
      "-i",
      clip,
      "-c",
      "copy",
      "-method",
      "POST",
      ...written[container],
      place.url("quay"),
    ]);
    for (const [name, got] of await Promise.all(watching)) {
      compare(await packetsOf(clip), got, `${name} of ${container}`, { audio: 1024e6 / 48_000, apart: 80_000 });
    }
  });
}

test("the status page, light and dark, on a desktop and a phone", async () => {
  await buildWeb();
  const pictures = fileURLToPath(new URL("../../artifacts/pages/", import.meta.url));
  mkdirSync(pictures, { recursive: true });
  await using place = await FfserverPlace.open(conf);
  place.keep(await postClip(place.url("coast.ffm")));
  const viewer = await fetch(place.url("coast.flv"));
  const browser = await launchChromium();
  try {
    for (const [label, width, colorScheme] of [
      ["desktop-light", 1280, "light"],
      ["desktop-dark", 1280, "dark"],
      ["phone-light", 390, "light"],
      ["phone-dark", 390, "dark"],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
      const faults: string[] = [];
      page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      await page.goto(place.url("stat.html"));
      assert.equal(await page.locator("h1").textContent(), "ffserver Status");
      assert.ok(await page.getByText("coast.ffm (input)").isVisible());
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      assert.equal(wide, 0, `${label} is ${wide} px too wide`);
      assert.notEqual(await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"), "rgba(0, 0, 0, 0)");
      await page.screenshot({ path: join(pictures, `ffserver-status-${label}.png`), fullPage: true });
      assert.deepEqual(faults, []);
      await page.close();
    }
  } finally {
    await browser.close();
    await viewer.body?.cancel();
  }
});
