import { element, setText } from "./element.ts";
import type { StreamFacts } from "./facts.ts";
import { bitRate, count, duration, encoderName, stateName, tracksText } from "./format.ts";
import { namePath } from "./stream-urls.ts";

/** One stream in the list. The element stays the same over updates, so that focus and hover do too. */
export class StreamRow {
  readonly element: HTMLLIElement;
  readonly #state = element("span", { class: "pill" });
  readonly #video = element("span");
  readonly #audio = element("span");
  readonly #rate = element("span", { class: "number" });
  readonly #viewers = element("span", { class: "number" });
  readonly #since = element("time", { class: "number" });
  readonly #from = element("small");

  constructor(name: string) {
    const link = element("a", { href: `watch/${namePath(name)}` }, name);
    this.element = element(
      "li",
      { class: "stream" },
      element("div", { class: "who" }, link, this.#state, this.#from),
      element("div", { class: "media" }, this.#video, this.#audio),
      element("div", { class: "load" }, this.#rate, this.#viewers, this.#since),
    );
  }

  /** @param now Unix milliseconds */
  update(stream: StreamFacts, now: number): void {
    setText(this.#state, stateName(stream.state));
    this.#state.dataset["state"] = stream.state;
    setText(this.#video, tracksText(stream.tracks, "video") || (stream.tracks.length > 0 ? "no picture" : ""));
    setText(this.#audio, tracksText(stream.tracks, "audio") || (stream.tracks.length > 0 ? "no sound" : ""));
    setText(this.#rate, stream.bitrate > 0 ? bitRate(stream.bitrate) : "");
    setText(this.#viewers, count(stream.viewers, "viewer", "viewers"));
    setText(this.#since, `on air ${duration(now - Date.parse(stream.since))}`);
    this.#since.dateTime = stream.since;
    this.#since.title = `since ${new Date(stream.since).toLocaleString()}`;
    setText(this.#from, publisherText(stream));
  }
}

function publisherText({ publisher, state }: StreamFacts): string {
  if (publisher === null) return state === "reconnecting" ? "the publisher was lost; viewers are kept" : "";
  const encoder = encoderName(publisher.encoder) || publisher.protocol.toUpperCase();
  return publisher.address === "" ? encoder : `${encoder} from ${publisher.address}`;
}
