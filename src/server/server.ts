import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Hub } from "../hub/hub.ts";
import type { Refusal } from "../hub/refusal.ts";
import { type Scheduler, systemScheduler } from "../hub/scheduler.ts";
import type { Passwords } from "../protocols/rtmp/logins.ts";
import { RtmpListener } from "../protocols/rtmp/rtmp-listener.ts";
import { AccessChain, facts, Intent, type RefusedRequest } from "./access/access-chain.ts";
import { streamName } from "../hub/identity.ts";
import { FeedFiles } from "./feeds/feed-files.ts";
import { FeedService } from "./feeds/feed-service.ts";
import { type AccessHook, Hooks } from "./access/hooks.ts";
import { KeyRing } from "./access/key-ring.ts";
import { KeyStep } from "./access/key-step.ts";
import { logWithoutKeys } from "./access/log-without-keys.ts";
import { type RefusedFacts, RefusalList } from "./access/refusal-list.ts";
import { Clips } from "./clips/clips.ts";
import { checkConfig } from "./config/resolve.ts";
import type { Config } from "./config/schema.ts";
import { type ListenAddress, listenAddress } from "./config/values.ts";
import { createHub } from "./create-hub.ts";
import { ContainerRegistry } from "./containers/container-registry.ts";
import { DemuxerRegistry } from "./containers/demuxer-registry.ts";
import { Demo, demoStream } from "./demo.ts";
import type { Events, Listener, ListenOptions } from "./events.ts";
import { HttpListener } from "./http/http-listener.ts";
import { type ExistingHttpServer, HttpMount } from "./http/http-mount.ts";
import { hlsOptions } from "./http/hls-options.ts";
import { HttpService } from "./http/http-service.ts";
import { operatorProof } from "./http/operator.ts";
import type { RefusalSource } from "./http/server-facts.ts";
import { ListenError, type ListenFailure } from "./listen-error.ts";
import { type Log, silentLog } from "./log.ts";
import type { HttpHandler, MillraceServer, ServerOptions, UpgradeHandler } from "./millrace-server.ts";
import { Peers } from "./peers/peers.ts";
import type { MediaInput } from "./publishing/byte-source.ts";
import { type FramePublisher, HubFramePublisher, type PublishFramesOptions } from "./publishing/frame-publisher.ts";
import { publishBytes, type PublishOptions } from "./publishing/publish-bytes.ts";
import { pluginsOfProgram, type ReadyPlugin } from "./plugins/plugin-entries.ts";
import type { PluginHost } from "./plugins/plugin-host.ts";
import { RecordingService } from "./recording/recording-service.ts";
import { nodeDisk } from "./storage/disk.ts";
import { PluginRoutes } from "./plugins/plugin-routes.ts";
import { Plugins } from "./plugins/plugins.ts";
import { Seats } from "./seats.ts";
import { takeApart } from "./server-options.ts";
import { logEvents, serverEvents, type ServerEvents } from "./server-events.ts";
import { HubStreamHandle, type StreamHandle } from "./stream-handle.ts";
import { packageVersion } from "./version.ts";
import { snapshotsOf } from "./snapshots/snapshots.ts";
import { Transcoder } from "./transcode/transcoder.ts";
import { Vod } from "./vod/vod.ts";

/** Makes a server with its insides in reach; src/index.ts offers it without. @throws ConfigError naming every mistake in the settings */
export function createServer(options: ServerOptions = {}): ComposedServer {
  const { settings, httpServer, plugins } = takeApart(options);
  const log = options.logger ?? silentLog();
  const config = checkConfig(settings, (text) => log.warn(text));
  return new ComposedServer(config, log, { httpServer, clock: options.clock, plugins: pluginsOfProgram(plugins) });
}

/** The same from settings that were checked before. @throws PluginError where a plug-in cannot be set up */
export function createServerFrom(config: Config, logger: Log, parts: Pick<Parts, "keys" | "plugins">): ComposedServer {
  return new ComposedServer(config, logger, parts);
}

interface PortListener {
  listen(address: ListenAddress): Promise<void>;
  close(within: number): Promise<void>;
  address(): AddressInfo | undefined;
}

