import type { Environment } from "../config/environment.ts";
import { configFileLimit } from "../config/load.ts";
import { ConfigError, describeProblem } from "../config/problem.ts";
import { presetFolders, readFfserverConf } from "../ffserver/conf-file.ts";
import type { ConfStream, FfserverConf } from "../ffserver/conf-model.ts";
import { confSettings } from "../ffserver/conf-settings.ts";
import type { ParsedConf } from "../ffserver/parse-conf.ts";
import { yamlLines } from "../ffserver/settings-yaml.ts";
import type { Arguments } from "./arguments.ts";

/** Comments that are printed; behind them it is said how many more there are. */
const maxComments = 200;
/** Characters of one of them. */
const maxLength = 300;

/**
 * What `millrace import FILE` prints: the settings that an ffserver.conf amounts to, as YAML that `millrace --config` takes and that does the
 * same as `millrace -f`, and as comments what has no effect. @throws ConfigError naming every mistake in the file
 */
export async function importReport({ operands: [file = ""] }: Pick<Arguments, "operands">, environment: Environment): Promise<string> {
  return importedYaml(await readFfserverConf(file, presetFolders(environment)));
}

/** The same of a file that was read. */
export function importedYaml({ conf, notes }: ParsedConf): string {
  const warnings = notes.warnings.map((warning) => `warning: ${describeProblem(warning)}`);
  const rest = [...unsaid(conf)];
  const yaml = [
    ...comments([`Imported from ${notes.file}.`, ...warnings]),
    ...yamlLines(confSettings(conf)),
    "",
    ...(rest.length === 0 ? [] : comments(["What follows has no effect:", ...rest])),
    "",
  ].join("\n");
  if (Buffer.byteLength(yaml) <= configFileLimit) return yaml;
  const message = `as YAML this is longer than the ${configFileLimit / 1024} KiB that are read; run it as it is, with millrace -f`;
  throw new ConfigError([{ place: { kind: "file", name: notes.file }, key: "", message }]);
}

/** What was read and is kept for a reader, a line each. */
function* unsaid({ rtsp, streams }: FfserverConf): Generator<string, void, undefined> {
  if (rtsp.port !== undefined) yield `RTSP on ${rtsp.host}:${rtsp.port}`;
  for (const stream of streams) {
    const words = streamWords(stream);
    if (words.length > 0) yield `stream ${stream.name}: ${words.join(", ")}`;
  }
}

function streamWords({ source, startSendOnKey, multicast }: ConfStream): string[] {
  return [
    source.kind === "none" && "it comes from nowhere",
    startSendOnKey && "StartSendOnKey (every viewer starts at a key frame)",
    multicast && `multicast ${multicast.host}:${multicast.port ?? 0}, TTL ${multicast.ttl}`,
  ].filter((each) => typeof each === "string");
}

/** Lines of comment that YAML takes for nothing else, and in which no URL has a password. */
function comments(lines: readonly string[]): string[] {
  const shown = lines.length > maxComments ? [...lines.slice(0, maxComments), `and ${lines.length - maxComments} lines more`] : lines;
  return shown.map((line) => `# ${plain(withoutPassword(line))}`.trimEnd());
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
