/** What a request is for: path and query as they stand in the request line, nothing decoded yet. */
export interface Target {
  /** Begins with a slash; still percent-encoded. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

/** Reads a request target (RFC 9112 3.2): origin form, or absolute form as proxies send it. Undefined for others. */
export function readTarget(url: string): Target | undefined {
  const origin = url.startsWith("/") ? url : /^https?:\/\/[^/?#]*(.*)$/i.exec(url)?.[1];
  if (origin === undefined) return undefined;
  const bare = origin.split("#", 1)[0]!;
  const mark = bare.indexOf("?");
  const path = mark < 0 ? bare : bare.slice(0, mark);
  return { path: path === "" ? "/" : path, query: mark < 0 ? "" : bare.slice(mark + 1) };
}

/**
 * What of a target lies below a base path, beginning with a slash; empty where it is the base path itself. Undefined for
 * one that does not.
 *
 * @param base without a slash at its end, "" for the root
 */
export function targetBelow(target: Target, base: string): Target | undefined {
  if (base === "") return target;
  const { path, query } = target;
  return path === base || path.startsWith(`${base}/`) ? { path: path.slice(base.length), query } : undefined;
}

/** The first segment of a path, "" for the root. */
export function firstSegment(path: string): string {
  return path.split("/", 2)[1] ?? "";
}

/**
 * What leads from a page back to the server's root, for its links: "./" from `/`, "../../" from `/watch/live/cam`.
 * Relative, because a reverse proxy may serve us under a path of its own.
 */
export function baseOf(path: string): string {
  const depth = path.split("/").length - 2;
  return depth <= 0 ? "./" : "../".repeat(depth);
}
