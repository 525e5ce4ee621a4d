import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Container } from "../../hub/container-output.ts";
import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { ReplayOptions } from "../../hub/replay-place.ts";
import type { Viewing } from "../../hub/viewing.ts";
import type { Generation } from "../../media/track.ts";
import { chunkedFraming, plainFraming } from "./framing.ts";
import { HttpViewer } from "./http-viewer.ts";

/** Makes of a stream what its viewer wants, where the stream itself is not that. */
export interface MadeMedia {
  /**
   * What is shown instead of a stream, once it is there, or the stream itself. The view of the stream is closed where it is not used.
   *
   * Rejects with what the requester is to be told, or the signal's reason.
   */
  of(stream: Viewing, signal: AbortSignal): Promise<Viewing>;
  /** Headers of a response of what would be made; undefined where it is the stream itself. Begins nothing, and rejects as `of` does. */
  headersOf(stream: Viewing): Promise<Readonly<Record<string, string>> | undefined>;
}

/** What somebody wants to watch, and as what. */
export interface HttpStreamRequest {
  /** What is to be decided before it is shown. */
  readonly question: AccessQuestion;
  readonly container: Container;
  /** Where in the stream's past to begin; live if not given. */
  readonly replay?: ReplayOptions | undefined;
  /** The stream itself, once it is granted, where the hub does not have it. @throws {Refusal} */
  readonly view?: (granted: string) => Promise<Viewing>;
  /** Where it may be something made of the stream that is shown, and not the stream itself. */
  readonly made?: MadeMedia | undefined;
  /** Headers that depend on the stream that is shown, by the name it has here. */
  readonly headersOfStream?: (name: string) => Readonly<Record<string, string>>;
  /** Headers that depend on the tracks (`Content-Type` and what belongs to it). @throws {Refusal} `not-carried` */
  headers(generation: Generation): Readonly<Record<string, string>>;
}

export interface HttpStreamsOptions {
  readonly hub: Hub;
  /** Decides who may watch. */
  readonly access: Access;
  /** Milliseconds to wait for a publisher. */
  readonly waitForPublisher: number;
  /** Milliseconds in which a response that ended has to be taken by its reader. */
  readonly linger: number;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
  /** Told when a viewer comes and goes. */
  readonly log: { debug(fields: object, message: string): void };
}

/** Streams as endless HTTP responses, in any container. An egress. */
export class HttpStreams {
  readonly #options: HttpStreamsOptions;
  readonly #sockets = new Set<Socket>();
  readonly #empty: (() => void)[] = [];

  constructor(options: HttpStreamsOptions) {
    this.#options = options;
  }

  /** Responses that are open now. */
  get viewers(): number {
    return this.#sockets.size;
  }

  /** Whether a socket belongs to a stream, so that nothing else may be asked on it. */
  owns(socket: Socket): boolean {
    return this.#sockets.has(socket);
  }

