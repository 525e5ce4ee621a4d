import type { Socket } from "node:net";
import type { PlayheadEnd, PlayheadSink } from "../../hub/playhead.ts";
import { lastChunk } from "./framing.ts";

/** Written behind what waits, to hear when it has been taken. */
const nothing = new Uint8Array(0);

/** A viewer's response after its head was sent: framed bytes go to the socket itself, past `node:http`. */
export class HttpViewer implements PlayheadSink {
  readonly #socket: Socket;
  readonly #chunked: boolean;
  readonly #linger: number;

  /** @param linger milliseconds in which a response that ended has to be taken by its reader */
  constructor(socket: Socket, chunked: boolean, linger: number) {
    this.#socket = socket;
    this.#chunked = chunked;
    this.#linger = linger;
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket.writable) return false;
    socket.write(bytes);
    return socket.writableLength === 0;
  }

  whenTaken(taken: () => void): void {
    if (this.#socket.writable) this.#socket.write(nothing, taken);
  }

  end(reason: PlayheadEnd): void {
    const socket = this.#socket;
    switch (reason) {
      case "left":
        return;
      case "stalled":
        // What the kernel still holds for it is dropped with it, and a body that only the connection ends is seen to be cut.
        reset(socket);
        return;
      case "ended":
      case "not-carried":
      case "new-tracks":
      case "no-start":
      case "closing":
        if (!socket.writable) return;
        socket.setTimeout(this.#linger, () => socket.destroy());
        if (this.#chunked) socket.write(lastChunk);
        socket.end();
    }
  }
}

/** A connection that is no bare TCP (TLS, a Unix socket) has no reset, and is cut without one. */
function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}
