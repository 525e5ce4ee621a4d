import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type AccessQuestion, keyIn } from "../../hub/access.ts";
import { Refusal } from "../../hub/refusal.ts";
import { HttpProblem } from "./http-problem.ts";
import type { Target } from "./target.ts";

/** Characters of what a player calls itself. */
const longestClient = 200;

/** What is to be decided about somebody who asks for a stream over HTTP or WebSocket. @param address IP address of who asks */
export function viewerQuestion(
  { headers }: IncomingMessage,
  { query: text }: Target,
  { stream, protocol, address }: Pick<AccessQuestion, "stream" | "protocol" | "address">,
): AccessQuestion {
  const query = new URLSearchParams(text);
  const client = (headers["user-agent"] ?? "").slice(0, longestClient);
  return {
    stream,
    key: keyIn(query) ?? keyInHeader(headers),
    query,
    headers,
    address,
    protocol,
    client,
  };
}

/** The key in `Authorization` (RFC 9110 11.6.2): a bearer token (RFC 6750), or the password of Basic (RFC 7617). */
export function keyInHeader({ authorization = "" }: IncomingHttpHeaders): string | undefined {
  const [, scheme = "", credentials = ""] = /^(\w+) +([\w.~+/=-]+) *$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return credentials;
    case "basic": {
      const pair = Buffer.from(credentials, "base64").toString("utf8");
      const colon = pair.indexOf(":");
      return colon < 0 ? undefined : pair.slice(colon + 1) || undefined;
    }
    default:
      return undefined;
  }
}

/** What is thrown on: a refusal of somebody who sent no key asks for one. */
export function challenged(error: unknown, request: IncomingMessage, { query }: Target): unknown {
  if (!(error instanceof Refusal) || error.code !== "denied") return error;
  if ((keyIn(new URLSearchParams(query)) ?? keyInHeader(request.headers)) !== undefined) return error;
  return new HttpProblem(401, error.code, error.message, { "WWW-Authenticate": challenge(request) });
}

/**
 * How to ask whoever sent no key for one (RFC 9110 11.6.1): programs by Basic, so that the password of a URL is sent.
 * Scripts of a page by Bearer, because Basic would open the browser's own dialogue over the player.
 */
function challenge({ headers }: IncomingMessage): string {
  const isScript = (headers["user-agent"] ?? "").startsWith("Mozilla/") && !(headers.accept ?? "").includes("text/html");
  return isScript ? 'Bearer realm="Millrace"' : 'Basic realm="Millrace", charset="UTF-8"';
}