  /** Cuts all of them. */
  terminate(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when none is open. */
  whenEmpty(): Promise<void> {
    return this.#sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => void this.#empty.push(resolve));
  }

  /**
   * Answers a GET with the stream, once it is there. Resolves when the viewer has been started, or has gone.
   *
   * @param shared headers that every such response has (CORS)
   * @throws {Refusal} before anything was sent
   */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    wanted: HttpStreamRequest,
    shared: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { socket } = request;
    const { timeout } = socket;
    // Asked for before an earlier answer was through: our bytes, which go past `node:http`, would overtake it.
    if (response.socket === null) return void socket.destroy();
    this.#sockets.add(socket);
    // While it waits, and while its publisher is away, nothing moves; the pump knows when it stalls. What the server, which
    // may be a program's own, wants of its connections is put aside for this one alone.
    socket.setTimeout(0);
    let release: (() => void) | undefined;
    let viewing: Viewing | undefined;
    let started = false;
    try {
      viewing = await this.#permitted(wanted, socket, this.#options.waitForPublisher, () => {
        release = this.#options.admit();
      });
      if (viewing === undefined || socket.destroyed) return;
      this.#start({ request, response, wanted, viewing, shared, release });
      started = true;
    } finally {
      if (!started) {
        viewing?.close();
        socket.setTimeout(timeout ?? 0);
        this.#gone(socket);
        release?.();
      }
    }
  }

  /**
   * Answers a HEAD: what a GET would be answered at this moment.
   *
   * @throws {Refusal} before anything was sent
   */
  async describe(
    request: IncomingMessage,
    response: ServerResponse,
    wanted: HttpStreamRequest,
    shared: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { made, ...asked } = wanted;
    const viewing = await this.#permitted(asked, request.socket, 0, () => undefined);
    if (viewing === undefined) return;
    viewing.close();
    const headers = (await made?.headersOf(viewing)) ?? wanted.headers(viewing.generation);
    response.writeHead(200, { ...shared, ...wanted.headersOfStream?.(viewing.name), ...headers, "Cache-Control": "no-store" }).end();
  }

  /**
   * The stream that a viewer asks for, once it is granted and there; undefined if the viewer left meanwhile.
   *
   * @param wait milliseconds for its publisher to come
   * @param granted called before that
   * @throws {Refusal} in words that know the name asked for
   */
  async #permitted(
    { question, replay, view, made }: Omit<HttpStreamRequest, "headers">,
    socket: Socket,
    wait: number,
    granted: () => void,
  ): Promise<Viewing | undefined> {
    const { hub, access } = this.#options;
    const abort = new AbortController();
    const gone = () => abort.abort();
    socket.once("close", gone);
    let name = question.stream;
    try {
      ({ stream: name } = await access.play({ ...question, signal: abort.signal }));
      granted();
      const viewing = await (view === undefined ? hub.view(name, wait, abort.signal, replay) : view(name));
      if (abort.signal.aborted) viewing.close();
      else return made === undefined ? viewing : await made.of(viewing, abort.signal);
      return undefined;
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error instanceof Refusal ? error.askedAs(question.stream, name) : error;
    } finally {
      socket.off("close", gone);
    }
  }

  #gone(socket: Socket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    for (const tell of this.#empty.splice(0)) tell();
  }

  #start(viewer: {
    request: IncomingMessage;
    response: ServerResponse;
    wanted: HttpStreamRequest;
    viewing: Viewing;
    shared: Readonly<Record<string, string>>;
    release: (() => void) | undefined;
  }): void {
    const { request, response, wanted, viewing, shared, release } = viewer;
    const { socket } = request;
    const chunked = request.httpVersionMajor === 1 && request.httpVersionMinor >= 1;
    const sink = new HttpViewer(socket, chunked, this.#options.linger);
    const headers = wanted.headers(viewing.generation);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelay);
    // The first bytes come in a later turn: what refuses to play throws before the head is sent.
    const playhead = viewing.play(wanted.container, chunked ? chunkedFraming : plainFraming, sink);
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, {
      ...shared,
      ...streamHeaders,
      ...wanted.headersOfStream?.(viewing.name),
      ...headers,
      ...(chunked && { "Transfer-Encoding": "chunked" }),
      Connection: "close",
    });
    response.flushHeaders();
    const log = this.#options.log;
    log.debug({ stream: viewing.name, container: wanted.container.key, address: wanted.question.address }, "viewer came");
    socket.once("close", () => {
      playhead.close("left");
      this.#gone(socket);
      release?.();
      log.debug({ stream: viewing.name, address: wanted.question.address, bytes: playhead.bytes, skips: playhead.skips }, "viewer left");
    });
  }
}

/** Milliseconds of silence after which the system asks whether the peer is still there. */
const keepAliveDelay = 20_000;

/** Live bytes are neither kept nor collected on the way. */
const streamHeaders = { "Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff" } as const;
