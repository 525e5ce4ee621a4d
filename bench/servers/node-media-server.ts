import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { MeasuredServer } from "./server.ts";
import { freePort, startProgram } from "./server.ts";

/** node-media-server from npm, on the same Node, with TLS and its console left out. */
export const nodeMediaServer: MeasuredServer = {
  name: "node-media-server",
  ways: ["rtmp", "http-flv", "ws-flv"],
  async start(cores) {
    const rtmp = await freePort();
    const http = await freePort();
    const home = dirname(createRequire(import.meta.url).resolve("node-media-server/package.json"));
    const program = await startProgram(process.execPath, cores, [rtmp, http], async (folder) => {
      const file = join(folder, "config.json");
      const auth = {
        play: false,
        publish: false,
        secret: "",
        jwt: { secret: "bench", expiresIn: "1h", refreshExpiresIn: "1h", algorithm: "HS256", users: [] },
      };
      const config = {
        bind: "127.0.0.1",
        notify: { url: "" },
        store: { path: folder, maxHistory: 100 },
        auth,
        rtmp: { port: rtmp },
        http: { port: http },
        webadmin: { enable: false },
        record: { auto: false, path: folder },
      };
      await writeFile(file, JSON.stringify(config));
      return [join(home, "bin/app.js"), "--config", file, "--no-admin"];
    });
    const paths: Record<string, string> = {
      rtmp: `rtmp://127.0.0.1:${rtmp}/live/s`,
      "http-flv": `http://127.0.0.1:${http}/live/s.flv`,
      "ws-flv": `ws://127.0.0.1:${http}/live/s.flv`,
    };
    return { ...program, publishUrl: paths["rtmp"]!, watchUrl: (way) => paths[way]! };
  },
};
