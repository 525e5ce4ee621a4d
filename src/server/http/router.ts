import { getRequestListener } from "@hono/node-server";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { streamAddress } from "../../hub/identity.ts";
import { readHlsPath } from "../../protocols/hls/hls-path.ts";
import type { HlsStreams } from "../../protocols/hls/hls-streams.ts";
import { HlsRequests } from "./hls-request.ts";
import type { HttpStreams } from "../../protocols/http-stream/http-streams.ts";
import type { PublishAnswer } from "../../protocols/http-publish/http-publishers.ts";
import type { ContainerRegistry } from "../containers/container-registry.ts";
import { oneOf } from "../containers/container-variant.ts";
import type { Log } from "../log.ts";
import type { Peers } from "../peers/peers.ts";
import { type PluginRoutes, pluginSegment } from "../plugins/plugin-routes.ts";
import type { SnapshotRoute } from "../snapshots/snapshot-route.ts";
import type { Transcoder } from "../transcode/transcoder.ts";
import { vodSegment } from "../vod/vod-address.ts";
import type { VodRoute } from "../vod/vod-route.ts";
import type { FeedRoutes } from "../feeds/feed-routes.ts";
import { createApi } from "./api.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { Cors } from "./cors.ts";
import { HttpProblem, problemOf } from "./http-problem.ts";
import { mediaTarget } from "./media-target.ts";
import { pastMessage } from "./past-message.ts";
import { pageHeaders, type PageName, readPage } from "./pages.ts";
import { allowedMethods, answerByPlugin } from "./plugin-answer.ts";
import { problemBody } from "./problem-body.ts";
import { type PublishRoute, publishSegment } from "./publish-route.ts";
import { clipsPath } from "./clips-route.ts";
import { recordingsPath } from "./recordings-route.ts";
import { StaticFiles } from "./static-files.ts";
import { baseOf, firstSegment, type Target } from "./target.ts";
import { challenged, viewerQuestion } from "./viewer-question.ts";

export interface RouterOptions {
  readonly facts: ServerFacts;
  readonly log: Log;
  readonly peers: Peers;
  readonly cors: Cors;
  readonly streams: HttpStreams;
  /** Undefined where it is off. */
  readonly hls: HlsStreams | undefined;
  readonly publish: PublishRoute;
  readonly feeds: FeedRoutes;
  readonly webFolders: readonly string[];
  readonly pluginRoutes: PluginRoutes;
  readonly vod: VodRoute;
  readonly transcoder: Transcoder;
  readonly snapshots: SnapshotRoute;
}

