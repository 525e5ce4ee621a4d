import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type PublishContext, type PublishRequest, PublishSession } from "./publish-session.ts";
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

/** Milliseconds in which somebody who goes on sending after an answer may read it. */
const linger = 3000;

/** Streams as endless request bodies: `POST` and `PUT`. An ingest. */
export class HttpPublishers {
  readonly #context: PublishContext;
  readonly #sockets = new Set<Socket>();
  readonly #empty: (() => void)[] = [];

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

  /** Takes a publisher in, reads it to its end and answers it. Rejects for nothing. */
  async take(wanted: HttpPublishRequest): Promise<void> {
    const { request, response } = wanted;
    const { socket } = request;
    // Asked for before an earlier answer was through.
    if (response.socket === null) return void socket.destroy();
    this.#own(socket);
    // Silence is watched by the session; a publisher that is held back may be silent.
    socket.setTimeout(0);
    const body = new DelimitedBody(request);
    const session = await this.#permitted(wanted, body);
    if (session === undefined) return;
    if (request.httpVersionMinor > 0 && /(?:^|,)\s*100-continue\s*(?:$|,)/i.test(request.headers.expect ?? "")) response.writeContinue();
    session.begin(body, (error) => this.#finish(wanted, body, error));
    body.read({
      data: (bytes) => session.push(bytes),
      end: () => session.finish(),
      lost: () => session.lose(),
    });
  }

  /** The session, once it is granted; undefined where it is not, and has been answered, or where the publisher left meanwhile. */
  async #permitted(wanted: HttpPublishRequest, body: RequestBody): Promise<PublishSession | undefined> {
    const { socket } = wanted.request;
    const abort = new AbortController();
    const gone = (): void => abort.abort();
    socket.once("close", gone);
    try {
      const session = await PublishSession.open(this.#context, wanted.wanted(), abort.signal);
      if (!abort.signal.aborted) return session;
      session.lose();
    } catch (error) {
      if (!abort.signal.aborted) this.#finish(wanted, body, error);
    } finally {
      socket.off("close", gone);
    }
    return undefined;
  }

  /**
   * Answers, at once also where the publisher still sends. What it sends is read on for a while: a connection that is closed with
   * unread bytes takes the answer with it.
   */
  #finish({ request, response, answer }: HttpPublishRequest, body: RequestBody, error: unknown): void {
    const { socket } = request;
    response.on("error", () => undefined);
    if (socket.destroyed) return;
    const { status, headers, text } = answer(error);
    const bytes = Buffer.from(text);
    response.writeHead(status, { ...headers, "Content-Length": bytes.length, Connection: "close" });
    response.write(bytes);
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
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) for (const tell of this.#empty.splice(0)) tell();
    });
  }
}
