import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { MAX_ID_LENGTH, MAX_SIZE_LENGTH, readId, readVint, vintLength } from "./ebml.ts";
import { ElementId } from "./ids.ts";

/** Bytes of a block, at most: as much as an FLV tag can have. */
export const MAX_BLOCK = 16 * 1024 * 1024;
/** Bytes of an element that we pass over. Fonts and pictures in attachments have a few megabytes. */
const MAX_SKIPPED = 64 * 1024 * 1024;
/** Bytes of what describes a document or its tracks: records with pictures in them (FLAC) included. */
const MAX_HEADER = 4096;
const MAX_INFO = 64 * 1024;
const MAX_TRACKS_SIZE = 1024 * 1024;
const MAX_INTEGER = 8;

export interface MatroskaReaderSink {
  /** A Segment or a Cluster begins; what was open of its kind has ended. */
  begins(id: typeof ElementId.segment | typeof ElementId.cluster): void;
  /** An EBML header, Info, Tracks, a cluster's Timestamp, a block or block group. The sink's to keep, as `push` says. */
  element(id: number, data: Uint8Array): void;
}

/** A master that is being read through. */
interface Open {
  readonly id: typeof ElementId.segment | typeof ElementId.cluster;
  /** Position of its end at the latest: its parent's where its size is unknown. */
  readonly end: number;
  readonly isSized: boolean;
}

/** What ends a Cluster or Segment of unknown size: what can lie only beside or above it (RFC 8794 6.2). */
const levelOne: ReadonlySet<number> = new Set([
  ElementId.seekHead,
  ElementId.info,
  ElementId.tracks,
  ElementId.cluster,
  ElementId.cues,
  ElementId.attachments,
  ElementId.chapters,
  ElementId.tags,
]);
const topLevel: ReadonlySet<number> = new Set([ElementId.ebml, ElementId.segment]);

/**
 * Finds the elements of a Matroska stream that comes in pieces cut anywhere, one document after another (a second EBML header begins a new
 * one). Segments and Clusters may be of unknown size; they are read through. What says nothing to a live stream (Cues, Tags, Void, SeekHead,
 * Chapters, Attachments, and what we do not know) is passed over without being kept, and CRC-32 is not checked.
 *
 * After a throw it is not to be used again.
 */
export class MatroskaReader {
  readonly #sink: MatroskaReaderSink;
  readonly #maxBlock: number;
  readonly #head = new Uint8Array(MAX_ID_LENGTH + MAX_SIZE_LENGTH);
  #headLength = 0;
  /** Bytes read so far. */
  #at = 0;
  readonly #open: Open[] = [];
  #documents = 0;
  /** The element whose body is being read: its id, undefined where it is passed over; bytes left; its pieces. */
  #body: { readonly id: number | undefined; left: number } | undefined;
  #pieces: Uint8Array[] = [];

  /** @param maxBlock bytes of a block, at most */
  constructor(sink: MatroskaReaderSink, maxBlock = MAX_BLOCK) {
    this.#sink = sink;
    this.#maxBlock = maxBlock;
  }

