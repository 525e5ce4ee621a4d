import { BackOff } from "./back-off.ts";
import { CloseReason } from "./close-reason.ts";
import type { Closed } from "./close-reason.ts";
import { mediaUrl, TransportKind, TransportName } from "./media-url.ts";
import type { Beginning } from "./media-url.ts";
import { openFetch } from "./transport-fetch.ts";
import type { Transport } from "./transport.ts";
import { openWebSocket } from "./transport-websocket.ts";

/** Asks for a stream that is not live, or not any more, this often. Milliseconds. */
const askAgainAfter = 2000;
/** Media for this long proves that a connection is good. Milliseconds. */
const provenAfter = 4000;

/** Which transport to use; `auto` is WebSocket, fetch where that is blocked, and HLS where both are. */
export const TransportChoice = { auto: "auto", ...TransportName } as const;
export type TransportChoice = (typeof TransportChoice)[keyof typeof TransportChoice];

export interface ConnectionOptions {
  readonly src: string;
  /** What a relative `src` is resolved against. */
  readonly base: string;
  readonly transport: TransportChoice;
  /** Asked before each attempt; undefined where there is none. */
  readonly getToken: (() => string | Promise<string>) | undefined;
  /** Where in the stream the next attempt begins; undefined: where `src` says. */
  readonly beginning?: () => Beginning | undefined;
}

export interface ConnectionListener {
  /** An attempt begins; what comes next belongs to a new connection. */
  attempt(): void;
  opened(): void;
  described(message: string): void;
  data(bytes: Uint8Array): void;
  /** The connection ended. `retrying` says whether another attempt follows by itself. */
  closed(end: Closed, retrying: boolean): void;
  /** Neither of the transports gets through. It is tried on. */
  allBlocked(): void;
  /** The token callback or the URL is at fault; nothing is tried any more. */
  failed(message: string): void;
}

/** Keeps a stream connected: attempts, back-off, and the change from WebSocket to fetch where the first is blocked. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #listener: ConnectionListener;
  readonly #backOff = new BackOff();
  #kind: TransportKind;
  #transport: Transport | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** Rises with each attempt, so that what an older one still says is not heard. */
  #attempt = 0;
  #firstData = 0;
  /** A WebSocket got through once: when one does not, it is the server that is away. */
  #webSocketWorks = false;
  #refusals = 0;

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.#options = options;
    this.#listener = listener;
    this.#kind = options.transport === TransportChoice.fetch ? TransportKind.fetch : TransportKind.websocket;
    void this.#connect();
  }

  /** The transport of the current attempt. */
  get transport(): TransportKind {
    return this.#kind;
  }

  /** Attempts since a connection proved good. */
  get attempts(): number {
    return this.#backOff.attempts;
  }

  /** Drops what there is and connects at once. */
  retryNow(): void {
    if (this.#closed) return;
    this.#drop();
    this.#backOff.reset();
    void this.#connect();
  }

  /** Drops what there is and waits for `retryNow`. */
  stop(): void {
    this.#drop();
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#attempt += 1;
    this.#transport?.close();
    this.#transport = undefined;
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#firstData = 0;
    this.#listener.attempt();
    let url: string;
    try {
      const token = (await this.#options.getToken?.()) ?? "";
      if (attempt !== this.#attempt) return;
      url = mediaUrl(this.#options.src, this.#options.base, this.#kind, token, this.#options.beginning?.());
    } catch (error) {
      if (attempt === this.#attempt) this.#listener.failed(error instanceof Error ? error.message : String(error));
      return;
    }
    const open = this.#kind === TransportKind.websocket ? openWebSocket : openFetch;
    const current = () => attempt === this.#attempt;
    this.#transport = open(url, {
      opened: () => {
        if (!current()) return;
        this.#webSocketWorks ||= this.#kind === TransportKind.websocket;
        this.#listener.opened();
      },
      described: (message) => current() && this.#listener.described(message),
      data: (bytes) => {
        if (!current()) return;
        this.#prove();
        this.#listener.data(bytes);
      },
      closed: (end) => current() && this.#ended(end),
    });
  }

  #prove(): void {
    const now = performance.now();
    if (this.#firstData === 0) this.#firstData = now;
    if (now - this.#firstData < provenAfter) return;
    this.#backOff.reset();
    this.#refusals = 0;
  }

  #ended(end: Closed): void {
    this.#transport = undefined;
    const delay = this.#delayAfter(end);
    if (delay !== undefined) this.#timer = setTimeout(() => void this.#connect(), delay);
    // The listener may stop or close what was just planned.
    this.#listener.closed(end, delay !== undefined);
  }

  /** Milliseconds until the next attempt; undefined where trying again by itself makes no sense. */
  #delayAfter(end: Closed): number | undefined {
    switch (end.reason) {
      case CloseReason.ended:
      case CloseReason.notLive:
        return askAgainAfter;
      case CloseReason.notCarried:
        return undefined;
      case CloseReason.refused:
        // A token that ran out is asked for anew, once.
        this.#refusals += 1;
        return this.#options.getToken !== undefined && this.#refusals === 1 ? 0 : undefined;
      case CloseReason.finished:
        return this.#backOff.attempts === 0 ? this.#firstDelay() : this.#backOff.next();
      case CloseReason.blocked:
        return this.#afterBlocked();
      case CloseReason.goingAway:
      case CloseReason.tooSlow:
      case CloseReason.lost:
        return this.#backOff.next();
    }
  }

  /** A new configuration: on at once, but not in a circle. */
  #firstDelay(): number {
    this.#backOff.next();
    return 0;
  }

  /** A WebSocket that does not get through may be blocked where HTTP is not: fetch is tried at once, then both in turn. */
  #afterBlocked(): number {
    if (this.#options.transport !== TransportChoice.auto || this.#webSocketWorks) return this.#backOff.next();
    const websocket = this.#kind === TransportKind.websocket;
    this.#kind = websocket ? TransportKind.fetch : TransportKind.websocket;
    if (!websocket) this.#listener.allBlocked();
    return websocket ? 0 : this.#backOff.next();
  }
}
