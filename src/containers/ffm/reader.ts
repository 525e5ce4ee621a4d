import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { FfmFrameHeader } from "./frame-header.ts";
import { FRAME_HEADER, LONG_FRAME_HEADER, MAX_FRAME, frameHeaderSize, readFrameHeader } from "./frame-header.ts";
import type { FfmHeader } from "./header.ts";
import { HeaderReader } from "./header.ts";
import { PAGE_HEADER, PAGE_SIZE, PAGE_SYNC, readPage } from "./page.ts";
import type { FfmPage } from "./page.ts";

/** One frame. Its payload is a view of bytes pushed, or a copy where it was spread over several pages. */
export interface FfmFrame extends FfmFrameHeader {
  readonly data: Uint8Array;
}

/** Where an `FfmReader` puts what it reads, in the order of the stream. */
export interface FfmReaderSink {
  header(header: FfmHeader): void;
  frame(frame: FfmFrame): void;
}

export interface FfmReaderOptions {
  /** Bytes of one frame, at most; by the format itself 16 MiB - 1. */
  readonly maxFrame?: number;
  /**
   * Steps over what is damaged to the next page that says where a frame begins, as readers of files do: a ring file may be cut anywhere. Without
   * it damage is an error, since nothing damages what an encoder sends.
   */
  readonly resync?: boolean;
}

/**
 * Reads FFM1 and FFM2 from pieces of any size: the header, then the pages with their frames.
 *
 * After a throw it is not to be used again.
 */
export class FfmReader {
  readonly #sink: FfmReaderSink;
  readonly #maxFrame: number;
  readonly #resync: boolean;
  readonly #header = new HeaderReader();
  /** Streams that frames may be of; undefined before the header. */
  #streams: number | undefined;
  /** What has come of the next page. */
  #pieces: Uint8Array[] = [];
  #collected = 0;
  /** Whether the payload of the next page goes on where that of the last one ended. */
  #inStep = false;
  #lost = 0;
  readonly #frame = new FrameAssembler();

  constructor(sink: FfmReaderSink, { maxFrame = MAX_FRAME, resync = false }: FfmReaderOptions = {}) {
    this.#sink = sink;
    this.#maxFrame = maxFrame;
    this.#resync = resync;
  }

  /** Bytes that wait for the rest of their page or frame. */
  get pending(): number {
    return this.#collected + this.#frame.pending;
  }

  /** How often something was stepped over: damaged, or left unfinished by its writer. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether the header has come. */
  get begun(): boolean {
    return this.#streams !== undefined;
  }

  /**
   * @param data the next piece; nobody may write to it afterwards
   * @throws ProtocolError if it is not FFM, or damaged, or a frame is larger than allowed
   */
  push(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      const end = Math.min(data.length, at + PAGE_SIZE - this.#collected);
      this.#pieces.push(data.subarray(at, end));
      this.#collected += end - at;
      at = end;
      if (this.#collected === PAGE_SIZE) this.#page(this.#take());
    }
  }

  #take(): Uint8Array {
    const [only] = this.#pieces;
    const whole = only !== undefined && this.#pieces.length === 1 ? only : joined(this.#pieces);
    this.#pieces = [];
    this.#collected = 0;
    return whole;
  }

  #page(bytes: Uint8Array): void {
    if (this.#streams === undefined) {
      const header = this.#header.push(bytes);
      if (header === undefined) return;
      this.#streams = header.streams.length;
      return this.#sink.header(header);
    }
    if (!this.#resync) return this.#payload(readPage(bytes), bytes);
    try {
      this.#payload(readPage(bytes), bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#drop();
      this.#findPage(bytes);
    }
  }