/** What a server is put together from besides its settings. */
interface Parts {
  /** Keys that publish; only that of the settings if not given. */
  readonly keys?: KeyRing | undefined;
  /** Where HTTP requests come from: a port of our own if not given, nowhere by themselves for false. */
  readonly httpServer?: ExistingHttpServer | false | undefined;
  /** The process's own if not given. */
  readonly clock?: Scheduler | undefined;
  /** With their options read. */
  readonly plugins?: readonly ReadyPlugin[];
}

/** A server: the hub, who may do what, and the listeners, put together. */
export class ComposedServer implements MillraceServer {
  /** Not for programs: its streams, timelines and publications may change with every version. */
  readonly hub: Hub;
  readonly config: Config;
  readonly #log: Log;
  readonly #containers = new ContainerRegistry();
  readonly #demuxers = new DemuxerRegistry();
  readonly #pluginRoutes = new PluginRoutes();
  readonly #plugins: Plugins;
  readonly #events: Events<ServerEvents>;
  readonly #listeners = new Map<"rtmp" | "http", PortListener>();
  readonly #admit: () => () => void;
  readonly #peers: Peers;
  readonly #hooks = new Hooks();
  readonly #feeds: FeedService;
  readonly #files: FeedFiles;
  readonly #access: AccessChain;
  readonly #keys: KeyRing | undefined;
  readonly #refusals: RefusalList;
  readonly #recording: RecordingService;
  readonly #http: HttpService | undefined;
  readonly #vod: Vod;
  readonly #transcoder: Transcoder;
  #demo: Demo | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(config: Config, logger: Log, { keys = keysOf(config), httpServer, clock = systemScheduler, plugins = [] }: Parts) {
    this.config = config;
    // Whoever plays may ask for any name, and somebody will ask for a key.
    const log = keys === undefined ? logger : logWithoutKeys(logger, keys);
    this.#log = log;
    this.#keys = keys;
    this.#refusals = new RefusalList(() => keys?.known ?? []);
    this.#peers = new Peers(config.trustedProxies, config.http.publicUrl, config.http.basePath);
    const seats = new Seats(config.viewers.max);
    this.#admit = () => seats.take();
    this.#files = new FeedFiles({ config, disk: nodeDisk, scheduler: clock, log: log.child({ part: "feeds" }) });
    this.hub = createHub(config, log, clock, (name) => this.#files.keeper(name));
    this.#vod = new Vod(config.vod, this.hub, log.child({ part: "vod" }));
    logEvents(this.hub, log);
    this.#recording = new RecordingService(this.hub, config.recording, log);
    this.#events = serverEvents(this.hub, this.#recording.recordings, log);
    this.#files.onState = (name, state) =>
      this.#events.emit("feed", { stream: new HubStreamHandle(this.hub, name, this.#recording.recordings), ...state });
    this.#feeds = new FeedService({ config, log, hub: () => this.hub });
    const keyStep = keys && new KeyStep(keys, config.auth);
    this.#access = new AccessChain({
      steps: [...this.#feeds.steps(keyStep, () => this.#hooks.decides(Intent.publish)), this.#hooks],
      auth: config.auth,
      ...config.hooks,
      scheduler: this.hub.scheduler,
      log,
      onRefused: (refused) => {
        logRefusal(refused, log);
        this.#noteRefusal(refused.intent, refused.request, refused.refusal);
      },
    });
    this.#transcoder = new Transcoder({ hub: this.hub, settings: config.transcode, log: log.child({ part: "ffmpeg" }) });
    if (config.rtmp.enabled) this.#listeners.set("rtmp", this.#rtmpListener());
    if (config.http.enabled) {
      this.#http = this.#httpService();
      const http = httpServer === undefined ? this.#httpListener(this.#http) : new HttpMount(this.#http, httpServer);
      this.#listeners.set("http", http);
    }
    this.#plugins = new Plugins(plugins, this.#pluginHost(), log);
  }

  #pluginHost(): PluginHost {
    return {
      server: this,
      hub: this.hub,
      recordings: this.#recording.recordings,
      access: this.#access,
      containers: this.#containers,
      demuxers: this.#demuxers,
      routes: this.#pluginRoutes,
      waitForPublisher: this.config.viewers.waitForPublisher,
      admit: this.#admit,
    };
  }

  readonly handler: HttpHandler = (request, response, next) => {
    if (this.#closing === undefined && this.#http?.request(request, response) === true) return;
    if (next !== undefined) return next();
    response.writeHead(this.#closing === undefined ? 404 : 503, { "Content-Length": 0, Connection: "close" }).end();
  };

  readonly upgrade: UpgradeHandler = (request, socket, head) =>
    this.#closing === undefined && this.#http?.upgrade(request, socket, head) === true;

  onPublish(hook: AccessHook): () => void {
    return this.#hooks.add(Intent.publish, hook);
  }

  onPlay(hook: AccessHook): () => void {
    return this.#hooks.add(Intent.play, hook);
  }

  on<Name extends keyof ServerEvents>(name: Name, listener: Listener<ServerEvents[Name]>, options?: ListenOptions): () => void {
    return this.#events.on(name, listener, options);
  }

  stream(name: string): StreamHandle {
    return new HubStreamHandle(this.hub, streamName(name), this.#recording.recordings);
  }

  streams(): StreamHandle[] {
    return [...this.hub.streams.keys()].map((name) => new HubStreamHandle(this.hub, name, this.#recording.recordings));
  }

  publish(name: string, input: MediaInput, options?: PublishOptions): Promise<void> {
    return publishBytes({ hub: this.hub, demuxers: this.#demuxers }, name, input, options);
  }

  publishFrames(name: string, options: PublishFramesOptions): FramePublisher {
    return new HubFramePublisher(this.hub, streamName(name), options);
  }

  listen(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new Error("the server is closed"));
    if (this.#starting !== undefined) return Promise.reject(new Error("listen() was called before"));
    this.#starting = this.#listen();
    return this.#starting;
  }

  async #listen(): Promise<void> {
    await this.#orClose(this.#plugins.start());
    await this.#orClose(this.#files.open());
    this.#recording.start();
    const failures: ListenFailure[] = [];
    for (const [role, listener] of this.#listeners) {
      if (this.#closing !== undefined) break;
      const address = listenAddress(this.config[role]);
      await listener.listen(address).catch((error: NodeJS.ErrnoException) => {
        failures.push({ role, address, code: error.code ?? "", message: error.message });
      });
    }
    if (this.#closing !== undefined) throw new Error("the server was closed while it opened its ports");
    if (failures.length > 0) {
      await (this.#closing = this.#shut(0));
      throw new ListenError(failures);
    }
    for (const role of this.#listeners.keys()) this.#log.info({ ...this.address(role) }, `listening for ${role.toUpperCase()}`);
    this.#feeds.start(this.address("http"));
    if (this.config.demo) this.#demo = await this.#orClose(Demo.start({ hub: this.hub, log: this.#log, name: demoStream }));
  }

  /** A step of the start, without which there is no server. */
  async #orClose<Result>(step: Promise<Result>): Promise<Result> {
    try {
      return await step;
    } catch (error) {
      if (this.#closing === undefined) await (this.#closing = this.#shut(0));
      throw error;
    }
  }

  close(within = this.config.shutdownTimeout): Promise<void> {
    this.#closing ??= this.#close(within);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(within: number): Promise<void> {
    await this.#shut(within);
    // A port that was being opened meanwhile is open now.
    if (
      await this.#starting?.then(
        () => false,
        () => true,
      )
    )
      await this.#shut(within);
  }

  /** Takes nobody any more, says goodbye, then ends what they publish and watch. */
  async #shut(within: number): Promise<void> {
    this.#demo?.close();
    this.#access.close();
    const closed = [...this.#listeners.values()].map((listener) => listener.close(within));
    this.#transcoder.close();
    this.hub.close();
    const rest = [this.#recording.close(within), this.#files.close(within), this.#feeds.close(within)];
    await Promise.all([this.#plugins.close(within), ...rest, ...closed]);
  }

  address(role: "rtmp" | "http"): { readonly host: string; readonly port: number } | undefined {
    const address = this.#listeners.get(role)?.address();
    return address && { host: address.address, port: address.port };
  }

  /** Publishers are asked for a key. */
  get #needsKey(): boolean {
    return this.config.auth && this.#keys !== undefined;
  }

  #noteRefusal(intent: Intent, request: RefusedFacts, refusal: Refusal): void {
    // Who is told that the server closes was not refused for anything of theirs.
    if (refusal.code !== "closing") this.#refusals.add(intent, request, refusal, this.hub.scheduler.wallClock());
  }

  #refusalSource(): RefusalSource {
    const [refusals, peers, keys] = [this.#refusals, this.#peers, this.#keys];
    return {
      get attempts() {
        return refusals.attempts;
      },
      may: (request) => operatorProof(request, peers, keys),
    };
  }

  #rtmpListener(): RtmpListener {
    const { rtmp, http, viewers } = this.config;
    return new RtmpListener({
      hub: this.hub,
      access: this.#access,
      files: this.#vod,
      ...(this.#needsKey && { passwords: passwordsOf(this.#keys!) }),
      onRefused: (publisher, refusal) => this.#noteRefusal(Intent.publish, { ...publisher, protocol: "rtmp" }, refusal),
      log: this.#log.child({ part: "rtmp" }),
      waitForPublisher: viewers.waitForPublisher,
      admit: this.#admit,
      maxConnections: rtmp.maxConnections,
      limits: { handshakeMs: rtmp.handshakeTimeout, setupMs: rtmp.setupTimeout, pingMs: rtmp.pingAfter, messageBytes: rtmp.maxMessageSize },
      webPages: () => http.publicUrl || this.address("http")?.port,
      meet: (socket, within) => this.#peers.meet(socket, within),
    });
  }

  #httpListener(service: HttpService): HttpListener {
    const { maxConnections } = this.config.http;
    return new HttpListener(service, { log: this.#log.child({ part: "http" }), peers: this.#peers, maxConnections });
  }

  #httpService(): HttpService {
    const { rtmp, http, viewers } = this.config;
    const urls = (request: IncomingMessage) => ({
      rtmp: rtmp.publicUrl || null,
      http: this.#peers.requester(request).root ?? null,
    });
    const ports = () => ({ rtmp: this.address("rtmp")?.port ?? null, http: this.address("http")?.port ?? null });
    return new HttpService({
      facts: {
        version: packageVersion(),
        startedAt: this.hub.scheduler.wallClock(),
        hub: this.hub,
        containers: this.#containers,
        ports,
        urls,
        open: () => this.#access.open,
        needsKey: this.#needsKey,
        hls: this.config.hls.enabled,
        refusals: this.#refusalSource(),
        recording: this.#recording,
        clips: new Clips(this.hub, this.#recording, this.config.clips, this.#log),
      },
      log: this.#log.child({ part: "http" }),
      peers: this.#peers,
      webFolders: [folder("../../dist/web/"), folder("../../assets/")],
      pluginRoutes: this.#pluginRoutes,
      vod: this.#vod,
      transcoder: this.#transcoder,
      snapshots: snapshotsOf(this.config, this.hub.scheduler, this.#log),
      allowedOrigins: http.allowedOrigins,
      basePath: http.basePath,
      access: this.#access,
      demuxers: this.#demuxers,
      publishTimes: { stall: http.publishStallTimeout, ahead: http.publishAhead },
      onRefused: (question, refusal) => this.#noteRefusal(Intent.publish, question, refusal),
      admit: this.#admit,
      waitForPublisher: viewers.waitForPublisher,
      hls: hlsOptions(this.config),
      linger: viewers.stallTimeout,
      feeds: this.#feeds,
    });
  }
}

function folder(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function keysOf({ publishKey }: Config): KeyRing | undefined {
  return publishKey === undefined ? undefined : new KeyRing({ fixed: [{ key: publishKey, stream: undefined }] });
}

/** An encoder that has fields for user and password sends a key as the password. */
function passwordsOf(keys: KeyRing): Passwords {
  return { refresh: () => void keys.current(), all: () => keys.latest.map(({ key }) => key) };
}

/** Names are left out: what was not granted may be a key. */
function logRefusal({ intent, request, refusal: { code, message } }: RefusedRequest, log: Log): void {
  const fields = { ...facts(request), code, reason: message };
  if (intent === Intent.publish) log.warn(fields, "publisher refused");
  else log.info(fields, "viewer refused");
}
