/** A server of one live clip by WebSocket-fMP4 and HTTP-fMP4, and of a page with the player, that fails when told to. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { build } from "esbuild";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { LiveClip, LiveMessage } from "./live-clip.ts";

/** One viewer, whichever way it came. */
interface Viewer {
  send(message: LiveMessage): void;
  end(code: number, reason: string): void;
  /** Sent nothing until the next random-access point, as a viewer that was too slow. */
  isSkipping: boolean;
}

const player = new URL("../../web/player/index.ts", import.meta.url);

export class FakeMp4Server {
  /** False: the WebSocket handshake is refused, as some proxies do. */
  webSocket = true;
  /** What a new viewer is told instead of media: a close code and its HTTP status, with a reason. */
  refusal: { readonly code: number; readonly status: number; readonly reason: string } | undefined;
  /** Connections are cut as soon as they come: no server there. */
  isDown = false;
  /** Paths with queries that were asked for, without the page's own. */
  readonly asked: string[] = [];
  /** Added to a message before it is sent. */
  leftOut: string | undefined;
  readonly #live: LiveClip | undefined;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #connections = new Set<Socket>();
  readonly #viewers = new Set<Viewer>();
  #script = "";

  /** @param live what to send; undefined: viewers wait in vain. */
  constructor(live: LiveClip | undefined) {
    this.#live = live;
    this.#server = createServer((request, response) => this.#request(request, response));
    this.#server.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
    this.#server.on("upgrade", (request, socket, head) => {
      this.asked.push(request.url ?? "");
      if (this.isDown || !this.webSocket) socket.destroy();
      else
        this.#sockets.handleUpgrade(request, socket, head, (client) =>
          this.#welcome(webSocketViewer(client), (gone) => client.on("close", gone)),
        );
    });
    live?.on("message", (message) => this.#broadcast(message));
  }

  async listen(): Promise<void> {
    const { outputFiles } = await build({ entryPoints: [player.pathname], bundle: true, format: "esm", target: "es2022", write: false });
    this.#script = outputFiles[0]!.text;
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** A page with a player that has these attributes. */
  page(attributes: Readonly<Record<string, string>> = {}): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/page?${new URLSearchParams(attributes).toString()}`;
  }

  /** All viewers are sent nothing any more until the next random-access point. */
  skip(): void {
    for (const viewer of this.#viewers) viewer.isSkipping = true;
  }

  /** Ends all viewers in order. */
  end(code: number, reason = ""): void {
    for (const viewer of [...this.#viewers]) viewer.end(code, reason);
  }

  /** Cuts all connections without a word. */
  cut(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  async close(): Promise<void> {
    this.#live?.stop();
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://host");
    if (url.pathname === "/player.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(this.#script);
    } else if (url.pathname === "/page") {
      response.writeHead(200, { "content-type": "text/html" }).end(page(url.searchParams));
    } else if (url.pathname.endsWith(".mp4")) {
      this.asked.push(request.url ?? "");
      if (this.isDown) response.destroy();
      else if (this.refusal !== undefined)
        response.writeHead(this.refusal.status, { "content-type": "text/plain" }).end(this.refusal.reason);
      else this.#welcome(responseViewer(response), (gone) => response.on("close", gone));
    } else if (url.pathname.endsWith(".m3u8")) {
      // It has no HLS, which the player looks for where nothing else gets through.
      if (this.isDown) response.destroy();
      else response.writeHead(404).end();
    } else {
      response.writeHead(204).end();
    }
  }

  #welcome(viewer: Viewer, onGone: (gone: () => void) => void): void {
    if (this.refusal !== undefined) {
      viewer.end(this.refusal.code, this.refusal.reason);
      return;
    }
    this.#viewers.add(viewer);
    onGone(() => this.#viewers.delete(viewer));
    for (const message of this.#live?.backlog ?? []) viewer.send(message);
  }

  #broadcast(message: LiveMessage): void {
    for (const viewer of [...this.#viewers]) {
      if (message.randomAccess) viewer.isSkipping = false;
      if (!viewer.isSkipping) viewer.send(message);
    }
  }
}

function webSocketViewer(client: WebSocket): Viewer {
  return {
    isSkipping: false,
    send: ({ init, bytes }) => {
      if (init?.description !== undefined) client.send(init.description);
      client.send(bytes);
    },
    end: (code, reason) => client.close(code, reason),
  };
}

/** Its response ends where a second init would begin. */
function responseViewer(response: ServerResponse): Viewer {
  response.writeHead(200, { "content-type": "video/mp4", "cache-control": "no-store" });
  response.flushHeaders();
  let hasInit = false;
  return {
    isSkipping: false,
    send: ({ init, bytes }) => {
      if (init !== undefined && hasInit) response.end();
      else if (!response.writableEnded) response.write(bytes);
      hasInit ||= init !== undefined;
    },
    end: () => response.end(),
  };
}

/** Listens to the player from the start; `probe.report()` says what was seen. Written out here because it runs in the page. */
const probe = `
  const player = document.querySelector("millrace-player");
  const states = [], latencies = [], errors = [];
  player.addEventListener("statechange", (event) => states.push(event.detail.state));
  player.addEventListener("latency", (event) => latencies.push(event.detail));
  player.addEventListener("error", (event) => errors.push(event.detail));
  const video = player.shadowRoot.querySelector("video");
  const counts = { waiting: 0, seeking: 0, frames: 0, longestFreeze: 0 };
  let last = 0;
  for (const type of ["waiting", "seeking"]) video.addEventListener(type, () => { if (last > 0) counts[type] += 1; });
  const frame = (now) => {
    if (last > 0) counts.longestFreeze = Math.max(counts.longestFreeze, now - last);
    last = now;
    counts.frames += 1;
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  globalThis.probe = {
    report: () => ({ ...counts, currentTime: video.currentTime, states, latencies, errors, state: player.state, stats: player.stats() }),
    reset: () => Object.assign(counts, { waiting: 0, seeking: 0, frames: 0, longestFreeze: 0 }),
    text: (part) => { const found = player.shadowRoot.querySelector("[part~=" + part + "]"); return found.checkVisibility() ? found.textContent : ""; },
  };
`;

function page(query: URLSearchParams): string {
  const attributes = [...query].map(([name, value]) => ` ${name}="${value.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`).join("");
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark"><title>Player</title>
    <style>body { margin: 0; padding: 24px; max-width: 960px; } @media (max-width: 500px) { body { padding: 0 } }
    millrace-player { border-radius: 12px } @media (max-width: 500px) { millrace-player { border-radius: 0 } }</style>
    <script type="module">import "./player.js"; ${probe}</script>
    <millrace-player${attributes}></millrace-player></html>`;
}
