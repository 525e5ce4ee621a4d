import type { IncomingMessage } from "node:http";
import type { Hub } from "../../hub/hub.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { FrameSink } from "../../media/demuxer.ts";
import type { HttpPublishers, PublishAnswer } from "../../protocols/http-publish/http-publishers.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import { HttpProblem } from "../http/http-problem.ts";
import { pageHeaders } from "../http/pages.ts";
import { baseOf, type Target } from "../http/target.ts";
import { viewerQuestion } from "../http/viewer-question.ts";
import type { Peers } from "../peers/peers.ts";
import type { Feed, FeedOutput, Redirect } from "./feed-directory.ts";
import type { FeedExchange } from "./feed-exchange.ts";
import { feedDemuxer } from "./feed-intake.ts";
import { OutputAnswer, type OutputAnswerOptions } from "./output-answer.ts";
import { checkedFavicon, statusPage } from "./status-page.ts";
import { statusFacts } from "./status-facts.ts";
import { type Redirector, redirectorAnswer, redirectorOf } from "./redirectors.ts";

export interface FeedRoutesOptions extends Omit<OutputAnswerOptions, "now"> {
  readonly hub: Hub;
  readonly peers: Peers;
  readonly publishers: HttpPublishers;
  readonly containers: ContainerRegistry;
  readonly demuxers: DemuxerRegistry;
}

/** Answers requests for feeds, outputs and redirects: exact addresses, as ffserver had them. */
export class FeedRoutes {
  readonly #options: FeedRoutesOptions;
  readonly #outputs: OutputAnswer;

  constructor(options: FeedRoutesOptions) {
    this.#options = options;
    this.#outputs = new OutputAnswer({ ...options, now: () => options.hub.scheduler.wallClock() });
  }

  /** Whether a request is for one of them. */
  takes({ path }: Target): boolean {
    const { directory } = this.#options.feeds;
    return directory.findPath(path) !== undefined || redirectorOf(path, directory) !== undefined;
  }

  /** Answers such a request. @throws HttpProblem and `Refusal` before anything was sent */
  async answer(exchange: Omit<FeedExchange, "address">): Promise<void> {
    const { feeds, peers } = this.#options;
    const { request, target } = exchange;
    const { directory } = feeds;
    const asked = { ...exchange, address: peers.requester(request).address };
    const found = directory.findPath(target.path) ?? redirectorOf(target.path, directory)!;
    // To be called before anything is waited for: the body may already be on its way.
    if (isPublishing(request)) return "settings" in found && found.kind === "feed" ? this.#publish(asked, found) : refusePost(exchange);
    if (request.method !== "GET" && request.method !== "HEAD")
      throw new HttpProblem(405, "method-not-allowed", `${request.method} is not possible here.`, { Allow: "GET, HEAD, POST, PUT" });
    try {
      await this.#show(asked, found);
    } catch (error) {
      throw inFfserversWords(error, target);
    }
  }

