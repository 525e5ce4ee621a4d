/**
 * Options as FFmpeg writes them into an FFM header: `key=value,key=value`. A backslash takes its meaning from the character behind it, and
 * between single quotes none has one; spaces around a value are no part of it unless a backslash stands before them.
 */
import { ProtocolError } from "../../bytes/protocol-error.ts";

/** Options by their names, in the order they are written. */
export type FfmOptions = ReadonlyMap<string, string>;

/** Characters of an option string; the longest that FFmpeg writes has some 500. */
export const MAX_OPTION_STRING = 16 * 1024;
const MAX_OPTIONS = 512;

/**
 * Reads a string of options. A name that comes twice has its last value; one without `=` has the value "".
 *
 * @throws ProtocolError where it is absurdly long or has no names
 */
export function parseOptions(text: string): FfmOptions {
  if (text.length > MAX_OPTION_STRING) throw new ProtocolError("limit", `FFM: options of ${text.length} characters`);
  const options = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    if (options.size === MAX_OPTIONS) throw new ProtocolError("limit", `FFM: more than ${MAX_OPTIONS} options`);
    const key = takeToken(text, at, "=,");
    if (key.text === "") throw new ProtocolError("malformed", "FFM: an option without a name");
    const hasValue = text[key.end] === "=";
    const value = hasValue ? takeToken(text, key.end + 1, ",") : { text: "", end: key.end };
    options.set(key.text, value.text);
    at = value.end + 1;
  }
  return options;
}

/** The characters from `start` up to one of `stops`, or the end. */
function takeToken(text: string, start: number, stops: string): { readonly text: string; readonly end: number } {
  let at = start;
  while (isSpace(text[at])) at++;
  let out = "";
  /** Length of what must not be cut from the end as space. */
  let kept = 0;
  for (; at < text.length && !stops.includes(text[at]!); at++) {
    const character = text[at]!;
    if (character === "\\" && at + 1 < text.length) out += text[++at]!;
    else if (character === "'") {
      const closing = text.indexOf("'", at + 1);
      const end = closing < 0 ? text.length : closing;
      out += text.slice(at + 1, end);
      at = end;
    } else {
      out += character;
      if (isSpace(character)) continue;
    }
    kept = out.length;
  }
  return { text: out.slice(0, kept), end: Math.min(at, text.length) };
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\n" || character === "\t" || character === "\r";
}

/** The string of some options, which `parseOptions` and FFmpeg read back as they are. */
export function optionString(options: FfmOptions): string {
  return [...options].map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join(",");
}

function escaped(text: string): string {
  return text.replaceAll(/[\\',=]|^[ \n\t\r]|[ \n\t\r]$/g, "\\$&");
}