  /** After damage the next page may begin anywhere, its first byte may be the last one that has come. */
  #findPage(bytes: Uint8Array): void {
    if (isSync(bytes, 0)) return;
    for (let at = 1; at < PAGE_SIZE; at++) {
      if (!isSync(bytes, at)) continue;
      this.#pieces = [bytes.subarray(at)];
      this.#collected = PAGE_SIZE - at;
      return;
    }
  }

  /** What is half read will never be whole. */
  #drop(): void {
    this.#frame.clear();
    this.#inStep = false;
    this.#lost += 1;
  }

  #payload(page: FfmPage, bytes: Uint8Array): void {
    if (page.discontinuity && this.#inStep) {
      if (this.#frame.pending > 0) this.#drop();
      this.#inStep = false;
    }
    if (!this.#inStep) {
      if (page.firstFrame === 0) return;
      this.#inStep = true;
      return this.#frames(page, bytes, page.firstFrame);
    }
    // Said before the frame is handed over: its end may be in a page that is lost.
    const { left } = this.#frame;
    if (left !== undefined) {
      const due = left < PAGE_SIZE - page.fill - PAGE_HEADER ? PAGE_HEADER + left : 0;
      if (due !== page.firstFrame) return this.#outOfStep(page, bytes, due);
    }
    this.#frames(page, bytes, PAGE_HEADER);
  }

  #frames(page: FfmPage, bytes: Uint8Array, from: number): void {
    const end = PAGE_SIZE - page.fill;
    let first = 0;
    for (let at = from; at < end;) {
      if (first === 0 && this.#frame.pending === 0) {
        first = at;
        if (first !== page.firstFrame) return this.#outOfStep(page, bytes, first);
      }
      at = this.#advance(bytes, at, end);
    }
    if (first === 0 && page.firstFrame !== 0) this.#outOfStep(page, bytes, 0);
  }

  /** Takes what follows of the frame at work, and hands it over when it is whole. Returns where it ends in the page. */
  #advance(bytes: Uint8Array, at: number, end: number): number {
    const next = this.#frame.take(bytes, at, end);
    const header = this.#frame.header;
    if (header === undefined) return next;
    if (header.stream >= this.#streams!)
      throw new ProtocolError("malformed", `FFM: a frame of stream ${header.stream}, of ${this.#streams}`);
    if (header.size > this.#maxFrame) throw new ProtocolError("limit", `FFM: a frame of ${header.size} bytes, ${this.#maxFrame} allowed`);
    const frame = this.#frame.whole();
    if (frame !== undefined) this.#sink.frame(frame);
    return next;
  }

  /** The page says that its first frame is elsewhere than the frames before it end. */
  #outOfStep(page: FfmPage, bytes: Uint8Array, at: number): void {
    const message = `FFM: a page whose first frame is at ${at} says that it is at ${page.firstFrame}`;
    if (!this.#resync) throw new ProtocolError("malformed", message);
    this.#drop();
    if (page.firstFrame === 0) return;
    this.#inStep = true;
    this.#frames(page, bytes, page.firstFrame);
  }
}

/** Whether a page may begin at an offset, as far as bytes have come. */
function isSync(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === PAGE_SYNC >> 8 && (bytes[at + 1] ?? PAGE_SYNC & 0xff) === (PAGE_SYNC & 0xff);
}

/** Puts a frame together from the pages over which it is spread. */
class FrameAssembler {
  readonly #head = new Uint8Array(LONG_FRAME_HEADER);
  #headLength = 0;
  #header: FfmFrameHeader | undefined;
  #parts: Uint8Array[] = [];
  #dataLength = 0;

  /** Bytes taken since the last whole frame. */
  get pending(): number {
    return this.#headLength + this.#dataLength;
  }

  /** Bytes of the payload that have not come; undefined before the header has. */
  get left(): number | undefined {
    return this.#header && this.#header.size - this.#dataLength;
  }

  /** Undefined until all of it has come. */
  get header(): FfmFrameHeader | undefined {
    return this.#header;
  }

  /** Takes bytes of the header, or as many of the payload as belong to the frame. Returns the offset behind them. */
  take(bytes: Uint8Array, from: number, end: number): number {
    if (this.#header === undefined) {
      const wanted = this.#headLength < 2 ? FRAME_HEADER : frameHeaderSize(this.#head[1]!);
      const to = Math.min(end, from + wanted - this.#headLength);
      this.#head.set(bytes.subarray(from, to), this.#headLength);
      this.#headLength += to - from;
      const size = this.#headLength < 2 ? LONG_FRAME_HEADER : frameHeaderSize(this.#head[1]!);
      if (this.#headLength >= size) this.#header = readFrameHeader(this.#head.subarray(0, size));
      return to;
    }
    const to = Math.min(end, from + this.#header.size - this.#dataLength);
    if (to > from) this.#parts.push(bytes.subarray(from, to));
    this.#dataLength += to - from;
    return to;
  }

  /** The frame, if all of it is there; then the next one can begin. */
  whole(): FfmFrame | undefined {
    if (this.#header === undefined || this.#dataLength < this.#header.size) return undefined;
    const [only] = this.#parts;
    const frame = { ...this.#header, data: only !== undefined && this.#parts.length === 1 ? only : joined(this.#parts) };
    this.clear();
    return frame;
  }

  clear(): void {
    this.#headLength = 0;
    this.#header = undefined;
    this.#parts = [];
    this.#dataLength = 0;
  }
}
