import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HlsServer } from "./server.ts";
import { freePort, startProgram } from "./server.ts";

/** Debian's nginx with libnginx-mod-rtmp writes segments of MPEG-TS to files, and serves them: one worker, segments as long as ours. */
export const nginxHls: HlsServer = {
  name: "nginx-rtmp",
  async start(cores) {
    const [rtmp, http] = [await freePort(), await freePort()];
    const program = await startProgram("nginx", cores, [rtmp, http], async (folder) => {
      const file = join(folder, "nginx.conf");
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join(" ");
      await writeFile(
        file,
        [
          "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;",
          "user root; worker_processes 1; master_process off; daemon off;",
          `pid ${folder}/nginx.pid; error_log ${folder}/error.log error;`,
          "events { worker_connections 8192; }",
          `rtmp { server { listen 127.0.0.1:${rtmp}; application live { live on; hls on; hls_path ${folder}/hls; hls_fragment 2s; hls_playlist_length 30s; } } }`,
          `http { access_log off; ${temporary} keepalive_requests 1000000; server { listen 127.0.0.1:${http} backlog=1024; location / { root ${folder}/hls; } } }`,
        ].join("\n"),
      );
      return ["-c", file, "-p", folder];
    });
    return { ...program, publishUrl: `rtmp://127.0.0.1:${rtmp}/live/s`, hlsUrl: () => `http://127.0.0.1:${http}/s.m3u8` };
  },
};
