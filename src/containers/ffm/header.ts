/** The header of FFM: FFM2 in chunks, which is written too, and FFM1 in fixed fields, which is only read. */
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import { TrackKind } from "../../media/track.ts";
import { MAX_OPTION_STRING, parseOptions } from "./option-string.ts";
import type { FfmOptions } from "./option-string.ts";
import { PAGE_SIZE } from "./page.ts";
import { MAX_COMM, readComm, readExtra, readOldAudio, readOldVideo, skipOldVideo, writeComm, writeOptions } from "./stream-info.ts";
import type { FfmStream } from "./stream-info.ts";

/** Bytes of a header: 20 streams with the large ones of Vorbis and Theora have some 80,000. */
export const MAX_HEADER = 128 * PAGE_SIZE;
/** Streams in a header. */
export const MAX_STREAMS = 32;
/** Bytes before the first chunk: magic, page size, write index. */
const START = 16;

/** What a header says. */
export interface FfmHeader {
  /** Where the next page would be written in a ring file; 0 in a stream. */
  readonly writeIndex: number;
  readonly streams: readonly FfmStream[];
  /** Bytes, a whole number of pages. */
  readonly length: number;
}

/** Names of the chunks of FFM2; others are stepped over. */
const Chunk = { main: "MAIN", stream: "COMM", video: "S2VI", audio: "S2AU", privates: "CPRV", oldVideo: "STVI", oldAudio: "STAU" } as const;
const END = "\0\0\0\0";
/** Bytes of a chunk that is read. */
const MAX_CHUNK = Math.max(MAX_COMM, MAX_OPTION_STRING + 1);

/** Writes a header of FFM2: its pages. @param writeIndex 0 for a stream */
export function writeHeader(streams: readonly FfmStream[], writeIndex = 0): Uint8Array {
  if (streams.length > MAX_STREAMS) throw new RangeError(`${streams.length} streams in an FFM header, ${MAX_STREAMS} are possible`);
  const out = new Writer(PAGE_SIZE).ascii("FFM2").u32(PAGE_SIZE).u64(writeIndex);
  const chunk = (name: string, payload: Uint8Array): void => void out.ascii(name).u32(payload.length).bytes(payload);
  const total = streams.reduce((sum, { bitRate }) => sum + bitRate, 0);
  chunk(Chunk.main, new Writer(8).u32(streams.length).u32(Math.min(total, 0xffff_ffff)).done());
  for (const stream of streams) {
    chunk(Chunk.stream, writeComm(stream));
    if (stream.options.size > 0) chunk(stream.kind === TrackKind.video ? Chunk.video : Chunk.audio, writeOptions(stream.options));
    if (stream.privateOptions.size > 0) chunk(Chunk.privates, writeOptions(stream.privateOptions));
  }
  out.zeros(8);
  return out.zeros(pages(out.length) - out.length).done();
}

/** The length of so many bytes in whole pages. */
function pages(length: number): number {
  return Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
}

/** Collects a header page by page. */
export class HeaderReader {
  readonly #pages: Uint8Array[] = [];
  #chunks: ChunkReader | undefined;

