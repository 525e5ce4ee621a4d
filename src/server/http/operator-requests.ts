import type { HttpBindings } from "@hono/node-server";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RefusalSource } from "./server-facts.ts";

/** Bytes of a request's body. */
const MOST_BODY = 16 * 1024;

/** What is said of such requests in the API's description. */
export const operatorOnly =
  "For requests from the machine itself, and for those with the publish key that is for every stream (`Authorization: Bearer KEY`).";

interface Problem {
  readonly status: 400 | 401 | 403 | 413;
  readonly code: string;
  readonly message: string;
}

/** Lets only the operator make requests of that path and below. @param things what it is about, `Recordings` */
export function guardForOperator(api: OpenAPIHono<{ Bindings: HttpBindings }>, path: string, things: string, source: RefusalSource): void {
  api.use(`${path}/*`, async (context, next) => {
    const problem = await refusal(context.env.incoming, context.env.outgoing, things, source);
    if (problem === undefined) return next();
    const headers = problem.status === 401 ? { "WWW-Authenticate": 'Bearer realm="Millrace"' } : {};
    return context.json({ error: { code: problem.code, message: problem.message } }, problem.status, headers);
  });
}

/** Who may: the operator, and of web pages only those that have the key. A page of any site that a browser of this machine shows could ask as well. */
async function refusal(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  things: string,
  source: RefusalSource,
): Promise<Problem | undefined> {
  const proof = await source.may(incoming);
  if (proof !== "key") outgoing.removeHeader("Access-Control-Allow-Origin");
  if (proof === undefined) {
    const message = `${things} are for the machine itself, and for who sends the publish key that is for every stream as a bearer token.`;
    return { status: 401, code: "operator-only", message };
  }
  const { origin, host } = incoming.headers;
  const isForeign = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
  if (proof !== "key" && isForeign) return { status: 403, code: "origin-refused", message: "Pages of other sites need the publish key." };
  if (incoming.method !== "POST") return undefined;
  const length = incoming.headers["content-length"];
  if (length === undefined || Number(length) > MOST_BODY)
    return { status: 413, code: "limit", message: `A body of JSON with its length, at most ${MOST_BODY} bytes, is wanted.` };
  // Browsers ask before they send this type to another site; the others they send at once.
  if (!/^application\/json\b/i.test(incoming.headers["content-type"] ?? ""))
    return { status: 400, code: "bad-request", message: "The body is to be application/json." };
  return undefined;
}
