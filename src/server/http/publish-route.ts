import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { RESERVED_SEGMENTS } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import { type HttpPublishers, type PublishAnswer } from "../../protocols/http-publish/http-publishers.ts";
import type { WsPublishers } from "../../protocols/http-publish/ws-publishers.ts";
import type { DemuxerRegistry } from "../containers/demuxer-registry.ts";
import type { Peers } from "../peers/peers.ts";
import type { Cors } from "./cors.ts";
import { HttpProblem } from "./http-problem.ts";
import { publishTarget } from "./publish-target.ts";
import { firstSegment, type Target } from "./target.ts";
import { challenged, viewerQuestion } from "./viewer-question.ts";

export interface PublishRouteOptions {
  readonly publishers: HttpPublishers;
  readonly webSockets: WsPublishers;
  readonly demuxers: DemuxerRegistry;
  readonly peers: Peers;
  readonly cors: Cors;
}

/** One request with a body, and where it may be answered. */
export interface PublishExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
}

/** The first segment of the page that publishes, and of WebSockets that do. */
export const publishSegment = "publish";

const methods: ReadonlySet<string> = new Set(["POST", "PUT", "SOURCE"]);

/** `POST`, `PUT` and `SOURCE` (Icecast) of what is no path of our own: somebody publishes. */
export class PublishRoute {
  readonly #options: PublishRouteOptions;

  constructor(options: PublishRouteOptions) {
    this.#options = options;
  }

  takes({ method = "" }: IncomingMessage, { path }: Target): boolean {
    const first = firstSegment(path).toLowerCase();
    return methods.has(method) && first !== "" && !RESERVED_SEGMENTS.has(first);
  }

  /**
   * Takes the publisher, and answers whatever becomes of it.
   *
   * @param answer how an error is told; undefined for what was taken whole
   */
  async take({ request, response, target }: PublishExchange, answer: (error: unknown) => PublishAnswer): Promise<void> {
    const { publishers, demuxers, peers, cors } = this.#options;
    const { address, hosts } = peers.requester(request);
    const wanted = () => {
      const { origin } = request.headers;
      if (!cors.allowsPage(origin, hosts))
        throw new HttpProblem(403, "origin-refused", `Pages of ${origin} may not publish to this server.`);
      if (request.httpVersionMajor !== 1) throw new HttpProblem(505, "http-version", "Streams are taken over HTTP/1.1 only.");
      const { name, ...media } = publishTarget(target, request.headers, demuxers);
      return { ...media, question: viewerQuestion(request, target, { stream: name, protocol: "http", address }) };
    };
    const told = (error: unknown): PublishAnswer => answer(challenged(error, request, target));
    await publishers.take({ request, response, wanted, answer: told });
  }

  /** Takes a WebSocket of `/publish/APP/STREAM`. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, target: Target): void {
    const { webSockets, demuxers, peers, cors } = this.#options;
    const { address, hosts } = peers.requester(request);
    webSockets.serve(request, socket, head, () => {
      const { origin } = request.headers;
      if (!cors.allowsPage(origin, hosts)) throw new Refusal("name-refused", wordsForPage(origin));
      try {
        const stream = { ...target, path: target.path.slice(`/${publishSegment}`.length) };
        const { name, ...media } = publishTarget(stream, {}, demuxers);
        return { ...media, question: viewerQuestion(request, target, { stream: name, protocol: "ws", address }) };
      } catch (error) {
        throw error instanceof HttpProblem ? new Refusal("name-refused", error.message) : error;
      }
    });
  }
}

function wordsForPage(origin: string | undefined): string {
  return `Pages of ${origin} may not publish to this server.`;
}
