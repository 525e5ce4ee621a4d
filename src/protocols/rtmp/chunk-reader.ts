import { ProtocolError } from "../../bytes/protocol-error.ts";
import { basicHeaderLength, extendedMark, longestHeader, messageHeaderLength, readChunkStreamId } from "./chunk-header.ts";
import { MessageType, type Message } from "./message.ts";

/** What the reader may hold; see `RtmpLimits`. */
export interface ChunkBudget {
  readonly messageBytes: number;
  readonly partialBytes: number;
  readonly partialMessages: number;
  readonly chunkStreams: number;
}

/** A delta longer than this after a format 0 header is an absolute time, not a delta; see `#begin`. */
const longestInheritedDelta = 1_000;
const initialChunkSize = 128;
/** Larger chunk sizes mean the same as this one (RTMP 1.0 section 5.4.1). */
const longestChunk = 0xffffff;
/** Shorter ones are legal, used by nobody, and cost us a header for every few bytes. SRS refuses them as well. */
const shortestChunk = 128;
/** First allocation of a message that did not come in one piece. */
const firstBuffer = 4096;

const none = new Uint8Array(0);

/** The state of one chunk stream: its last header, and the message that is being put together. */
class ChunkStream {
  /** Time of the last message, unsigned 32 bits. */
  timestamp = 0;
  /** The last time field: absolute after format 0, else a delta. */
  field = 0;
  absolute = false;
  extended = false;
  length = 0;
  type = 0;
  streamId = 0;
  /** Bytes of the body that have come; a message is unfinished while `open`. */
  received = 0;
  open = false;
  /** Holds the bytes received so far; grows to `length`. */
  body: Uint8Array = none;
}

/**
 * Puts messages together from chunks (RTMP 1.0 section 5.3). Fed with bytes as they come, in any splitting.
 *
 * A message that lies in one chunk inside one read is a view of that read; any other is put together in a buffer of
 * its own that grows as bytes arrive, so that a declared length alone costs nothing. Set Chunk Size and Abort are
 * acted upon here and not passed on.
 */
export class ChunkReader {
  readonly #onMessage: (message: Message) => void;
  readonly #streams = new Map<number, ChunkStream>();
  #budget: ChunkBudget;
  #chunkSize = initialChunkSize;
  #partialBytes = 0;
  #partialMessages = 0;
  /** The beginning of a header whose end has not come yet. */
  readonly #carry = new Uint8Array(longestHeader);
  #carried = 0;
  /** The chunk stream whose chunk we are inside of, and the bytes of that chunk still to come. */
  #current: ChunkStream | undefined;
  #chunkLeft = 0;
  #stopped = false;

  constructor(budget: ChunkBudget, onMessage: (message: Message) => void) {
    this.#budget = budget;
    this.#onMessage = onMessage;
  }

  /** Other limits from the next header on. */
  set budget(budget: ChunkBudget) {
    this.#budget = budget;
  }

  /** Bytes held by unfinished messages. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** Some message has begun and not ended. */
  get unfinished(): boolean {
    return this.#partialMessages > 0 || this.#carried > 0;
  }

  /** Gives up what is held and takes no more; may be called from within `onMessage`. */
  stop(): void {
    this.#stopped = true;
    this.#streams.clear();
    this.#current = undefined;
  }

