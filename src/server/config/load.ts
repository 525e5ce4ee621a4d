import { type Document, isAlias, isMap, isPair, isScalar, type Node } from "yaml";
import { ConfigError } from "./problem.ts";
import { shapeAt } from "./settings.ts";
import type { Source } from "./source.ts";
import { readTextFile } from "./text-file.ts";
import { placeAt, readYaml } from "./yaml.ts";

/** Bytes of a configuration file; a real one has a few thousand. */
export const configFileLimit = 1024 * 1024;

/** Reads a YAML file of settings. @throws ConfigError where it cannot be read or is not such a file */
export async function loadConfig(file: string): Promise<Source> {
  const read = await readTextFile(file, configFileLimit);
  if ("text" in read) return parseConfig(read.text, file);
  throw new ConfigError([{ place: { kind: "file", name: file }, key: "", message: read.mistake }]);
}

/** Reads YAML text; `file` is the name that messages give it. @throws ConfigError for what is no plain YAML */
export function parseConfig(text: string, file: string): Source {
  const { document, lines, problems } = readYaml(text);
  if (!document)
    throw new ConfigError(problems.map(({ message, ...at }) => ({ place: { kind: "file", name: file, ...at }, key: "", message })));
  return {
    settings: withoutEmptyGroups(document.toJS({ maxAliasCount: 0 }) ?? {}, []),
    place: (path, part) => {
      const node = part === "key" ? keyNode(document, path) : valueNode(document, path);
      return { kind: "file", name: file, ...placeAt(lines, node?.range?.[0] ?? 0) };
    },
  };
}

/** A group whose every line is commented out is null to YAML, and means the defaults. */
function withoutEmptyGroups(settings: unknown, path: readonly string[]): unknown {
  if (typeof settings !== "object" || settings === null || Array.isArray(settings) || !shapeAt(path)) return settings;
  const kept = Object.entries(settings).filter(([key, value]) => value !== null || shapeAt([...path, key]) === undefined);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutEmptyGroups(value, [...path, key])]));
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
