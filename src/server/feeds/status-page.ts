import { escapeHtml } from "../http/problem-body.ts";
import { cTime } from "../http/access-log.ts";
import type { Connection } from "./connection-list.ts";
import type { EncodingFacts, FeedFacts, MediaFacts, StatusFacts, StreamFacts } from "./status-facts.ts";

/** Connections that the page lists. */
const mostConnections = 500;

export interface StatusPageOptions {
  /** What leads back to the server's root: "./", "../". */
  readonly base: string;
  /** URL of the page's icon; that of ours if not given. */
  readonly favicon: string | undefined;
  /** No byte counts, no date: two pages of the same state are the same. */
  readonly hideCounts: boolean;
}

/** The page of `Format status`, as HTML. Nothing in it comes from outside unescaped. */
export function statusPage(facts: StatusFacts, options: StatusPageOptions): string {
  const { base, favicon, hideCounts } = options;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>ffserver Status</title>
<link rel="icon" href="${escapeHtml(favicon ?? `${base}assets/logo.svg`)}">
<link rel="stylesheet" href="${base}assets/status.css">
</head>
<body>
<header class="masthead"><a class="brand" href="${base}"><img src="${base}assets/logo.svg" alt="" width="36" height="36"> Millrace</a><p>live media server</p></header>
<main>
<h1>ffserver Status</h1>
${totals(facts)}
<section><h2>Available Streams</h2>
${table(
  streamColumns,
  facts.streams.map((stream) => streamRow(stream, base, hideCounts)),
  "No stream is configured.",
)}
</section>
${facts.feeds.map(feedSection).join("\n")}
<section><h2>Connection Status</h2>
${table(
  connectionColumns,
  facts.connections.slice(0, mostConnections).map((each) => connectionRow(each, hideCounts)),
  "Nobody is connected.",
)}
${facts.connections.length > mostConnections ? `<p class="soft">and ${facts.connections.length - mostConnections} more</p>` : ""}
</section>
</main>
<footer class="foot">${hideCounts ? "" : `<p>Generated at ${escapeHtml(cTime(new Date(facts.at)))}</p>`}</footer>
</body>
</html>
`;
}

function totals({ connections, maxConnections, bandwidth, feeds }: StatusFacts): string {
  const live = feeds.filter(({ state }) => state === "live").length;
  const limit = bandwidth.limit === 0 ? "" : ` / ${bandwidth.limit}k`;
  return `<dl class="totals">
<div><dt>Number of connections</dt><dd>${connections.length} / ${maxConnections}</dd></div>
<div><dt>Bandwidth in use</dt><dd>${bandwidth.used}k${limit}</dd></div>
<div><dt>Feeds received</dt><dd>${live} / ${feeds.length}</dd></div>
</dl>`;
}

const streamColumns = [
  "Path",
  "Served Conns",
  "bytes",
  "Format",
  "Bit rate kbit/s",
  "Video kbit/s",
  "Video codec",
  "Audio kbit/s",
  "Audio codec",
  "Feed",
] as const;

function streamRow({ name, link, connections, bytes, media }: StreamFacts, base: string, hideCounts: boolean): string[] {
  const href = base + link.split("/").map(encodeURIComponent).join("/");
  return [
    `<a href="${escapeHtml(href)}">${escapeHtml(name)}</a>`,
    String(connections),
    hideCounts ? "" : count(bytes),
    ...mediaCells(media),
  ];
}

function mediaCells(media: MediaFacts | undefined): string[] {
  if (media === undefined) return ["-", "-", "-", "", "-", "", "-"];
  const { format, bitRate, video, audio, from } = media;
  return [format, String(bitRate), String(video.bitRate), video.codec, String(audio.bitRate), audio.codec, from].map(escapeHtml);
}

function feedSection({ name, pid, state, publisher, rate, encodings }: FeedFacts): string {
  const program = pid === undefined ? "" : ` <span class="soft">program ${pid}</span>`;
  const source = publisher === "" ? "" : ` <span class="soft">from ${escapeHtml(publisher)}, ${rate} kbit/s</span>`;
  return `<section><h2>Feed ${escapeHtml(name)}</h2>
<p><span class="state ${state === "live" ? "live" : ""}">${escapeHtml(state)}</span>${source}${program}</p>
${table(["Stream", "type", "kbit/s", "codec", "Parameters"], encodings.map(encodingRow), "It asks for nothing in particular.")}
</section>`;
}

function encodingRow({ kind, bitRate, codec, parameters }: EncodingFacts, index: number): string[] {
  return [String(index), kind, String(bitRate), escapeHtml(codec), escapeHtml(parameters)];
}

const connectionColumns = ["#", "File", "IP", "URL", "Proto", "State", "Target bit/s", "Actual bit/s", "Bytes transferred"] as const;

function connectionRow(
  { number, name, isInput, address, url, protocol, state, bandwidth, rate, bytes }: Connection,
  hideCounts: boolean,
): string[] {
  return [
    String(number),
    `${escapeHtml(name)}${isInput ? " (input)" : ""}`,
    escapeHtml(address),
    escapeHtml(url.length > 127 ? `${url.slice(0, 127)}…` : url),
    escapeHtml(protocol),
    state,
    count(bandwidth * 1000),
    count(rate),
    hideCounts ? "" : count(bytes),
  ];
}

/** A table that a phone can show as cards: every cell knows its column. Cells are HTML. */
function table(columns: readonly string[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return `<p class="soft">${escapeHtml(none)}</p>`;
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join("");
  const body = rows.map(
    (row) => `<tr>${row.map((cell, at) => `<td data-column="${escapeHtml(columns[at] ?? "")}">${cell}</td>`).join("")}</tr>`,
  );
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table></div>`;
}

/** From 100000 on in thousands, and thousands of them. */
function count(value: number): string {
  const suffixes = ["", "k", "M", "G", "T", "P"];
  let rest = Math.round(value);
  let step = 0;
  for (; rest >= 100_000 && step < suffixes.length - 1; step++) rest = Math.round(rest / 1000);
  return `${rest}${suffixes[step]}`;
}

/** The URL of an icon as it may stand in a page, and where it is from; undefined for what is no plain URL of HTTP. */
export function checkedFavicon(text: string | undefined): { readonly url: string; readonly origin: string } | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, username, password, href, origin } = new URL(text);
  const isPlain = (protocol === "http:" || protocol === "https:") && username === "" && password === "";
  return isPlain ? { url: href, origin } : undefined;
}
