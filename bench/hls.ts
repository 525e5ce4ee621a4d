/** HLS: what players of it cost, low-latency ones of ours, and classic ones beside nginx-rtmp's. */
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { millrace } from "./servers/millrace.ts";
import { nginxHls } from "./servers/nginx-hls.ts";
import type { HlsServer } from "./servers/server.ts";
import { type Figures, median } from "./tools.ts";

const run = promisify(execFile);

export interface HlsLoad {
  readonly file: string;
  readonly viewers: readonly number[];
  readonly runs: number;
  readonly seconds: number;
  readonly serverCore: string;
  readonly clientCore: string;
}

/** How it is watched: every part as it comes, segments of MPEG-TS, or not at all. */
type HlsWay = "ll-hls" | "hls" | "nobody";

/** Lines of a table. */
export async function hlsTable(load: HlsLoad): Promise<string[]> {
  const lines = [
    "| load | server | CPU % of a core | CPU µs per viewer·s | playlists, media a second | Mb/s | delay of the playlist p50, p99 ms | errors |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  const rows: (readonly [way: HlsWay, server: HlsServer, viewers: number])[] = [["nobody", millrace(), 0]];
  for (const viewers of load.viewers) rows.push(["ll-hls", millrace(), viewers], ["hls", millrace(), viewers], ["hls", nginxHls, viewers]);
  for (const [way, server, viewers] of rows) {
    const figures: Figures[] = [];
    for (let i = 0; i < load.runs; i++) figures.push(await once(load, way, server, viewers));
    const of = (key: string): number => median(figures.map((figure) => figure[key] ?? NaN));
    const cells = [
      way === "nobody" ? "a publisher alone" : `${way}, ${viewers} ${viewers === 1 ? "viewer" : "viewers"}`,
      server.name,
      of("cpu_percent"),
      way === "nobody" ? "–" : of("cpu_us_per_viewer_s"),
      way === "nobody" ? "–" : `${of("playlists_s")}, ${of("media_s")}`,
      way === "nobody" ? "–" : of("mbit_s"),
      way === "ll-hls" ? `${of("delay_p50_ms")}, ${of("delay_p99_ms")}` : "–",
      of("errors"),
    ];
    lines.push(`| ${cells.join(" | ")} |`);
    console.error(lines.at(-1));
  }
  return lines;
}

async function once({ file, seconds, serverCore, clientCore }: HlsLoad, way: HlsWay, server: HlsServer, viewers: number): Promise<Figures> {
  await using running = await server.start(serverCore);
  const args = ["-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", file, "-c", "copy", "-f", "flv", running.publishUrl];
  const publisher = spawn("taskset", ["-c", clientCore, "ffmpeg", ...args], { stdio: "ignore" });
  try {
    const target = running.hlsUrl(way === "ll-hls" ? "fmp4" : "ts");
    const load = [
      join(import.meta.dirname, "hls-load.ts"),
      target,
      String(viewers),
      String(seconds),
      way === "ll-hls" ? "ll" : "classic",
      String(running.pid),
    ];
    const { stdout } = await run("taskset", ["-c", clientCore, process.execPath, ...load], { timeout: (seconds + 120) * 1000 });
    return Object.fromEntries([...stdout.matchAll(/(\w+)=([-\d.]+)/g)].map(([, key, value]) => [key!, Number(value)]));
  } finally {
    publisher.kill("SIGKILL");
  }
}
