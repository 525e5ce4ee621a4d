import { z } from "zod";
import { isRange, rangeForm } from "../peers/address-ranges.ts";

/** An IP address, a range of them, or a name for some. */
export function addressRange() {
  const error = `must be ${rangeForm}; IPv6 goes in quotes: "::1"`;
  return z.string({ error }).refine(isRange, { error }).meta({ form: "addresses and ranges" });
}

/**
 * The URL under which others reach a port, "" where that is not known. Read in its one spelling, with a slash at its end.
 *
 * @param schemes those that may be written, the first as an example
 * @param withPath whether it may have a path
 */
export function publicUrl(schemes: readonly string[], withPath: boolean) {
  const example = `${schemes[0]}://live.example.org/${withPath ? "media" : ""}`;
  const error = `must be a URL like "${example}", without ${withPath ? "" : "a path, "}a query or a password`;
  return z
    .string({ error })
    .transform((text, context) => {
      const url = text === "" ? text : plainUrl(text, schemes, withPath);
      if (url !== undefined) return url;
      context.issues.push({ code: "custom", message: error, input: text });
      return z.NEVER;
    })
    .meta({ form: `URL of ${schemes.join(" or ")}` });
}

function plainUrl(text: string, schemes: readonly string[], withPath: boolean): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, pathname, search, hash, username, password } = new URL(text);
  const path = pathname.endsWith("/") ? pathname : `${pathname}/`;
  if (host === "" || !schemes.includes(protocol.slice(0, -1)) || (!withPath && path !== "/")) return undefined;
  return [search, hash, username, password].every((part) => part === "") ? `${protocol}//${host}${path}` : undefined;
}

/** A path that everything is below: "/media", or "/" for the root. Read without a slash at its end, the root as "". */
export function basePath() {
  const error = 'must be a path like "/media": letters, digits, "-", "_", ".", "~" and slashes between them';
  return z
    .string({ error })
    .max(256, { error })
    .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)*\/?$/, { error })
    .transform((text) => text.replace(/\/$/, ""))
    .meta({ form: "path" });
}
