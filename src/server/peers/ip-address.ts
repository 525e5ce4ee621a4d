import { isIP, isIPv4, SocketAddress } from "node:net";
import { peerAddress } from "../../hub/peer-address.ts";

/**
 * An IP address in its one spelling: IPv6 short and in lower case (RFC 5952), and an IPv4 address as such where a socket
 * of both kinds wraps it. Undefined for what is none, or has a zone, which means nothing on another machine.
 */
export function ipAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  return peerAddress(address);
}
