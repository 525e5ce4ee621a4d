import { type Document, LineCounter, parseDocument, visit, type YAMLError } from "yaml";

/** What is wrong with YAML text, and where, both from 1. Says nothing of values: what is wrong may be a secret. */
export interface YamlProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A document, or what keeps it from being one. */
export interface ReadYaml {
  readonly document?: Document;
  readonly lines: LineCounter;
  readonly problems: readonly YamlProblem[];
}

/** Reads YAML without anchors, aliases, tags and whatever else settings do not need and bombs are made of. */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const shape = shapeProblem(text);
  if (shape) return { lines, problems: [shape] };
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
    if (error instanceof RangeError) return { lines, problems: [{ line: 1, column: 1, message: tooDeep }] };
    throw error;
  }
  const problems = syntaxProblems(document, lines, text);
  if (problems.length === 0) problems.push(...aliasProblems(document, lines));
  return problems.length === 0 ? { document, lines, problems } : { lines, problems };
}

/** Characters of one line, and brackets open at once: beyond them the parser's time grows with their square. */
const lineLimit = 2000;
const bracketLimit = 32;

function shapeProblem(text: string): YamlProblem | undefined {
  let depth = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const place = { line: index + 1, column: 1 };
    if (line.length > lineLimit) return { ...place, message: `a line of more than ${lineLimit} characters` };
    for (const character of line) {
      if (character === "[" || character === "{") depth += 1;
      else if (character === "]" || character === "}") depth -= 1;
    }
    if (depth > bracketLimit) return { ...place, message: tooDeep };
  }
  return undefined;
}

/** The first few: what follows a syntax error is mostly its echo. */
function syntaxProblems(document: Document, lines: LineCounter, text: string): YamlProblem[] {
  return [...document.errors, ...document.warnings].slice(0, 3).map((error) => {
    const place = placeAt(lines, error.pos[0]);
    return { ...place, message: syntaxWords(error, text.split("\n")[place.line - 1] ?? "") };
  });
}

function syntaxWords({ code, message }: YAMLError, line: string): string {
  if (/call stack/.test(message)) return tooDeep;
  switch (code) {
    case "DUPLICATE_KEY":
      return "this key stands here twice";
    case "TAG_RESOLVE_FAILED":
      return "tags (!) are not allowed here; text that begins with ! goes in quotes";
    case "BAD_ALIAS":
      return aliasWords;
    case "BAD_DIRECTIVE":
      return "directives (%) are not allowed here; text that begins with % goes in quotes";
    case "BAD_DQ_ESCAPE":
      return "in double quotes a backslash begins an escape; single quotes take it as it is";
    default:
      // An address in brackets is YAML's list; the parser's own words do not help there.
      if (/\[[^\]"']*\]:\d/.test(line)) return `an IPv6 address goes in quotes: "::1"`;
      // What follows the colon is the text itself.
      return message.split(": ", 1)[0]!;
  }
}

const tooDeep = "nested too deeply";
const aliasWords = "aliases (*) are not allowed here; text that begins with * goes in quotes";

/** Settings need no anchors, and a few lines of them expand to gigabytes. */
function aliasProblems(document: Document, lines: LineCounter): YamlProblem[] {
  const problems: YamlProblem[] = [];
  visit(document, {
    Alias(_key, node) {
      problems.push({ ...placeAt(lines, node.range?.[0] ?? 0), message: aliasWords });
      return visit.BREAK;
    },
  });
  return problems;
}

/** The line and column of an offset, both from 1. */
export function placeAt(lines: LineCounter, offset: number): { readonly line: number; readonly column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