  /**
   * @param data the next piece; nobody may write to it afterwards
   * @throws ProtocolError if it is not Matroska or something is larger than allowed
   */
  push(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      const body = this.#body;
      if (body === undefined) {
        this.#headByte(data[at]!);
        at += 1;
        continue;
      }
      const length = Math.min(body.left, data.length - at);
      if (body.id !== undefined) this.#pieces.push(data.subarray(at, at + length));
      at += length;
      this.#at += length;
      body.left -= length;
      if (body.left === 0) this.#complete(body.id);
    }
  }

  /** The input has ended. @throws ProtocolError("truncated") if it may not end here */
  end(): void {
    if (this.#documents === 0) throw new ProtocolError("truncated", "the input ended before an EBML header");
    const isWithin = this.#headLength > 0 || this.#body !== undefined || this.#open.some(({ isSized }) => isSized);
    if (isWithin) throw new ProtocolError("truncated", "the input ended within an element of Matroska");
  }

  #headByte(byte: number): void {
    this.#head[this.#headLength] = byte;
    this.#headLength += 1;
    this.#at += 1;
    const idLength = vintLength(this.#head[0]!);
    if (idLength > MAX_ID_LENGTH) throw this.#lost();
    if (this.#headLength <= idLength) return;
    const sizeLength = vintLength(this.#head[idLength]!);
    if (sizeLength > MAX_SIZE_LENGTH) throw this.#lost();
    if (this.#headLength < idLength + sizeLength) return;
    const reader = new Reader(this.#head.subarray(0, this.#headLength));
    this.#headLength = 0;
    const id = readId(reader);
    this.#begin(id, readVint(reader));
  }

  #lost(): ProtocolError {
    return new ProtocolError("malformed", this.#documents === 0 ? notMatroska : `Matroska: no element at byte ${this.#at - 1}`);
  }

  #begin(id: number, size: number | undefined): void {
    if (this.#documents === 0 && id !== ElementId.ebml) throw new ProtocolError("malformed", notMatroska);
    this.#closeFor(id);
    const parent = this.#open.at(-1);
    const most = parent?.end ?? Infinity;
    const end = size === undefined ? most : this.#at + size;
    if (end > most) throw new ProtocolError("malformed", `Matroska: ${nameOf(id)} reaches beyond its parent`);
    if (id === ElementId.segment || id === ElementId.cluster) {
      this.#open.push({ id, end, isSized: size !== undefined });
      this.#sink.begins(id);
      return this.#closeEnded();
    }
    if (size === undefined) throw new ProtocolError("malformed", `Matroska: ${nameOf(id)} of unknown size`);
    const limit = this.#limitOf(id, parent?.id);
    if (size > (limit ?? MAX_SKIPPED))
      throw new ProtocolError("limit", `Matroska: ${nameOf(id)} of ${size} bytes, ${limit ?? MAX_SKIPPED} allowed`);
    this.#body = { id: limit === undefined ? undefined : id, left: size };
    if (size === 0) this.#complete(this.#body.id);
  }

  /** Closes masters of unknown size that this element ends, and refuses it where it may not stand. */
  #closeFor(id: number): void {
    const ends = (open: Open): boolean => topLevel.has(id) || (open.id === ElementId.cluster && levelOne.has(id));
    for (let open = this.#open.at(-1); open !== undefined && ends(open); open = this.#open.at(-1)) {
      if (open.isSized) throw new ProtocolError("malformed", `Matroska: ${nameOf(id)} in ${nameOf(open.id)}`);
      this.#open.pop();
    }
    if (id === ElementId.ebml) this.#documents += 1;
    const isFree = topLevel.has(id) || id === ElementId.void || id === ElementId.crc32;
    if (this.#open.length === 0 && !isFree) throw new ProtocolError("order", `Matroska: ${nameOf(id)} outside a Segment`);
  }

  /** Bytes that an element we read may have; undefined for one that is passed over. */
  #limitOf(id: number, parent: number | undefined): number | undefined {
    switch (id) {
      case ElementId.ebml:
        return MAX_HEADER;
      case ElementId.info:
        return MAX_INFO;
      case ElementId.tracks:
        return MAX_TRACKS_SIZE;
      case ElementId.timestamp:
        return parent === ElementId.cluster ? MAX_INTEGER : undefined;
      case ElementId.simpleBlock:
      case ElementId.blockGroup:
        return parent === ElementId.cluster ? this.#maxBlock : undefined;
      default:
        return undefined;
    }
  }

  #complete(id: number | undefined): void {
    this.#body = undefined;
    const pieces = this.#pieces;
    this.#pieces = [];
    if (id !== undefined) this.#sink.element(id, pieces.length === 1 ? pieces[0]! : joined(pieces));
    this.#closeEnded();
  }

  /** Closes masters whose last byte this was. */
  #closeEnded(): void {
    while (this.#open.at(-1)?.end === this.#at) this.#open.pop();
  }
}

const notMatroska = "not Matroska or WebM: no EBML header at its beginning";

function nameOf(id: number): string {
  const known = Object.entries(ElementId).find(([, value]) => value === id);
  return known?.[0] ?? `element ${id.toString(16)}`;
}
