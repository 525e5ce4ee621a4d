import type { StreamAddress } from "../../hub/identity.ts";
import type { FileKind } from "../../hub/file-library.ts";

/** First part of the names of files. */
const vodSegment = "vod";
/** Characters of an app and a name together that are looked at. */
const longestName = 4096;

/** A file as a player asks for it. */
export interface FileName extends StreamAddress {
  readonly kind: FileKind;
}

/**
 * The file behind what a player sent: app and name joined, queries, `_definst_`, `mp4:` and `flv:` taken off, percent-decoded once. Undefined for
 * what is none: any split of `vod/NAME/PATH` between app and name is one.
 */
export function readFileName(app: string, name: string): FileName | undefined {
  const params = new URLSearchParams();
  const parts: string[] = [];
  let kind: FileKind;
  for (const text of [app, name]) {
    const query = text.indexOf("?");
    if (query >= 0) for (const [key, value] of new URLSearchParams(text.slice(query + 1))) params.append(key, value);
    for (const raw of (query < 0 ? text : text.slice(0, query)).split("/")) {
      const [, prefix, rest] = /^(mp4|flv):(.*)$/s.exec(raw) ?? [undefined, undefined, raw];
      if (prefix !== undefined) kind = prefix as FileKind;
      if (rest !== "" && rest !== "_definst_") parts.push(decoded(rest));
    }
  }
  if (parts[0] !== vodSegment || app.length + name.length > longestName) return undefined;
  return { name: parts.join("/"), params, kind };
}

/** A name may have a percent sign of its own. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
