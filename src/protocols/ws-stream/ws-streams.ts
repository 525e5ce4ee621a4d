import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Container } from "../../hub/container-output.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Playhead } from "../../hub/playhead.ts";
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
  readonly admit: () => () => void;
  /** Told when a viewer comes and goes, and of our own faults. */
  readonly log: { debug(fields: object, message: string): void; error(fields: object, message: string): void };
}

/** What a viewer holds and gives back when it leaves. */
interface Visit {
  readonly viewer: WsViewer;
  readonly peer: string | undefined;
  release?: () => void;
  /** While it waits for a publisher. */
  waiting?: AbortController | undefined;
  playhead?: Playhead;
  over?: boolean;
}

/** Nobody has to wait for it: an `AbortController` for each of thousands of viewers is a kilobyte each. */
function isReady(hub: Hub, name: string): boolean {
  return hub.streams.get(name)?.timeline.current !== undefined;
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
      const visit: Visit = { viewer, peer: socket.remoteAddress };
      webSocket.once("close", () => {
        this.#open.delete(webSocket);
        stopPings();
        this.#left(visit);
      });
      this.#watch(visit, wanted).catch((error: unknown) => this.#refuse(viewer, error));
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

  async #watch(visit: Visit, wanted: () => WsStreamRequest): Promise<void> {
    const { hub, waitForPublisher, admit, log } = this.#options;
    const { name, container } = wanted();
    visit.release = admit();
    if (!isReady(hub, name)) visit.waiting = new AbortController();
    const stream = await hub.watch(name, waitForPublisher, visit.waiting?.signal);
    visit.waiting = undefined;
    if (visit.over === true) return;
    visit.playhead = stream.play(container, wsFraming, visit.viewer);
    log.debug({ stream: name, container: container.key, peer: visit.peer }, "viewer came");
  }

  #left(visit: Visit): void {
    const { playhead, waiting, release, peer } = visit;
    visit.over = true;
    waiting?.abort();
    release?.();
    if (playhead === undefined) return;
    playhead.close("left");
    this.#options.log.debug({ peer, bytes: playhead.bytes, skips: playhead.skips }, "viewer left");
  }

  #refuse(viewer: WsViewer, error: unknown): void {
    if (error instanceof Refusal) return viewer.close(closeCodeOfRefusal(error.code), error.message);
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.#options.log.error({ err: error }, "a WebSocket viewer failed");
    viewer.close(CloseCode.failed, "this server failed");
  }
}
