import type { Config } from "../config/schema.ts";

/** Feeds and outputs that the start text lists, at most. */
const mostFeeds = 10;
const mostOutputs = 30;

/** What the start text tells of feeds. */
export type FeedFacts = Pick<Config, "feeds" | "outputs" | "feedsOnly">;

/** How words are painted. */
type Paint = Readonly<Record<"bold" | "url" | "warn" | "dim", (text: string) => string>>;

/** What encoders of feeds run, what players open, and what is not as it was with ffserver. @param root URL of this server, with a slash at its end */
export function feedBlocks({ feeds, outputs, feedsOnly }: FeedFacts, root: string, paint: Paint): string[][] {
  const names = Object.keys(feeds);
  const urlOf = (name: string): string => root + name.split("/").map(encodeURIComponent).join("/");
  const feedLines = names.slice(0, mostFeeds).map((name) => `  ffmpeg -i INPUT ${paint.url(urlOf(name))}`);
  const outputLines = Object.entries(outputs)
    .slice(0, mostOutputs)
    .map(([name, { feed, file, format = "no format" }]) => `  ${paint.url(urlOf(name))}  ${paint.dim(sourceWords(feed, file, format))}`);
  return [
    names.length === 0
      ? []
      : [
          `${paint.bold("Publish to a feed")} with FFmpeg up to 3.4, which asks what to encode`,
          ...feedLines,
          ...more(names.length, mostFeeds),
          "  A newer one says itself what it sends:",
          `  ffmpeg -re -i INPUT -c:v libx264 -c:a aac -f flv ${paint.url(urlOf(names[0]!))}`,
        ],
    outputLines.length === 0 ? [] : [paint.bold("Then watch"), ...outputLines, ...more(Object.keys(outputs).length, mostOutputs)],
    feedsOnly ? aclBlock(feeds, paint) : [],
  ];
}

function more(count: number, most: number): string[] {
  return count > most ? [`  and ${count - most} more`] : [];
}

function sourceWords(feed: string | undefined, file: string | undefined, format: string): string {
  if (format === "status") return "the status page";
  return `${format} of ${feed ?? (file === undefined ? "nothing" : "a file")}`;
}

/** The one thing that is stricter than it was. */
function aclBlock(feeds: FeedFacts["feeds"], paint: Paint): string[] {
  const open = Object.entries(feeds).filter(([, { acl, readOnly }]) => acl === undefined && !readOnly);
  const lines = ["Feeds are published by whom their ACL lets in; nothing else is published, and there are no keys."];
  if (open.length === 0) return lines;
  const list = open.slice(0, mostFeeds).map(([name]) => name);
  const names = open.length > mostFeeds ? `${list.join(", ")} and others` : list.join(", ");
  return [
    ...lines,
    paint.warn(
      `Unlike ffserver, a feed without ACL takes encoders of this machine only: ${names}. "ACL allow 0.0.0.0 255.255.255.255" lets everybody in.`,
    ),
    "docs/ffserver.md lists what else is different.",
  ];
}