  async #show(asked: FeedExchange, found: Feed | FeedOutput | Redirect | Redirector): Promise<void> {
    if (found.kind === "redirect") return send(asked, 301, { Location: found.url }, "");
    // As ffserver had it: what somebody may not have is not there.
    if (!(await ("output" in found ? found.output : found).mayPlay(asked.address))) throw notFound(asked.target);
    if ("output" in found) return this.#redirector(asked, found);
    if (found.kind === "feed") return this.#feed(asked, found);
    const { settings } = found;
    if (isAsf(settings.format) && isBrowser(asked)) return this.#redirector(asked, { kind: "asf", output: found });
    if (settings.format === "status") return this.#status(asked, found);
    await this.#outputs.output(asked, found);
  }

  async #publish({ request, response, target, address, answer }: FeedExchange, feed: Feed): Promise<void> {
    const { publishers, demuxers } = this.#options;
    const question = viewerQuestion(request, target, { stream: feed.name, protocol: "http", address });
    const wanted = () => {
      if (feed.settings.readOnly)
        throw new HttpProblem(404, "read-only", `${feed.name}: could not open feed: its file is for reading only.`);
      if (request.httpVersionMajor !== 1) throw new HttpProblem(505, "http-version", "Streams are taken over HTTP/1.1 only.");
      return {
        question,
        demuxer: (sink: FrameSink) => feedDemuxer(feed, demuxers, request.headers["content-type"] ?? "", sink),
        paced: new URLSearchParams(target.query).get("pace") !== "fast",
        isExclusive: true,
      };
    };
    const forget = this.#options.feeds.connections.add(request, { name: feed.name, isInput: true, address, bandwidth: 0 });
    const told = (error: unknown): PublishAnswer => {
      if (error !== undefined) forget();
      return answer(inFfserversWords(error, target));
    };
    await publishers.take({ request, response, wanted, answer: told });
  }

  /** The feed itself: what an encoder is to send, or what one sends. */
  async #feed(asked: FeedExchange, feed: Feed): Promise<void> {
    const { hub, containers } = this.#options;
    const format = containers.get("ffm");
    if (format !== undefined && hub.streams.get(feed.name)?.state === "live")
      return this.#outputs.live(asked, { name: feed.name, format, output: undefined });
    if (feed.header === undefined)
      throw new HttpProblem(404, "not-live", `Nobody publishes to ${feed.name}, and no stream says what its encoder is to make.`);
    send(asked, 200, { "Content-Type": "application/x-octet-stream", Connection: "close" }, feed.header);
  }

  #status(asked: FeedExchange, { settings: { faviconUrl, hideCounts } }: FeedOutput): void {
    const { feeds, hub, peers } = this.#options;
    const favicon = checkedFavicon(faviconUrl);
    const page = statusPage(statusFacts(feeds, hub), { base: baseOf(asked.target.path), favicon: favicon?.url, hideCounts });
    const { "Content-Security-Policy": policy = "", ...rest } = pageHeaders({
      framedBy: [],
      hosts: peers.requester(asked.request).hosts,
    });
    send(asked, 200, { ...rest, "Content-Security-Policy": `${policy}; img-src 'self' ${favicon?.origin ?? ""}`.trimEnd() }, page);
  }

  #redirector(asked: FeedExchange, { kind, output }: Redirector): void {
    const { peers } = this.#options;
    const { root, hosts } = peers.requester(asked.request);
    const base = root ?? (hosts[0] === undefined ? undefined : `http://${hosts[0]}/`);
    if (base === undefined) throw new HttpProblem(404, "not-found", "ASX/RAM file not handled: the request has no Host.");
    const { type, text } = redirectorAnswer(kind, base + output.name.split("/").map(encodeURIComponent).join("/"));
    send(asked, 200, { "Content-Type": type }, text);
  }
}

function isPublishing({ method }: IncomingMessage): boolean {
  return method === "POST" || method === "PUT" || method === "SOURCE";
}

/** @throws HttpProblem always */
function refusePost({ request, target }: Pick<FeedExchange, "request" | "target">): never {
  throw new HttpProblem(404, "not-a-feed", `${request.method} command not handled: ${target.path.slice(1)} is no feed.`, {
    Connection: "close",
  });
}

function send(
  { request, response, headers }: FeedExchange,
  status: number,
  own: Readonly<Record<string, string>>,
  body: Uint8Array | string,
): void {
  const bytes = Buffer.from(body);
  const more = { "Cache-Control": "no-store", Pragma: "no-cache", "Content-Length": bytes.length };
  response.writeHead(status, { ...headers, ...own, ...more }).end(request.method === "HEAD" ? undefined : bytes);
}

function isAsf(format: string | undefined): boolean {
  return format === "asf" || format === "asf_stream";
}

/** Browsers are sent on to the program that plays ASF. ffserver sent everybody on but NSPlayer, programs that can read the stream too. */
function isBrowser({ request, target }: FeedExchange): boolean {
  const client = request.headers["user-agent"] ?? "";
  return client.startsWith("Mozilla/") && !/(?:^|&)info(?:&|=|$)/.test(target.query);
}

function notFound({ path }: Target): HttpProblem {
  return new HttpProblem(404, "not-found", `File '${path}' not found`);
}

/** What was refused, as encoders and players of ffserver's time knew it. */
function inFfserversWords(error: unknown, target: Target): unknown {
  if (!(error instanceof Refusal)) return error;
  if (error.code === "busy") return new HttpProblem(404, "busy", "This feed is already being received.");
  return error.code === "denied" ? notFound(target) : error;
}
