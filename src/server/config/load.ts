import { open } from "node:fs/promises";
import { type Document, isAlias, isMap, isPair, isScalar, LineCounter, type Node, parseDocument, visit, type YAMLError } from "yaml";
import { check, type LocatedProblem } from "./check.ts";
import { shapeAt } from "./reference.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import type { Config } from "./schema.ts";

/** Bytes of a configuration file; a real one has a few thousand. */
export const configFileLimit = 256 * 1024;

type Warn = (text: string) => void;

/** Reads and checks a YAML file. `warn` hears what works but should be changed. @throws ConfigError naming every mistake with its line and column. */
export async function loadConfig(file: string, warn?: Warn): Promise<Config> {
  return parseConfig(await readLimited(file), file, warn);
}

/** Checks YAML text; `file` is the name that messages give it. @throws ConfigError */
export function parseConfig(text: string, file: string, warn: Warn = () => undefined): Config {
  const shape = shapeProblem(text);
  if (shape) throw new ConfigError(file, [shape]);
  const lines = new LineCounter();
  let document: Document;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: true,
      resolveKnownTags: false,
    });
  } catch (error) {
    // The parser descends once a level; nothing else of it throws.
    if (error instanceof RangeError) throw new ConfigError(file, [{ key: "", message: tooDeep }]);
    throw error;
  }
  const broken = syntaxProblems(document, lines, text);
  if (broken.length === 0) broken.push(...aliasProblems(document, lines));
  if (broken.length > 0) throw new ConfigError(file, broken);
  const { config, problems, warnings } = check(withoutEmptyGroups(document.toJS({ maxAliasCount: 0 }) ?? {}));
  const placed = (list: readonly LocatedProblem[]) => list.map((problem) => located(problem, document, lines)).toSorted(byPlace);
  if (!config) throw new ConfigError(file, placed(problems));
  for (const { place, key, message } of placed(warnings)) warn(`${file}:${place?.line}:${place?.column}: ${key} ${message}`);
  return config;
}

async function readLimited(file: string): Promise<string> {
  try {
    await using handle = await open(file, "r");
    const buffer = Buffer.alloc(configFileLimit + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length));
      length += bytesRead;
    }
  } catch (error) {
    throw new ConfigError(file, [{ key: "", message: readMistake(error) }]);
  }
  throw new ConfigError(file, [{ key: "", message: `longer than ${configFileLimit / 1024} KiB; this is no configuration file` }]);
}

function readMistake(error: unknown): string {
  if (error instanceof TypeError) return "not UTF-8 text";
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "a directory; give the file itself";
  if (code === "EACCES" || code === "EPERM") return "not readable by this user";
  return message;
}

/** Characters of one line, and brackets open at once: beyond them the parser's time grows with their square. */
const lineLimit = 2000;
const bracketLimit = 32;

function shapeProblem(text: string): ConfigProblem | undefined {
  let depth = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const place = { line: index + 1, column: 1 };
    if (line.length > lineLimit) return { place, key: "", message: `a line of more than ${lineLimit} characters` };
    for (const character of line) {
      if (character === "[" || character === "{") depth += 1;
      else if (character === "]" || character === "}") depth -= 1;
    }
    if (depth > bracketLimit) return { place, key: "", message: tooDeep };
  }
  return undefined;
}

/** A group whose every line is commented out is null to YAML, and means the defaults. */
function withoutEmptyGroups(settings: unknown): unknown {
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) return settings;
  return Object.fromEntries(Object.entries(settings).filter(([key, value]) => value !== null || shapeAt([key]) === undefined));
}

/** The first few: what follows a syntax error is mostly its echo. */
function syntaxProblems(document: Document, lines: LineCounter, text: string): ConfigProblem[] {
  return [...document.errors, ...document.warnings].slice(0, 3).map((error) => {
    const place = placeAt(lines, error.pos[0]);
    return { place, key: "", message: syntaxWords(error, text.split("\n")[place.line - 1] ?? "") };
  });
}

function syntaxWords(error: YAMLError, line: string): string {
  if (error.code === "DUPLICATE_KEY") return "this key stands here twice";
  if (/call stack/.test(error.message)) return tooDeep;
  // An address in brackets is YAML's list; the parser's own words do not help there.
  if (/\[[^\]"']*\]:\d/.test(line)) return `an IPv6 address goes in quotes: "[::1]:1935"`;
  return error.message;
}

const tooDeep = "nested too deeply";

/** Settings need no anchors, and a few lines of them expand to gigabytes. */
function aliasProblems(document: Document, lines: LineCounter): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Alias(_key, node) {
      problems.push({ place: placeAt(lines, node.range?.[0] ?? 0), key: "", message: `aliases (*${node.source}) are not allowed here` });
      return visit.BREAK;
    },
  });
  return problems;
}

function located({ path, inKey, key, message }: LocatedProblem, document: Document, lines: LineCounter): ConfigProblem {
  const node = inKey ? keyNode(document, path) : valueNode(document, path);
  return { place: placeAt(lines, node?.range?.[0] ?? 0), key, message };
}

/** The value at the longest part of the path that the document has. */
function valueNode(document: Document, path: readonly PropertyKey[]): Node | null {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as Node | undefined;
    if (node?.range) return node;
  }
  return document.contents;
}

function keyNode(document: Document, path: readonly PropertyKey[]): Node | null {
  const parent = path.length === 1 ? document.contents : valueNode(document, path.slice(0, -1));
  if (!isMap(parent)) return parent;
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(path.at(-1)));
  return pair && !isAlias(pair.key) ? (pair.key as Node) : parent;
}

function placeAt(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0);
}
