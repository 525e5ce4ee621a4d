/** How the media bytes travel. */
export const TransportKind = { websocket: "websocket", fetch: "fetch" } as const;
export type TransportKind = (typeof TransportKind)[keyof typeof TransportKind];

/** The same, and HLS, which is one short answer after the other. */
export const TransportName = { ...TransportKind, hls: "hls" } as const;
export type TransportName = (typeof TransportName)[keyof typeof TransportName];

/** Endings people paste together with the stream's URL; the player adds its own. */
const knownExtension = /\.(?:mp4|flv|m3u8|mpd)$/i;

/** Where a stream begins: live, or at a time, in Unix milliseconds. */
export type Beginning = "live" | number;

/**
 * The URL of a stream's fMP4 over one transport.
 *
 * @param src the stream's URL without extension, relative or absolute, `http(s)` or `ws(s)`; its query is kept.
 * @param base what a relative `src` is resolved against (`document.baseURI`), so that a page behind a reverse proxy at a
 *   sub-path works.
 * @param token sent as `key=` where not empty; replaces one that `src` already carries.
 * @param beginning replaces what `src` says of it.
 * @throws TypeError where `src` is no URL or not of a scheme we speak.
 */
export function mediaUrl(src: string, base: string, transport: TransportKind, token = "", beginning?: Beginning): string {
  const url = new URL(streamUrl(src, base, transport === TransportKind.websocket ? "ws" : "http", "mp4", token));
  if (beginning !== undefined) for (const name of ["date", "buffer", "pace"]) url.searchParams.delete(name);
  if (typeof beginning === "number") url.searchParams.set("date", new Date(beginning).toISOString());
  return url.href;
}

/** Whether `src` says to begin in the past, and to stay there. */
export function beginsInPast(src: string, base: string): boolean {
  if (!URL.canParse(src, base)) return false;
  const { searchParams: query } = new URL(src, base);
  const isBehind = query.has("date") ? query.get("date") !== "now" : Number(query.get("buffer") ?? 0) > 0;
  return isBehind && query.get("pace") !== "fast";
}

/** The URL of a stream's HLS playlist; the rest as above. @throws TypeError as above */
export function hlsUrl(src: string, base: string, token = ""): string {
  return streamUrl(src, base, "http", "m3u8", token);
}

function streamUrl(src: string, base: string, scheme: "ws" | "http", extension: string, token: string): string {
  const url = new URL(src, base);
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  if (!secure && url.protocol !== "http:" && url.protocol !== "ws:") {
    throw new TypeError(`browsers cannot play ${url.protocol} addresses; src is the stream's http, https, ws or wss address`);
  }
  // A "special" scheme may be changed to another in place (URL Standard, "can have a username/password/port").
  url.protocol = secure ? `${scheme}s:` : `${scheme}:`;
  url.hash = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "").replace(knownExtension, "")}.${extension}`;
  if (token !== "") url.searchParams.set("key", token);
  return url.href;
}
