/** FFmpeg 3.1.3 of 2016, which still speaks FFM: what people have who come from ffserver. npm brings it for Linux on x64 (tools/old-ffmpeg). */
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Finished, StartOptions } from "./program.ts";
import { run } from "./program.ts";

const path = fileURLToPath(new URL("../../node_modules/@ffmpeg-installer/linux-x64/ffmpeg", import.meta.url));

/** There is none for other systems. On Linux x64, where CI runs, it must be there. */
const isForThisSystem = process.platform === "linux" && process.arch === "x64";

/** Runs it to its end. Throws, with what it said, if it does not end with code 0. */
export function runOldFfmpeg(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return run(installed(), ["-v", "error", "-nostdin", "-y", ...args], options);
}

/** One packet as it reads it: index of its stream, times in the container's own ticks, MD5 of its bytes. */
export interface OldPacket {
  readonly stream: number;
  readonly dts: number;
  readonly pts: number;
  readonly md5: string;
}

/** Every packet of a file or URL, in the order it has them, with the times that stand there. */
export function oldPacketsOf(source: string): Promise<OldPacket[]> {
  return framemd5(source, ["-c", "copy"]);
}

/** The MD5 of every picture and piece of sound that it decodes, by stream. When it shows them it partly guesses, so that is not said. */
export async function oldDecoded(source: string, streams: number): Promise<string[][]> {
  const decoded = await framemd5(source, ["-vsync", "passthrough"]);
  return Array.from({ length: streams }, (_, wanted) => decoded.flatMap(({ stream, md5 }) => (stream === wanted ? [md5] : [])));
}

async function framemd5(source: string, args: readonly string[]): Promise<OldPacket[]> {
  const { stdout } = await runOldFfmpeg([
    "-copyts",
    "-i",
    source,
    "-map",
    "0",
    "-avoid_negative_ts",
    "disabled",
    ...args,
    "-f",
    "framemd5",
    "-",
  ]);
  const lines = stdout.toString("utf8").matchAll(/^(\d+), *(-?\d+), *(-?\d+), *\d+, *\d+, (\w{32})/gm);
  return [...lines].map(([, stream, dts, pts, md5 = ""]) => ({ stream: Number(stream), dts: Number(dts), pts: Number(pts), md5 }));
}

function installed(): string {
  if (!existsSync(path)) throw new Error(`there is no ${path}: npm ci brings it, unless optional dependencies are left out`);
  return path;
}

/** A test that runs it. Where there is none for the system, the test says so and does nothing else. */
export function testWithOldFfmpeg(name: string, body: () => Promise<void>): void {
  test(name, async (context) => {
    if (isForThisSystem) await body();
    else context.diagnostic("FFmpeg 3.1.3 comes for Linux on x64 only: nothing was run");
  });
}
