/** Protocols that people point at an RTMP port by mistake. */
export type ForeignProtocol = "tls" | "http" | "unknown";

/**
 * Tells by its first byte a peer that does not speak RTMP: C0 is a version below 32 (RTMP 1.0 section 5.2.2 reserves
 * the rest to tell RTMP from text protocols), a TLS handshake record begins with 22.
 */
export function foreignProtocol(firstByte: number): ForeignProtocol | undefined {
  if (firstByte === 0x16) return "tls";
  if (firstByte < 32) return undefined;
  return firstByte >= 0x41 && firstByte <= 0x5a ? "http" : "unknown";
}

/** The answer for a browser: where the pages are. @param webPort of the same machine, if there is one. */
export function httpHint(webPort: number | undefined): Uint8Array {
  const where = webPort === undefined ? "" : ` The web pages are on port ${webPort} of this host, over HTTP.`;
  const text = `This port speaks RTMP.${where}\n`;
  const head = [
    "HTTP/1.1 400 Bad Request",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${text.length}`,
    "Connection: close",
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`, "latin1");
}
