import type { LineNotes, Words } from "./conf-line.ts";
import type { ConfRedirect } from "./conf-model.ts";
import type { Section } from "./section.ts";

/** `<Redirect NAME>`. */
export class RedirectSection implements Section {
  readonly tag = "Redirect";
  readonly #name: string;
  readonly #line: number;
  #url = "";

  constructor(name: string, line: number) {
    this.#name = name;
    this.#line = line;
  }

  directive(keyword: string, words: Words): boolean {
    if (keyword !== "url") return false;
    this.#url = words.next();
    return true;
  }

  end(notes: LineNotes): ConfRedirect {
    if (this.#url === "") notes.error("No URL found for <Redirect>");
    return { name: this.#name, line: this.#line, url: this.#url };
  }
}
