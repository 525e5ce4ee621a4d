import { type AccessQuestion, keyIn } from "../../hub/access.ts";
import type { StreamAddress } from "../../hub/identity.ts";
import type { ConnectRequest } from "./connect.ts";

/** Longest `tcUrl` whose query is looked at, in characters. */
const longestUrl = 4096;

/** What is to be decided about a publisher or player. Its query is that of name, app and `tcUrl` together. */
export function questionOf(connect: ConnectRequest, { name, params }: StreamAddress, address: string): AccessQuestion {
  const query = new URLSearchParams(params);
  // Most clients send the app's query in `tcUrl` a second time.
  for (const [key, value] of queryOf(connect.tcUrl)) if (!params.has(key)) query.append(key, value);
  return { stream: name, key: connect.password ?? keyIn(query), query, headers: {}, address, protocol: "rtmp", client: connect.agent };
}

function queryOf(url: string): URLSearchParams {
  const at = url.length > longestUrl ? -1 : url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
}

/** A name as it was asked for, readable, also where no stream can have it. May be a key: not for logs. */
export function requestedName(...parts: readonly string[]): string {
  const segments = parts.flatMap((part) => (part.slice(0, longestUrl).split("?", 1)[0] ?? "").split("/"));
  return segments
    .filter((segment) => segment !== "")
    .map(readable)
    .join("/");
}

function readable(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
