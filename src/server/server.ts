import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Hub } from "../hub/hub.ts";
import { RtmpListener } from "../protocols/rtmp/rtmp-listener.ts";
import { AccessChain, facts, Intent, type RefusedRequest } from "./access/access-chain.ts";
import { type AccessHook, Hooks } from "./access/hooks.ts";
import { KeyRing } from "./access/key-ring.ts";
import { KeyStep } from "./access/key-step.ts";
import { logWithoutKeys } from "./access/log-without-keys.ts";
import { checkConfig } from "./config/resolve.ts";
import type { Config, ConfigInput } from "./config/schema.ts";
import { type ListenAddress, listenAddress } from "./config/values.ts";
import { Demo, demoStream } from "./demo.ts";
import { HttpListener } from "./http/http-listener.ts";
import { ListenError, type ListenFailure } from "./listen-error.ts";
import { type Log, silentLog } from "./log.ts";
import { Peers } from "./peers/peers.ts";
import { Seats } from "./seats.ts";
import { packageVersion } from "./version.ts";

/** What a program may set besides the settings of docs/config.md. */
export interface ServerOptions extends ConfigInput {
  /** Where the server writes what happens; by default nowhere. */
  readonly logger?: Log;
}

/** A live media server. Several in one process do not know of each other. */
export interface MillraceServer {
  /** Opens the ports. @throws ListenError naming every port that could not be opened; then none is open */
  listen(): Promise<void>;
  /** Ends everything: streams, viewers, publishers. What does not end by itself is cut after `within` milliseconds (`shutdownTimeout`). */
  close(within?: number): Promise<void>;
  /**
   * Has a say in who publishes: asked before each publisher is taken, see `AccessHook`. Until there is one, or the setting
   * `publishKey`, publishers are refused, unless the setting `auth` is off. Several are asked in the order in which they
   * came, after the key, and all have to grant.
   *
   * @returns a function that takes the hook away; who publishes already stays
   * @throws TypeError for what is no function
   */
  onPublish(hook: AccessHook): () => void;
  /** The same for those who want to watch, by any protocol. Without one everybody may. */
  onPlay(hook: AccessHook): () => void;
  /** Where a protocol is listened for; undefined where it is not. */
  address(role: "rtmp" | "http"): { readonly host: string; readonly port: number } | undefined;
  /** The streams: what is on air, who publishes, who watches. */
  readonly hub: Hub;
  readonly config: Config;
}

/** Makes a server; nothing listens before `listen()`. @throws ConfigError naming every mistake in the settings */
export function createServer(options: ServerOptions = {}): MillraceServer {
  const { logger, ...settings } = options;
  const log = logger ?? silentLog();
  return new ComposedServer(
    checkConfig(settings, (text) => log.warn(text)),
    log,
  );
}

/** The same from settings that were checked before. @param keys those that publish; only that of the settings if not given */
export function createServerFrom(config: Config, logger: Log, keys?: KeyRing): MillraceServer {
  return new ComposedServer(config, logger, keys);
}

interface Listener {
  listen(address: ListenAddress): Promise<void>;
  close(within: number): Promise<void>;
  address(): AddressInfo | undefined;
}

class ComposedServer implements MillraceServer {
  readonly hub: Hub;
  readonly config: Config;
  readonly #log: Log;
  readonly #listeners = new Map<"rtmp" | "http", Listener>();
  readonly #admit: () => () => void;
  readonly #peers: Peers;
  readonly #hooks = new Hooks();
  readonly #access: AccessChain;
  readonly #needsKey: boolean;
  #demo: Demo | undefined;
  #closing: Promise<void> | undefined;