/** One request and its answer on the way through the router. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
}

/** Finds out what a request is for and answers it. */
export class Router {
  readonly #options: RouterOptions;
  readonly #files: StaticFiles;
  readonly #hlsRequests = new HlsRequests();
  readonly #api: ReturnType<typeof getRequestListener>;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#files = new StaticFiles(options.webFolders);
    this.#api = getRequestListener(createApi(options.facts).fetch, { overrideGlobalObjects: false });
  }

  /** Rejects only for our own faults after the answer has begun. @param target below the base path */
  async answer(request: IncomingMessage, response: ServerResponse, target: Target): Promise<void> {
    // Answers of HLS are many: where Node is given all headers at once it has less to do.
    if (!target.path.includes("/hls-") || firstSegment(target.path) === vodSegment) response.setHeader(...noSniffing);
    const exchange = { request, response, target };
    try {
      if (!target.path.startsWith("/")) throw new HttpProblem(400, "bad-request", "This is no address of a page or stream.");
      await this.#route(exchange);
    } catch (error) {
      if (response.headersSent) throw error;
      response.setHeader(...noSniffing);
      this.#fail(exchange, error);
    }
  }

  async #route(exchange: Exchange): Promise<void> {
    const { request, response, target } = exchange;
    const headers = this.#options.cors.headers(request.headers.origin);
    const { publish, feeds } = this.#options;
    if (feeds.takes(target)) return feeds.answer({ ...exchange, headers, answer: (error) => this.#answerOf(exchange, error) });
    if (firstSegment(target.path) === pluginSegment) return this.#plugin(exchange, headers);
    if (publish.takes(request, target)) return publish.take(exchange, (error) => this.#answerOf(exchange, error));
    if (takesWrites(target)) return this.#answerOperator(exchange, headers);
    if (hasBody(request)) throw new HttpProblem(413, "body-refused", "Nothing here takes a request with a body.", { Connection: "close" });
    if (request.method === "OPTIONS") return this.#preflight(exchange, allowedOfStreams);
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new HttpProblem(405, "method-not-allowed", `${request.method} is not possible here.`, { Allow: allowed });
    }
    switch (firstSegment(target.path)) {
      case "":
        return this.#page(exchange, "index");
      case "watch":
      case "embed":
      case publishSegment:
        return this.#streamPage(exchange);
      case "assets":
        return this.#asset(exchange, headers);
      case "health":
        return send(exchange, 200, { ...headers, "Content-Type": "text/plain", "Cache-Control": "no-store" }, "ok\n");
      case "api":
        for (const [name, value] of Object.entries({ ...headers, ...apiHeaders })) response.setHeader(name, value);
        return this.#answerApi(exchange);
      case vodSegment:
        return this.#options.vod.answer(request, response, target, headers);
      default:
        return this.#media(exchange, headers);
    }
  }

  /** What of the API does something. Pages of other sites are asked to prove more than a preflight could: it says nothing of the key. */
  #answerOperator(exchange: Exchange, headers: Readonly<Record<string, string>>): Promise<void> | void {
    const { request, response } = exchange;
    if (request.method === "OPTIONS") return this.#preflight(exchange, "GET, HEAD, OPTIONS, POST, DELETE");
    if (request.method !== "POST" && hasBody(request))
      throw new HttpProblem(413, "body-refused", `${request.method} takes no body here.`, { Connection: "close" });
    for (const [name, value] of Object.entries({ ...headers, ...apiHeaders })) response.setHeader(name, value);
    return this.#answerApi(exchange);
  }

  /** The API reads the request itself, and is to see the path as we do. */
  async #answerApi({ request, response, target }: Exchange): Promise<void> {
    const { url } = request;
    request.url = target.query === "" ? target.path : `${target.path}?${target.query}`;
    try {
      await this.#api(request, response);
    } finally {
      request.url = url;
    }
  }

  #preflight({ request, response }: Exchange, methods: string): void {
    response.writeHead(204, { ...this.#options.cors.preflight(request.headers.origin, methods), Allow: methods }).end();
  }

  /** `/plugins/NAME/…`. */
  async #plugin(exchange: Exchange, headers: Readonly<Record<string, string>>): Promise<void> {
    const { request, response, target } = exchange;
    const found = this.#options.pluginRoutes.find(target.path);
    if (found === undefined) throw new HttpProblem(404, "not-found", "There is nothing here.");
    if (request.method === "OPTIONS") return this.#preflight(exchange, allowedMethods(found.added));
    const { address } = this.#options.peers.requester(request);
    try {
      await answerByPlugin({ ...exchange, ...found, address, headers });
    } catch (error) {
      if (response.destroyed) return;
      if (problemOf(error) !== undefined) throw challenged(error, request, target);
      found.added.log.error({ err: error }, "a route of a plug-in failed");
      throw new HttpProblem(500, "internal", "A plug-in of this server failed; its log says how.");
    }
  }

  async #media(exchange: Exchange, headers: Readonly<Record<string, string>>): Promise<void> {
    const { request, response, target } = exchange;
    if (await this.#hls(exchange, headers)) return;
    const { containers, hub } = this.#options.facts;
    const { snapshots } = this.#options;
    if (containers.ofPath(target.path) === undefined && snapshots.takes(target)) return snapshots.answer(exchange, headers);
    const found = mediaTarget(target, containers, hub.scheduler.wallClock(), this.#options.transcoder);
    if (found === undefined) throw new HttpProblem(404, "not-found", notFoundWords(target.path, containers));
    if (request.httpVersionMajor !== 1) throw new HttpProblem(505, "http-version", "Streams are sent over HTTP/1.1 only.");
    const { address } = this.#options.peers.requester(request);
    const question = viewerQuestion(request, target, { stream: found.name, protocol: "http", address });
    const { streams } = this.#options;
    const headersOfStream = (name: string): Record<string, string> => {
      const past = pastMessage(hub, name);
      return past === undefined ? {} : { "Millrace-Past": past };
    };
    const wanted = { ...found, question, headersOfStream };
    try {
      if (request.method === "HEAD") await streams.describe(request, response, wanted, headers);
      else await streams.serve(request, response, wanted, headers);
    } catch (error) {
      throw challenged(error, request, target);
    }
  }

  /** Playlists and what they list. False where it is off, or the path is none of theirs. */
  async #hls({ request, response, target }: Exchange, headers: Readonly<Record<string, string>>): Promise<boolean> {
    const { hls, peers } = this.#options;
    const found = hls && readHlsPath(target.path);
    if (hls === undefined || found === undefined) return false;
    try {
      await hls.serve(request, response, this.#hlsRequests.read(request, target, found, peers.requester(request).address), {
        ...headers,
        [noSniffing[0]]: noSniffing[1],
      });
    } catch (error) {
      throw challenged(error, request, target);
    }
    return true;
  }

  /** `/watch/APP/STREAM`, `/embed/APP/STREAM` and `/publish/APP/STREAM`. */
  #streamPage(exchange: Exchange): Promise<void> {
    const { response, target } = exchange;
    const page = firstSegment(target.path) as "watch" | "embed" | typeof publishSegment;
    const name = target.path.slice(`/${page}`.length);
    if (/^\/*$/.test(name)) {
      response.writeHead(302, { Location: baseOf(target.path) }).end();
      return Promise.resolve();
    }
    streamAddress(name);
    return this.#page(exchange, page);
  }

  async #page(exchange: Exchange, name: PageName): Promise<void> {
    const html = await readPage(this.#files, name, exchange.target.path);
    if (html === undefined) throw new HttpProblem(503, "not-built", "The web pages have not been built: npm run prestart builds them.");
    send(exchange, 200, this.#pageHeaders(exchange.request, name === "embed"), html);
  }

  async #asset(exchange: Exchange, headers: Readonly<Record<string, string>>): Promise<void> {
    const { request, response, target } = exchange;
    const file = await this.#files.find(target.path.slice("/assets/".length));
    if (!file || file.type.startsWith("text/html")) throw new HttpProblem(404, "not-found", "There is no such file.");
    const fresh = { ...headers, ETag: file.etag, "Cache-Control": "no-cache" };
    if (request.headers["if-none-match"]?.split(/\s*,\s*/).includes(file.etag)) return void response.writeHead(304, fresh).end();
    response.writeHead(200, { ...fresh, "Content-Type": file.type, "Content-Length": file.length });
    if (request.method === "HEAD") return void response.end();
    // A reader that leaves or dawdles ends its own response; there is nobody to tell.
    await pipeline(file.open(), response).catch(() => response.destroy());
  }

  #fail(exchange: Exchange, error: unknown): void {
    const { status, headers, text } = this.#answerOf(exchange, error);
    send(exchange, status, headers, text);
  }

  /** How an error is told to who asked; undefined is the good end of what somebody published. */
  #answerOf({ request, target }: Exchange, error: unknown): PublishAnswer {
    const cors = { ...this.#options.cors.headers(request.headers.origin), "Cache-Control": "no-store" };
    if (error === undefined)
      return { status: 200, headers: { ...cors, "Content-Type": "text/plain; charset=utf-8" }, text: "The stream has ended.\n" };
    const problem = problemOf(error) ?? new HttpProblem(500, "internal", "This server failed; its log says how.");
    if (problem.status === 500) this.#options.log.error({ err: error }, "an HTTP request failed");
    const reader = firstSegment(target.path) === "api" ? "api" : request.headers.accept?.includes("text/html") ? "browser" : "program";
    const { type, text } = problemBody(problem, reader, baseOf(target.path));
    const page = reader === "browser" ? this.#pageHeaders(request, firstSegment(target.path) === "embed") : {};
    return { status: problem.status, headers: { ...page, ...cors, ...problem.headers, "Content-Type": type }, text };
  }

  /** Only the embedded player may be framed by other sites. */
  #pageHeaders(request: IncomingMessage, isEmbedded: boolean): Record<string, string> {
    const { peers, cors } = this.#options;
    return pageHeaders({ framedBy: isEmbedded ? cors.origins : [], hosts: peers.requester(request).hosts });
  }
}

const noSniffing = ["X-Content-Type-Options", "nosniff"] as const;

const allowed = "GET, HEAD, OPTIONS";
const allowedOfStreams = `${allowed}, POST, PUT`;

const apiHeaders = { "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'" } as const;

function takesWrites({ path }: Target): boolean {
  return [recordingsPath, clipsPath].some((each) => path === each || path.startsWith(`${each}/`));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}

function notFoundWords(path: string, containers: ContainerRegistry): string {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.length < 2) return "There is nothing here.";
  const extensions = containers.all.flatMap((format) => format.extensions.map((extension) => `.${extension}`));
  return `There is nothing here. A stream's address ends in ${oneOf(extensions)}; its page is /watch/APP/STREAM.`;
}

function send({ request, response }: Exchange, status: number, headers: Readonly<Record<string, string>>, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { ...headers, "Content-Length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}
