/**
 * TypeScript source as tokens: enough to find imports and names and never to be fooled by comments, strings, templates or regular
 * expressions. TypeScript 7 has no JavaScript API, and a text search takes a quoted import for an import.
 */

export interface Token {
  readonly kind: "name" | "string" | "template" | "number" | "regexp" | "punctuation";
  /** As written; for a string its value without the quotes, escapes left as they are. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** How many braces, brackets and parentheses are open around it. */
  readonly depth: number;
}

const patterns = {
  blank: /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|^#![^\n]*/y,
  name: /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy,
  number: /\.?\d(?:[\d_a-zA-Z.]|(?<=[eE])[+-])*/y,
  string: /"((?:[^"\\\n]|\\[\s\S])*)"|'((?:[^'\\\n]|\\[\s\S])*)'/y,
  regexp: /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y,
  templatePart: /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y,
  punctuation: /\+\+|--|=>|\.\.\.|[\s\S]/y,
} as const;

/** After these words a `/` opens a regular expression. */
const beforeExpression = new Set(
  "return typeof case in of instanceof new delete void throw yield await else do default extends import export from".split(" "),
);

/** All tokens of a source; throws an Error with the line where a template is not closed. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  /** For every open brace whether it is a `${`. */
  const braces: boolean[] = [];
  let at = 0;
  let line = 1;
  let depth = 0;

  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  };
  const count = (text: string): void => {
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) line += 1;
  };
  const push = (kind: Token["kind"], text: string): void => {
    found.push({ kind, text, line, depth });
  };
  /** One stretch of a template, up to its end or to a `${`. */
  const templatePart = (): void => {
    const text = take(patterns.templatePart)![0];
    push("template", text);
    count(text);
    if (source.startsWith("${", at)) {
      at += 2;
      depth += 1;
      braces.push(true);
    } else if (source[at] === "`") at += 1;
    else throw new Error(`line ${line}: template without an end`);
  };
  const punctuation = (): void => {
    const text = take(patterns.punctuation)![0];
    if (text === "`") return templatePart();
    if (text === "}" || text === ")" || text === "]") depth -= 1;
    if (text === "}" && braces.pop() === true) return templatePart();
    push("punctuation", text);
    if (text === "{") braces.push(false);
    if (text === "{" || text === "(" || text === "[") depth += 1;
  };

  while (at < source.length) {
    let match: RegExpExecArray | undefined;
    if ((match = take(patterns.blank))) count(match[0]);
    else if ((match = take(patterns.name))) push("name", match[0]);
    else if ((match = take(patterns.number))) push("number", match[0]);
    else if ((match = take(patterns.string))) push("string", match[1] ?? match[2] ?? "");
    else if (source[at] === "/" && opensExpression(found) && (match = take(patterns.regexp))) push("regexp", match[0]);
    else punctuation();
  }
  return found;
}

/** Whether after these tokens an operand is due, so that a `/` is not a division. */
function opensExpression(before: readonly Token[]): boolean {
  const last = before.at(-1);
  if (last === undefined) return true;
  if (last.kind === "name") return beforeExpression.has(last.text) && before.at(-2)?.text !== ".";
  if (last.kind !== "punctuation") return false;
  // A `!` after an operand is TypeScript's non-null assertion.
  if (last.text === "!") return !isOperandEnd(before.at(-2));
  return !isOperandEnd(last) && last.text !== "++" && last.text !== "--";
}

function isOperandEnd(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "punctuation") return token.text === ")" || token.text === "]" || token.text === "}";
  return !(token.kind === "name" && beforeExpression.has(token.text));
}
