/** A `.d.ts` file as TypeScript prints it: statements begin in the first column, what belongs to them does not, or closes a bracket. */
import { posix } from "node:path";
import { tokens } from "./source-tokens.ts";

/** Something declared at the top of a file. */
export interface Declaration {
  readonly file: string;
  readonly name: string;
  /** Its doc comment, "" without one. */
  readonly doc: string;
  /** As it stands there, `export` and `declare` left out. */
  readonly text: string;
}

/** Where a name comes from: another file of the package, or (`file` undefined) a package. */
export interface Origin {
  readonly file: string | undefined;
  /** What it is called there; `*` for all of a module. */
  readonly name: string;
}

export interface DeclarationFile {
  /** By name; overloads and values that have a type of the same name have several. */
  readonly declared: ReadonlyMap<string, readonly Declaration[]>;
  readonly imported: ReadonlyMap<string, Origin>;
  /** What importers see, by the name they see; the origin of what is declared here is this file. */
  readonly exported: ReadonlyMap<string, Origin>;
  /** Files all of whose exports it exports too (`export *`). */
  readonly passedOn: readonly string[];
  /** `declare global` and `declare module` blocks. */
  readonly globals: readonly Declaration[];
}

interface Statement {
  readonly doc: string;
  readonly text: string;
}

const declaration = /^(export )?(?:declare )?(?:abstract )?(?:function|class|const|interface|type) ([\w$]+)/;
const list = /^(import|export) (?:type )?\{([^}]*)\}(?: from "([^"]+)")?;$/;
const star = /^export \* from "(\.[^"]+)";$/;
const namespaceImport = /^import (?:type )?\* as ([\w$]+) from "[^"]+";$/;

/** Reads a file. @throws Error for a statement that has none of the forms that our sources lead to */
export function readDeclarationFile(file: string, source: string): DeclarationFile {
  const declared = new Map<string, Declaration[]>();
  const imported = new Map<string, Origin>();
  const exported = new Map<string, Origin>();
  const globals: Declaration[] = [];
  const passedOn: string[] = [];
  for (const { doc, text } of statements(source)) {
    const oneLine = text.replaceAll(/\s+/g, " ");
    const names = list.exec(oneLine);
    const module = namespaceImport.exec(oneLine);
    const all = star.exec(oneLine);
    const named = declaration.exec(text);
    if (names) {
      const [, keyword, inside = "", from] = names;
      const target = from === undefined ? file : fileOf(file, from);
      for (const [name, alias] of aliases(inside)) (keyword === "import" ? imported : exported).set(alias, { file: target, name });
    } else if (module) {
      imported.set(module[1]!, { file: undefined, name: "*" });
    } else if (named) {
      const [, isExported, name] = named as unknown as [string, string | undefined, string];
      declared.set(name, [...(declared.get(name) ?? []), { file, name, doc, text: text.replace(/^(?:export )?(?:declare )?/, "") }]);
      if (isExported) exported.set(name, { file, name });
    } else if (all) {
      passedOn.push(fileOf(file, all[1]!)!);
    } else if (/^declare (global|module) /.test(text)) {
      globals.push({ file, name: "global", doc, text: text.replace("declare ", "") });
    } else if (!text.startsWith("import ")) throw new Error(`${file}: a statement of a form that is not known: ${text}`);
  }
  return { declared, imported, exported, passedOn, globals };
}

/** `A, type B as C` as pairs of the name there and the name here. */
function aliases(inside: string): (readonly [name: string, alias: string])[] {
  const items = inside.split(",").map((item) => item.trim().replace(/^type /, ""));
  return items
    .filter((item) => item !== "")
    .map((item) => item.split(" as ") as [string, string?])
    .map(([name, alias = name]) => [name, alias]);
}

function fileOf(importer: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(importer), specifier.replace(/\.js$/, ".d.ts")) : undefined;
}

function statements(source: string): Statement[] {
  const found: { doc: string; text: string }[] = [];
  let doc: string[] | undefined;
  let isDocOpen = false;
  for (const line of source.split(/\r?\n/)) {
    if (isDocOpen) doc!.push(line);
    else if (line.startsWith("/**")) doc = [line];
    else if (/^[A-Za-z]/.test(line)) {
      found.push({ doc: doc?.join("\n") ?? "", text: line });
      doc = undefined;
    } else if (line !== "" && !line.startsWith("//")) found.at(-1)!.text += `\n${line}`;
    isDocOpen = (isDocOpen || line.startsWith("/**")) && !line.endsWith("*/");
  }
  return found;
}

/** The names in a declaration that may be those of other declarations. */
export function namesIn(text: string): Set<string> {
  const all = tokens(text);
  return new Set(all.filter(({ kind }, at) => kind === "name" && all[at - 1]?.text !== ".").map((token) => token.text));
}
