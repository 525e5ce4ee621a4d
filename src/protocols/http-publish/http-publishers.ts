import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { type Part, PartedPublications, partOf } from "./parted-publications.ts";
import { type PublishContext, type PublishRequest, PublishSession } from "./publish-session.ts";
import { type NoHttpError, RawBody } from "./raw-body.ts";
import { DelimitedBody, type RequestBody } from "./request-body.ts";

/** An answer before it is sent. */
export interface PublishAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A request to publish, and how it is answered. */
export interface HttpPublishRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What is to be published. What it throws is answered as below. */
  readonly wanted: () => PublishRequest;
  /** The answer to what went wrong: a `Refusal`, a `ProtocolError` or a fault of ours; to undefined where all was taken. */
  readonly answer: (error: unknown) => PublishAnswer;
}

/** A request on its way. */
interface Exchange extends HttpPublishRequest {
  readonly body: RequestBody;
}

/** Milliseconds in which somebody who goes on sending after an answer may read it. */
const linger = 3000;

/** Streams as request bodies: `POST` and `PUT`, and `SOURCE` as Icecast has it. An ingest. */
export class HttpPublishers {
  readonly #context: PublishContext;
  readonly #sockets = new Set<Socket>();
  /** Sockets of which it is heard when they close, each once though it may bring many requests. */
  readonly #watched = new WeakSet<Socket>();
  readonly #empty: (() => void)[] = [];
  readonly #parts = new PartedPublications();
  readonly #raw = new WeakMap<Duplex, RawBody>();

  constructor(context: PublishContext) {
    this.#context = context;
  }

  /** Whether a socket belongs to a publisher, so that nothing else may be asked on it. */
  owns(socket: Socket): boolean {
    return this.#sockets.has(socket);
  }

  /** Cuts all of them. */
  terminate(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when there is none. */
  whenEmpty(): Promise<void> {
    return this.#sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => void this.#empty.push(resolve));
  }

  /** What Node found to be no HTTP. False where that is no publisher's media. */
  noHttp(error: NoHttpError, socket: Duplex): boolean {
    const body = this.#raw.get(socket);
    body?.behindHead(error);
    return body !== undefined;
  }

  /** Takes a publisher in, reads it to its end and answers it. Rejects for nothing. To be called while Node tells of the request. */
  async take(wanted: HttpPublishRequest): Promise<void> {
    const { request, response } = wanted;
    const { socket } = request;
    // Asked for before an earlier answer was through.
    if (response.socket === null) return void socket.destroy();
    this.#own(socket);
    // Silence is watched by the session; a publisher that is held back may be silent.
    socket.setTimeout(0);
    const exchange: Exchange = { ...wanted, body: this.#bodyOf(request) };
    const part = partOf(request);
    let publishing: PublishRequest;
    try {
      publishing = wanted.wanted();
    } catch (error) {
      return this.#refuse(exchange, error);
    }
    const session = await this.#permitted(exchange, publishing, part);
    if (session === undefined) return;
    greet(wanted);
    session.attach(exchange.body, (error) => this.#finish(exchange, error));
    exchange.body.read({
      data: (bytes) => session.push(bytes),
      end: () => this.#ended(exchange, publishing, part, session),
      lost: () => session.lose(),
    });
  }

  #bodyOf(request: IncomingMessage): RequestBody {
    const { headers, socket } = request;
    if (headers["transfer-encoding"] !== undefined || headers["content-length"] !== undefined) return new DelimitedBody(request);
    const body = new RawBody(request);
    this.#raw.set(socket, body);
    return body;
  }

  /** The session, once it is granted; undefined where it is not, and has been answered, or where the publisher left meanwhile. */
  async #permitted(exchange: Exchange, publishing: PublishRequest, part: Part | undefined): Promise<PublishSession | undefined> {
    const { socket } = exchange.request;
    const known = part && this.#parts.take(publishing.question, part);
    if (known !== undefined) return known;
    const abort = new AbortController();
    const gone = (): void => abort.abort();
    socket.once("close", gone);
    try {
      if (part !== undefined && part.from > 0)
        throw new ProtocolError("order", `byte ${part.from}: it continues what was not begun here, or has ended`);
      const session = await PublishSession.open(this.#context, publishing, abort.signal);
      if (!abort.signal.aborted) return session;
      session.lose();
    } catch (error) {
      if (!abort.signal.aborted) this.#refuse(exchange, error);
    } finally {
      socket.off("close", gone);
    }
    return undefined;
  }

  /** A body is complete. */
  #ended(exchange: Exchange, { question }: PublishRequest, part: Part | undefined, session: PublishSession): void {
    // That a connection ends may be all that a publisher has to say, and all that is heard of one that crashed.
    if (exchange.body instanceof RawBody) return session.finish("lost");
    if (part === undefined) return session.finish();
    session.whenTaken(() => {
      this.#parts.keep(question, session);
      this.#answer(exchange, undefined, true);
    });
  }

  #finish(exchange: Exchange, error: unknown): void {
    if (error === undefined) this.#answer(exchange, undefined, false);
    else this.#refuse(exchange, error);
  }

  /** Answers what was sent whole. @param isKept whether more may be asked on the connection */
  #answer({ request, response, answer }: HttpPublishRequest, error: unknown, isKept: boolean): void {
    const { socket } = request;
    response.on("error", () => undefined);
    if (isKept) this.#disown(socket);
    if (socket.destroyed) return;
    if (response.headersSent) return void response.end();
    const { status, headers, text } = answer(error);
    const bytes = Buffer.from(text);
    response.writeHead(status, { ...headers, "Content-Length": bytes.length, ...(!isKept && { Connection: "close" }) }).end(bytes);
  }

  /**
   * Says why not, at once also where the publisher still sends. What it sends is read on for a while: a connection that is closed with
   * unread bytes takes the answer with it.
   */
  #refuse({ request, response, answer, body }: Exchange, error: unknown): void {
    const { socket } = request;
    response.on("error", () => undefined);
    if (socket.destroyed) return;
    if (!response.headersSent) {
      const { status, headers, text } = answer(error);
      const bytes = Buffer.from(text);
      response.writeHead(status, { ...headers, "Content-Length": bytes.length, Connection: "close" });
      response.write(bytes);
    }
    const close = (): void => {
      clearTimeout(timer);
      socket.setTimeout(linger, () => socket.destroy());
      response.end();
    };
    const timer = setTimeout(close, linger);
    timer.unref();
    body.discard(close);
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    socket.once("close", () => this.#disown(socket));
  }

  #disown(socket: Socket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) for (const tell of this.#empty.splice(0)) tell();
  }
}

/** Tells a publisher that waits for it that it may send. */
function greet({ request, response }: HttpPublishRequest): void {
  const { method, httpVersionMinor, headers } = request;
  if (method === "SOURCE") {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { Connection: "close" }).flushHeaders();
  } else if (httpVersionMinor > 0 && /(?:^|,)\s*100-continue\s*(?:$|,)/i.test(headers.expect ?? "")) {
    response.writeContinue();
  }
}
