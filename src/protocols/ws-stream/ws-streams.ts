import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import type { Container } from "../../hub/container-output.ts";
import type { Hub } from "../../hub/hub.ts";
import type { Playhead } from "../../hub/playhead.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { ReplayOptions } from "../../hub/replay-place.ts";
import type { Viewing } from "../../hub/viewing.ts";
import { CloseCode, closeCodeOfRefusal } from "./close-code.ts";
import { textMessage, wsFraming } from "./framing.ts";
import { Pinger } from "./pinger.ts";
import { WsViewer } from "./ws-viewer.ts";

/** What somebody wants to watch, and as what. */
export interface WsStreamRequest {
  /** What is to be decided before it is shown. */
  readonly question: AccessQuestion;
  readonly container: Container;
  /** Where in the stream's past to begin; live if not given. */
  readonly replay?: ReplayOptions | undefined;
  /** A text message that comes before the stream's own, where there is something to say of a stream of that name. */
  readonly greeting?: ((name: string) => string | undefined) | undefined;
}

export interface WsStreamsOptions {
  readonly hub: Hub;
  /** Decides who may watch. */
  readonly access: Access;
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
  /** IP address of who asks. */
  address?: string;
  release?: () => void;
  /** While it waits for an answer or a publisher; thousands of viewers need none that is kept. */
  waiting?: AbortController | undefined;
  playhead?: Playhead;
  over?: boolean;
}

/** Bytes of a message from a viewer at most; they have nothing long to say. */
const messageLimit = 4096;
/** Milliseconds for the peer's half of the closing handshake. */
const closeTimeout = 5000;

/** Streams as WebSocket messages, in any container. An egress. */
export class WsStreams {
  readonly #options: WsStreamsOptions;
  readonly #server: WebSocketServer;
  readonly #pinger: Pinger;
  readonly #open = new Set<WebSocket>();
  readonly #empty: (() => void)[] = [];

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
      const visit: Visit = { viewer };
      webSocket.once("close", () => {
        this.#open.delete(webSocket);
        stopPings();
        this.#left(visit);
        if (this.#open.size === 0) for (const tell of this.#empty.splice(0)) tell();
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

  /** Resolves when none is open. */
  whenEmpty(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => void this.#empty.push(resolve));
  }

  async #watch(visit: Visit, wanted: () => WsStreamRequest): Promise<void> {
    const { log } = this.#options;
    const { question, container, replay, greeting } = wanted();
    visit.address = question.address;
    visit.waiting = new AbortController();
    const viewing = await this.#permitted(visit, { question, replay }, visit.waiting.signal);
    visit.waiting = undefined;
    if (visit.over === true) return viewing.close();
    const words = greeting?.(viewing.name);
    if (words !== undefined) visit.viewer.write(textMessage(words));
    visit.playhead = viewing.play(container, wsFraming, visit.viewer);
    log.debug({ stream: viewing.name, container: container.key, address: visit.address }, "viewer came");
  }

  /** The stream that a viewer asks for, once it is granted and there. @throws {Refusal} in words that know the name asked for */
  async #permitted(
    visit: Visit,
    { question, replay }: Pick<WsStreamRequest, "question" | "replay">,
    signal: AbortSignal,
  ): Promise<Viewing> {
    const { hub, access, waitForPublisher, admit } = this.#options;
    let name = question.stream;
    try {
      ({ stream: name } = await access.play({ ...question, signal }));
      signal.throwIfAborted();
      visit.release = admit();
      return await hub.view(name, waitForPublisher, signal, replay);
    } catch (error) {
      throw error instanceof Refusal ? error.askedAs(question.stream, name) : error;
    }
  }

  #left(visit: Visit): void {
    const { playhead, waiting, release, address } = visit;
    visit.over = true;
    waiting?.abort();
    release?.();
    if (playhead === undefined) return;
    playhead.close("left");
    this.#options.log.debug({ address, bytes: playhead.bytes, skips: playhead.skips }, "viewer left");
  }

  #refuse(viewer: WsViewer, error: unknown): void {
    if (error instanceof Refusal) return viewer.close(closeCodeOfRefusal(error.code), error.message);
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.#options.log.error({ err: error }, "a WebSocket viewer failed");
    viewer.close(CloseCode.failed, "this server failed");
  }
}
