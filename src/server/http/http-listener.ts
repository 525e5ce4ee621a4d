import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Access } from "../../hub/access.ts";
import { Refusal } from "../../hub/refusal.ts";
import { HttpStreams } from "../../protocols/http-stream/http-streams.ts";
import { WsStreams } from "../../protocols/ws-stream/ws-streams.ts";
import type { ListenAddress } from "../config/values.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import type { Log } from "../log.ts";
import { peerAddress } from "../../hub/peer-address.ts";
import type { Peers } from "../peers/peers.ts";
import type { ServerFacts } from "./api.ts";
import { Cors } from "./cors.ts";
import { HttpProblem } from "./http-problem.ts";
import { mediaTarget, oneOf } from "./media-target.ts";
import { Router } from "./router.ts";
import { readTarget } from "./target.ts";
import { viewerQuestion } from "./viewer-question.ts";

/** Times in milliseconds. */
export interface HttpListenerOptions {
  readonly facts: ServerFacts;
  /** Decides who may watch. */
  readonly access: Access;
  readonly log: Log;
  /** Who is behind connections and requests. */
  readonly peers: Peers;
  /** Folders of the built pages and of other assets; the first that has a file wins. */
  readonly webFolders: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly maxConnections: number;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
  readonly waitForPublisher: number;
  /** A response that ended has so long to be taken by its reader. */
  readonly linger: number;
  readonly pingInterval?: number;
  /** From the first byte (or the connection) to the end of a request's head. */
  readonly headersTimeout?: number;
  /** Without a byte in either direction, on connections that show no stream. */
  readonly idleTimeout?: number;
}

/** Milliseconds. */
const defaultHeadersTimeout = 8000;
/** Milliseconds between two looks for idle connections while it closes. */
const idleCheck = 50;
/** Bytes of a request's head at most. */
const headLimit = 16 * 1024;

