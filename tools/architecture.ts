/** The rules of the tree: who may import whom, and what may not be in a file. docs/architecture.md tells why. */
import { posix } from "node:path";
import type { Import } from "./imports.ts";
import { importsOf } from "./imports.ts";
import type { Token } from "./source-tokens.ts";
import { tokens } from "./source-tokens.ts";

/** A folder or file, and what it may import beyond itself. */
interface Layer {
  /** A last part `*` stands for one folder: these never import one another. */
  readonly path: string;
  readonly imports: readonly string[];
  /** `node:` modules and packages: none, the package's own dependencies, or these. Tests may import any. */
  readonly packages: "none" | "dependencies" | readonly string[];
}

const pure = ["src/bytes", "src/media"] as const;
const lower = [...pure, "src/containers", "src/hub"] as const;

/** The layers, lowest first. What is not named here (test, tools, bench, examples) may import anything. */
const layers: readonly Layer[] = [
  { path: "src/bytes", imports: [], packages: "none" },
  { path: "src/media", imports: ["src/bytes"], packages: "none" },
  { path: "src/containers", imports: pure, packages: "none" },
  { path: "src/hub", imports: pure, packages: "none" },
  { path: "src/protocols/*", imports: lower, packages: "dependencies" },
  { path: "src/server", imports: [...lower, "src/protocols"], packages: "dependencies" },
  { path: "src/testing", imports: [...lower, "src/server"], packages: "dependencies" },
  { path: "src/index.ts", imports: [...lower, "src/protocols", "src/server"], packages: "dependencies" },
  { path: "src/cli.ts", imports: [...lower, "src/protocols", "src/server", "src/index.ts"], packages: "dependencies" },
  { path: "web/player", imports: [...pure, "src/containers", "web/hls"], packages: "none" },
  { path: "web/hls", imports: ["web/player"], packages: ["hls.js"] },
  { path: "web/frameworks", imports: ["web/player"], packages: ["react", "vue", "svelte"] },
  { path: "web/pages", imports: ["web/player"], packages: ["hls.js", "mpegts.js"] },
];

/** Loads what the operator names: the only file that may import what nobody knows beforehand. */
const loader = "src/server/plugins/load-plugins.ts";

/** Names that say nothing of what is in a file or folder. */
const drawers = new Set(["utils", "util", "helpers", "helper", "common", "misc", "manager", "shared", "lib", "stuff"]);

/** Lines that a source file may have. */
export const maxLines = 400;

/** A broken rule: where and what. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

/** What every rule is told of a file. */
interface SourceFile {
  /** Relative to the clone, with `/`. */
  readonly file: string;
  readonly source: string;
  readonly tokens: readonly Token[];
  readonly isTest: boolean;
}

/** Checks sources, `files` being path and text. `dependencies` are the packages that the published package brings. */
export function violations(files: Iterable<readonly [file: string, source: string]>, dependencies: readonly string[]): Violation[] {
  const all = [...files];
  const known = new Set(all.map(([file]) => file));
  return all.flatMap(([file, source]) => {
    const read: SourceFile = { file, source, tokens: tokens(source), isTest: file.endsWith(".test.ts") };
    return [
      ...names(read),
      ...length(read),
      ...importsOf(read.tokens).flatMap((imported) => [...importRules(read, imported, known, dependencies)]),
      ...state(read),
      ...neglect(read),
    ];
  });
}

function* names({ file }: SourceFile): Generator<Violation> {
  const drawer = file.split("/").find((part) => drawers.has(part.replace(/(\.test)?\.ts$/, "").toLowerCase()));
  if (drawer !== undefined) yield { file, line: 1, rule: `${drawer} says nothing of what is in it` };
  if (file.startsWith("src/") && layerOf(file) === undefined) yield { file, line: 1, rule: "belongs to no layer" };
}

function* length({ file, source, isTest }: SourceFile): Generator<Violation> {
  const lines = source.split("\n").length - 1;
  if (!isTest && /^(src|web)\//.test(file) && lines > maxLines)
    yield { file, line: maxLines, rule: `${lines} lines, ${maxLines} are allowed` };
}

function* importRules(
  { file, isTest }: SourceFile,
  { specifier, line }: Import,
  known: ReadonlySet<string>,
  dependencies: readonly string[],
): Generator<Violation> {
  const layer = layerOf(file);
  const broken = (rule: string): Violation => ({ file, line, rule });
  if (specifier === undefined) {
    if (layer !== undefined && file !== loader) yield broken("import() of something that is not a literal");
    return;
  }
  if (!specifier.startsWith(".")) {
    if (layer !== undefined && !isTest && !mayUse(layer, specifier, dependencies))
      yield broken(`${layer.path} may not import ${specifier}`);
    return;
  }
  const target = posix.join(posix.dirname(file), specifier);
  if (!/\.(ts|json)$/.test(specifier)) yield broken(`${specifier} does not end in .ts`);
  else if (specifier.endsWith(".ts") && !known.has(target)) yield broken(`${specifier} does not exist`);
  if (layer === undefined || mayImport(layer, file, target)) return;
  if (isTest && target.startsWith("test/")) return;
  yield broken(`${layer.path} may not import ${target}`);
}

/** No `let` or `var` at the top of a module of the library: several servers live in one process. */
function* state({ file, tokens: source, isTest }: SourceFile): Generator<Violation> {
  if (isTest || layerOf(file) === undefined || file.startsWith("web/pages/")) return;
  for (const [at, token] of source.entries()) {
    const isDeclaration = token.kind === "name" && (token.text === "let" || token.text === "var") && token.depth === 0;
    if (isDeclaration && source[at + 1]?.kind !== "punctuation") yield { file, line: token.line, rule: "module-level mutable state" };
  }
}

/** No test is left out, or alone. */
function* neglect({ file, tokens: source, isTest }: SourceFile): Generator<Violation> {
  if (!isTest) return;
  for (const [at, { text, kind, line }] of source.entries()) {
    const isMark = kind === "name" && (text === "skip" || text === "only" || text === "todo");
    const isCall = source[at - 1]?.text === "." && /^(test|it|describe|suite|t|context)$/.test(source[at - 2]?.text ?? "");
    const isOption = source[at + 1]?.text === ":" && /^[{,]$/.test(source[at - 1]?.text ?? "");
    if (isMark && (isCall || isOption)) yield { file, line, rule: `a test marked ${text}` };
  }
}

function layerOf(file: string): Layer | undefined {
  return layers.find(({ path }) => (path.endsWith("/*") ? new RegExp(`^${path.slice(0, -1)}[^/]+/`).test(file) : isIn(file, path)));
}

function isIn(file: string, path: string): boolean {
  return file === path || file.startsWith(`${path}/`);
}

function mayImport(layer: Layer, file: string, target: string): boolean {
  const depth = layer.path.split("/").length;
  const own = layer.path.endsWith("/*") ? file.split("/").slice(0, depth).join("/") : layer.path;
  return isIn(target, own) || layer.imports.some((path) => isIn(target, path)) || target === "package.json";
}

function mayUse({ packages }: Layer, specifier: string, dependencies: readonly string[]): boolean {
  if (packages === "none") return false;
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (packages === "dependencies") return specifier.startsWith("node:") || dependencies.includes(name);
  return packages.includes(name);
}
