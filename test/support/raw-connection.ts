import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A TCP connection that keeps all it receives: for saying to a server what no client would. */
export class RawConnection {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      this.#received = Buffer.concat([this.#received, data]);
    });
  }

  static async open(port: number, host = "127.0.0.1"): Promise<RawConnection> {
    const socket = connect(port, host);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  get received(): Buffer {
    return this.#received;
  }

  /** One byte a character. */
  get text(): string {
    return this.#received.toString("latin1");
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** Resolves when what was received matches; rejects if the connection closes before. */
  async until(condition: (text: string) => boolean): Promise<string> {
    while (!condition(this.text)) {
      if (this.socket.closed) throw new Error(`closed after: ${this.text.slice(0, 500)}`);
      await Promise.race([once(this.socket, "data"), this.closed]);
    }
    return this.text;
  }
}

/** A response's head and what follows it. */
export function splitResponse(bytes: Buffer): { status: number; headers: ReadonlyMap<string, string>; body: Buffer } {
  const end = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const pairs = lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()] as const);
  return { status: Number(first.split(" ")[1]), headers: new Map(pairs), body: bytes.subarray(end + 4) };
}

/** A chunked body put together again, and whether its last chunk was there. */
export function dechunked(body: Buffer): { bytes: Buffer; complete: boolean } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf("\r\n", at);
    const size = end < 0 ? Number.NaN : Number.parseInt(body.toString("latin1", at, end), 16);
    if (Number.isNaN(size) || end + 2 + size + 2 > body.length) return { bytes: Buffer.concat(parts), complete: false };
    if (size === 0) return { bytes: Buffer.concat(parts), complete: true };
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
