import type { LineNotes, Words } from "./conf-line.ts";

/** What stands between an opening and a closing tag. */
export interface Section {
  /** As it is written in both. */
  readonly tag: "Feed" | "Stream" | "Redirect";
  /** @param keyword in lower case; `written` as it stands there. Returns false for one that has no place here. */
  directive(keyword: string, words: Words, notes: LineNotes, written: string): boolean;
}
