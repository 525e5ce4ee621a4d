/** Which web sites may read our answers: the CORS protocol of the Fetch standard (3.2). */
export class Cors {
  /** Serialised origins, or `*` for all. */
  readonly origins: readonly string[];
  readonly #origins: ReadonlySet<string>;

  /** @param origins serialised origins, or `*` for all */
  constructor(origins: readonly string[]) {
    this.origins = origins;
    this.#origins = new Set(origins);
  }

  /** Whether a page of that origin may; a request without an origin comes from no page. */
  allows(origin: string | undefined): boolean {
    return origin === undefined || this.#origins.has("*") || this.#origins.has(origin);
  }

  /** The same, and our own pages may in any case. @param hosts under which we were asked */
  allowsPage(origin: string | undefined, hosts: readonly string[]): boolean {
    // Browsers send an origin with WebSockets and bodies to their own site too.
    return this.allows(origin) || (URL.canParse(origin!) && hosts.includes(new URL(origin!).host));
  }

  /** The headers that say so. */
  headers(origin: string | undefined): Record<string, string> {
    if (this.#origins.has("*")) return { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": exposed };
    if (origin === undefined || !this.allows(origin)) return { Vary: "Origin" };
    return { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": exposed, Vary: "Origin" };
  }

  /** The headers of the answer to a preflight. @param allowed methods, with commas between */
  preflight(origin: string | undefined, allowed: string): Record<string, string> {
    const methods = {
      "Access-Control-Allow-Methods": allowed,
      // The Fetch standard's `*` means all but this one.
      "Access-Control-Allow-Headers": "Authorization, *",
      "Access-Control-Max-Age": "86400",
    };
    return this.allows(origin) ? { ...this.headers(origin), ...methods } : this.headers(origin);
  }
}

const exposed = "X-Codecs, Millrace-Past, Accept-Ranges, Content-Range, ETag";
