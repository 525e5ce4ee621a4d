import type { IncomingMessage, ServerResponse } from "node:http";
import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { ReplayOptions } from "../../hub/replay-place.ts";
import type { HttpPublishers, PublishAnswer } from "../../protocols/http-publish/http-publishers.ts";
import type { HttpStreams } from "../../protocols/http-stream/http-streams.ts";
import type { ContainerFormat } from "../containers/container-format.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { containerFor } from "../containers/container-variant.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { HttpProblem } from "../http/http-problem.ts";
import { mediaHeaders } from "../http/media-headers.ts";
import { replayOf } from "../http/replay-query.ts";
import type { Target } from "../http/target.ts";
import { viewerQuestion } from "../http/viewer-question.ts";
import type { Peers } from "../peers/peers.ts";
import type { Feed, FeedOutput, Redirect } from "./feed-directory.ts";
import { feedDemuxer } from "./feed-intake.ts";
import type { FeedService } from "./feed-service.ts";
import { feedView, viewMuxer } from "./feed-view.ts";
import { formatNamed } from "./output-formats.ts";

export interface FeedRoutesOptions {
  readonly feeds: FeedService;
  readonly hub: Hub;
  readonly peers: Peers;
  readonly streams: HttpStreams;
  readonly publishers: HttpPublishers;
  readonly containers: ContainerRegistry;
  readonly demuxers: DemuxerRegistry;
}

/** One request on its way. */
export interface FeedExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  /** Headers that every answer has. */
  readonly headers: Readonly<Record<string, string>>;
  /** How an error is told to a publisher. */
  readonly answer: (error: unknown) => PublishAnswer;
}

/** What an exchange is for. */
interface Asked extends FeedExchange {
  readonly address: string;
}

/** Answers requests for feeds, outputs and redirects: exact addresses, as ffserver had them. */
export class FeedRoutes {
  readonly #options: FeedRoutesOptions;

  constructor(options: FeedRoutesOptions) {
    this.#options = options;
  }

  /** Whether a request is for one of them. */
  takes({ path }: Target): boolean {
    return this.#options.feeds.directory.findPath(path) !== undefined;
  }

  /** Answers such a request. @throws HttpProblem and `Refusal` before anything was sent */
  async answer(exchange: FeedExchange): Promise<void> {
    const { feeds, peers } = this.#options;
    const { request, target } = exchange;
    const found = feeds.directory.findPath(target.path)!;
    const asked = { ...exchange, address: peers.requester(request).address };
    // To be called before anything is waited for: the body may already be on its way.
    if (isPublishing(request)) return found.kind === "feed" ? this.#publish(asked, found) : refusePost(request, found);
    if (request.method !== "GET" && request.method !== "HEAD")
      throw new HttpProblem(405, "method-not-allowed", `${request.method} is not possible here.`, { Allow: "GET, HEAD, POST, PUT" });
    if (found.kind === "redirect") return redirect(exchange, found);
    // As ffserver had it: what somebody may not have is not there.
    if (!(await found.mayPlay(asked.address))) throw notFound(target);
    return found.kind === "feed" ? this.#feed(asked, found) : this.#output(asked, found);
  }

