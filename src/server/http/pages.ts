import type { StaticFiles } from "./static-files.ts";
import { baseOf } from "./target.ts";

/** Pages of ours and where they are. */
export type PageName = "index" | "watch" | "embed" | "publish";

/** The marker in a page's HTML that stands for the way back to the root. */
const baseMarker = "%BASE%";

/** The HTML of a page with its links relative to where it is shown. Undefined where the pages were not built. */
export async function readPage(files: StaticFiles, name: PageName, path: string): Promise<string | undefined> {
  const file = await files.find(`${name}.html`);
  return file && (await file.read()).toString("utf8").replaceAll(baseMarker, baseOf(path));
}

/** What a page's rights depend on. */
export interface PageSite {
  /** Origins whose pages may frame it, `*` for all; our own may always. */
  readonly framedBy: readonly string[];
  /** Hosts, with their ports, under which it may be open. */
  readonly hosts: readonly string[];
}

/**
 * The headers of a page: it loads and runs what is ours alone and talks to us alone (Content Security Policy Level 3), and
 * tells nobody its address, which may hold a token.
 */
export function pageHeaders({ framedBy, hosts }: PageSite): Record<string, string> {
  const policy = {
    "default-src": "'self'",
    "media-src": "'self' blob:",
    // `'self'` allows WebSockets too, but browsers of before 2022 want them by name.
    "connect-src": ["'self'", ...hosts.flatMap((host) => [`ws://${host}`, `wss://${host}`])].join(" "),
    "object-src": "'none'",
    // The pages have a base element, because a proxy may serve them under any path.
    "base-uri": "'self'",
    "form-action": "'none'",
    "frame-ancestors": framedBy.includes("*") ? "*" : ["'self'", ...framedBy].join(" "),
  };
  return {
    "Content-Security-Policy": Object.entries(policy)
      .map(([directive, sources]) => `${directive} ${sources}`)
      .join("; "),
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
  };
}
