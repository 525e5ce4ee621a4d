/**
 * Makes assets/demo.flv: `node tools/make-demo-clip.ts [OUTPUT]`. Run by hand; the result is committed.
 *
 * Needs ffmpeg with libx264 and a Chromium (environment variable CHROMIUM, default /usr/bin/chromium). The picture is
 * drawn by web/demo-clip on a canvas, the sound by demo-clip-sound.ts. Both repeat exactly after 8 s, which is a whole
 * number of GOPs and of AAC frames; of three rounds encoded the middle one is kept, so that the codec's own memory
 * (AAC overlaps its frames) is the same at both ends.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import type { Page } from "playwright-core";
import { demoSound, SAMPLE_RATE } from "./demo-clip-sound.ts";

const frameRate = 30;
const loopSeconds = 8;
const output = process.argv[2] ?? fileURLToPath(new URL("../assets/demo.flv", import.meta.url));

const directory = await mkdtemp(join(tmpdir(), "millrace-demo-"));
try {
  const video = join(directory, "video.mp4");
  const audio = join(directory, "audio.mp4");
  await encodeVideo(video);
  await encodeAudio(audio);
  const middle = ["-ss", String(loopSeconds), "-t", String(loopSeconds)];
  await finished(
    ffmpeg([
      ...["-i", video, ...middle, "-i", audio, "-map", "0:v", "-map", "1:a", "-c", "copy", "-map_metadata", "-1"],
      ...["-metadata", "title=Millrace demo clip, Apache-2.0", "-fflags", "+bitexact", "-flvflags", "no_sequence_end", output],
    ]),
  );
  process.stdout.write(`${output}: ${(await stat(output)).size} bytes\n`);
} finally {
  await rm(directory, { recursive: true });
}

/** One round of pictures: each GOP is closed and begins with an IDR picture, so that rounds follow one another as they are. */
async function encodeVideo(file: string): Promise<void> {
  const encoder = ffmpeg([
    ...["-f", "image2pipe", "-framerate", String(frameRate), "-c:v", "png", "-i", "-"],
    ...[
      "-vf",
      "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
      "-c:v",
      "libx264",
      "-preset",
      "veryslow",
      "-profile:v",
      "high",
      "-level",
      "3.1",
      "-refs",
      "2",
    ],
    ...["-crf", "25", "-maxrate", "900k", "-bufsize", "900k", "-bf", "0", "-g", String(frameRate), "-keyint_min", String(frameRate)],
    ...["-sc_threshold", "0", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv", file],
  ]);
  const input = encoder.stdin;
  if (input === null) throw new Error("ffmpeg was started without a pipe");
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--headless=new"],
  });
  try {
    const page = await browser.newPage();
    await loadScene(page);
    for (let frame = 0; frame < frameRate * loopSeconds; frame++) {
      const png = await page.evaluate(`demoClip.picture(${frame / (frameRate * loopSeconds)})`);
      if (!input.write(Buffer.from(String(png), "base64"))) await once(input, "drain");
    }
  } finally {
    await browser.close();
  }
  input.end();
  await finished(encoder);
}

async function loadScene(page: Page): Promise<void> {
  const entryPoints = [fileURLToPath(new URL("../web/demo-clip/picture.ts", import.meta.url))];
  const bundle = await build({ entryPoints, bundle: true, format: "iife", globalName: "demoClip", write: false, target: "chrome120" });
  await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? "" });
}

async function encodeAudio(file: string): Promise<void> {
  const raw = `${file}.raw`;
  const sound = demoSound(loopSeconds);
  await writeFile(raw, Buffer.concat([sound, sound, sound].map((part) => Buffer.from(part.buffer))));
  await finished(ffmpeg(["-f", "s16le", "-ar", String(SAMPLE_RATE), "-ac", "2", "-i", raw, "-c:a", "aac", "-b:a", "96k", file]));
}

function ffmpeg(args: readonly string[]): ChildProcess {
  return spawn("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args], { stdio: ["pipe", "inherit", "inherit"] });
}

async function finished(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, "exit");
  if (child.exitCode !== 0) throw new Error(`ffmpeg ended with ${child.exitCode}`);
}