  async #publish({ request, response, target, address, answer }: Asked, feed: Feed): Promise<void> {
    const { publishers, demuxers } = this.#options;
    const question = viewerQuestion(request, target, { stream: feed.name, protocol: "http", address });
    const wanted = () => {
      if (feed.settings.readOnly)
        throw new HttpProblem(404, "read-only", `${feed.name}: could not open feed: its file is for reading only.`);
      if (request.httpVersionMajor !== 1) throw new HttpProblem(505, "http-version", "Streams are taken over HTTP/1.1 only.");
      return {
        question,
        demuxer: feedDemuxerOf(feed, demuxers, request),
        paced: new URLSearchParams(target.query).get("pace") !== "fast",
        isExclusive: true,
      };
    };
    await publishers.take({ request, response, wanted, answer: (error) => answer(inFfserversWords(error, target)) });
  }

  /** The feed itself: what an encoder is to send, or what one sends. */
  async #feed(asked: Asked, feed: Feed): Promise<void> {
    const { hub, containers } = this.#options;
    const stream = hub.streams.get(feed.name);
    const isLive = stream?.state === "live";
    const ffm = containers.get("ffm");
    if (isLive && ffm !== undefined) return this.#play(asked, feed.name, ffm, feed, undefined);
    if (feed.header === undefined)
      throw new HttpProblem(404, "not-live", `Nobody publishes to ${feed.name}, and no stream says what its encoder is to make.`);
    const { request, response, headers } = asked;
    response.writeHead(200, {
      ...headers,
      "Content-Type": "application/x-octet-stream",
      "Content-Length": feed.header.length,
      "Cache-Control": "no-store",
      Pragma: "no-cache",
      Connection: "close",
    });
    response.end(request.method === "HEAD" ? undefined : feed.header);
  }

  async #output(asked: Asked, output: FeedOutput): Promise<void> {
    const { containers } = this.#options;
    const { name, settings, feed } = output;
    if (feed === undefined) throw new HttpProblem(404, "not-found", `Stream '${name}' comes from nowhere.`);
    const format = settings.format === undefined ? undefined : formatNamed(settings.format, containers);
    if (format === undefined) throw notServed(settings.format);
    await this.#play(asked, name, format, feed, output);
  }

  async #play(asked: Asked, name: string, format: ContainerFormat, feed: Feed, output: FeedOutput | undefined): Promise<void> {
    const { streams } = this.#options;
    const { request, response, target, address } = asked;
    const query = new URLSearchParams(target.query);
    const variant = containerFor(format, query);
    if (typeof variant === "string") throw new HttpProblem(400, "bad-query", variant);
    const view = output && feedView(feed, output);
    const question = viewerQuestion(request, target, { stream: name, protocol: "http", address });
    const wanted = {
      question,
      replay: withPolicies(replayOf(query, this.#options.hub.scheduler.wallClock()), output),
      container: view
        ? { key: `${variant.container.key} of ${view.key}`, muxer: viewMuxer(view, variant.container.muxer) }
        : variant.container,
      headers: (generation: Parameters<FeedViewOf>[0]) => ({
        ...mediaHeaders(format, view?.of(generation) ?? generation, variant.wanted),
        Pragma: "no-cache",
      }),
    };
    const release = this.#takeBandwidth(output?.bandwidth ?? 0, request);
    try {
      if (request.method === "HEAD") await streams.describe(request, response, wanted, asked.headers);
      else await streams.serve(request, response, wanted, asked.headers);
    } catch (error) {
      release();
      throw inFfserversWords(this.#counted(error), target);
    }
  }

  /** Bandwidth for as long as a connection lasts; a HEAD has none. */
  #takeBandwidth(kilobits: number, { method, socket }: IncomingMessage): () => void {
    const { bandwidth } = this.#options.feeds;
    const taken = bandwidth.take(kilobits);
    if (typeof taken !== "function") {
      throw new HttpProblem(
        503,
        "full",
        `The server is too busy to serve your request at this time. The bandwidth being served (including your stream) is ${taken.total}kbit/s, and this exceeds the limit of ${bandwidth.limit}kbit/s.`,
        { "Retry-After": "5" },
      );
    }
    if (method === "HEAD") taken();
    else socket.once("close", taken);
    return taken;
  }

  #counted(error: unknown): unknown {
    if (!(error instanceof Refusal) || error.code !== "full") return error;
    const { maxViewers } = this.#options.feeds;
    return new HttpProblem(
      503,
      "full",
      `The server is too busy to serve your request at this time. The number of current connections is ${maxViewers + 1}, and this exceeds the limit of ${maxViewers}.`,
      { "Retry-After": "5" },
    );
  }
}

/** Where a viewer begins who does not say it, and when everybody ends. */
function withPolicies(asked: ReplayOptions | undefined, output: FeedOutput | undefined): ReplayOptions | undefined {
  const { preroll = 0, maxTime = 0 } = output?.settings ?? {};
  if (asked === undefined && preroll === 0 && maxTime === 0) return undefined;
  return { ...(asked ?? { from: { behind: 0 }, preroll }), ...(maxTime > 0 && { maxTime }) };
}

type FeedViewOf = ReturnType<typeof feedView>["of"];

function feedDemuxerOf(feed: Feed, demuxers: DemuxerRegistry, { headers }: IncomingMessage) {
  return (sink: Parameters<typeof feedDemuxer>[3]) => feedDemuxer(feed, demuxers, headers["content-type"] ?? "", sink);
}

function isPublishing({ method }: IncomingMessage): boolean {
  return method === "POST" || method === "PUT" || method === "SOURCE";
}

/** @throws HttpProblem always */
function refusePost({ method }: IncomingMessage, { name }: FeedOutput | Redirect): never {
  throw new HttpProblem(404, "not-a-feed", `${method} command not handled: ${name} is no feed.`, { Connection: "close" });
}

function redirect({ response, headers }: FeedExchange, { url }: Redirect): void {
  response.writeHead(301, { ...headers, Location: url, "Content-Length": 0 }).end();
}

function notFound({ path }: Target): HttpProblem {
  return new HttpProblem(404, "not-found", `File '${path}' not found`);
}

function notServed(format: string | undefined): HttpProblem {
  const words =
    format === undefined ? "Neither its name nor a Format says what this stream is served as." : `This server does not make ${format}.`;
  return new HttpProblem(415, "not-carried", words);
}

/** What was refused, as encoders and players of ffserver's time knew it. */
function inFfserversWords(error: unknown, target: Target): unknown {
  if (!(error instanceof Refusal)) return error;
  if (error.code === "busy") return new HttpProblem(404, "busy", "This feed is already being received.");
  return error.code === "denied" ? notFound(target) : error;
}
