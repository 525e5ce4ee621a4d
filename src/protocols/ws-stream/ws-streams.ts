import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Container } from "../../hub/container-output.ts";
import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import { CloseCode, closeCodeOfRefusal } from "./close-code.ts";
import { wsFraming } from "./framing.ts";
import { Pinger } from "./pinger.ts";
import { WsViewer } from "./ws-viewer.ts";

/** What somebody wants to watch, and as what. */
export interface WsStreamRequest {
  /** The stream's identity. */
  readonly name: string;
  readonly container: Container;
}

export interface WsStreamsOptions {
  readonly hub: Hub;
  /** Milliseconds to wait for a publisher. */
  readonly waitForPublisher: number;
  /** Milliseconds between two pings of one viewer. */
  readonly pingInterval: number;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  admit(): () => void;
  /** Told when a viewer comes and goes, and of our own faults. */
  log: { debug(fields: object, message: string): void; error(fields: object, message: string): void };
}

/** Bytes of a message from a viewer at most; they have nothing long to say. */
const messageLimit = 4096;
/** Milliseconds for the peer's half of the closing handshake. */
const closeTimeout = 5000;

/** Streams as WebSocket messages: WS-FLV, WS-fMP4. An egress. */
export class WsStreams {
  readonly #options: WsStreamsOptions;
  readonly #server: WebSocketServer;
  readonly #pinger: Pinger;
  readonly #open = new Set<WebSocket>();

  constructor(options: WsStreamsOptions) {
    this.#options = options;
    const wsOptions = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: messageLimit,
      closeTimeout,
    };
    this.#server = new WebSocketServer(wsOptions);
    this.#pinger = new Pinger(options.pingInterval);
  }

  /** WebSockets that are open now. */
  get viewers(): number {
    return this.#open.size;
  }

  /** Does the handshake and then shows the stream. What is wrong with `wanted` becomes the reason of the closing. */
  serve(request: IncomingMessage, socket: Socket, head: Buffer, wanted: () => WsStreamRequest): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#open.add(webSocket);
      const viewer = new WsViewer(webSocket, socket);
      const stopPings = this.#pinger.add(viewer);
      const abort = new AbortController();
      webSocket.once("close", () => {
        this.#open.delete(webSocket);
        stopPings();
        abort.abort();
      });
      this.#watch(viewer, socket, wanted, abort.signal).catch((error: unknown) => this.#refuse(viewer, error));
    });
  }

  /** Says goodbye to everybody. Sockets that do not answer are cut after the closing time-out. */
  close(): void {
    this.#pinger.close();
    for (const webSocket of this.#open) webSocket.close(CloseCode.goingAway, "this server is closing");
  }

  /** Cuts what is still open. */
  terminate(): void {
    for (const webSocket of this.#open) webSocket.terminate();
  }

  async #watch(viewer: WsViewer, socket: Socket, wanted: () => WsStreamRequest, signal: AbortSignal): Promise<void> {
    const { hub, waitForPublisher, admit, log } = this.#options;
    const { name, container } = wanted();
    const release = admit();
    signal.addEventListener("abort", release, { once: true });
    const stream = await hub.watch(name, waitForPublisher, signal);
    signal.throwIfAborted();
    const playhead = stream.play(container, wsFraming, viewer);
    const peer = socket.remoteAddress;
    log.debug({ stream: name, container: container.key, peer }, "viewer came");
    signal.addEventListener(
      "abort",
      () => {
        playhead.close("left");
        log.debug({ stream: name, peer, bytes: playhead.bytes, skips: playhead.skips }, "viewer left");
      },
      { once: true },
    );
  }

  #refuse(viewer: WsViewer, error: unknown): void {
    if (error instanceof Refusal) return viewer.close(closeCodeOfRefusal(error.code), error.message);
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.#options.log.error({ err: error }, "a WebSocket viewer failed");
    viewer.close(CloseCode.failed, "this server failed");
  }
}
