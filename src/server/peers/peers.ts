import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { peerAddress } from "../../hub/peer-address.ts";
import { takeProxyHeader } from "../../protocols/proxy-protocol/take-header.ts";
import { AddressRanges } from "./address-ranges.ts";
import { forwardedUrl, type ForwardedUrl, hostOf, walkForwardedFor } from "./forwarded.ts";
import { ipAddress } from "./ip-address.ts";

/** Who sent a request, and under which URL, as far as the settings let proxies be believed. */
export interface Requester {
  /** IP address, in its one spelling. */
  readonly address: string;
  /** The URL of our root, with a slash at its end: the public one of the settings, or as trusted proxies tell it. */
  readonly root: string | undefined;
  /** Hosts, with their ports, under which it may have been asked. */
  readonly hosts: readonly string[];
}

/**
 * Decides who is at the other end of a connection and of a request: the peer of the socket, or whom a trusted proxy
 * names. Everything that asks for somebody's address asks here.
 */
export class Peers {
  readonly #trusted: AddressRanges;
  readonly #publicUrl: string;
  readonly #basePath: string;
  /** Whom a PROXY header has named, where one came. */
  readonly #named = new WeakMap<Socket, string>();

  /**
   * @param trustedProxies addresses and ranges, as `isRange` takes them
   * @param publicUrl of our root, with a slash at its end; "" where it is not known
   * @param basePath that our root has on this server, without a slash at its end
   */
  constructor(trustedProxies: readonly string[] = [], publicUrl = "", basePath = "") {
    this.#trusted = new AddressRanges(trustedProxies);
    this.#publicUrl = publicUrl;
    this.#basePath = basePath;
  }

  /**
   * The address behind a connection that was just accepted: at once, or, from a trusted proxy, when its PROXY header has
   * come, or it is clear that none does. After a promise the socket is paused, with all but the header still in it.
   *
   * @param within milliseconds for the header
   * @throws {ProtocolError} as the promise's rejection
   */
  meet(socket: Socket, within: number): string | Promise<string> {
    const address = peerAddress(socket.remoteAddress);
    if (!this.#trusted.has(address)) return address;
    return takeProxyHeader(socket, within).then((header) => {
      const source = header?.source === undefined ? undefined : ipAddress(header.source);
      if (source !== undefined) this.#named.set(socket, source);
      return source ?? address;
    });
  }

  /** Who sent a request, on a connection that was met or not. */
  requester({ socket, headers }: IncomingMessage): Requester {
    const peer = this.#named.get(socket) ?? peerAddress(socket.remoteAddress);
    const { address, proxies } = walkForwardedFor(peer, headers, (each) => this.#trusted.has(each));
    const forwarded = forwardedUrl(headers, proxies);
    const asked = hostOf(headers.host);
    const root = this.#publicUrl || forwardedRoot(forwarded, asked, this.#basePath);
    const known = root === undefined ? [] : [new URL(root).host];
    return { address, root, hosts: [...new Set([...known, ...(asked === undefined ? [] : [asked])])] };
  }
}

/**
 * The URL of our root as trusted proxies tell it, with a slash at its end. Undefined where they tell neither protocol,
 * host nor prefix: then nobody knows better than whoever asked.
 */
function forwardedRoot({ protocol, host, prefix }: ForwardedUrl, asked: string | undefined, basePath: string): string | undefined {
  const authority = host ?? asked;
  if ((protocol ?? host ?? prefix) === undefined || authority === undefined) return undefined;
  const root = `${protocol ?? "http"}://${authority}${prefix ?? ""}${basePath}/`;
  // What looks like a host may still be none, such as a port over 65535.
  return URL.canParse(root) ? root : undefined;
}
