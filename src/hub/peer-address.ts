/** An IP address as people write it: an IPv4 one as such, also where a socket of both kinds names it as IPv6. */
export function peerAddress(remoteAddress: string | undefined): string {
  return (remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}
