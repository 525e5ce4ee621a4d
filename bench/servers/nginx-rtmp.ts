import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MeasuredServer } from "./server.ts";
import { freePort, startProgram } from "./server.ts";

/** Debian's nginx with libnginx-mod-rtmp: one worker, every setting at its default. */
export const nginxRtmp: MeasuredServer = {
  name: "nginx-rtmp",
  ways: ["rtmp"],
  async start(cores) {
    const port = await freePort();
    const program = await startProgram("nginx", cores, [port], async (folder) => {
      const file = join(folder, "nginx.conf");
      await writeFile(
        file,
        [
          "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;",
          "worker_processes 1; daemon off;",
          `pid ${folder}/nginx.pid; error_log ${folder}/error.log error;`,
          "events { worker_connections 8192; }",
          `rtmp { server { listen 127.0.0.1:${port}; application live { live on; } } }`,
        ].join("\n"),
      );
      return ["-c", file, "-p", folder];
    });
    const url = `rtmp://127.0.0.1:${port}/live/s`;
    return { ...program, publishUrl: url, watchUrl: () => url };
  },
};
