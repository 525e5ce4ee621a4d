import type { ContainerFacts, ServerFacts } from "./facts.ts";

/** Where a page of ours is and which stream it is about. */
export interface PageAddress {
  /** The server's root as the browser reaches it, with a slash at the end; behind a proxy it may have a path. */
  readonly root: URL;
  /** The stream's name, decoded; "" on the page that lists all. */
  readonly name: string;
  /** The query with its question mark, or "". */
  readonly query: string;
}

/**
 * @param location the page's own URL
 * @param base what relative URLs of the page are resolved against (`document.baseURI`)
 */
export function pageAddress(location: string, base: string): PageAddress {
  const root = new URL(".", base);
  const { pathname, search } = new URL(location);
  const below = pathname.startsWith(root.pathname) ? pathname.slice(root.pathname.length) : "";
  const [, ...segments] = below.split("/").filter((segment) => segment !== "");
  return { root, name: segments.map(decoded).join("/"), query: search };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A stream's name as it stands in a URL. */
export function namePath(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** What the URLs that a page shows begin with. */
export interface ShownRoots {
  /** With a slash at its end, as the next. */
  readonly web: URL;
  /** undefined where the server takes no RTMP. */
  readonly rtmp: string | undefined;
}

type KnownUrls = Pick<ServerFacts, "rtmpPort" | "rtmpUrl" | "httpUrl">;

/**
 * @param page the root under which the page itself was opened. It is kept where the server's own URL is of the same
 *   origin: a proxy that does not tell its prefix cannot mislead it.
 */
export function shownRoots(page: URL, { rtmpPort, rtmpUrl, httpUrl }: KnownUrls): ShownRoots {
  const told = httpUrl === null ? page : new URL(httpUrl);
  const web = told.origin === page.origin ? page : told;
  if (rtmpPort === null) return { web, rtmp: undefined };
  return { web, rtmp: rtmpUrl ?? `rtmp://${web.hostname}${rtmpPort === 1935 ? "" : `:${rtmpPort}`}/` };
}

/** Ways to watch one stream, for people to copy. */
export interface WatchUrls {
  readonly page: string;
  readonly embed: string;
  readonly embedCode: string;
  /** undefined where the server takes no RTMP. */
  readonly rtmp: string | undefined;
  readonly containers: readonly ContainerUrl[];
}

/** A way to watch a stream in a container. */
export interface ContainerUrl {
  /** `HTTP-FLV`, `WS-FLV`. */
  readonly label: string;
  readonly url: string;
  /** What plays it, in words; may be empty. */
  readonly players: string;
}

/** @param server what it offers streams in */
export function watchUrls({ web: root, rtmp }: ShownRoots, name: string, server: Pick<ServerFacts, "containers" | "hls">): WatchUrls {
  const path = namePath(name);
  const embed = new URL(`embed/${path}`, root).href;
  return {
    page: new URL(`watch/${path}`, root).href,
    embed,
    embedCode: embedCode(embed, name),
    rtmp: rtmp && rtmp + path,
    containers: [
      ...(server.hls ? [hlsUrl(root, path)] : []),
      ...server.containers.flatMap((container) => containerUrls(root, path, container)),
    ],
  };
}

function hlsUrl(root: URL, path: string): ContainerUrl {
  return { label: "HLS", url: new URL(`${path}.m3u8`, root).href, players: "phones, television sets, hls.js" };
}

function containerUrls(root: URL, path: string, { title, extension, webSocket, players }: ContainerFacts): ContainerUrl[] {
  const file = `${path}.${extension}`;
  const http = { label: `HTTP-${title}`, url: new URL(file, root).href, players: players.http };
  return webSocket ? [http, { label: `WS-${title}`, url: webSocketUrl(root, file), players: players.webSocket }] : [http];
}

function webSocketUrl(root: URL, path: string): string {
  const url = new URL(path, root);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** Where a page of ours pushes a stream. @param key "" where none is wanted */
export function pushUrl(root: URL, name: string, key: string): URL {
  const url = new URL(webSocketUrl(root, `publish/${namePath(name)}`));
  if (key !== "") url.searchParams.set("key", key);
  return url;
}

function embedCode(url: string, name: string): string {
  const text = (value: string): string => value.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const allow = "autoplay; fullscreen; picture-in-picture";
  return `<iframe src="${text(url)}" title="${text(name)}" width="640" height="360" allow="${allow}" style="border: 0"></iframe>`;
}

/** What to type into an encoder to publish a stream. */
export interface PublishTarget {
  /** OBS: Settings, Stream, Server. */
  readonly server: string;
  /** OBS: Stream Key. */
  readonly key: string;
  /** Both in one, for programs that want one URL. */
  readonly url: string;
}

/** What stands for the publish key, which no page knows. */
export const keyPlaceholder = "KEY";

/**
 * @param rtmp the root of RTMP URLs, with a slash at its end
 * @param needsKey whether publishers are asked for a key
 */
export function publishTarget(rtmp: string, name: string, needsKey: boolean): PublishTarget {
  const path = namePath(name);
  const slash = path.lastIndexOf("/");
  // A name of one segment leaves nothing for the application; `_definst_` is what the server takes off a name.
  const app = slash < 0 ? "_definst_" : path.slice(0, slash);
  const query = needsKey ? `?key=${keyPlaceholder}` : "";
  return { server: rtmp + app, key: path.slice(slash + 1) + query, url: rtmp + path + query };
}

/** FFmpeg: a moving test picture and a tone; needs no file. A key frame every two seconds. */
export function testPictureCommand(url: string): string {
  const input = "-re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440";
  return `ffmpeg ${input} -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60 -c:a aac -f flv ${quoted(url)}`;
}

/** For a shell, only where it would read more into the URL than is meant. */
function quoted(url: string): string {
  return /^[\w:/.@%+,=~-]+$/.test(url) ? url : `"${url.replaceAll(/[\\"$`]/g, "\\$&")}"`;
}

/** Only this machine itself is reached by that host. */
export function isLoopback(root: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(root.hostname);
}

/** Whether something stands between this page and the server, so that its RTMP port may not be reached under the page's host. */
export function isProxied(root: URL, httpPort: number | null): boolean {
  const port = root.port === "" ? (root.protocol === "https:" ? 443 : 80) : Number(root.port);
  return root.protocol === "https:" || root.pathname !== "/" || port !== httpPort;
}
