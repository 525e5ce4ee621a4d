/** A server with a folder of media of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "../../src/server/server.ts";
import { makeClip, type ClipOptions } from "./clip.ts";
import { run } from "./program.ts";

export interface VodServer extends AsyncDisposable {
  readonly folder: string;
  /** `http://127.0.0.1:PORT/vod/films`. */
  readonly base: string;
  readonly rtmpPort: number;
  readonly server: ReturnType<typeof createServer>;
  /** Puts a clip into the folder, payloads and times unchanged. @param flags of FFmpeg's output */
  add(name: string, options: ClipOptions, ...flags: string[]): Promise<string>;
}

export async function vodServer(): Promise<VodServer> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-films-"));
  const any = { host: "127.0.0.1", port: 0 };
  const server = createServer({ rtmp: any, http: any, vod: { films: folder }, auth: false });
  await server.listen();
  return {
    folder,
    server,
    base: `http://127.0.0.1:${server.address("http")!.port}/vod/films`,
    rtmpPort: server.address("rtmp")!.port,
    async add(name, options, ...flags) {
      const file = join(folder, name);
      await run("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", await makeClip(options), "-map", "0", "-c", "copy", ...flags, file]);
      return file;
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
