/** Protocols that people point at an RTMP port by mistake. */
export type ForeignProtocol = "tls" | "http" | "proxy" | "unknown";

/**
 * Tells by its first byte a peer that does not speak RTMP: C0 is a version below 32 (RTMP 1.0 section 5.2.2 reserves
 * the rest to tell RTMP from text protocols), a TLS handshake record begins with 22, the binary form of a PROXY header
 * with CR. Its text form begins like the methods POST and PUT.
 */
export function foreignProtocol(firstByte: number): ForeignProtocol | undefined {
  if (firstByte === 0x16) return "tls";
  if (firstByte === 0x0d) return "proxy";
  if (firstByte < 32) return undefined;
  return firstByte >= 0x41 && firstByte <= 0x5a ? "http" : "unknown";
}

/** What a PROXY header in its text form begins with. */
export const proxyLine: Uint8Array = Buffer.from("PROXY", "latin1");

/** The answer for a browser. @param webPages where the pages are: a port of the same machine, or a URL */
export function httpHint(webPages: number | string | undefined): Uint8Array {
  const text = `This port speaks RTMP.${whereTheyAre(webPages)}\n`;
  const head = [
    "HTTP/1.1 400 Bad Request",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${text.length}`,
    "Connection: close",
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`, "latin1");
}

function whereTheyAre(webPages: number | string | undefined): string {
  if (webPages === undefined) return "";
  return typeof webPages === "number"
    ? ` The web pages are on port ${webPages} of this host, over HTTP.`
    : ` The web pages are at ${webPages}`;
}
