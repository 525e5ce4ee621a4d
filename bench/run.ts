/**
 * `npm run bench`: Millrace beside nginx-rtmp and node-media-server on one clip, in turn, each on one core with the
 * load generator on the other, and prints a table of medians. Linux only. Needs cc, FFmpeg, taskset and nginx with its
 * RTMP module (Debian: build-essential ffmpeg util-linux nginx libnginx-mod-rtmp).
 *
 *   npm run bench -- [--runs 3] [--seconds 10] [--viewers 100,500,2000] [--ways rtmp,http-flv,ws-flv,ws-mp4]
 *                    [--publishers 200] [--hls 1,1000] [--only millrace] [--out FILE]
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { hlsTable } from "./hls.ts";
import { millrace } from "./servers/millrace.ts";
import { nginxRtmp } from "./servers/nginx-rtmp.ts";
import { nodeMediaServer } from "./servers/node-media-server.ts";
import type { MeasuredServer, Way } from "./servers/server.ts";
import type { Figures } from "./tools.ts";
import { buildLivebench, clip, measure, median } from "./tools.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "10" },
    viewers: { type: "string", default: "100,500,2000" },
    ways: { type: "string", default: "rtmp,http-flv,ws-flv,ws-mp4" },
    publishers: { type: "string", default: "200" },
    stalled: { type: "string", default: "20" },
    hls: { type: "string", default: "1,1000" },
    only: { type: "string" },
    out: { type: "string" },
  },
});
const runs = Number(values.runs);
const seconds = Number(values.seconds);
const serverCore = "0";
const clientCore = cpus().length > 1 ? "1" : "0";

interface Row {
  readonly server: string;
  readonly what: string;
  readonly figures: readonly Figures[];
}

const program = await buildLivebench();
const file = await clip();
const servers = [millrace(), nginxRtmp, nodeMediaServer].filter(
  (server) => values.only === undefined || values.only.split(",").includes(server.name),
);
const rows: Row[] = [];

for (const way of values.ways.split(",") as Way[]) {
  for (const viewers of values.viewers.split(",").filter(Boolean).map(Number)) {
    await inTurn(
      `${way}, ${viewers} viewers`,
      servers.filter((server) => server.ways.includes(way)),
      (server) => oneRun(server, { way, viewers }),
    );
  }
}
if (Number(values.publishers) > 0) {
  const ingesting = servers.filter((server) => server.name !== "node-media-server");
  await inTurn(`${values.publishers} publishers`, ingesting, (server) => oneRun(server, { publishers: Number(values.publishers) }));
}
if (Number(values.stalled) > 0) {
  const ours = servers.filter((server) => server.name === "millrace");
  await inTurn("rtmp, 200 viewers", ours, (server) => oneRun(server, { way: "rtmp", viewers: 200 }));
  await inTurn(`rtmp, 200 viewers beside ${values.stalled} stopped`, ours, (server) =>
    oneRun(server, { way: "rtmp", viewers: 200, stalled: Number(values.stalled) }),
  );
}
const table = [...header(), ...rows.map(line)].join("\n");
console.log(table);
const hlsViewers = values.hls.split(",").filter(Boolean).map(Number);
const hls = hlsViewers.length > 0 ? ["", ...(await hlsTable({ file, viewers: hlsViewers, runs, seconds, serverCore, clientCore }))] : [];
console.log(hls.join("\n"));
const blocks = servers.some((server) => server.name === "millrace") ? await observed() : [];
console.log(blocks.join("\n"));
if (values.out !== undefined) await writeFile(values.out, `${table}\n${hls.join("\n")}\n\n${blocks.join("\n")}\n`);

/** The servers one after the other, as often as asked: what the machine does meanwhile hits all alike. */
async function inTurn(what: string, list: readonly MeasuredServer[], once: (server: MeasuredServer) => Promise<Figures>): Promise<void> {
  const figures = new Map<string, Figures[]>(list.map((server) => [server.name, []]));
  for (let run = 0; run < runs; run++) {
    for (const server of list) {
      const result = await once(server);
      figures.get(server.name)!.push(result);
      console.error(
        `${what}, ${server.name}: ${result["whole"] === 1 || result["viewers"] === 0 ? "" : "NOT WHOLE "}cpu ${result["cpu_us_per_viewer_s"]} us/viewer, p50 ${result["video_p50_ms"]} ms`,
      );
    }
  }
  for (const server of list) rows.push({ server: server.name, what, figures: figures.get(server.name)! });
}

async function oneRun(
  server: MeasuredServer,
  load: { way?: Way; viewers?: number; publishers?: number; stalled?: number },
  duration = seconds,
): Promise<Figures> {
  await using running = await server.start(serverCore);
  const watchUrl = load.way === undefined ? {} : { watchUrl: running.watchUrl(load.way) };
  return await measure(program, file, clientCore, {
    publishUrl: running.publishUrl,
    ...watchUrl,
    viewers: load.viewers ?? 0,
    publishers: load.publishers ?? 1,
    stalled: load.stalled ?? 0,
    seconds: duration,
    pid: running.pid,
  });
}

/** Event-loop blocks and garbage collection, in runs of their own. */
async function observed(): Promise<string[]> {
  const lines = ["| load | event-loop delay p99, max (ms) | longest GC (ms) |", "| --- | --- | --- |"];
  const loads = [{ way: "rtmp", viewers: 2000 }, { publishers: 200 }] as const;
  for (const load of loads) {
    const notes = join(tmpdir(), `millrace-observe-${process.pid}.json`);
    await oneRun(millrace(notes), load, 15);
    const { blockP99, blockMax, gcMax } = JSON.parse(await readFile(notes, "utf8")) as Record<string, number>;
    await rm(notes);
    lines.push(
      `| ${"way" in load ? `${load.way}, ${load.viewers} viewers` : `${load.publishers} publishers`} | ${blockP99}, ${blockMax} | ${gcMax} |`,
    );
  }
  return lines;
}

function header(): string[] {
  const model = cpus()[0]?.model ?? "unknown";
  return [
    `Machine: ${cpus().length} x ${model}; Node ${process.version}; ${runs} runs of ${seconds} s, medians; server on one core, load on the other.`,
    "",
    "| load | server | whole runs | CPU µs per viewer·s (per publisher·s) | video p50, p99 ms | audio p50, p99 ms | first frame p50, p99 ms | RSS KiB per viewer |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
}

function line({ server, what, figures }: Row): string {
  const of = (key: string): number => median(figures.map((figure) => figure[key] ?? NaN));
  const watching = of("viewers") > 0;
  const whole = watching ? `${figures.filter((figure) => figure["whole"] === 1).length} of ${figures.length}` : "–";
  const cells = watching
    ? [
        of("cpu_us_per_viewer_s"),
        `${of("video_p50_ms")}, ${of("video_p99_ms")}`,
        `${of("audio_p50_ms")}, ${of("audio_p99_ms")}`,
        `${of("first_p50_ms")}, ${of("first_p99_ms")}`,
        of("rss_kb_per_viewer"),
      ]
    : [`(${of("cpu_us_per_pub_s")})`, "–", "–", "–", "–"];
  return `| ${[what, server, whole, ...cells].join(" | ")} |`;
}