  /**
   * Reads what has come. `data` may be kept, as message bodies, by whoever gets the messages.
   *
   * @throws {ProtocolError} if the peer breaks the rules; the reader must not be used afterwards.
   */
  push(data: Uint8Array): void {
    let at = 0;
    while (!this.#stopped) {
      if (this.#current !== undefined) {
        at = this.#payload(this.#current, data, at);
        if (this.#current !== undefined) return;
      } else if (this.#carried > 0) {
        const before = this.#carried;
        const added = Math.min(longestHeader - before, data.length - at);
        this.#carry.set(data.subarray(at, at + added), before);
        const used = this.#header(this.#carry, 0, before + added);
        if (used === 0) {
          this.#carried = before + added;
          return;
        }
        this.#carried = 0;
        // What looked like an extended timestamp may turn out to be payload: then some of it was carried.
        if (used < before) this.push(this.#carry.slice(used, before));
        else at += used - before;
      } else {
        const used = this.#header(data, at, data.length);
        if (used === 0) {
          this.#carried = data.length - at;
          this.#carry.set(data.subarray(at));
          return;
        }
        at += used;
      }
    }
  }

  /** Reads one header between `at` and `end`. Returns its length, or 0 if it has not come in full. */
  #header(data: Uint8Array, at: number, end: number): number {
    if (at >= end) return 0;
    const basic = basicHeaderLength(data, at);
    const format = data[at]! >> 6;
    const fields = at + basic;
    let next = fields + messageHeaderLength[format]!;
    if (next > end) return 0;
    const id = readChunkStreamId(data, at);
    const stream = this.#streams.get(id);
    if (format === 3) return this.#headerWithoutFields(stream, data, at, next, end);

    const field = u24(data, fields);
    let time = field;
    if (field === extendedMark) {
      if (next + 4 > end) return 0;
      time = u32(data, next);
      next += 4;
    }
    if (stream?.open === true) throw new ProtocolError("malformed", "a new header inside an unfinished message");
    const target = stream ?? this.#open(id);
    target.extended = field === extendedMark;
    target.field = time;
    target.absolute = format === 0;
    if (format < 2) {
      target.length = u24(data, fields + 3);
      target.type = data[fields + 6]!;
    }
    if (format === 0) target.streamId = u32le(data, fields + 7);
    this.#begin(target, format === 0 ? time : target.timestamp + time);
    this.#enter(target);
    return next - at;
  }

  /**
   * Format 3: the rest of a message, or a new one like the last. Old librtmp and nginx-rtmp (by setting) leave the
   * extended timestamp out of continuations, everybody else repeats it: the bytes themselves decide.
   */
  #headerWithoutFields(stream: ChunkStream | undefined, data: Uint8Array, at: number, fields: number, end: number): number {
    if (stream === undefined) throw new ProtocolError("order", "a chunk stream begins with a header that refers to an earlier one");
    let next = fields;
    if (stream.extended) {
      const repeated = stream.open ? repeats(data, next, end, stream.field) : next + 4 <= end ? true : undefined;
      if (repeated === undefined) return 0;
      if (repeated) {
        if (!stream.open) stream.field = u32(data, next);
        next += 4;
      }
    }
    if (!stream.open) this.#begin(stream, stream.timestamp + inheritedDelta(stream));
    this.#enter(stream);
    return next - at;
  }

