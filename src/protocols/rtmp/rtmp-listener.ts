import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Access } from "../../hub/access.ts";
import type { FileLibrary } from "../../hub/file-library.ts";
import type { Hub } from "../../hub/hub.ts";
import { peerAddress } from "../../hub/peer-address.ts";
import { Refusal } from "../../hub/refusal.ts";
import { defaultLimits, type RtmpLimits } from "./limits.ts";
import { silentLog, type LogFields, type RtmpLog } from "./log.ts";
import { Logins, type Passwords } from "./logins.ts";
import { Session } from "./session.ts";
import type { RefusedPublisher, SessionContext } from "./session-context.ts";

export interface RtmpListenerOptions {
  readonly hub: Hub;
  /** Decides who may publish and play. */
  readonly access: Access;
  /** Passwords for encoders that have fields for user and password; those are not asked for them if not given. */
  readonly passwords?: Passwords;
  /** Files that can be played; none if not given. */
  readonly files?: FileLibrary;
  /** Told of publishers that are refused, except by access. */
  readonly onRefused?: RefusedPublisher;
  readonly log?: RtmpLog;
  /** Where they differ from `defaultLimits`. */
  readonly limits?: Partial<RtmpLimits>;
  /** Milliseconds that a player waits for a publisher; 10,000 if not given. */
  readonly waitForPublisher?: number;
  /** Counts a viewer in and returns what counts it out; throws a `Refusal` if there are too many. Not limited if not given. */
  readonly admit?: () => () => void;
  /** Port of the web pages, or their URL, told to browsers that come here. */
  readonly webPages?: () => number | string | undefined;
  /**
   * Finds out the IP address behind a connection before its first byte of RTMP is read; the socket's peer if not given. A
   * promise that rejects ends the connection; after one that resolves the socket is paused.
   *
   * @param within milliseconds for the answer
   */
  readonly meet?: (socket: Socket, within: number) => string | Promise<string>;
  /** Connections at one time; 20,000 if not given. */
  readonly maxConnections?: number;
  /** Connections of one IP address at one time; not limited if not given. */
  readonly maxConnectionsPerAddress?: number;
}

const noFiles: FileLibrary = {
  open: () => Promise.reject(new Refusal("not-found", "There are no files here.")),
  view: () => {
    throw new Error("a file is shown where there are none");
  },
};

/** Milliseconds between two looks at the sessions' time limits, at most. */
const longestTick = 500;

/** Takes RTMP connections on one port. Several in one process share nothing but the hub they are given. */
export class RtmpListener {
  readonly #options: RtmpListenerOptions;
  readonly #context: SessionContext;
  readonly #server: Server;
  /** Sessions, and when they are over. */
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #perAddress = new Map<string, number>();
  /** Connections of which it is not known yet who they are. */
  readonly #arriving = new Set<Socket>();
  readonly #tickMs: number;
  #cancelTick: (() => void) | undefined;
  #count = 0;

