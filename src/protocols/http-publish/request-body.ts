import type { IncomingMessage } from "node:http";
import type { IntakeSource } from "../../hub/intake.ts";

/** Who reads a body. */
export interface BodyReader {
  /** @param bytes given away */
  data(bytes: Uint8Array): void;
  /** It is complete. */
  end(): void;
  /** The connection was gone before that. */
  lost(): void;
}

/** The body of a request, read as it comes. */
export interface RequestBody extends IntakeSource {
  /** Begins to read. */
  read(reader: BodyReader): void;
  /** What still comes is read and thrown away. Calls back when no more can come. */
  discard(over: () => void): void;
}

/** A body whose end the request tells: by Content-Length or chunked (RFC 9112 6). */
export class DelimitedBody implements RequestBody {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    this.#request = request;
    // A connection that breaks is told by `close`.
    request.on("error", () => undefined);
  }

  read(reader: BodyReader): void {
    const request = this.#request;
    request.on("data", (bytes: Uint8Array) => reader.data(bytes));
    request.once("end", () => reader.end());
    request.once("close", () => {
      if (!request.readableEnded) reader.lost();
    });
    if (request.destroyed) reader.lost();
  }

  // It is the socket that pauses: of a request that has been read, and waits, Node throws the rest away when the peer closes.
  pause(): void {
    this.#request.socket.pause();
  }

  resume(): void {
    this.#request.socket.resume();
  }

  discard(over: () => void): void {
    const request = this.#request;
    request.removeAllListeners("data").removeAllListeners("end");
    if (request.readableEnded || request.destroyed) return over();
    request.once("end", over).once("close", over).resume();
    request.socket.resume();
  }
}
