import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ListenAddress } from "../config/values.ts";
import type { Log } from "../log.ts";
import { peerAddress } from "../../hub/peer-address.ts";
import type { Peers } from "../peers/peers.ts";
import { type HttpService, refuseUpgrade } from "./http-service.ts";

/** Times in milliseconds. */
export interface HttpListenerOptions {
  readonly log: Log;
  /** Who is behind connections. */
  readonly peers: Peers;
  readonly maxConnections: number;
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

/** One port of our own for pages, API, HTTP and WebSocket viewers. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #server: Server;
  readonly #service: HttpService;
  /** Connections that have not asked for anything yet, those included of which it is not known who they are. */
  readonly #arriving = new Set<Socket>();

  constructor(service: HttpService, options: HttpListenerOptions) {
    this.#service = service;
    this.#options = options;
    this.#server = this.#createServer();
  }

  /** Opens the port. Rejects with the system's error. */
  async listen(address: ListenAddress): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      // Closed while the name of the host is looked up, a server tells neither of listening nor of an error.
      const closed = (): void => reject(new Error("closed before it listened"));
      this.#server.once("error", reject).once("close", closed);
      this.#server.listen({ ...address, backlog: 1024 }, () => {
        this.#server.off("error", reject).off("close", closed);
        resolve();
      });
    });
    this.#server.on("error", (err) => this.#options.log.error({ err }, "the HTTP listener failed"));
  }

  /** Undefined while it does not listen. */
  address(): AddressInfo | undefined {
    return (this.#server.address() as AddressInfo | null) ?? undefined;
  }

  /** Ends what goes on, and after `within` milliseconds cuts it. */
  async close(within: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#arriving) socket.destroy();
    this.#service.close();
    // Answers that are on their way leave idle connections behind, which would be kept alive for some seconds.
    const idle = setInterval(() => this.#server.closeIdleConnections(), idleCheck);
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => {
      this.#service.terminate();
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
    server.on("clientError", (error, socket) => {
      if (!this.#service.noHttp(error, socket)) socket.destroy();
    });
    return server;
  }

  /** Has the server see a connection only when it is known who it is, and without a PROXY header. */
  #meetFirst(server: Server): void {
    const { peers, headersTimeout = defaultHeadersTimeout } = this.#options;
    const listeners = server.listeners("connection") as ((socket: Socket) => void)[];
    const begin = (socket: Socket): void => {
      for (const listener of listeners) listener.call(server, socket);
    };
    const arriving = this.#arriving;
    function gone(this: Socket): void {
      arriving.delete(this);
    }
    server.removeAllListeners("connection").on("connection", (socket: Socket) => {
      // Browsers and HTTP clients keep spare ones, which Node does not count as idle.
      arriving.add(socket);
      socket.once("close", gone);
      const address = peers.meet(socket, headersTimeout);
      if (typeof address === "string") begin(socket);
      else void this.#beginLater(socket, address, begin);
    });
  }

  async #beginLater(socket: Socket, address: Promise<string>, begin: (socket: Socket) => void): Promise<void> {
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
    }
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    this.#arriving.delete(request.socket);
    if (this.#service.request(request, response)) return;
    const isRoot = request.url === "/";
    const text = `What is here is below ${this.#service.basePath}/\n`;
    const headers = { "Content-Type": "text/plain", "Content-Length": text.length, "Cache-Control": "no-store" };
    response.writeHead(isRoot ? 302 : 404, { ...headers, ...(isRoot && { Location: `.${this.#service.basePath}/` }) });
    response.end(request.method === "HEAD" ? undefined : text);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#arriving.delete(request.socket);
    if (!this.#service.upgrade(request, socket, head)) refuseUpgrade(socket, `What is here is below ${this.#service.basePath}/\n`);
  }
}
