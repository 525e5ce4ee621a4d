import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { streamAddress } from "../../hub/identity.ts";
import type { RouteInfo } from "../plugins/plugin-route.ts";
import type { AddedRoute } from "../plugins/plugin-routes.ts";
import { HttpProblem } from "./http-problem.ts";
import type { Target } from "./target.ts";
import { viewerQuestion } from "./viewer-question.ts";

/** A request for a plug-in's route. */
export interface PluginExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  readonly added: AddedRoute;
  /** The path below the route. */
  readonly rest: string;
  /** IP address of who asks. */
  readonly address: string;
  /** Headers that every answer has (CORS). */
  readonly headers: Readonly<Record<string, string>>;
}

/** Milliseconds for a request's body to come. */
const bodyTimeout = 30_000;

/**
 * Has a plug-in's route answer. Rejects with what it throws, before anything was sent; with an HttpProblem for a request that does not get
 * there.
 */
export async function answerByPlugin(exchange: PluginExchange): Promise<void> {
  const { request, response, added } = exchange;
  const abort = new AbortController();
  response.once("close", () => abort.abort());
  const asked = await fetchRequest(exchange, abort.signal);
  const answer: unknown = await added.route.handle(asked, infoOf(exchange, abort.signal));
  if (!(answer instanceof Response) || answer.status < 200) throw new TypeError("a route answers with a Response");
  if (response.destroyed || request.method === "HEAD" || answer.body === null) {
    void answer.body?.cancel().catch(() => undefined);
    sendHead(answer, exchange);
    response.end();
    return;
  }
  sendHead(answer, exchange);
  try {
    await pipeline(Readable.from(answer.body), response);
  } catch (err) {
    // Who leaves is no news; a body that fails half-way cannot be told any more, so that the connection is cut.
    if ((err as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") added.log.error({ err }, "the body of an answer failed");
    response.destroy();
  }
}

function sendHead(answer: Response, { response, headers }: PluginExchange): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  for (const [name, value] of answer.headers) if (name !== "set-cookie") response.setHeader(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader("Set-Cookie", cookies);
  response.writeHead(answer.status, answer.statusText === "" ? undefined : answer.statusText);
}

/** The request as the Fetch API has it, its body read. HEAD is a GET whose body nobody sees. */
async function fetchRequest({ request, response, target, added }: PluginExchange, signal: AbortSignal): Promise<Request> {
  const method = request.method === "HEAD" ? "GET" : request.method!;
  if (!added.methods.includes(method)) {
    throw new HttpProblem(405, "method-not-allowed", `${request.method} is not possible here.`, { Allow: allowedMethods(added) });
  }
  const body = await readBody(request, response, method === "GET" ? 0 : added.maxBodySize);
  const url = `http://${request.headers.host ?? "localhost"}${target.path}${target.query === "" ? "" : `?${target.query}`}`;
  try {
    const headers = new Headers();
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      const name = request.rawHeaders[at]!;
      // HTTP/2 has the request line among them.
      if (!name.startsWith(":")) headers.append(name, request.rawHeaders[at + 1]!);
    }
    return new Request(url, { method, headers, signal, ...(body.length > 0 && { body }) });
  } catch (error) {
    throw new HttpProblem(400, "bad-request", `This request cannot be read: ${(error as Error).message}.`);
  }
}

/** What OPTIONS and 405 say. */
export function allowedMethods({ methods }: AddedRoute): string {
  return [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
}

/** All of a body, of which an empty one is none. @throws HttpProblem where it is too long or does not come */
async function readBody(request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer<ArrayBuffer>> {
  const { "content-length": length, "transfer-encoding": encoding, expect } = request.headers;
  if (Number(length ?? 0) > limit || (encoding !== undefined && limit === 0)) throw tooLong(limit);
  if (expect !== undefined) response.writeContinue();
  const pieces: Buffer[] = [];
  let received = 0;
  const timer = setTimeout(() => request.destroy(), bodyTimeout);
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += piece.length;
      if (received > limit) throw tooLong(limit);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem(400, "bad-request", "The body of this request did not come.");
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(pieces);
}

function tooLong(limit: number): HttpProblem {
  const words = limit === 0 ? "Nothing here takes a request with a body." : `The body is longer than ${limit} bytes.`;
  return new HttpProblem(413, "body-refused", words, { Connection: "close" });
}

function infoOf({ request, target, rest, address, added }: PluginExchange, signal: AbortSignal): RouteInfo {
  return {
    rest,
    address,
    signal,
    peer(stream) {
      const { name } = streamAddress(stream);
      return { ...viewerQuestion(request, target, { stream: name, protocol: added.plugin, address }), signal };
    },
  };
}