  #open(id: number): ChunkStream {
    if (this.#streams.size >= this.#budget.chunkStreams) {
      throw new ProtocolError("limit", `more than ${this.#budget.chunkStreams} chunk streams`);
    }
    const stream = new ChunkStream();
    this.#streams.set(id, stream);
    return stream;
  }

  /** A new message begins on the chunk stream. */
  #begin(stream: ChunkStream, timestamp: number): void {
    if (stream.length > this.#budget.messageBytes) {
      throw new ProtocolError("limit", `a message of ${stream.length} bytes, ${this.#budget.messageBytes} allowed`);
    }
    if (this.#partialMessages >= this.#budget.partialMessages) {
      throw new ProtocolError("limit", `more than ${this.#budget.partialMessages} unfinished messages`);
    }
    stream.timestamp = timestamp >>> 0;
    stream.received = 0;
    stream.open = true;
    this.#partialMessages += 1;
  }

  /** The bytes that follow are a chunk of this stream's message. */
  #enter(stream: ChunkStream): void {
    this.#current = stream;
    this.#chunkLeft = Math.min(this.#chunkSize, stream.length - stream.received);
  }

  /** Takes bytes of the current chunk; returns the offset after them. */
  #payload(stream: ChunkStream, data: Uint8Array, at: number): number {
    const taken = Math.min(this.#chunkLeft, data.length - at);
    const after = at + taken;
    if (taken === stream.length) {
      this.#finish(stream, data.subarray(at, after));
      return after;
    }
    if (taken > 0) this.#append(stream, data.subarray(at, after));
    this.#chunkLeft -= taken;
    if (stream.received === stream.length) this.#finish(stream, stream.body);
    else if (this.#chunkLeft === 0) this.#current = undefined;
    return after;
  }

  #append(stream: ChunkStream, bytes: Uint8Array): void {
    const needed = stream.received + bytes.length;
    if (needed > stream.body.length) {
      const wanted = Math.max(needed, stream.body.length * 2, bytes.length * 4, firstBuffer);
      const larger = new Uint8Array(Math.min(stream.length, wanted));
      this.#partialBytes += larger.length - stream.body.length;
      if (this.#partialBytes > this.#budget.partialBytes) {
        throw new ProtocolError("limit", `more than ${this.#budget.partialBytes} bytes in unfinished messages`);
      }
      larger.set(stream.body.subarray(0, stream.received));
      stream.body = larger;
    }
    stream.body.set(bytes, stream.received);
    stream.received = needed;
  }

  #finish(stream: ChunkStream, body: Uint8Array): void {
    this.#current = undefined;
    this.#drop(stream);
    const { type, timestamp, streamId } = stream;
    if (type === MessageType.setChunkSize) this.#setChunkSize(body);
    else if (type === MessageType.abort) this.#abort(body);
    else this.#onMessage({ type, timestamp, streamId, body });
  }

  #drop(stream: ChunkStream): void {
    this.#partialBytes -= stream.body.length;
    this.#partialMessages -= 1;
    stream.body = none;
    stream.received = 0;
    stream.open = false;
  }

  /** Set Chunk Size, section 5.4.1. Holds from the next chunk on, for unfinished messages as well. */
  #setChunkSize(body: Uint8Array): void {
    if (body.length < 4) throw new ProtocolError("truncated", `Set Chunk Size of ${body.length} bytes`);
    const size = u32(body, 0);
    if (size === 0 || size > 0x7fffffff) throw new ProtocolError("malformed", `chunk size ${size}`);
    if (size < shortestChunk) throw new ProtocolError("limit", `chunk size ${size}, at least ${shortestChunk} wanted`);
    this.#chunkSize = Math.min(size, longestChunk);
  }

  /** Abort Message, section 5.4.2: the unfinished message is forgotten, the header state stays. */
  #abort(body: Uint8Array): void {
    if (body.length < 4) throw new ProtocolError("truncated", `Abort of ${body.length} bytes`);
    const stream = this.#streams.get(u32(body, 0));
    if (stream?.open === true) this.#drop(stream);
  }
}

/**
 * Delta of a new message with a format 3 header. After format 0 the specification takes the absolute time as the
 * delta (5.3.1.2.4) and FFmpeg and FMLE write it so, for the first frames of a stream; nginx-rtmp means "the same
 * time". A delta of more than a second is neither's intention but nginx-rtmp's.
 */
function inheritedDelta(stream: ChunkStream): number {
  return stream.absolute && stream.field > longestInheritedDelta ? 0 : stream.field;
}

/** Whether four bytes are this number; undefined if too few have come to say. */
function repeats(data: Uint8Array, at: number, end: number, value: number): boolean | undefined {
  for (let i = 0; i < 4; i++) {
    if (at + i >= end) return undefined;
    if (data[at + i] !== ((value >>> (24 - 8 * i)) & 0xff)) return false;
  }
  return true;
}

function u24(data: Uint8Array, at: number): number {
  return (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
}
function u32(data: Uint8Array, at: number): number {
  return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
}
function u32le(data: Uint8Array, at: number): number {
  return ((data[at + 3]! << 24) | (data[at + 2]! << 16) | (data[at + 1]! << 8) | data[at]!) >>> 0;
}
