import type { StaticFiles } from "./static-files.ts";
import { baseOf } from "./target.ts";

/** Pages of ours and where they are. */
export type PageName = "index" | "watch" | "embed";

/** A page ready to be sent. */
export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The marker in a page's HTML that stands for the way back to the root. */
const baseMarker = "%BASE%";

/** Reads a page and makes its links relative to where it is shown. Undefined where the pages were not built. */
export async function readPage(files: StaticFiles, name: PageName, path: string): Promise<Page | undefined> {
  const file = await files.find(`${name}.html`);
  if (!file) return undefined;
  const html = (await file.read()).toString("utf8").replaceAll(baseMarker, baseOf(path));
  return { html, headers: pageHeaders(name === "embed") };
}

/**
 * What a page may do: load from here, play what it was given, and, for the embedded player alone, be framed by any site.
 */
export function pageHeaders(frameable: boolean): Record<string, string> {
  const policy = {
    "default-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "connect-src": "'self' ws: wss:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'none'",
    "frame-ancestors": frameable ? "*" : "'self'",
  };
  return {
    "Content-Security-Policy": Object.entries(policy)
      .map(([directive, sources]) => `${directive} ${sources}`)
      .join("; "),
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "same-origin",
  };
}
