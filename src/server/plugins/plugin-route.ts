import type { PeerRequest } from "./peer-publisher.ts";

/** HTTP requests that a plug-in answers. */
export interface PluginRoute {
  /** Where below `/plugins/NAME`: `/` for all of it (if not given), `/snapshots` for that and what is below. The longest that fits answers. */
  readonly path?: string;
  /** Methods that it answers; `GET` if not given. Where that is there, `HEAD` is answered by it too, OPTIONS always by the server. */
  readonly methods?: readonly string[];
  /** Bytes of a request's body at most; 0, which refuses every body, if not given. It has to come within 30 seconds. */
  readonly maxBodySize?: number;
  /**
   * Answers one request. Without a byte in either direction for 30 seconds its connection is cut. Headers for other sites' pages (CORS) are
   * added by the server.
   */
  handle(request: Request, info: RouteInfo): Response | Promise<Response>;
}

/** What the server knows of a request. */
export interface RouteInfo {
  /** The path below that of the route, as it stands in the URL, still percent-encoded, without a slash at its beginning. */
  readonly rest: string;
  /** IP address of who asks; behind a trusted proxy the one that it names. */
  readonly address: string;
  /** Aborted when who asked has left, and when the answer has been sent. The same as `request.signal`. */
  readonly signal: AbortSignal;
  /**
   * Who asks, for `context.play` and `context.publish`, with key, query and headers as the request has them.
   *
   * @param stream a stream's name as it stands in a URL; percent-encoded parts are decoded
   * @throws Refusal `name-refused`
   */
  peer(stream: string): PeerRequest;
}
