import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Access } from "../../hub/access.ts";
import type { Hub } from "../../hub/hub.ts";
import { defaultLimits, type RtmpLimits } from "./limits.ts";
import { silentLog, type RtmpLog } from "./log.ts";
import { Session } from "./session.ts";
import type { SessionContext } from "./session-context.ts";

export interface RtmpListenerOptions {
  readonly hub: Hub;
  /** Decides who may publish and play. */
  readonly access: Access;
  readonly log?: RtmpLog;
  /** Where they differ from `defaultLimits`. */
  readonly limits?: Partial<RtmpLimits>;
  /** Milliseconds that a player waits for a publisher; 10,000 if not given. */
  readonly waitForPublisher?: number;
  /** Counts a viewer in and returns what counts it out; throws a `Refusal` if there are too many. Not limited if not given. */
  readonly admit?: () => () => void;
  /** Port of the web pages, told to browsers that come here. */
  readonly webPort?: number;
  /** Connections at one time; 20,000 if not given. */
  readonly maxConnections?: number;
  /** Connections of one IP address at one time; not limited if not given. */
  readonly maxConnectionsPerAddress?: number;
}

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
  readonly #tickMs: number;
  #cancelTick: (() => void) | undefined;
  #count = 0;

  constructor(options: RtmpListenerOptions) {
    this.#options = options;
    const limits = { ...defaultLimits, ...options.limits };
    this.#context = {
      hub: options.hub,
      access: options.access,
      log: options.log ?? silentLog,
      limits,
      waitForPublisher: options.waitForPublisher ?? 10_000,
      admit: options.admit ?? (() => () => undefined),
      webPort: options.webPort,
    };
    const shortest = Math.min(limits.handshakeMs, limits.setupMs, limits.stalledMessageMs, limits.pingMs);
    this.#tickMs = Math.min(longestTick, Math.max(10, shortest / 5));
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) => this.#accept(socket));
  }

  /** Connections at this moment. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Opens the port; 0 takes a free one. Rejects with the system's error. */
  listen(address: { readonly host?: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ ...address, backlog: 1024 }, () => {
        this.#server.off("error", reject);
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
    for (const session of this.#sessions.keys()) session.shutDown(within);
    await Promise.all([closed, ...this.#sessions.values()]);
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const { maxConnections = 20_000, maxConnectionsPerAddress = Infinity } = this.#options;
    const here = this.#perAddress.get(address) ?? 0;
    if (this.#sessions.size >= maxConnections || here >= maxConnectionsPerAddress) {
      this.#context.log.warn({ address, connections: this.#sessions.size, ofAddress: here }, "RTMP connection refused: too many");
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, here + 1);
    const session = new Session(socket, this.#context, ++this.#count);
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
