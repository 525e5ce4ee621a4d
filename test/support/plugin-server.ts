/** A server with plug-ins that a test makes, and what it wrote to its log. */
import { createLog } from "../../src/server/log.ts";
import { type ComposedServer, createServer } from "../../src/server/server.ts";
import type { ContainerFormat, Muxer, MuxerSink, Plugin, PluginContext, PluginEntry, ServerOptions } from "../../src/index.ts";

/** Lets everything that is waiting happen. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A plug-in whose setup is the test's. */
export function plugin(setup: (context: PluginContext) => void, name = "mine"): Plugin {
  return { name, setup };
}

/** A muxer that writes each frame as it is; change what a test is about. */
export function plainMuxer(changes: (sink: MuxerSink) => Partial<Muxer> = () => ({})): ContainerFormat["muxer"] {
  return () => (sink) => ({
    generation: ({ tracks }) => sink.init({ bytes: Buffer.from(`tracks ${tracks.map(({ codec }) => codec).join(" ")}\n`) }),
    frame: ({ data, dts }) => sink.chunk({ parts: [data], dts: dts * 1000, randomAccess: true, urgent: true }),
    discontinuity() {},
    flush() {},
    ...changes(sink),
  });
}

/** Its container. */
export function plain(changes: Partial<ContainerFormat> = {}): ContainerFormat {
  return { name: "plain", extensions: ["plain"], mimeType: "application/octet-stream", muxer: plainMuxer(), ...changes };
}

/** One server at a time, which `close` ends. */
export class PluginServer {
  #server: ComposedServer | undefined;
  #said: Record<string, unknown>[] = [];

  /** Makes one that does not listen, over HTTP only. */
  make(plugins: readonly PluginEntry[], options: ServerOptions = {}): ComposedServer {
    const write = (line: string): void => void this.#said.push(JSON.parse(line) as Record<string, unknown>);
    this.#server = createServer({
      rtmp: { enabled: false },
      http: { host: "127.0.0.1", port: 0 },
      viewers: { waitForPublisher: "0s" },
      logger: createLog({ level: "info", format: "json", colour: false, write }),
      plugins,
      ...options,
    });
    return this.#server;
  }

  async open(plugins: readonly PluginEntry[], options: ServerOptions = {}): Promise<ComposedServer> {
    const server = this.make(plugins, options);
    await server.listen();
    return server;
  }

  /** The context of a plug-in that does nothing, in a server that listens. */
  async context(options: ServerOptions = {}): Promise<PluginContext> {
    let given: PluginContext | undefined;
    await this.open([plugin((each) => void (given = each))], options);
    return given!;
  }

  get port(): number {
    return this.#server!.address("http")!.port;
  }

  get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Errors in its log whose message is like that. */
  faults(message: RegExp): Record<string, unknown>[] {
    return this.#said.filter(({ level, msg }) => level === 50 && message.test(String(msg)));
  }

  async close(within = 200): Promise<void> {
    await this.#server?.close(within);
    this.#server = undefined;
    this.#said = [];
  }
}
