import type { Environment } from "../config/environment.ts";
import { describeProblem } from "../config/problem.ts";
import type { AclRow } from "../ffserver/acl.ts";
import { presetFolders, readFfserverConf } from "../ffserver/conf-file.ts";
import type { ConfEncoding, ConfFeed, ConfListen, ConfStream, FfserverConf } from "../ffserver/conf-model.ts";
import { feedLayout } from "../ffserver/feed-streams.ts";
import type { ParsedConf } from "../ffserver/parse-conf.ts";
import type { Arguments } from "./arguments.ts";

/** Comments that are printed; behind them it is said how many more there are. */
const maxComments = 500;
/** Characters of one of them. */
const maxLength = 300;

/**
 * What `millrace import FILE` prints: the settings that an ffserver.conf amounts to, as YAML that `millrace check` takes, and as comments what
 * has no setting. @throws ConfigError naming every mistake in the file
 */
export async function importReport({ operands: [file = ""] }: Pick<Arguments, "operands">, environment: Environment): Promise<string> {
  return importedYaml(await readFfserverConf(file, presetFolders(environment)));
}

/** The same of a file that was read. */
export function importedYaml({ conf, notes }: ParsedConf): string {
  const warnings = notes.warnings.map((warning) => `warning: ${describeProblem(warning)}`);
  const rest = [...unsaid(conf)];
  return [
    ...comments([`Imported from ${notes.file}.`, ...warnings]),
    ...settings(conf),
    "",
    ...(rest.length === 0 ? [] : comments(["What follows has no setting yet, and no effect:", ...rest])),
    "",
  ].join("\n");
}

function settings({ http, maxHttpConnections, maxClients }: FfserverConf): string[] {
  if (http.port === undefined) return ["http:", "  enabled: false"];
  return [
    ...(http.port === rtmpPort ? ["rtmp:", "  enabled: false # its port is taken by HTTP"] : []),
    "http:",
    `  host: ${JSON.stringify(http.host)}`,
    `  port: ${http.port}`,
    `  maxConnections: ${maxHttpConnections}`,
    "viewers:",
    `  max: ${maxClients} # ffserver counted every connection`,
  ];
}

/** The default of `rtmp.port`. */
const rtmpPort = 1935;

/** Everything else, a line each. */
function* unsaid(conf: FfserverConf): Generator<string, void, undefined> {
  const { maxBandwidth, customLog, rtsp } = conf;
  yield `MaxBandwidth ${maxBandwidth} kbit/s`;
  if (customLog !== undefined) yield `CustomLog ${customLog}`;
  if (rtsp.port !== undefined) yield `RTSP on ${address(rtsp)}`;
  for (const feed of conf.feeds) yield* feedLines(feed, conf.streams);
  for (const stream of conf.streams) yield* streamLines(stream);
  for (const { name, url } of conf.redirects) yield `redirect ${name} to ${withoutPassword(url)}`;
}

function address({ host, port }: ConfListen): string {
  return `${host}:${port}`;
}

function* feedLines(feed: ConfFeed, streams: readonly ConfStream[]): Generator<string, void, undefined> {
  const size = `${Math.round(feed.maxSize / 1024)} KiB`;
  yield `feed ${feed.name}: ${feed.readOnly ? "read-only file" : "file"} ${feed.file} of ${size}${feed.truncate ? ", emptied by every encoder" : ""}`;
  if (feed.launch.length > 0) yield `  launches ${feed.launch.map(withoutPassword).join(" ")}`;
  yield* aclLines(feed.acl);
  for (const [place, encoding] of feedLayout(feed.name, streams).encodings.entries()) yield `  encoding ${place}: ${describe(encoding)}`;
}

function* streamLines(stream: ConfStream): Generator<string, void, undefined> {
  const { name, format = "no format" } = stream;
  yield `stream ${name}: ${sourceWords(stream)}${stream.source.kind === "status" ? "" : `, ${format}`}`;
  for (const encoding of stream.encodings) yield `  ${describe(encoding)}`;
  for (const [key, value] of stream.metadata) yield `  metadata ${key} ${JSON.stringify(value)}`;
  const options = [
    stream.preroll > 0 && `starts ${stream.preroll} s back`,
    stream.startSendOnKey && "starts at a key frame",
    stream.maxTime > 0 && `ends after ${stream.maxTime} s`,
    stream.singleFrame && "ends after one picture",
    stream.dynamicAcl !== undefined && `access list ${stream.dynamicAcl}`,
    stream.multicast &&
      `multicast ${address({ host: stream.multicast.host, port: stream.multicast.port ?? 0 })}, TTL ${stream.multicast.ttl}`,
  ].filter((each) => typeof each === "string");
  if (options.length > 0) yield `  ${options.join(", ")}`;
  yield* aclLines(stream.acl);
}

function sourceWords({ source }: ConfStream): string {
  switch (source.kind) {
    case "feed":
      return `of feed ${source.feed}`;
    case "file":
      return `of file ${withoutPassword(source.path)}`;
    case "status":
      return "the status page";
    case "none":
      return "of nothing";
  }
}

function* aclLines(rows: readonly AclRow[]): Generator<string, void, undefined> {
  for (const { action, first, last } of rows) yield `  ${action} ${first}${first === last ? "" : ` to ${last}`}`;
}

function describe({ codec, options }: ConfEncoding): string {
  return [`${codec.kind} ${codec.name}`, ...[...options].map(([name, value]) => `${name}=${value}`)].join(" ");
}

/** Lines of comment that YAML takes for nothing else, and in which no URL has a password. */
function comments(lines: readonly string[]): string[] {
  const shown = lines.length > maxComments ? [...lines.slice(0, maxComments), `and ${lines.length - maxComments} lines more`] : lines;
  return shown.map((line) => `# ${plain(line)}`.trimEnd());
}

/** Printable text of a bounded length; brackets, of which a configuration takes few, become parentheses. */
function plain(text: string): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return short
    .replaceAll(/[[{]/g, "(")
    .replaceAll(/[\]}]/g, ")")
    .replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFEFF]/gu, "?");
}

function withoutPassword(text: string): string {
  return text.replaceAll(/(\w:\/\/)[^/?#\s]*@/g, "$1…@");
}
