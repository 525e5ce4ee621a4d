import { type Answer, fetchRefusals } from "./api.ts";
import { element, setText } from "./element.ts";
import type { RefusedAttempt } from "./facts.ts";
import { count, duration, encoderName } from "./format.ts";
import { poll } from "./poll.ts";

/** Milliseconds between two questions, and where the server says that the list is not for everybody. */
const askEvery = 4000;
const askAgain = 60_000;
/** Entries that are shown at first. */
const shownAtFirst = 3;
/** The list opens by itself while somebody was refused so short a time ago. Milliseconds. */
const recent = 15 * 60_000;

/**
 * The attempts that the server refused: encoders hide what they were told. It is for the operator. Whoever else opens the page is
 * asked for the key, which is kept in this page's memory and nowhere else.
 */
export class RefusalPanel {
  readonly #panel: HTMLDetailsElement;
  readonly #title = element("span");
  readonly #rows = element("ul", { class: "refusals" });
  readonly #more = element("button", { type: "button", class: "quiet-button", hidden: "" });
  readonly #form: HTMLFormElement;
  readonly #input = element("input", { type: "password", autocomplete: "off", spellcheck: "false", required: "" });
  readonly #words = element("p", { role: "status" });
  #attempts: readonly RefusedAttempt[] = [];
  #key = "";
  #rendered = "";
  #showsAll = false;
  #wasOpened = false;

  /** @param panel the element of the page that it fills */
  constructor(panel: HTMLDetailsElement) {
    this.#panel = panel;
    this.#form = element(
      "form",
      { class: "key-form", hidden: "" },
      element("label", {}, element("span", {}, "Publish key"), this.#input),
      element("button", { type: "submit", class: "copy-button" }, "Show"),
    );
    panel.append(element("summary", {}, this.#title), this.#words, this.#form, this.#rows, this.#more);
    this.#more.addEventListener("click", () => {
      this.#showsAll = true;
      this.#show();
    });
  }

  /** Asks the server, now and from time to time. */
  start(): void {
    const askNow = poll(() => this.#ask());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#key = this.#input.value.trim();
      askNow();
    });
  }

  async #ask(): Promise<number> {
    const sent = this.#key;
    const answer = await fetchRefusals(sent);
    if (answer.kind === "ok") {
      this.#attempts = answer.value;
      this.#input.value = "";
      this.#show();
      return askEvery;
    }
    // What was there stays, as the list of streams does.
    if (answer.kind === "refused" && answer.status === 401) this.#askForKey(answer, sent);
    return answer.kind === "refused" ? askAgain : askEvery;
  }

  #show(): void {
    const [newest] = this.#attempts;
    this.#panel.hidden = newest === undefined;
    this.#form.hidden = true;
    if (newest === undefined) return;
    const now = Date.now();
    setText(this.#title, `Refused: ${count(this.#attempts.length, "attempt", "attempts")}`);
    setText(this.#words, "Who wanted to publish or watch and was told no, since the server started. Encoders seldom show the reason.");
    const shown = this.#showsAll ? this.#attempts : this.#attempts.slice(0, shownAtFirst);
    this.#render(shown, now);
    this.#more.hidden = shown.length === this.#attempts.length;
    setText(this.#more, `Show all ${this.#attempts.length}`);
    if (this.#wasOpened || now - Date.parse(newest.at) > recent) return;
    this.#wasOpened = true;
    this.#panel.open = true;
  }

  /** Rows that say the same stay: somebody may be reading, or copying. */
  #render(shown: readonly RefusedAttempt[], now: number): void {
    const text = JSON.stringify(shown);
    if (text !== this.#rendered) this.#rows.replaceChildren(...shown.map(row));
    this.#rendered = text;
    for (const [index, time] of [...this.#rows.querySelectorAll("time")].entries()) {
      setText(time, `${duration(now - Date.parse(shown[index]!.at))} ago`);
    }
  }

  #askForKey({ message }: Answer<unknown> & { readonly kind: "refused" }, sent: string): void {
    this.#attempts = [];
    this.#render([], 0);
    this.#more.hidden = true;
    this.#panel.hidden = false;
    this.#form.hidden = false;
    setText(this.#title, "Refused attempts");
    setText(this.#words, sent === "" ? message : "This is not the key that publishes every stream.");
  }
}

/** Without how long ago it was, which changes. */
function row(attempt: RefusedAttempt): HTMLLIElement {
  const { at, intent, stream, reason } = attempt;
  const when = element("time", { datetime: at, title: new Date(at).toLocaleString() });
  const what = element("span", { class: "pill", "data-state": "bad" }, intent === "publish" ? "Publish" : "Watch");
  return element(
    "li",
    {},
    element("div", { class: "who" }, element("b", {}, stream === "" ? "no name" : stream), what),
    element("p", {}, reason),
    element("small", {}, `${fromText(attempt)} · `, when, attempt.count > 1 ? ` · ${count(attempt.count, "time", "times")}` : ""),
  );
}

function fromText({ client, protocol, address }: RefusedAttempt): string {
  // What browsers call themselves is long and says little.
  const name = client.startsWith("Mozilla/") ? "A browser" : encoderName(client);
  const how = protocol.toUpperCase();
  return `${name === "" ? how : `${name} over ${how}`} from ${address}`;
}
