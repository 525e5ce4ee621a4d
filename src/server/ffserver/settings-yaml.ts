/** Settings as YAML that `millrace --config` takes, whatever characters stand in their names and values. */

/** Characters of a line of text, which is folded there: the reader takes 2000. */
const longestPiece = 900;

/** Lines of a group, each with its line's beginning. What is empty is left out. */
export function yamlLines(settings: Readonly<Record<string, unknown>>, indent = ""): string[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const written = plainKey(key);
    if (written.length <= longestPiece) return entry(`${indent}${written}:`, value, indent);
    // A key beside its colon may have 1024 characters (7.4.2).
    return [...scalar(`${indent}? `, key, indent), ...entry(`${indent}:`, value, indent)];
  });
}

function entry(head: string, value: unknown, indent: string): string[] {
  if (Array.isArray(value)) return [head, ...value.flatMap((item) => listItem(item, `${indent}  `))];
  if (typeof value === "object" && value !== null) {
    const lines = yamlLines(value as Readonly<Record<string, unknown>>, `${indent}  `);
    return lines.length === 0 ? [`${head} {}`] : [head, ...lines];
  }
  return scalar(`${head} `, value, indent);
}

function listItem(item: unknown, indent: string): string[] {
  if (typeof item !== "object" || item === null) return scalar(`${indent}- `, item, indent);
  const [first = "", ...rest] = yamlLines(item as Readonly<Record<string, unknown>>, `${indent}  `);
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

function scalar(head: string, value: unknown, indent: string): string[] {
  if (typeof value !== "string") return [`${head}${String(value)}`];
  if (/^[A-Za-z][\w./-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off)$/i.test(value)) return [`${head}${value}`];
  const pieces = quotedPieces(value);
  return pieces.map((piece, at) => {
    const begin = at === 0 ? `${head}"` : `${indent}    `;
    return `${begin}${piece}${at === pieces.length - 1 ? '"' : "\\"}`;
  });
}

function plainKey(key: string): string {
  return /^[A-Za-z][\w.-]*$/.test(key) && !/^(?:true|false|null|yes|no|on|off)$/i.test(key) ? key : `"${quotedPieces(key).join("")}"`;
}

/** The inside of a text in double quotes (YAML 1.2.2, 7.3.1), in pieces of which each but the last ends its line with a backslash. */
function quotedPieces(text: string): string[] {
  const pieces = [""];
  for (const character of text) {
    const last = pieces.length - 1;
    if (pieces[last]!.length >= longestPiece) pieces.push("");
    // White space at the beginning of a line is none of the text's.
    pieces[pieces.length - 1] += pieces.at(-1) === "" && character === " " ? "\\x20" : escaped(character);
  }
  return pieces;
}

/** Brackets too: a reader of settings takes few of them. */
function escaped(character: string): string {
  if (/^[ !#-Z^-z|~\u00a1-\u00ff]$/.test(character) && !/[[\]{}]/.test(character)) return character;
  if (character === '"' || character === "\\") return `\\${character}`;
  if (/^[\u0100-\u1fff\u2070-\ud7ff]$/.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
}
