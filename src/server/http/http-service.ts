import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Access, AccessQuestion } from "../../hub/access.ts";
import { Refusal } from "../../hub/refusal.ts";
import { HttpPublishers } from "../../protocols/http-publish/http-publishers.ts";
import type { PublishTimes } from "../../protocols/http-publish/publish-session.ts";
import { WsPublishers } from "../../protocols/http-publish/ws-publishers.ts";
import { HlsStreams, type HlsStreamsOptions } from "../../protocols/hls/hls-streams.ts";
import { HttpStreams } from "../../protocols/http-stream/http-streams.ts";
import { WsStreams } from "../../protocols/ws-stream/ws-streams.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { oneOf } from "../containers/container-variant.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import type { Log } from "../log.ts";
import { mp4Format } from "../containers/mp4-format.ts";
import type { Peers } from "../peers/peers.ts";
import type { PluginRoutes } from "../plugins/plugin-routes.ts";
import type { Vod } from "../vod/vod.ts";
import { VodRoute } from "../vod/vod-route.ts";
import { FeedRoutes } from "../feeds/feed-routes.ts";
import type { FeedService } from "../feeds/feed-service.ts";
import type { ServerFacts } from "./server-facts.ts";
import { Cors } from "./cors.ts";
import { SnapshotRoute } from "../snapshots/snapshot-route.ts";
import type { Snapshots } from "../snapshots/snapshots.ts";
import type { Transcoder } from "../transcode/transcoder.ts";
import { HttpProblem } from "./http-problem.ts";
import { mediaTarget } from "./media-target.ts";
import { pastMessage } from "./past-message.ts";
import { PublishRoute, publishSegment } from "./publish-route.ts";
import { Router } from "./router.ts";
import { firstSegment, readTarget, type Target, targetBelow } from "./target.ts";
import { viewerQuestion } from "./viewer-question.ts";

/** Times in milliseconds. */
export interface HttpServiceOptions {
  readonly facts: ServerFacts;
  /** Decides who may publish and watch. */
  readonly access: Access;
  /** What publishers may send. */
  readonly demuxers: DemuxerRegistry;
  readonly publishTimes: PublishTimes;
  /** Told of publishers that are refused, except by access. */
  readonly onRefused: (question: AccessQuestion, refusal: Refusal) => void;
  readonly log: Log;
  /** Who is behind connections and requests. */
  readonly peers: Peers;
  /** Folders of the built pages and of other assets; the first that has a file wins. */
  readonly webFolders: readonly string[];
  /** What plug-ins answer. */
  readonly pluginRoutes: PluginRoutes;
  /** Files of media. */
  readonly vod: Vod;
  readonly allowedOrigins: readonly string[];
  /** The path that everything is below, without a slash at its end; "" or nothing for the root. */
  readonly basePath?: string;
  /** Takes a seat for a viewer and returns what gives it back. @throws {Refusal} `full` */
  readonly admit: () => () => void;
  readonly waitForPublisher: number;
  /** Undefined where it is off. */
  readonly hls?: Pick<HlsStreamsOptions, "format" | "maxBytes" | "maxWaiting" | "partDuration" | "window"> | undefined;
  /** A response that ended has so long to be taken by its reader. */
  readonly linger: number;
  readonly pingInterval?: number;
  /** Exact addresses that settings give. */
  readonly feeds: FeedService;
  /** Makes by FFmpeg what is not served as it is. */
  readonly transcoder: Transcoder;
  /** Makes pictures of streams. */
  readonly snapshots: Snapshots;
}

/** A request's path as the client sent it: frameworks that hand on a part of their own take it off `url` and keep it here. */
type RoutedRequest = IncomingMessage & { readonly originalUrl?: string };

/** Pages, API, publishers and viewers over HTTP and WebSocket below one path, on whatever server their requests come in. */
export class HttpService {
  /** Without a slash at its end; "" for the root. */
  readonly basePath: string;
  readonly #options: HttpServiceOptions;
  readonly #streams: HttpStreams;
  readonly #hls: HlsStreams | undefined;
  readonly #publishers: HttpPublishers;
  readonly #wsPublishers: WsPublishers;
  readonly #publish: PublishRoute;
  readonly #webSockets: WsStreams;
  readonly #cors: Cors;
  readonly #router: Router;

  constructor(options: HttpServiceOptions) {
    const { facts, log, peers, demuxers, waitForPublisher, linger, pingInterval = 20_000, basePath = "" } = options;
    this.basePath = basePath;
    this.#options = options;
    const shared = { hub: facts.hub, access: options.access, log, waitForPublisher, admit: options.admit };
    this.#streams = new HttpStreams({ ...shared, linger });
    this.#hls = options.hls && new HlsStreams({ ...shared, ...options.hls });
    this.#webSockets = new WsStreams({ ...shared, pingInterval });
    this.#cors = new Cors(options.allowedOrigins);
    const { webFolders, pluginRoutes } = options;
    const publishing = { ...shared, times: options.publishTimes, onRefused: options.onRefused };
    this.#publishers = new HttpPublishers({ title: "HTTP", ...publishing });
    this.#wsPublishers = new WsPublishers({ title: "WebSocket", ...publishing });
    const cors = this.#cors;
    this.#publish = new PublishRoute({ publishers: this.#publishers, webSockets: this.#wsPublishers, demuxers, peers, cors });
    const { access, admit } = options;
    const vod = new VodRoute({ vod: options.vod, streams: this.#streams, containers: facts.containers, access, peers, admit });
    const snapshots = new SnapshotRoute({ hub: facts.hub, snapshots: options.snapshots, access, peers, admit });
    const feeds = new FeedRoutes({
      feeds: options.feeds,
      admit: options.admit,
      transcoder: options.transcoder,
      snapshots,
      hub: facts.hub,
      peers,
      streams: this.#streams,
      publishers: this.#publishers,
      containers: facts.containers,
      demuxers,
    });
    this.#router = new Router({
      facts,
      log,
      peers,
      cors,
      feeds,
      streams: this.#streams,
      hls: this.#hls,
      publish: this.#publish,
      webFolders,
      pluginRoutes,
      vod,
      transcoder: options.transcoder,
      snapshots,
    });
  }

