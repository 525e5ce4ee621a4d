import { Fifo } from "../bytes/fifo.ts";
import type { Segment, SegmentInit, SegmentPart } from "./segment.ts";

/** How much of a rendition is kept. */
export interface SegmentRetention {
  /** Seconds of complete segments that are listed. */
  readonly window: number;
  /** Bytes of all segments, those included that are not listed any more. */
  readonly maxBytes: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A segment that is being made. */
type OpenSegment = { -readonly [Key in keyof Segment]: Segment[Key] } & { readonly parts: SegmentPart[] };

/**
 * The segments of one rendition, in order and without holes in their numbers: those that are listed, the one that is being made, and those that were taken
 * off the list and are served for as long again as the list is (RFC 8216 6.2.2).
 */
export class SegmentList {
  /** Seconds of complete segments that are listed. */
  window: number;
  readonly #retention: SegmentRetention;
  readonly #segments = new Fifo<OpenSegment>();
  /** For each segment that is not listed any more: when it may go, in monotonic milliseconds. */
  readonly #leaving = new Fifo<number>();
  #listedSeconds = 0;
  #bytes = 0;
  #nextPart = 0;
  /** Rises with every change. */
  version = 0;

  constructor(retention: SegmentRetention) {
    this.#retention = retention;
    this.window = retention.window;
  }

  /** Bytes of all segments kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Segments that are listed, the incomplete one last, if there is one. */
  listed(): Segment[] {
    return [...this.#segments].slice(this.#leaving.length);
  }

  /** The newest segment, complete or not. */
  get newest(): Segment | undefined {
    return this.#segments.last();
  }

  /** Number that the next part will have. */
  get nextPart(): number {
    return this.#nextPart;
  }

  /** Undefined for one that is not kept any more, or has not come. */
  segment(number: number): Segment | undefined {
    return this.#segments.at(number - (this.#segments.first()?.number ?? 0));
  }

  part(number: number): SegmentPart | undefined {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const { parts } = this.#segments.at(i)!;
      const first = parts[0]?.number;
      if (first !== undefined && first <= number) return parts[number - first];
    }
    return undefined;
  }

  init(number: number): SegmentInit | undefined {
    for (const { init } of this.#segments) if (init?.number === number) return init;
    return undefined;
  }

  open(facts: Omit<Segment, "parts" | "duration" | "length">): void {
    this.#segments.push({ ...facts, parts: [], duration: undefined, length: 0 });
    this.version += 1;
  }

  add(part: Omit<SegmentPart, "number">): void {
    const segment = this.#segments.last()!;
    segment.parts.push({ ...part, number: this.#nextPart });
    this.#nextPart += 1;
    segment.length += part.bytes.length;
    this.#bytes += part.bytes.length;
    this.version += 1;
  }

  /** @param duration seconds */
  complete(duration: number): void {
    this.#segments.last()!.duration = duration;
    this.#listedSeconds += duration;
    this.version += 1;
    this.#evict();
  }

  clear(): void {
    this.#segments.clear();
    this.#leaving.clear();
    this.#bytes = 0;
  }

  #evict(): void {
    const { window } = this;
    const { maxBytes, now } = this.#retention;
    const time = now();
    for (;;) {
      const oldest = this.#segments.at(this.#leaving.length);
      if (oldest?.duration === undefined || this.#listedSeconds - oldest.duration < window) break;
      this.#listedSeconds -= oldest.duration;
      this.#leaving.push(time + (oldest.duration + window) * 1000);
    }
    while (this.#segments.length > 1) {
      const isLeaving = this.#leaving.length > 0;
      if (!(isLeaving && this.#leaving.first()! <= time) && this.#bytes <= maxBytes) return;
      const oldest = this.#segments.shift()!;
      if (isLeaving) this.#leaving.shift();
      else this.#listedSeconds -= oldest.duration ?? 0;
      this.#bytes -= oldest.length;
    }
  }
}
