/** What of a playlist's query is put behind every URI in it: all but what is asked of the playlist itself. */
import { DIRECTIVE_PREFIX } from "./delivery-directives.ts";

/** Parameters that choose the multivariant playlist. */
const ofPlaylist: ReadonlySet<string> = new Set(["mux", "format"]);

/** With its question mark, or "". @param query of a URL as it was sent */
export function carriedQuery(query: string): string {
  const kept = query
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith(DIRECTIVE_PREFIX) && !ofPlaylist.has(pair.split("=", 1)[0]!));
  // It goes into quoted strings, which have no way to write a quote.
  return kept.length === 0 ? "" : `?${kept.join("&").replaceAll('"', "%22")}`;
}
