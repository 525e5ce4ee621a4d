import type { Socket } from "node:net";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { ReceiveWindow } from "./acknowledgement.ts";
import { acknowledgement } from "./control.ts";
import type { RtmpLimits } from "./limits.ts";

/** Bytes between acknowledgements to a peer that names no window of its own. */
const defaultWindow = 2_500_000;

/** Why a connection is over, where neither side broke a rule. */
export type ConnectionEnd = "peer closed" | "closed by us" | `socket error ${string}`;

/**
 * One socket: bytes out in whole messages, bytes in to whoever listens, first by count (`take`), then as they come
 * (`feed`). It bounds what a peer that does not read can make us hold, acknowledges what comes, and says goodbye in
 * bounded time.
 */
export class Connection {
  /** IP address of the client. */
  readonly address: string;
  /** For media, whole messages whose amount is bounded elsewhere; all else goes through `write`. */
  readonly socket: Socket;
  readonly #limits: RtmpLimits;
  readonly #window = new ReceiveWindow(defaultWindow);
  /** Bytes that came and nobody has taken. Only before `feed`. */
  #held: Buffer | undefined;
  #wanted: { readonly length: number; readonly resolve: (bytes: Buffer) => void; readonly reject: (error: unknown) => void } | undefined;
  #consume: ((data: Uint8Array) => void) | undefined;
  /** Bytes of answers given to the socket and not taken by the kernel. */
  #unread = 0;
  #end: ConnectionEnd | undefined;
  #closing = false;
  #fail!: (error: unknown) => void;
  #finish!: () => void;
  #gone!: () => void;
  /** Resolves when the socket is closed; rejects with what was wrong with the peer, or with us. */
  readonly over: Promise<void>;
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;

  /** @param address who it is, which behind a proxy is not the socket's peer */
  constructor(socket: Socket, limits: RtmpLimits, address: string) {
    this.socket = socket;
    this.#limits = limits;
    this.address = address;
    this.over = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.over.catch(() => undefined);
    this.closed = new Promise((resolve) => (this.#gone = resolve));
    socket.on("data", (data: Buffer) => this.#received(data));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => (this.#end ??= `socket error ${code ?? ""}`));
    socket.on("end", () => (this.#end ??= "peer closed"));
    socket.on("close", () => this.#closed());
  }

  get end(): ConnectionEnd | undefined {
    return this.#end;
  }

  /** All bytes received, handshake included. */
  get received(): number {
    return this.#window.received;
  }

  /** Bytes after which the peer wants to hear what has arrived. */
  set window(bytes: number) {
    this.#window.window = bytes;
  }

  /** The next `length` bytes. Rejects if the connection ends or `fail` is called before they are there. */
  take(length: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#wanted = { length, resolve, reject };
      this.#serve();
    });
  }

  /** From now on bytes go to this function as they come; what it throws ends the connection. */
  feed(consume: (data: Uint8Array) => void): void {
    this.#consume = consume;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#pass(held, undefined);
  }

  /** Nothing is read for the time being, and the peer's leaving not noticed. */
  get paused(): boolean {
    return this.#end === undefined && this.socket.isPaused();
  }

  /** Reads no further: the peer's own buffers fill up. At most one read's bytes are held here. */
  pause(): void {
    if (this.#end === undefined) this.socket.pause();
  }

  resume(): void {
    if (this.paused) this.socket.resume();
  }

  /**
   * Sends an answer, whole messages only. Never throws; a peer that has left too many of them unread ends the
   * connection, after the end it does nothing.
   */
  write(bytes: Uint8Array): void {
    if (this.#end !== undefined || bytes.length === 0) return;
    this.#unread += bytes.length;
    if (this.#unread > this.#limits.unreadBytes) return this.fail(new ProtocolError("limit", "the peer does not read our answers"));
    this.socket.write(bytes, () => (this.#unread -= bytes.length));
  }

  /** Ends everything that waits on this connection with an error. The socket is left to `close`. */
  fail(error: unknown): void {
    this.#consume = discard;
    this.#held = undefined;
    this.#wanted?.reject(error);
    this.#wanted = undefined;
    this.#fail(error);
  }

  /**
   * Sends what is still to be sent and closes. What the peer still sends is read and dropped meanwhile, because
   * closing a socket with unread bytes would take our last words from it.
   *
   * @param within milliseconds after which it is cut
   */
  close(within = this.#limits.closeMs): void {
    this.#end ??= "closed by us";
    this.#consume = discard;
    this.#held = undefined;
    if (this.#closing || this.socket.destroyed) return;
    this.#closing = true;
    this.socket.end();
    this.socket.resume();
    const timer = setTimeout(() => this.socket.destroy(), within);
    this.socket.once("close", () => clearTimeout(timer));
  }

  #received(data: Buffer): void {
    const due = this.#window.count(data.length);
    if (this.#consume !== undefined) return this.#pass(data, due);
    this.#held = this.#held === undefined ? data : Buffer.concat([this.#held, data]);
    this.#serve();
  }

  /** Hands out what was asked for, once it is there. Nothing is read ahead of what is asked for. */
  #serve(): void {
    const wanted = this.#wanted;
    const held = this.#held;
    if (wanted === undefined || held === undefined || held.length < wanted.length) return;
    this.#wanted = undefined;
    this.#held = held.length > wanted.length ? held.subarray(wanted.length) : undefined;
    wanted.resolve(held.subarray(0, wanted.length));
  }

  /** @param due what is to be acknowledged first, if anything */
  #pass(data: Buffer, due: number | undefined): void {
    try {
      if (due !== undefined) this.write(acknowledgement(due));
      this.#consume?.(new Uint8Array(data.buffer, data.byteOffset, data.length));
    } catch (error) {
      this.fail(error);
    }
  }

  #closed(): void {
    this.#end ??= "peer closed";
    this.#wanted?.reject(new ProtocolError("truncated", "the connection ended in the handshake"));
    this.#wanted = undefined;
    this.#consume = discard;
    this.#finish();
    this.#gone();
  }
}

function discard(): void {}