  constructor(config: Config, logger: Log, givenKeys?: KeyRing) {
    this.config = config;
    const keys = givenKeys ?? keysOf(config);
    // Whoever plays may ask for any name, and somebody will ask for a key.
    const log = keys === undefined ? logger : logWithoutKeys(logger, keys);
    this.#log = log;
    this.#needsKey = config.auth && keys !== undefined;
    this.#peers = new Peers(config.trustedProxies, config.http.publicUrl);
    const seats = new Seats(config.viewers.max);
    this.#admit = () => seats.take();
    this.hub = createHub(config, log);
    logEvents(this.hub, log);
    this.#access = new AccessChain({
      steps: [...(keys === undefined ? [] : [new KeyStep(keys, config.auth)]), this.#hooks],
      auth: config.auth,
      ...config.hooks,
      scheduler: this.hub.scheduler,
      log,
      onRefused: (refused) => logRefusal(refused, log),
    });
    if (config.rtmp.enabled) this.#listeners.set("rtmp", this.#rtmpListener());
    if (config.http.enabled) this.#listeners.set("http", this.#httpListener());
  }

  onPublish(hook: AccessHook): () => void {
    return this.#hooks.add(Intent.publish, hook);
  }

  onPlay(hook: AccessHook): () => void {
    return this.#hooks.add(Intent.play, hook);
  }

  async listen(): Promise<void> {
    const failures: ListenFailure[] = [];
    for (const [role, listener] of this.#listeners) {
      const address = listenAddress(this.config[role]);
      await listener.listen(address).catch((error: NodeJS.ErrnoException) => {
        failures.push({ role, address, code: error.code ?? "", message: error.message });
      });
    }
    if (failures.length > 0) {
      await this.close(0);
      throw new ListenError(failures);
    }
    for (const role of this.#listeners.keys()) this.#log.info({ ...this.address(role) }, `listening for ${role.toUpperCase()}`);
    if (this.config.demo) await this.#startDemo();
  }

  async #startDemo(): Promise<void> {
    try {
      this.#demo = await Demo.start({ hub: this.hub, log: this.#log, name: demoStream });
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  close(within = this.config.shutdownTimeout): Promise<void> {
    this.#closing ??= this.#close(within);
    return this.#closing;
  }

  async #close(within: number): Promise<void> {
    this.#demo?.close();
    this.#access.close();
    this.hub.close();
    const open = [...this.#listeners.values()].filter((listener) => listener.address() !== undefined);
    await Promise.all(open.map((listener) => listener.close(within)));
  }

  address(role: "rtmp" | "http"): { readonly host: string; readonly port: number } | undefined {
    const address = this.#listeners.get(role)?.address();
    return address && { host: address.address, port: address.port };
  }

  #rtmpListener(): RtmpListener {
    const { rtmp, http, viewers } = this.config;
    return new RtmpListener({
      hub: this.hub,
      access: this.#access,
      log: this.#log.child({ part: "rtmp" }),
      waitForPublisher: viewers.waitForPublisher,
      admit: this.#admit,
      maxConnections: rtmp.maxConnections,
      limits: { handshakeMs: rtmp.handshakeTimeout, setupMs: rtmp.setupTimeout, pingMs: rtmp.pingAfter, messageBytes: rtmp.maxMessageSize },
      webPages: () => http.publicUrl || this.address("http")?.port,
      meet: (socket, within) => this.#peers.meet(socket, within),
    });
  }

  #httpListener(): HttpListener {
    const { rtmp, http, viewers } = this.config;
    const urls = (request: IncomingMessage) => ({
      rtmp: rtmp.publicUrl || null,
      http: this.#peers.requester(request).root ?? null,
    });
    const ports = () => ({ rtmp: this.address("rtmp")?.port ?? null, http: this.address("http")?.port ?? null });
    return new HttpListener({
      facts: {
        version: packageVersion(),
        startedAt: Date.now(),
        hub: this.hub,
        ports,
        urls,
        open: () => this.#access.open,
        needsKey: this.#needsKey,
      },
      log: this.#log.child({ part: "http" }),
      peers: this.#peers,
      webFolders: [folder("../../dist/web/"), folder("../../assets/")],
      allowedOrigins: http.allowedOrigins,
      maxConnections: http.maxConnections,
      access: this.#access,
      admit: this.#admit,
      waitForPublisher: viewers.waitForPublisher,
      linger: viewers.stallTimeout,
    });
  }
}

function folder(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function keysOf({ publishKey }: Config): KeyRing | undefined {
  return publishKey === undefined ? undefined : new KeyRing({ fixed: [{ key: publishKey, stream: undefined }] });
}

function createHub({ streams, viewers }: Config, log: Log): Hub {
  return new Hub({
    allocate: (length) => Buffer.allocUnsafeSlow(length),
    retention: { beforeNewestStart: streams.ringTime, maxBytes: streams.ringSize },
    grace: streams.gracePeriod,
    graceAfterUnpublish: streams.graceAfterUnpublish,
    takeover: streams.secondPublisher,
    silentAfter: streams.silentAfter,
    stallTimeout: viewers.stallTimeout,
    extraWait: viewers.extraWait,
    maxStreams: streams.max,
    maxWaiting: viewers.max,
    onFault: (err, stream) => log.error({ err, stream }, "an output failed"),
  });
}

/** Names are left out: what was not granted may be a key. */
function logRefusal({ intent, request, refusal: { code, message } }: RefusedRequest, log: Log): void {
  const fields = { ...facts(request), code, reason: message };
  if (intent === Intent.publish) log.warn(fields, "publisher refused");
  else log.info(fields, "viewer refused");
}

function logEvents(hub: Hub, log: Log): void {
  hub.onEvent((event) => {
    const stream = event.stream.name;
    switch (event.kind) {
      case "live":
        return log.info({ stream, ...event.publication.info }, "on air");
      case "lost":
        return log.info({ stream, reason: event.end }, "publisher left");
      case "ended":
        return log.info({ stream, skips: event.stream.skips }, "stream ended");
    }
  });
}
