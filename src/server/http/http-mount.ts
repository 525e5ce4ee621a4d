import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { HttpService } from "./http-service.ts";

/** An HTTP/1.1 server of the program that embeds this one. */
export type ExistingHttpServer = Server | TlsServer;

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;
type UpgradeCallback = (request: IncomingMessage) => boolean;
/** What a server has since Node 24.9, and its types do not tell. */
interface Upgrading {
  shouldUpgradeCallback?: UpgradeCallback;
}

const webSocket = /^websocket$/i;

/**
 * Pages and streams on a server that belongs to somebody else. It takes the requests and upgrades below its base path before
 * anybody hears of them, whoever listens and since when; all others, and the server's settings, are as if it were not there.
 *
 * That is done where events are told, in `emit`: a listener among others could neither keep a request of ours from a
 * framework that answers everything, nor a WebSocket from one that closes what it does not know.
 */
export class HttpMount {
  readonly #service: HttpService;
  readonly #server: (ExistingHttpServer & Upgrading) | undefined;
  #unmount: (() => void) | undefined;

  /**
   * @param server false: there is none, requests are handed over one by one
   * @throws TypeError for what is no HTTP server, or one of a Node before 24.9
   */
  constructor(service: HttpService, server: ExistingHttpServer | false) {
    if (server !== false && typeof (server as Partial<Upgrading>).shouldUpgradeCallback !== "function")
      throw new TypeError("http.server is an http.Server or https.Server of Node 24.9 or newer, or false");
    this.#service = service;
    this.#server = server === false ? undefined : server;
  }

  /** Takes requests from now on, whether or not the server listens yet. */
  listen(): Promise<void> {
    if (this.#server !== undefined) this.#unmount ??= this.#mount(this.#server);
    return Promise.resolve();
  }

  /** Where the server listens; undefined while it does not, and for one that has no port. */
  address(): AddressInfo | undefined {
    const address = this.#unmount === undefined ? undefined : this.#server?.address();
    return typeof address === "object" && address !== null ? address : undefined;
  }

  /** Takes no more, and ends who watches, within so many milliseconds. The server goes on. */
  async close(within: number): Promise<void> {
    this.#unmount?.();
    this.#unmount = undefined;
    this.#service.close();
    const cut = setTimeout(() => this.#service.terminate(), within);
    await this.#service.whenEmpty();
    clearTimeout(cut);
  }

  #mount(server: ExistingHttpServer & Upgrading): () => void {
    const noListener = (): void => undefined;
    let mounted = true;
    const emit = server.emit as Emit;
    const ours: Emit = (event, ...args) => (mounted && this.#takes(event, args, noListener)) || emit.call(server, event, ...args);
    const hadOwn = Object.hasOwn(server, "emit");
    server.emit = ours;
    const shouldUpgrade = server.shouldUpgradeCallback!;
    const upgrades: UpgradeCallback = (request) => {
      server.off("upgrade", noListener);
      if (!mounted || !this.#service.covers(request)) return shouldUpgrade.call(server, request);
      if (!webSocket.test(request.headers.upgrade ?? "")) return false;
      // Node looks for a listener before it tells of an upgrade, in the same turn.
      server.on("upgrade", noListener);
      return true;
    };
    server.shouldUpgradeCallback = upgrades;
    return () => {
      mounted = false;
      server.off("upgrade", noListener);
      // Whoever put something over ours keeps it; ours just passes on then.
      if (server.shouldUpgradeCallback === upgrades) server.shouldUpgradeCallback = shouldUpgrade;
      if (server.emit !== ours) return;
      if (hadOwn) server.emit = emit;
      else Reflect.deleteProperty(server, "emit");
    };
  }

  #takes(event: string | symbol, args: readonly unknown[], noListener: () => void): boolean {
    switch (event) {
      case "request":
      case "checkContinue":
      case "checkExpectation":
        return this.#service.request(args[0] as IncomingMessage, args[1] as ServerResponse);
      case "clientError":
        return this.#service.noHttp(args[0] as Error, args[1] as Duplex);
      case "upgrade":
        this.#server?.off("upgrade", noListener);
        return this.#service.upgrade(args[0] as IncomingMessage, args[1] as Duplex, args[2] as Buffer);
      default:
        return false;
    }
  }
}
