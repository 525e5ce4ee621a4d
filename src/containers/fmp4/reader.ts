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
  /** Bytes of the stream before its moov box. */
  readonly at: number;
  readonly movie: Movie;
}

/** A fragment with its payload. */
export interface FragmentEvent {
  readonly type: "fragment";
  /** Bytes of the stream before its moof box. */
  readonly at: number;
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
  /** Where the box begins that is being read. */
  #at: number | undefined;
  #moof: { readonly at: number; readonly bytes: Uint8Array; readonly fragment: MovieFragment } | undefined;
  #references: (ProducerReference & { readonly trackId: number })[] = [];
  /** By track, where what was read of it ends, in its ticks. */
  readonly #ends = new Map<number, number>();

  /** Something was begun and is not complete: a box, or a fragment without its payload. */
  get pending(): boolean {
    return this.#moof !== undefined || this.#splitter.pending > 0;
  }

  /** Bytes of the boxes that were read: where the next begins, or the one that is wrong. */
  get position(): number {
    return this.#at ?? this.#splitter.position;
  }

  /**
   * What `piece` completes. Events hold views of it: whoever passes a piece gives it away.
   *
   * Throws `ProtocolError`, after which nothing more can be read.
   */
  push(piece: Uint8Array): Fmp4Event[] {
    const events: Fmp4Event[] = [];
    const begun = this.#splitter.position;
    const boxes = this.#splitter.push(piece);
    this.#at = begun;
    for (const each of boxes) {
      const event = this.#box(each, this.#at);
      if (event !== undefined) events.push(event);
      this.#at += each.bytes.length;
    }
    this.#at = undefined;
    return events;
  }

  #box(each: Box, at: number): Fmp4Event | undefined {
    if (this.#moof !== undefined && each.type !== "mdat") throw new ProtocolError("order", `${each.type} box between moof and mdat`);
    switch (each.type) {
      case "moov":
        this.#movie = readMoov(each.payload);
        this.#ends.clear();
        return { type: "init", at, movie: this.#movie };
      case "prft":
        if (this.#references.length === mostReferences)
          throw new ProtocolError("limit", `more than ${mostReferences} prft boxes without a moof`);
        this.#references.push(readPrft(each.payload));
        return undefined;
      case "moof":
        this.#moof = { at, bytes: each.bytes, fragment: this.#read(each.payload, at) };
        return undefined;
      case "mdat":
        return this.#fragment(each);
      default:
        return undefined;
    }
  }

  #read(payload: Uint8Array, at: number): MovieFragment {
    const fragment = readMoof(payload, this.#current(), { at, ends: this.#ends });
    for (const { trackId, decodeTime, samples } of fragment.tracks)
      this.#ends.set(
        trackId,
        samples.reduce((end, { duration }) => end + duration, decodeTime),
      );
    return fragment;
  }

  #current(): Movie {
    if (this.#movie === undefined) throw new ProtocolError("order", "moof box before the moov box");
    return this.#movie;
  }

  #fragment(mdat: Box): FragmentEvent {
    const moof = this.#moof;
    if (moof === undefined && this.#movie === undefined)
      throw new ProtocolError("unsupported", "the MP4 is not fragmented, and its moov box comes behind the media");
    if (moof === undefined) throw new ProtocolError("order", "mdat box without a moof box before it");
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
    return {
      type: "fragment",
      at: moof.at,
      movie: this.#current(),
      fragment: moof.fragment,
      references,
      parts: [moof.bytes, mdat.bytes],
      payloads,
    };
  }
}