  /**
   * @param page of `PAGE_SIZE` bytes; nobody may write to it afterwards
   * @returns the header, once it is complete with this page
   * @throws ProtocolError if it is none
   */
  push(page: Uint8Array): FfmHeader | undefined {
    this.#pages.push(page);
    if (this.#pages.length * PAGE_SIZE > MAX_HEADER) throw new ProtocolError("limit", `FFM: a header of more than ${MAX_HEADER} bytes`);
    const bytes = joined(this.#pages);
    const { version, writeIndex } = readStart(new Reader(bytes));
    const streams = version === 1 ? readFfm1(bytes) : (this.#chunks ??= new ChunkReader()).read(bytes);
    return streams && { writeIndex, streams, length: bytes.length };
  }
}

function readStart(reader: Reader): { readonly version: 1 | 2; readonly writeIndex: number } {
  const magic = reader.fourCc();
  if (magic !== "FFM1" && magic !== "FFM2") throw new ProtocolError("malformed", "not FFM: it does not begin with FFM1 or FFM2");
  const size = reader.u32();
  if (size !== PAGE_SIZE) throw new ProtocolError("malformed", `FFM: pages of ${size} bytes, where there are only such of ${PAGE_SIZE}`);
  const writeIndex = reader.u64();
  if (!Number.isSafeInteger(writeIndex)) throw new ProtocolError("malformed", "FFM: a write index beyond all files");
  return { version: magic === "FFM1" ? 1 : 2, writeIndex };
}

/** Reads chunks as far as they have come. */
class ChunkReader {
  #at = START;
  #hasMain = false;
  readonly #streams: FfmStream[] = [];
  /** Which chunks of the newest stream have come: options and private options are there once at most. */
  #has = { options: true, privates: true };

  /** @param bytes all of the header so far. Returns the streams once the end is reached. */
  read(bytes: Uint8Array): readonly FfmStream[] | undefined {
    while (bytes.length - this.#at >= 8) {
      const head = new Reader(bytes.subarray(this.#at));
      const name = head.fourCc();
      const length = head.u32();
      // Behind the end stands a length that says nothing, and zeros up to the end of its page.
      if (name === END) return pages(this.#at + 8) <= bytes.length ? this.#streams : undefined;
      if (length > MAX_HEADER) throw new ProtocolError("limit", `FFM: a chunk ${JSON.stringify(name)} of ${length} bytes`);
      if (head.left < length) return undefined;
      this.#chunk(name, head.bytes(length));
      this.#at += 8 + length;
    }
    return undefined;
  }

  #chunk(name: string, payload: Uint8Array): void {
    const reader = new Reader(payload);
    switch (name) {
      case Chunk.main:
        if (this.#hasMain) throw new ProtocolError("malformed", "FFM: a second chunk MAIN");
        this.#hasMain = true;
        return;
      case Chunk.stream:
        limit(name, payload);
        if (this.#streams.length === MAX_STREAMS) throw new ProtocolError("limit", `FFM: more than ${MAX_STREAMS} streams`);
        this.#streams.push(readStream(reader));
        this.#has = { options: false, privates: false };
        return;
      case Chunk.video:
      case Chunk.audio:
        limit(name, payload);
        return this.#options(name, name === Chunk.video ? TrackKind.video : TrackKind.audio, parseOptions(untilZero(payload)));
      case Chunk.oldVideo:
        return this.#options(name, TrackKind.video, readOldVideo(reader));
      case Chunk.oldAudio:
        return this.#options(name, TrackKind.audio, readOldAudio(reader));
      case Chunk.privates:
        limit(name, payload);
        if (this.#has.privates) throw new ProtocolError("malformed", "FFM: a chunk CPRV that belongs to no stream");
        this.#has.privates = true;
        return this.#amend({ privateOptions: parseOptions(untilZero(payload)) });
      default:
        return;
    }
  }

  #options(name: string, kind: FfmStream["kind"], options: FfmOptions): void {
    if (this.#has.options || this.#streams.at(-1)?.kind !== kind)
      throw new ProtocolError("malformed", `FFM: a chunk ${name} that belongs to no stream`);
    this.#has.options = true;
    this.#amend({ options });
  }

  #amend(part: Partial<FfmStream>): void {
    this.#streams.push({ ...this.#streams.pop()!, ...part });
  }
}

function readStream(reader: Reader): FfmStream {
  const { stream, hasExtradata } = readComm(reader);
  return hasExtradata ? { ...stream, extradata: readExtra(reader) } : stream;
}

function limit(name: string, payload: Uint8Array): void {
  if (payload.length > MAX_CHUNK) throw new ProtocolError("limit", `FFM: a chunk ${name} of ${payload.length} bytes, ${MAX_CHUNK} allowed`);
}

/** The text before the first zero byte, or all of it. */
function untilZero(payload: Uint8Array): string {
  const zero = payload.indexOf(0);
  const length = zero < 0 ? payload.length : zero;
  return new Reader(payload).text(length);
}

/** Pages of an FFM1 header: it is read anew with each, and no real one has two. */
const MAX_FFM1_PAGES = 16;

/** The streams, or undefined where more pages have to come. */
function readFfm1(bytes: Uint8Array): readonly FfmStream[] | undefined {
  try {
    return ffm1Streams(new Reader(bytes.subarray(START)));
  } catch (error) {
    const cutShort = error instanceof ProtocolError && error.code === "truncated";
    if (!cutShort || bytes.length >= MAX_FFM1_PAGES * PAGE_SIZE) throw error;
    return undefined;
  }
}

function ffm1Streams(reader: Reader): FfmStream[] {
  const count = reader.u32();
  if (count > MAX_STREAMS) throw new ProtocolError("limit", `FFM: ${count} streams, ${MAX_STREAMS} allowed`);
  reader.skip(4);
  return Array.from({ length: count }, () => {
    const { stream, hasExtradata } = readComm(reader);
    const isVideo = stream.kind === TrackKind.video;
    const options = isVideo ? readOldVideo(reader) : readOldAudio(reader);
    if (isVideo) skipOldVideo(reader);
    return { ...stream, options, extradata: hasExtradata ? readExtra(reader) : stream.extradata };
  });
}
