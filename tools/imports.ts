import type { Token } from "./source-tokens.ts";

/** One place where a module names another: `import`, `export … from`, `import("…")` as a value or as a type. */
export interface Import {
  /** Undefined where `import()` is given an expression. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/** Every import of a module, in order. */
export function importsOf(source: readonly Token[]): Import[] {
  const found: Import[] = [];
  for (const [at, token] of source.entries()) {
    if (token.kind !== "name" || source[at - 1]?.text === ".") continue;
    if (token.text === "import") {
      const next = source[at + 1];
      if (next?.text === "(" && next.kind === "punctuation") found.push(dynamic(source, at));
      else if (next?.kind === "string") found.push({ specifier: next.text, line: token.line });
      else found.push(...clause(source, at));
    } else if (token.text === "export") found.push(...clause(source, at));
  }
  return found;
}

function dynamic(source: readonly Token[], at: number): Import {
  const argument = source[at + 2];
  const after = source[at + 3]?.text;
  const isLiteral = argument?.kind === "string" && (after === ")" || after === ",");
  return { specifier: isLiteral ? argument.text : undefined, line: source[at]!.line };
}

/** The module named after `from`, where what lies between is an import or export clause. */
function* clause(source: readonly Token[], at: number): Generator<Import> {
  const { line, depth } = source[at]!;
  for (let next = at + 1; next < source.length; next += 1) {
    const token = source[next]!;
    if (token.kind === "name" && token.text === "from" && token.depth === depth && source[next + 1]?.kind === "string") {
      yield { specifier: source[next + 1]!.text, line };
      return;
    }
    const isPart = token.kind === "name" || token.kind === "string" || ["{", "}", ",", "*"].includes(token.text);
    if (!isPart) return;
  }
}
