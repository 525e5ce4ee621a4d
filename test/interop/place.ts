/** A server of ours with a folder for what clients write. */
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerOptions } from "../../src/index.ts";
import { type ComposedServer, createServer } from "../../src/server/server.ts";

/** The ways to watch a stream. */
export const Way = {
  rtmp: "rtmp",
  httpFlv: "http-flv",
  wsFlv: "ws-flv",
  httpMp4: "http-mp4",
  wsMp4: "ws-mp4",
  httpTs: "http-ts",
  wsTs: "ws-ts",
  httpMkv: "http-mkv",
  httpWebm: "http-webm",
} as const;
export type Way = (typeof Way)[keyof typeof Way];

export class Place implements AsyncDisposable {
  readonly server: ComposedServer;
  /** Anybody may write to it: some programs run as nobody. */
  readonly folder: string;
  #files = 0;

  private constructor(server: ComposedServer, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  /** Everybody may publish. Viewers wait 20 s for their publisher; a publisher that is lost is waited for half a second. */
  static async open(options: ServerOptions = {}): Promise<Place> {
    const server = createServer({
      rtmp: { host: "127.0.0.1", port: 0 },
      http: { host: "127.0.0.1", port: 0 },
      auth: false,
      streams: { gracePeriod: "500ms" },
      viewers: { waitForPublisher: "20s" },
      ...options,
    });
    await server.listen();
    const folder = await mkdtemp(join(tmpdir(), "millrace-interop-"));
    await chmod(folder, 0o777);
    return new Place(server, folder);
  }

  get rtmpPort(): number {
    return this.server.address("rtmp")!.port;
  }

  get httpPort(): number {
    return this.server.address("http")!.port;
  }

  /** Where to publish, and to play over RTMP. */
  rtmp(name: string): string {
    return `rtmp://127.0.0.1:${this.rtmpPort}/${name}`;
  }

  /** Where a stream is watched. */
  url(way: Way, name: string): string {
    switch (way) {
      case "rtmp":
        return this.rtmp(name);
      case "http-flv":
        return `http://127.0.0.1:${this.httpPort}/${name}.flv`;
      case "ws-flv":
        return `ws://127.0.0.1:${this.httpPort}/${name}.flv`;
      case "http-mp4":
        return `http://127.0.0.1:${this.httpPort}/${name}.mp4`;
      case "ws-mp4":
        return `ws://127.0.0.1:${this.httpPort}/${name}.mp4`;
      case "http-ts":
        return `http://127.0.0.1:${this.httpPort}/${name}.ts`;
      case "ws-ts":
        return `ws://127.0.0.1:${this.httpPort}/${name}.ts`;
      case "http-mkv":
        return `http://127.0.0.1:${this.httpPort}/${name}.mkv`;
      case "http-webm":
        return `http://127.0.0.1:${this.httpPort}/${name}.webm`;
    }
  }

  /** A path that nobody else has. */
  file(ending: string): string {
    this.#files += 1;
    return join(this.folder, `${this.#files}.${ending}`);
  }

  /** Resolves when so many viewers wait for publishers. */
  waiting(viewers: number): Promise<void> {
    return this.until(() => this.server.hub.waiting >= viewers, `${viewers} viewers wait`);
  }

  /** Resolves when somebody listens on a port of this machine. */
  async untilListens(port: number): Promise<void> {
    for (let tries = 0; ; tries++) {
      const socket = connect(port, "127.0.0.1");
      try {
        await once(socket, "connect");
        return;
      } catch (error) {
        if (tries === 200) throw error;
        await delay(20);
      } finally {
        socket.destroy();
      }
    }
  }

  /** Resolves when a condition is true, looked at often. Rejects after 20 s. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const until = performance.now() + 20_000;
    while (!condition()) {
      if (performance.now() > until) throw new Error(`not in time: ${what} (${this.server.hub.waiting} wait)`);
      await delay(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close(500);
    await rm(this.folder, { recursive: true, force: true });
  }
}
