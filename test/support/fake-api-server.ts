/** The real pages over answers of the API that a test chooses, and one live clip for whichever stream is played. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { ContainerRegistry } from "../../src/server/containers/container-registry.ts";
import { describeContainer } from "../../src/server/http/container-description.ts";
import { pageHeaders, type PageName, readPage } from "../../src/server/http/pages.ts";
import { StaticFiles } from "../../src/server/http/static-files.ts";
import { firstSegment, readTarget } from "../../src/server/http/target.ts";
import type { RefusedAttempt, ServerFacts, StreamFacts } from "../../web/pages/facts.ts";
import type { LiveClip, LiveMessage } from "./live-clip.ts";

export interface FakeApiOptions {
  /** Where the built pages and the assets are. */
  readonly folders: readonly string[];
  /** What a reverse proxy would put before all paths: "" or "/tv". */
  readonly prefix?: string;
  readonly clip?: LiveClip;
}

export class FakeApiServer {
  streams: readonly StreamFacts[] = [];
  facts: Partial<ServerFacts> = {};
  refusals: readonly RefusedAttempt[] = [];
  /** What `refusals` are asked for with, where they are not for everybody. */
  operatorKey: string | undefined;
  /** Requests of the API and WebSockets are cut: no server there. */
  isDown = false;
  /** The API answers this instead. */
  problem: { readonly status: number; readonly type: string; readonly body: string } | undefined;
  /** Players are turned away with this close code and reason. */
  refusal: { readonly code: number; readonly reason: string } | undefined;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  readonly #options: FakeApiOptions;
  readonly #files: StaticFiles;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #connections = new Set<Socket>();

  constructor(options: FakeApiOptions) {
    this.#options = options;
    this.#files = new StaticFiles(options.folders);
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
    this.#server.on("upgrade", (request, socket, head) => {
      if (this.isDown) socket.destroy();
      else this.#sockets.handleUpgrade(request, socket, head, (client) => this.#play(client, this.#pathOf(request)));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** The address of a page. */
  url(path: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#options.prefix ?? ""}/${path}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** The path that a proxy would hand on; "" where it hands on nothing. */
  #pathOf(request: IncomingMessage): string {
    const prefix = this.#options.prefix ?? "";
    const path = readTarget(request.url ?? "")?.path ?? "";
    return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : "";
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = this.#pathOf(request);
    this.asked.push(path);
    switch (firstSegment(path)) {
      case "":
        return path === "/" ? this.#page(response, "index", path) : end(response, 404, "text/plain", "");
      case "watch":
        return this.#page(response, "watch", path);
      case "embed":
        return this.#page(response, "embed", path);
      case "publish":
        return this.#page(response, "publish", path);
      case "assets":
        return this.#asset(response, path.slice("/assets/".length));
      case "api":
        if (path === "/api/v1/refusals") return this.#refused(request, response);
        return this.#api(response, path.slice("/api/v1/streams".length));
      default:
        if (this.isDown) return void response.destroy();
        return end(response, 404, "text/plain", "Nobody publishes here.");
    }
  }

  async #page(response: ServerResponse, name: PageName, path: string): Promise<void> {
    const html = await readPage(this.#files, name, path);
    if (html === undefined) throw new Error(`${name}.html has not been built`);
    response.writeHead(200, pageHeaders({ framedBy: [], hosts: [] })).end(html);
  }

  async #asset(response: ServerResponse, path: string): Promise<void> {
    const file = await this.#files.find(path);
    if (file) response.writeHead(200, { "Content-Type": file.type }).end(await file.read());
    else end(response, 404, "text/plain", "");
  }

  #api(response: ServerResponse, path: string): void {
    if (this.isDown) return void response.destroy();
    if (this.problem) return end(response, this.problem.status, this.problem.type, this.problem.body);
    if (path === "") return json(response, 200, { server: this.#serverFacts(), streams: this.streams });
    const name = decodeURIComponent(path.slice(1));
    const stream = this.streams.find((each) => each.name === name);
    if (stream) json(response, 200, stream);
    else json(response, 404, { error: { code: "not-live", message: `Nobody is publishing "${name}".` } });
  }

  #refused({ headers }: IncomingMessage, response: ServerResponse): void {
    if (this.isDown) return void response.destroy();
    if (this.operatorKey === undefined || headers.authorization === `Bearer ${this.operatorKey}`) {
      return json(response, 200, { refusals: this.refusals });
    }
    json(response, 401, { error: { code: "operator-only", message: "This list shows addresses. It is for the operator." } });
  }

  #serverFacts(): ServerFacts {
    const { port } = this.#server.address() as AddressInfo;
    const startedAt = new Date(Date.now() - 4_000_000).toISOString();
    return {
      version: "0.1.0",
      startedAt,
      rtmpPort: 1935,
      httpPort: port,
      rtmpUrl: null,
      httpUrl: null,
      open: false,
      needsKey: true,
      hls: true,
      containers: new ContainerRegistry().all.map(describeContainer),
      ...this.facts,
    };
  }

  #play(client: WebSocket, path: string): void {
    const name = decodeURIComponent(path.slice(1).replace(/\.mp4$/, ""));
    const { clip } = this.#options;
    if (this.refusal) return client.close(this.refusal.code, this.refusal.reason);
    if (!clip || this.streams.find((stream) => stream.name === name)?.state !== "live") return client.close(4404, "Nobody publishes here.");
    const send = (message: LiveMessage): void => {
      if (message.init?.description !== undefined) client.send(message.init.description);
      client.send(message.bytes);
    };
    for (const message of clip.backlog) send(message);
    clip.on("message", send);
    client.on("close", () => clip.off("message", send));
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  end(response, status, "application/json", JSON.stringify(body));
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(body);
}
