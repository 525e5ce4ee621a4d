/** How playlists and media are sent: types, ranges, compression, what caches may keep. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

export const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";

/** Bytes of a text from which on it is worth compressing. */
const LEAST_COMPRESSED = 400;
/** Texts whose compressed form is kept: those of one moment are asked for by all. */
const MAX_COMPRESSED = 64;

/** Sends playlists, each text compressed once. */
export class PlaylistSender {
  readonly #compressed = new Map<string, Uint8Array>();

  /** @param maxAge seconds that caches may keep it */
  send(request: IncomingMessage, response: ServerResponse, text: string, maxAge: number, shared: Readonly<Record<string, string>>): void {
    const isCompressed = text.length >= LEAST_COMPRESSED && acceptsGzip(request.headers["accept-encoding"]);
    const body = isCompressed ? this.#compress(text) : Buffer.from(text);
    const vary = shared["Vary"] === undefined ? "Accept-Encoding" : `${shared["Vary"]}, Accept-Encoding`;
    response.writeHead(200, {
      ...shared,
      "Content-Type": PLAYLIST_TYPE,
      "Content-Length": body.length,
      "Cache-Control": `max-age=${maxAge}`,
      Vary: vary,
      ...(isCompressed && { "Content-Encoding": "gzip" }),
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  #compress(text: string): Uint8Array {
    const known = this.#compressed.get(text);
    if (known !== undefined) return known;
    if (this.#compressed.size >= MAX_COMPRESSED) this.#compressed.clear();
    const body = gzipSync(text, { level: 1 });
    this.#compressed.set(text, body);
    return body;
  }
}

/** Media never change: their URIs are never used again. @param etag quoted */
export function sendMedia(
  request: IncomingMessage,
  response: ServerResponse,
  media: { readonly pieces: readonly Uint8Array[]; readonly length: number; readonly type: string; readonly etag: string },
  shared: Readonly<Record<string, string>>,
): void {
  const { pieces, length, type, etag } = media;
  const headers = { ...shared, "Cache-Control": "max-age=3600, immutable", ETag: etag, "Accept-Ranges": "bytes" };
  if (request.headers["if-none-match"]?.split(/\s*,\s*/).includes(etag) === true) return void response.writeHead(304, headers).end();
  const wanted = request.headers["if-range"] === undefined || request.headers["if-range"] === etag ? request.headers.range : undefined;
  const range = request.method === "GET" ? rangeOf(wanted, length) : undefined;
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...headers, "Cache-Control": "no-store", "Content-Range": `bytes */${length}`, "Content-Length": 0 }).end();
    return;
  }
  const { from, to } = range ?? { from: 0, to: length };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "Content-Type": type,
    "Content-Length": to - from,
    ...(range !== undefined && { "Content-Range": `bytes ${from}-${to - 1}/${length}` }),
  });
  if (request.method === "HEAD") return void response.end();
  response.cork();
  let at = 0;
  for (const piece of pieces) {
    const [begin, end] = [Math.max(0, from - at), Math.min(piece.length, to - at)];
    if (begin < end) response.write(piece.subarray(begin, end));
    at += piece.length;
  }
  response.end();
  response.uncork();
}

/** One range of bytes (RFC 9110 14.2), its end not included. Undefined: all of it; several, or what cannot be read, may be answered so. */
function rangeOf(header: string | undefined, length: number): { readonly from: number; readonly to: number } | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") return Number(last) === 0 || length === 0 ? "unsatisfiable" : { from: Math.max(0, length - Number(last)), to: length };
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= length) return "unsatisfiable";
  return { from: Number(first), to: last === "" ? length : Math.min(length, Number(last) + 1) };
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/.test(String(header ?? ""));
}