  constructor(options: RtmpListenerOptions) {
    this.#options = options;
    const limits = { ...defaultLimits, ...options.limits };
    this.#context = {
      hub: options.hub,
      access: options.access,
      files: options.files ?? noFiles,
      logins: options.passwords && new Logins(options.passwords, () => options.hub.scheduler.now()),
      onRefused: options.onRefused ?? (() => undefined),
      log: options.log ?? silentLog,
      limits,
      waitForPublisher: options.waitForPublisher ?? 10_000,
      admit: options.admit ?? (() => () => undefined),
      webPages: options.webPages ?? (() => undefined),
    };
    const shortest = Math.min(limits.handshakeMs, limits.setupMs, limits.stalledMessageMs, limits.pingMs);
    this.#tickMs = Math.min(longestTick, Math.max(10, shortest / 5));
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) => this.#accept(socket));
  }

  /** Connections at this moment, those included that wait for a proxy to say whose they are. */
  get connections(): number {
    return this.#sessions.size + this.#arriving.size;
  }

  /** Those that are known. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Opens the port; 0 takes a free one. Rejects with the system's error. */
  listen(address: { readonly host?: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      // Closed while the name of the host is looked up, a server tells neither of listening nor of an error.
      const closed = (): void => reject(new Error("closed before it listened"));
      this.#server.once("error", reject).once("close", closed);
      this.#server.listen({ ...address, backlog: 1024 }, () => {
        this.#server.off("error", reject).off("close", closed);
        // An accept that fails (no file descriptors left) is that connection's trouble.
        this.#server.on("error", (err) => this.#context.log.error({ err }, "RTMP listener"));
        resolve();
      });
    });
  }

  /** Undefined while it does not listen. */
  address(): AddressInfo | undefined {
    return (this.#server.address() as AddressInfo | null) ?? undefined;
  }

  /**
   * Takes no more connections and ends those that are there in their protocol's words; what has not ended after
   * `within` milliseconds is cut. Resolves when all are gone.
   */
  async close(within: number = this.#context.limits.closeMs): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#arriving) socket.destroy();
    for (const session of this.#sessions.keys()) session.shutDown(within);
    await Promise.all([closed, ...this.#sessions.values()]);
  }

  #accept(socket: Socket): void {
    const { maxConnections = 20_000, meet = peerOf } = this.#options;
    // Reset before it was accepted: HAProxy's health checks do so. Nobody can say any more who it was.
    if (socket.remoteAddress === undefined) return void socket.on("error", () => undefined).destroy();
    if (this.connections >= maxConnections) return this.#refuse(socket, { address: peerOf(socket), connections: this.connections });
    const address = meet(socket, this.#context.limits.handshakeMs);
    if (typeof address === "string") this.#begin(socket, address);
    else void this.#beginLater(socket, address);
  }

  async #beginLater(socket: Socket, address: Promise<string>): Promise<void> {
    this.#arriving.add(socket);
    try {
      const known = await address;
      this.#arriving.delete(socket);
      if (socket.destroyed) return;
      this.#begin(socket, known);
      socket.resume();
    } catch (error) {
      this.#arriving.delete(socket);
      this.#explain(socket, error);
      socket.destroy();
    }
  }

  /** Why a connection is over before it was known who it is. */
  #explain(socket: Socket, error: unknown): void {
    const { log } = this.#context;
    const fields = { address: peerOf(socket) };
    if (!(error instanceof ProtocolError)) log.error({ ...fields, err: error }, "RTMP connection ended by a fault of this server");
    // A load balancer that looks whether we are there.
    else if (socket.bytesRead === 0) log.debug(fields, "RTMP connection ended before its first byte");
    else log.warn({ ...fields, code: error.code, reason: error.message }, `RTMP connection ended: ${error.message}`);
  }

  #refuse(socket: Socket, fields: LogFields): void {
    this.#context.log.warn(fields, "RTMP connection refused: too many");
    socket.on("error", () => undefined);
    socket.destroy();
  }

  #begin(socket: Socket, address: string): void {
    const { maxConnectionsPerAddress = Infinity } = this.#options;
    const here = this.#perAddress.get(address) ?? 0;
    if (here >= maxConnectionsPerAddress) return this.#refuse(socket, { address, ofAddress: here });
    this.#perAddress.set(address, here + 1);
    const session = new Session(socket, address, this.#context, ++this.#count);
    this.#sessions.set(
      session,
      session.run().then(() => this.#left(session, address)),
    );
    this.#tickLater();
  }

  #left(session: Session, address: string): void {
    this.#sessions.delete(session);
    const here = (this.#perAddress.get(address) ?? 1) - 1;
    if (here > 0) this.#perAddress.set(address, here);
    else this.#perAddress.delete(address);
    if (this.#sessions.size > 0) return;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  /** One timer for the time limits of all sessions, while there are any. */
  #tickLater(): void {
    const { scheduler } = this.#context.hub;
    this.#cancelTick ??= scheduler.after(this.#tickMs, () => {
      this.#cancelTick = undefined;
      // Whatever would be late at the next look is late now: limits are kept, not exceeded by up to a tick.
      const next = scheduler.now() + this.#tickMs;
      for (const session of this.#sessions.keys()) session.tick(next);
      if (this.#sessions.size > 0) this.#tickLater();
    });
  }
}

function peerOf(socket: Socket): string {
  return peerAddress(socket.remoteAddress);
}