  /** Viewers over HTTP and WebSocket, those included that wait for a publisher. */
  get viewers(): number {
    return this.#streams.viewers + this.#webSockets.viewers + (this.#hls?.viewers ?? 0);
  }

  /** Whether a request is for us: its path is the base path or below it. */
  covers(request: IncomingMessage): boolean {
    return this.#targetOf(request) !== undefined;
  }

  /** Answers a request, unless it is none of ours: then it is left alone and false returned. */
  request(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#streams.owns(request.socket) || this.#publishers.owns(request.socket)) {
      // Whoever watches or publishes has said all there is to say on this connection.
      request.socket.destroy();
      return true;
    }
    const target = this.#targetOf(request);
    if (target === undefined) return false;
    const { feeds, peers } = this.#options;
    feeds.note(request, response, () => peers.requester(request).address);
    if (target.path === "") {
      // Relative links of the page need the slash.
      const query = target.query === "" ? "" : `?${target.query}`;
      response.writeHead(302, { Location: `${this.basePath.slice(this.basePath.lastIndexOf("/") + 1)}/${query}` }).end();
      return true;
    }
    this.#router.answer(request, response, target).catch((error: unknown) => {
      this.#options.log.error({ err: error }, "an HTTP request failed");
      request.socket.destroy();
    });
    return true;
  }

  /** What Node found to be no HTTP. False where that is nothing of ours: the connection is to be closed. */
  noHttp(error: Error, socket: Duplex): boolean {
    return this.#publishers.noHttp(error, socket);
  }

  /** Takes a WebSocket, or refuses one where no streams are. False for one that is none of ours, which is left alone. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const target = this.#targetOf(request);
    if (target === undefined) return false;
    const { containers, hub } = this.#options.facts;
    if (socket instanceof Socket && firstSegment(target.path) === publishSegment) {
      this.#publish.upgrade(request, socket, head, target);
      return true;
    }
    if (!(socket instanceof Socket) || containers.ofPath(target.path)?.format.webSocket !== true) {
      refuseUpgrade(socket, webSocketWords(containers));
      return true;
    }
    const { origin } = request.headers;
    const { address, hosts } = this.#options.peers.requester(request);
    this.#webSockets.serve(request, socket, head, () => {
      if (!this.#cors.allowsPage(origin, hosts))
        throw new Refusal("name-refused", `Pages of ${origin} may not play streams of this server.`);
      try {
        const { name, container, replay } = mediaTarget(target, containers, hub.scheduler.wallClock())!;
        const question = viewerQuestion(request, target, { stream: name, protocol: "ws", address });
        // Players of other containers know no text messages.
        const greeting = containers.ofPath(target.path)?.format === mp4Format ? (shown: string) => pastMessage(hub, shown) : undefined;
        return { question, container, replay, greeting };
      } catch (error) {
        if (error instanceof HttpProblem) throw new Refusal("name-refused", error.message);
        throw error;
      }
    });
    return true;
  }

  /** Says goodbye to WebSockets; what goes over HTTP ends with its stream. */
  close(): void {
    this.#wsPublishers.close();
    this.#webSockets.close();
    this.#hls?.close();
  }

  /** Cuts who still watches or publishes. */
  terminate(): void {
    this.#publishers.terminate();
    this.#wsPublishers.terminate();
    this.#streams.terminate();
    this.#webSockets.terminate();
  }

  /** Resolves when nobody watches or publishes. */
  async whenEmpty(): Promise<void> {
    const all = [this.#publishers, this.#wsPublishers, this.#streams, this.#webSockets];
    await Promise.all(all.map((each) => each.whenEmpty()));
  }

  /** Where below the base path; undefined for what is not. A target that cannot be read is ours where everything is. */
  #targetOf(request: RoutedRequest): Target | undefined {
    const target = readTarget(request.originalUrl ?? request.url ?? "");
    if (target === undefined) return this.basePath === "" ? { path: "*", query: "" } : undefined;
    return targetBelow(target, this.basePath);
  }
}

/** There are WebSockets only where streams are. */
function webSocketWords(containers: ContainerRegistry): string {
  const extensions = containers.all
    .filter(({ webSocket }) => webSocket)
    .flatMap((format) => format.extensions.map((extension) => `.${extension}`));
  return `A WebSocket here is a stream: ws://HOST/APP/STREAM with ${oneOf(extensions)} behind it; to publish, ws://HOST/publish/APP/STREAM\n`;
}

/** Answers an upgrade with words, and closes. */
export function refuseUpgrade(socket: Duplex, words: string): void {
  socket.on("error", () => undefined);
  socket.end(
    `HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: ${words.length}\r\nConnection: close\r\n\r\n${words}`,
    () => socket.destroy(),
  );
}
