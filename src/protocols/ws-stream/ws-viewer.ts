import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { utf8Prefix } from "../../bytes/utf8-prefix.ts";
import type { PlayheadEnd, PlayheadSink } from "../../hub/playhead.ts";
import { type CloseCode, closeOfEnd, reasonLimit } from "./close-code.ts";

/** Bytes of ours that may wait in the process before a client's ping goes unanswered. */
const pongBacklog = 64 * 1024;

/** `readyState` of a WebSocket that is open. */
const openState = 1;
/** Written behind what waits, to hear when it has been taken. */
const nothing = new Uint8Array(0);

/**
 * A viewer's WebSocket. `ws` does the handshake, pings and the closing; media are whole frames made elsewhere and go
 * to the socket itself, which is safe because `ws` too writes only whole frames.
 */
export class WsViewer implements PlayheadSink {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  /** A ping has been sent and nothing has come since. */
  #unanswered = 0;

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    webSocket.on("pong", () => {
      this.#unanswered = 0;
    });
    webSocket.on("ping", (data) => {
      // A client that pings and does not read would fill our memory with pongs.
      if (this.#isOpen && socket.writableLength < pongBacklog) webSocket.pong(data);
    });
    // What viewers say means nothing yet, and their mistakes end only them: `ws` closes after an error.
    webSocket.on("error", () => undefined);
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === openState;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#isOpen) return false;
    this.#socket.write(bytes);
    return this.#socket.writableLength === 0;
  }

  whenTaken(taken: () => void): void {
    if (this.#isOpen) this.#socket.write(nothing, taken);
  }

  end(reason: PlayheadEnd): void {
    if (reason === "left") return;
    this.close(...closeOfEnd(reason));
  }

  close(code: CloseCode, words: string): void {
    this.#webSocket.close(code, utf8Prefix(words, reasonLimit));
  }

  /** Asks for a sign of life. False once `allowed` of them were not answered. */
  ping(allowed: number): boolean {
    if (!this.#isOpen) return true;
    if (this.#unanswered >= allowed) return false;
    this.#unanswered += 1;
    this.#webSocket.ping();
    return true;
  }
}
