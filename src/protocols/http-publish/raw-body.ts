import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { BodyReader, RequestBody } from "./request-body.ts";

/** What Node tells of bytes that are no HTTP. */
export interface NoHttpError extends Error {
  /** What was read in one go. */
  readonly rawPacket?: Buffer;
  /** Of that, the bytes before the mistake. */
  readonly bytesParsed?: number;
}

/** Bytes that Node may have looked at behind a head until it knew that they are no request. */
const looked = 32;
const endOfHead = "\r\n\r\n";

/**
 * A body without a length that only the connection ends, as HTTP/1.0 had it and Icecast's sources send it. Node takes such a
 * request to have none, and what follows for the next request: so the connection is taken from it.
 *
 * Made while Node tells of the request, or what follows the head in the same packet is lost.
 */
export class RawBody implements RequestBody {
  readonly #socket: Socket;
  readonly #early: Uint8Array[] = [];
  #reader: BodyReader | undefined;

  constructor({ socket }: IncomingMessage) {
    this.#socket = socket;
    socket.removeAllListeners("data").removeAllListeners("end");
    // With a listener of its own for data a socket is read by nobody else.
    socket.on("data", (bytes) => this.#reader?.data(bytes)).pause();
  }

  /** What Node has read behind the head, and found no sense in. */
  behindHead({ rawPacket, bytesParsed = 0 }: NoHttpError): void {
    if (rawPacket === undefined || this.#reader !== undefined || this.#early.length > 0) return;
    this.#early.push(Uint8Array.prototype.slice.call(rawPacket, bodyStart(rawPacket, bytesParsed)));
  }

  read(reader: BodyReader): void {
    const socket = this.#socket;
    this.#reader = reader;
    let hasEnded = false;
    socket.once("end", () => {
      hasEnded = true;
      reader.end();
    });
    socket.once("close", () => {
      if (!hasEnded) reader.lost();
    });
    for (const bytes of this.#early.splice(0)) reader.data(bytes);
    if (socket.destroyed) reader.lost();
    else socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  discard(over: () => void): void {
    const socket = this.#socket;
    this.#reader = undefined;
    if (socket.readableEnded || socket.destroyed) return over();
    socket.removeAllListeners("end").once("end", over).resume();
  }
}

/** Where the head ends in a packet that also has what follows. */
function bodyStart(packet: Buffer, bytesParsed: number): number {
  const at = packet.lastIndexOf(endOfHead, bytesParsed, "latin1");
  if (at >= 0 && bytesParsed - at <= looked) return at + endOfHead.length;
  // The end of the head itself came in two packets.
  for (let length = endOfHead.length - 1; length > 0; length--) {
    if (packet.toString("latin1", 0, length) === endOfHead.slice(-length)) return length;
  }
  return 0;
}
