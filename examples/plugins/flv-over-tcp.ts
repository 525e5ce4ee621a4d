/**
 * A protocol from outside with ports of its own: FLV over bare TCP, in and out, for one stream a port.
 *
 *     ffmpeg -re -i film.mp4 -c copy -f flv tcp://HOST:9000
 *     ffplay tcp://HOST:9001
 *
 *     plugins:
 *       - module: ./flv-over-tcp.ts
 *         options: { stream: live/cam, publishPort: 9000, playPort: 9001, key: KEY }
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { PeerRequest, Plugin, PluginContext } from "../../src/index.ts";

interface Options {
  readonly stream: string;
  /** What publishers are taken to have sent: over TCP alone they can say nothing. */
  readonly key: string;
  readonly host: string;
  readonly publishPort: number;
  readonly playPort: number;
}

function readOptions(value: unknown): Options {
  const options = { stream: "live/tcp", key: "", host: "127.0.0.1", publishPort: 9000, playPort: 9001, ...(value as Partial<Options>) };
  for (const key of ["publishPort", "playPort"] as const) {
    const port = options[key];
    const isPort = Number.isInteger(port) && port >= 0 && port <= 65535;
    if (!isPort) throw Object.assign(new Error("must be a port, 0 to 65535"), { path: [key] });
  }
  return options;
}

/** Milliseconds without a byte from a publisher, or that a viewer takes nothing. */
const idleTimeout = 30_000;

async function publish(context: PluginContext<Options>, socket: Socket, peer: PeerRequest): Promise<void> {
  using publisher = await context.publish(peer);
  const demuxer = publisher.demuxer("flv");
  try {
    // Another publisher, or the end of the server, ends the connection.
    publisher.signal.addEventListener("abort", () => socket.destroy(), { once: true });
    for await (const piece of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) demuxer.push(piece);
    demuxer.end();
  } catch (error) {
    publisher.close((error as Error).name === "ProtocolError" ? "refused" : "lost");
    throw error;
  }
}

async function play(context: PluginContext<Options>, socket: Socket, peer: PeerRequest): Promise<void> {
  // What it says means nothing; that it has left is heard only of who is read.
  socket.resume();
  using viewer = await context.play(peer);
  viewer.send({
    container: "flv",
    sink: {
      write(bytes) {
        socket.write(bytes);
        return socket.writableLength === 0;
      },
      whenTaken: (taken) => void socket.write("", taken),
      end: () => void socket.end(),
    },
  });
  if (!viewer.signal.aborted) await once(viewer.signal, "abort");
}

function listener(context: PluginContext<Options>, serve: typeof publish): Server {
  const { stream, key } = context.options;
  return createServer((socket) => {
    const gone = new AbortController();
    socket.once("close", () => gone.abort());
    socket.on("error", () => undefined).setTimeout(idleTimeout, () => socket.destroy());
    serve(context, socket, { stream, key, address: socket.remoteAddress ?? "", signal: gone.signal })
      .catch((error: unknown) => context.log.info({ reason: (error as Error).message }, "a TCP connection was ended"))
      .finally(() => socket.destroySoon());
  });
}

const flvOverTcp: Plugin<Options> = {
  name: "flv-over-tcp",
  options: { parse: readOptions },
  setup(context) {
    const { host, publishPort, playPort } = context.options;
    for (const [port, serve] of [
      [publishPort, publish],
      [playPort, play],
    ] as const) {
      const server = listener(context, serve);
      const sockets = new Set<Socket>();
      server.on("connection", (socket) => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
      });
      context.onStart(async () => {
        server.listen(port, host);
        await once(server, "listening");
        context.log.info({ port: (server.address() as AddressInfo).port }, serve === publish ? "publish over TCP" : "watch over TCP");
      });
      context.onClose(async () => {
        if (!server.listening) return;
        server.close();
        for (const socket of sockets) socket.destroySoon();
        await once(server, "close");
      });
    }
  },
};

export default flvOverTcp;
