import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HlsServer, MeasuredServer } from "./server.ts";
import { freePort, startProgram } from "./server.ts";

const root = join(import.meta.dirname, "../..");

/** This project, started as `npm start` does. @param observe a file that gets event-loop blocks and GC pauses */
export function millrace(observe?: string): MeasuredServer & HlsServer {
  return {
    name: "millrace",
    ways: ["rtmp", "http-flv", "ws-flv", "ws-mp4"],
    async start(cores) {
      const rtmp = await freePort();
      const http = await freePort();
      const observer = observe === undefined ? [] : ["--import", join(root, "bench/observe.ts")];
      if (observe !== undefined) process.env["BENCH_OBSERVE"] = observe;
      const program = await startProgram(process.execPath, cores, [rtmp, http], (folder) =>
        Promise.resolve([
          ...nodeFlags(),
          ...observer,
          join(root, "src/cli.ts"),
          ...["--rtmp", `127.0.0.1:${rtmp}`, "--http", `127.0.0.1:${http}`, "--data", folder, "--no-auth", "--log-level", "error"],
        ]),
      );
      const paths = {
        rtmp: `rtmp://127.0.0.1:${rtmp}/live/s`,
        "http-flv": `http://127.0.0.1:${http}/live/s.flv`,
        "ws-flv": `ws://127.0.0.1:${http}/live/s.flv`,
        "ws-mp4": `ws://127.0.0.1:${http}/live/s.mp4`,
      };
      const hlsUrl = (format: "fmp4" | "ts"): string => `http://127.0.0.1:${http}/live/s.m3u8?format=${format}`;
      return { ...program, publishUrl: paths.rtmp, watchUrl: (way) => paths[way], hlsUrl };
    },
  };
}

/** The flags for Node that `npm start` has. */
function nodeFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } };
  return scripts.start.split(" ").filter((word) => /^--[a-z-]+=/.test(word));
}
