/**
 * What proxies say of a request in the headers X-Forwarded-For, -Proto, -Host and -Prefix. `Forwarded` (RFC 7239) is not
 * read: few proxies write it, and one that writes the other family hands it on as the client sent it.
 */
import type { IncomingHttpHeaders } from "node:http";
import { ipAddress } from "./ip-address.ts";

/** Who asked, behind however many trusted proxies. */
export interface Walked {
  /** Canonical. */
  readonly address: string;
  /** How many trusted proxies the request came through; 0: its headers mean nothing. */
  readonly proxies: number;
}

/** Entries of X-Forwarded-For that are looked at, from the right. */
const mostProxies = 32;
/** Characters of X-Forwarded-Prefix at most. */
const longestPrefix = 256;

/**
 * Walks X-Forwarded-For from its end, which the nearest proxy wrote, for as long as whoever wrote an entry is trusted. An
 * entry that is no address ends the walk: the request counts as that of the proxy that passed it on.
 *
 * @param peer address of the connection
 */
export function walkForwardedFor(peer: string, headers: IncomingHttpHeaders, isTrusted: (address: string) => boolean): Walked {
  if (!isTrusted(peer)) return { address: peer, proxies: 0 };
  const entries = list(headers["x-forwarded-for"]).slice(-mostProxies);
  let address = peer;
  let proxies = 1;
  for (const entry of entries.toReversed()) {
    const next = addressOf(entry);
    if (next === undefined) break;
    address = next;
    if (!isTrusted(address)) break;
    proxies += 1;
  }
  // Where all are trusted, the first is who asked, and no proxy.
  return { address, proxies: Math.max(1, Math.min(proxies, entries.length)) };
}

/** The URL under which a client asked, as trusted proxies tell; what they do not tell is undefined. */
export interface ForwardedUrl {
  readonly protocol?: "http" | "https";
  /** With its port, where it has one. */
  readonly host?: string;
  /** Path before ours, without a slash at its end. */
  readonly prefix?: string;
}

/**
 * @param proxies how many trusted proxies there were. One that adds to a header adds at its end, so that so many entries
 *   from the end are believed; one that replaces it leaves a single entry.
 */
export function forwardedUrl(headers: IncomingHttpHeaders, proxies: number): ForwardedUrl {
  if (proxies === 0) return {};
  const told = (name: string): string | undefined => list(headers[name]).slice(-proxies)[0];
  const protocol = protocolOf(told("x-forwarded-proto"));
  const host = hostOf(told("x-forwarded-host"));
  const prefix = prefixOf(told("x-forwarded-prefix"));
  return { ...(protocol && { protocol }), ...(host !== undefined && { host }), ...(prefix !== undefined && { prefix }) };
}

/** A Host header, or its like, in lower case; undefined for what is no host with or without a port. */
export function hostOf(text: string | undefined): string | undefined {
  const match = /^(\[[\da-f:.]{2,45}\]|[a-z\d](?:[\w.-]{0,252}))(:\d{1,5})?$/i.exec(text ?? "");
  return match ? match[0].toLowerCase() : undefined;
}

/** The entries of a header that may come several times. */
function list(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(",") : header;
  return (text ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** An address with or without a port: `192.0.2.7`, `192.0.2.7:1234`, `2001:db8::1`, `[2001:db8::1]:1234`. */
function addressOf(entry: string): string | undefined {
  const [, bracketed, four] = /^(?:\[([^\]]*)\](?::\d{1,5})?|(\d[\d.]*):\d{1,5})$/.exec(entry) ?? [];
  return ipAddress(bracketed ?? four ?? entry);
}

function protocolOf(text: string | undefined): "http" | "https" | undefined {
  switch (text?.toLowerCase()) {
    case "http":
    case "ws":
      return "http";
    case "https":
    case "wss":
      return "https";
    default:
      return undefined;
  }
}

/** A path of plain segments. One that begins with two slashes would be another host in a link. */
function prefixOf(text: string | undefined): string | undefined {
  if (text === undefined || text.length > longestPrefix) return undefined;
  const path = text.replace(/\/$/, "");
  const isPath = /^(?:\/[\w.~!$&'()*+;=:@%-]+)*$/.test(path);
  return isPath && !/\/\.{1,2}(?=\/|$)/.test(path) ? path : undefined;
}
