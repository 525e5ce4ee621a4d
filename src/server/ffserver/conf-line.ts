import type { ConfigProblem } from "../config/problem.ts";

/** Bytes of a line that ffserver read; what was longer became two lines. */
const maxLine = 1023;
/** Mistakes, and warnings, that are told; after them it is said that there are more. */
const maxNotes = 50;

/** The words of a line, taken one after the other. */
export class Words {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next word, or what stands between the next pair of quotes; "" where there is none. There are no escapes. */
  next(): string {
    const text = this.#text;
    while (isSpace(text[this.#at])) this.#at++;
    const quote = text[this.#at];
    const isQuoted = quote === '"' || quote === "'";
    const from = isQuoted ? this.#at + 1 : this.#at;
    let to = from;
    while (to < text.length && (isQuoted ? text[to] !== quote : !isSpace(text[to]))) to++;
    this.#at = isQuoted ? to + 1 : to;
    return text.slice(from, to);
  }
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && " \t\v\f\r\n".includes(character);
}

/** One line with a directive on it. */
export interface ConfLine {
  /** From 1. */
  readonly number: number;
  /** As it is written; case means nothing. */
  readonly keyword: string;
  readonly words: Words;
  readonly notes: LineNotes;
}

/** What is to be said of one line. */
export interface LineNotes {
  /** The file is not taken. */
  error(message: string): void;
  /** It is, but something should be changed or will be otherwise than with ffserver. */
  warn(message: string): void;
}

/** Mistakes and warnings, by their lines. */
export class ConfNotes {
  readonly file: string;
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];

  constructor(file: string) {
    this.file = file;
  }

  /** @param line from 1; undefined for what is about the whole file */
  at(line: number | undefined): LineNotes {
    return {
      error: (message) => this.#add(this.errors, line, message),
      warn: (message) => this.#add(this.warnings, line, message),
    };
  }

  #add(list: ConfigProblem[], line: number | undefined, message: string): void {
    const place = { kind: "file" as const, name: this.file, ...(line !== undefined && { line }) };
    if (list.length < maxNotes) list.push({ place, key: "", message });
    else if (list.length === maxNotes) list.push({ place, key: "", message: "and more behind it" });
  }
}

/** The lines that are neither empty nor comments, until more mistakes have been found than are told. */
export function* confLines(text: string, notes: ConfNotes): Generator<ConfLine, void, undefined> {
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    if (notes.errors.length > maxNotes) return;
    const words = new Words(line);
    const trimmed = line.trimStart();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const own = notes.at(number);
    if (line.length > maxLine) own.error(`a line of ${line.length} characters, where ffserver read ${maxLine}`);
    else if (line.includes("\0")) own.error("a zero byte: this is no text");
    else yield { number, keyword: words.next(), words, notes: own };
  }
}
