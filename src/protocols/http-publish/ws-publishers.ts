import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { Refusal } from "../../hub/refusal.ts";
import type { PublishContext } from "./publish-session.ts";
import { WsPublisher, type WsPublishRequest } from "./ws-publisher.ts";

/** Bytes of a message at most: what an encoder collects in some seconds. */
const messageLimit = 16 * 1024 * 1024;
/** Milliseconds for the peer's half of the closing handshake. */
const closeTimeout = 3000;

/** Streams as binary WebSocket messages of publishers. An ingest. */
export class WsPublishers {
  readonly #context: PublishContext;
  readonly #server: WebSocketServer;
  readonly #open = new Map<WsPublisher, () => void>();
  readonly #empty: (() => void)[] = [];

  constructor(context: PublishContext) {
    this.#context = context;
    const options = { noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: messageLimit, closeTimeout };
    this.#server = new WebSocketServer(options);
  }

  /** Does the handshake and then takes what comes. */
  serve(request: IncomingMessage, socket: Socket, head: Buffer, wanted: () => WsPublishRequest): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const publisher = new WsPublisher(webSocket, socket, this.#context);
      this.#open.set(publisher, () => webSocket.terminate());
      webSocket.once("close", () => {
        this.#open.delete(publisher);
        if (this.#open.size === 0) for (const tell of this.#empty.splice(0)) tell();
      });
      void publisher.open(wanted);
    });
  }

  /** Says goodbye to those who are not let in yet, or publish; sockets that do not answer are cut after the closing time-out. */
  close(): void {
    for (const publisher of this.#open.keys()) publisher.close(new Refusal("closing", "This server is closing."));
  }

  /** Cuts all of them. */
  terminate(): void {
    for (const cut of this.#open.values()) cut();
  }

  /** Resolves when there is none. */
  whenEmpty(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => void this.#empty.push(resolve));
  }
}