/** One port for pages, API, HTTP and WebSocket viewers. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #server: Server;
  readonly #streams: HttpStreams;
  readonly #webSockets: WsStreams;
  readonly #cors: Cors;
  readonly #router: Router;
  /** Connections of which it is not known yet who they are. */
  readonly #arriving = new Set<Socket>();

  constructor(options: HttpListenerOptions) {
    const { facts, log, peers, waitForPublisher, linger, pingInterval = 20_000 } = options;
    this.#options = options;
    const shared = { hub: facts.hub, access: options.access, log, waitForPublisher, admit: options.admit };
    this.#streams = new HttpStreams({ ...shared, linger });
    this.#webSockets = new WsStreams({ ...shared, pingInterval });
    this.#cors = new Cors(options.allowedOrigins);
    this.#router = new Router({ facts, log, peers, cors: this.#cors, streams: this.#streams, webFolders: options.webFolders });
    this.#server = this.#createServer();
  }

  /** Opens the port. Rejects with the system's error. */
  async listen(address: ListenAddress): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ ...address, backlog: 1024 }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#server.on("error", (err) => this.#options.log.error({ err }, "the HTTP listener failed"));
  }

  /** Undefined while it does not listen. */
  address(): AddressInfo | undefined {
    return (this.#server.address() as AddressInfo | null) ?? undefined;
  }

  /** Viewers over HTTP and WebSocket, those included that wait for a publisher. */
  get viewers(): number {
    return this.#streams.viewers + this.#webSockets.viewers;
  }

  /** Ends what goes on, and after `within` milliseconds cuts it. */
  async close(within: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#arriving) socket.destroy();
    this.#webSockets.close();
    // Answers that are on their way leave idle connections behind, which would be kept alive for some seconds.
    const idle = setInterval(() => this.#server.closeIdleConnections(), idleCheck);
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => {
      this.#webSockets.terminate();
      this.#server.closeAllConnections();
    }, within);
    await closed;
    clearTimeout(cut);
    clearInterval(idle);
  }

  #createServer(): Server {
    const { headersTimeout = defaultHeadersTimeout, idleTimeout = 30_000, maxConnections } = this.#options;
    const server = createServer({
      maxHeaderSize: headLimit,
      headersTimeout,
      // Media requests never end; bodies are refused with the head, so that none can dawdle.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
      keepAlive: true,
      keepAliveInitialDelay: 20_000,
      shouldUpgradeCallback: (request) => /^websocket$/i.test(request.headers.upgrade ?? ""),
    });
    server.maxConnections = maxConnections;
    server.timeout = idleTimeout;
    this.#meetFirst(server);
    server.on("request", (request, response) => this.#request(request, response));
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    server.on("checkContinue", (request, response) => this.#request(request, response));
    server.on("clientError", (_error, socket) => socket.destroy());
    return server;
  }

  /** Has the server see a connection only when it is known who it is, and without a PROXY header. */
  #meetFirst(server: Server): void {
    const { peers, headersTimeout = defaultHeadersTimeout } = this.#options;
    const listeners = server.listeners("connection") as ((socket: Socket) => void)[];
    const begin = (socket: Socket): void => {
      for (const listener of listeners) listener.call(server, socket);
    };
    server.removeAllListeners("connection").on("connection", (socket: Socket) => {
      const address = peers.meet(socket, headersTimeout);
      if (typeof address === "string") begin(socket);
      else void this.#beginLater(socket, address, begin);
    });
  }

  async #beginLater(socket: Socket, address: Promise<string>, begin: (socket: Socket) => void): Promise<void> {
    this.#arriving.add(socket);
    try {
      await address;
      if (socket.destroyed) return;
      begin(socket);
      socket.resume();
    } catch (error) {
      // A proxy that keeps a spare connection, or looks whether we are there, is no news.
      if (socket.bytesRead > 0)
        this.#options.log.warn({ address: peerAddress(socket.remoteAddress), err: error }, "an HTTP connection did not begin");
      socket.destroy();
    } finally {
      this.#arriving.delete(socket);
    }
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    // Whoever watches has said all there is to say on this connection.
    if (this.#streams.owns(request.socket)) return void request.socket.destroy();
    this.#router.answer(request, response).catch((error: unknown) => {
      this.#options.log.error({ err: error }, "an HTTP request failed");
      request.socket.destroy();
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { containers } = this.#options.facts;
    const target = readTarget(request.url ?? "");
    const { origin } = request.headers;
    const isOffered = target !== undefined && containers.ofPath(target.path)?.format.webSocket === true;
    if (!(socket instanceof Socket) || !isOffered) return refuseUpgrade(socket, containers);
    const { address, hosts } = this.#options.peers.requester(request);
    this.#webSockets.serve(request, socket, head, () => {
      if (!this.#cors.allows(origin) && !isOfHost(origin, hosts))
        throw new Refusal("name-refused", `Pages of ${origin} may not play streams of this server.`);
      try {
        const { name, container } = mediaTarget(target, containers)!;
        return { question: viewerQuestion(request, target, { stream: name, protocol: "ws", address }), container };
      } catch (error) {
        if (error instanceof HttpProblem) throw new Refusal("name-refused", error.message);
        throw error;
      }
    });
  }
}

/** Whether an origin is a page of ours: browsers send it with WebSockets to their own site too. */
function isOfHost(origin: string | undefined, hosts: readonly string[]): boolean {
  return origin !== undefined && URL.canParse(origin) && hosts.includes(new URL(origin).host);
}

/** There are WebSockets only where streams are. */
function refuseUpgrade(socket: Duplex, containers: ContainerRegistry): void {
  const extensions = containers.all
    .filter(({ webSocket }) => webSocket)
    .flatMap((format) => format.extensions.map((extension) => `.${extension}`));
  const words = `A WebSocket here is a stream: ws://HOST/APP/STREAM with ${oneOf(extensions)} behind it\n`;
  socket.on("error", () => undefined);
  socket.end(
    `HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: ${words.length}\r\nConnection: close\r\n\r\n${words}`,
    () => socket.destroy(),
  );
}
