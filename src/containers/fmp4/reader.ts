/**
 * Reads a fragmented MP4 stream in pieces cut anywhere: init segments and fragments, as a player or a test wants
 * them. Strict: what a live stream has no use for is an error, and errors are always `ProtocolError`.
 */
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { BoxSplitter } from "./box-reader.ts";
import type { Box } from "./box-reader.ts";
import type { ProducerReference } from "./fragment.ts";
import { readMoof, readPrft } from "./read-moof.ts";
import type { MovieFragment } from "./read-moof.ts";
import { readMoov } from "./read-moov.ts";
import type { Movie } from "./read-moov.ts";

/** An init segment. */
export interface InitEvent {
  readonly type: "init";
  readonly movie: Movie;
}

/** A fragment with its payload. */
export interface FragmentEvent {
  readonly type: "fragment";
  readonly movie: Movie;
  readonly fragment: MovieFragment;
  /** Wall clocks that came before it. */
  readonly references: readonly (ProducerReference & { readonly trackId: number })[];
  /** The moof and mdat boxes, ready for a SourceBuffer. */
  readonly parts: readonly [moof: Uint8Array, mdat: Uint8Array];
  /** Payloads of the samples of all tracks of the fragment, in the order of `fragment`; views of the mdat. */
  readonly payloads: readonly Uint8Array[];
}

/** What an `Fmp4Reader` finds. */
export type Fmp4Event = InitEvent | FragmentEvent;

/** Wall clocks that may be waiting for their fragment. */
const mostReferences = 64;

/** One for each stream: a fragment is read with the init segment that came before it. */
export class Fmp4Reader {
  readonly #splitter = new BoxSplitter();
  #movie: Movie | undefined;
  #moof: { readonly bytes: Uint8Array; readonly fragment: MovieFragment } | undefined;
  #references: (ProducerReference & { readonly trackId: number })[] = [];

  /** Something was begun and is not complete: a box, or a fragment without its payload. */
  get pending(): boolean {
    return this.#moof !== undefined || this.#splitter.pending > 0;
  }

  /**
   * What `piece` completes. Events hold views of it: whoever passes a piece gives it away.
   *
   * Throws `ProtocolError`, after which nothing more can be read.
   */
  push(piece: Uint8Array): Fmp4Event[] {
    const events: Fmp4Event[] = [];
    for (const each of this.#splitter.push(piece)) {
      const event = this.#box(each);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #box(each: Box): Fmp4Event | undefined {
    if (this.#moof !== undefined && each.type !== "mdat") throw new ProtocolError("order", `${each.type} box between moof and mdat`);
    switch (each.type) {
      case "moov":
        this.#movie = readMoov(each.payload);
        return { type: "init", movie: this.#movie };
      case "prft":
        if (this.#references.length === mostReferences)
          throw new ProtocolError("limit", `more than ${mostReferences} prft boxes without a moof`);
        this.#references.push(readPrft(each.payload));
        return undefined;
      case "moof":
        this.#moof = { bytes: each.bytes, fragment: readMoof(each.payload, this.#current()) };
        return undefined;
      case "mdat":
        return this.#fragment(each);
      default:
        return undefined;
    }
  }

  #current(): Movie {
    if (this.#movie === undefined) throw new ProtocolError("order", "moof box before the moov box");
    return this.#movie;
  }

  #fragment(mdat: Box): FragmentEvent {
    const moof = this.#moof;
    if (moof === undefined)
      throw new ProtocolError("order", "mdat box without a moof box before it: MP4 that is not fragmented is not read");
    const references = this.#references;
    this.#moof = undefined;
    this.#references = [];
    const payloadAt = moof.bytes.length + (mdat.bytes.length - mdat.payload.length);
    const payloads = moof.fragment.tracks.flatMap((track) =>
      track.samples.map((sample) => {
        const at = sample.offset - payloadAt;
        if (at < 0 || at + sample.size > mdat.payload.length) throw new ProtocolError("malformed", "a sample lies outside its mdat");
        return mdat.payload.subarray(at, at + sample.size);
      }),
    );
    return { type: "fragment", movie: this.#current(), fragment: moof.fragment, references, parts: [moof.bytes, mdat.bytes], payloads };
  }
}
