import type { AclRow } from "./acl.ts";
import { readAclRow } from "./acl.ts";
import { leadingNumber } from "./c-number.ts";
import type { LineNotes, Words } from "./conf-line.ts";
import type { ConfFeed } from "./conf-model.ts";
import type { Section } from "./section.ts";

/** Pages of a ring file, of 4096 bytes, that it has at least. */
const leastPages = 4;
const pageSize = 4096;
/** Words of Launch; ffserver took 62. */
const maxWords = 62;
/** Rows of one ACL. */
const maxRows = 1000;
const defaultSize = 5 * 1024 * 1024;
const units: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** `<Feed NAME>`. */
export class FeedSection implements Section {
  readonly tag = "Feed";
  readonly #name: string;
  readonly #line: number;
  #file: string;
  #hasFile = false;
  #readOnly = false;
  #maxSize = defaultSize;
  #truncate = false;
  #launch: readonly string[] = [];
  readonly #acl: AclRow[] = [];

  constructor(name: string, line: number) {
    this.#name = name;
    this.#line = line;
    this.#file = `/tmp/${name}.ffm`;
  }

  directive(keyword: string, words: Words, notes: LineNotes): boolean {
    switch (keyword) {
      case "file":
      case "readonlyfile":
        this.#file = words.next();
        this.#hasFile = true;
        this.#readOnly = keyword === "readonlyfile";
        if (this.#file === "") notes.error("a file's path is missing");
        return true;
      case "filemaxsize":
        this.#fileMaxSize(words.next(), notes);
        return true;
      case "truncate":
        this.#truncate = readTruncate(words.next(), notes);
        return true;
      case "launch":
        this.#launch = readLaunch(words, notes);
        return true;
      case "acl":
        addAclRow(this.#acl, words, notes);
        return true;
      default:
        return false;
    }
  }

  end(): ConfFeed {
    return {
      name: this.#name,
      line: this.#line,
      file: this.#file,
      hasFile: this.#hasFile,
      readOnly: this.#readOnly,
      maxSize: this.#maxSize,
      truncate: this.#truncate,
      launch: this.#launch,
      acl: this.#acl,
    };
  }

  #fileMaxSize(text: string, notes: LineNotes): void {
    const number = leadingNumber(text);
    const unit = units[number?.rest[0]?.toUpperCase() ?? ""];
    const size = Math.trunc((number?.value ?? Number.NaN) * (unit ?? Number.NaN));
    if (!Number.isSafeInteger(size)) notes.error(`Invalid file size: '${text}'; a unit belongs to it: 200M`);
    else if (size < leastPages * pageSize) notes.error(`Feed max file size is too small. Must be at least ${leastPages * pageSize}.`);
    else this.#maxSize = size;
  }
}

function readTruncate(text: string, notes: LineNotes): boolean {
  if (text === "") return true;
  notes.warn("Truncate N syntax in configuration file is deprecated. Use Truncate alone with no arguments.");
  return (leadingNumber(text)?.value ?? 0) !== 0;
}

function readLaunch(words: Words, notes: LineNotes): string[] {
  const launch: string[] = [];
  for (let word = words.next(); word !== ""; word = words.next()) launch.push(word);
  if (launch.length === 0) notes.error("Launch without a program");
  if (launch.length > maxWords) notes.error(`Launch of ${launch.length} words, where ffserver took ${maxWords}`);
  return launch;
}

/** One more row of a list, if it can be read. */
export function addAclRow(rows: AclRow[], words: Words, notes: LineNotes): void {
  const row = readAclRow(words, notes);
  if (row !== undefined && rows.length === maxRows) notes.error(`more than ${maxRows} lines of ACL`);
  else if (row !== undefined) rows.push(row);
}
