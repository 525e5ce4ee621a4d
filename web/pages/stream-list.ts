import type { StreamFacts } from "./facts.ts";
import { codecName } from "./format.ts";
import { StreamRow } from "./stream-row.ts";

/** The list on the first page, one row for each stream, sorted by name. */
export class StreamList {
  readonly #element: HTMLElement;
  readonly #rows = new Map<string, StreamRow>();

  constructor(list: HTMLElement) {
    this.#element = list;
  }

  /** @param now Unix milliseconds */
  show(streams: readonly StreamFacts[], now: number): void {
    const gone = new Set(this.#rows.keys());
    let before: Element | null = this.#element.firstElementChild;
    for (const stream of streams.toSorted(byName)) {
      gone.delete(stream.name);
      const row = this.#row(stream.name);
      row.update(stream, now);
      // A row that already stands in its place is not touched: moving it would take the focus away.
      if (row.element === before) before = before.nextElementSibling;
      else this.#element.insertBefore(row.element, before);
    }
    for (const name of gone) {
      this.#rows.get(name)?.element.remove();
      this.#rows.delete(name);
    }
  }

  #row(name: string): StreamRow {
    const row = this.#rows.get(name) ?? new StreamRow(name);
    this.#rows.set(name, row);
    return row;
  }
}

function byName(a: StreamFacts, b: StreamFacts): number {
  return a.name.localeCompare(b.name, "en", { numeric: true });
}

/** Streams in which each word of `filter` occurs: in the name, the state, a codec or the encoder. */
export function filtered(streams: readonly StreamFacts[], filter: string): readonly StreamFacts[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return streams;
  return streams.filter((stream) => {
    const codecs = stream.tracks.map((track) => codecName(track.codec));
    const text = [stream.name, stream.state, stream.publisher?.encoder ?? "", ...codecs].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
