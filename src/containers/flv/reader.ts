import { Gathering } from "../../bytes/gathering.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { Reader } from "../../bytes/reader.ts";
import type { FlvTag, TagHeader } from "./tag.ts";
import { readTagHeader, TAG_HEADER_SIZE, TAG_TRAILER_SIZE } from "./tag.ts";

/** Bytes of a file header, at most; it has 9 but may announce more. */
const MAX_FILE_HEADER = 1024;
const FIXED_HEADER = 9;

/** What the file header says of its tags; it need not be true. */
export interface FlvFileHeader {
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
}

/** Where an `FlvReader` puts what it reads, in the order of the file. */
export interface FlvReaderSink {
  header(header: FlvFileHeader): void;
  /** The body is the sink's to keep: a view of bytes pushed, or a copy where a tag was spread over several pieces. */
  tag(tag: FlvTag): void;
}

/**
 * Reads FLV (Video File Format 10.1, annex E) from pieces of any size. Lenient where players are: reserved bits, the
 * stream id and PreviousTagSize are not checked, and what follows the last whole tag is ignored.
 *
 * After a throw it is not to be used again.
 */
export class FlvReader {
  readonly #sink: FlvReaderSink;
  readonly #maxBody: number;
  /** What is being collected: the fixed header, the rest of it, a tag's header, its body with the trailer. */
  #state: "file" | "skip" | "tag" | "body" = "file";
  #wanted = FIXED_HEADER;
  #tag: TagHeader | undefined;
  readonly #part = new Gathering();
  #position = 0;

  /** @param maxBody bytes of one tag, at most; by the format itself 16 MiB - 1 */
  constructor(sink: FlvReaderSink, maxBody = 0xff_ffff) {
    this.#sink = sink;
    this.#maxBody = maxBody;
  }

  /** Bytes waiting for the rest of their tag. */
  get pending(): number {
    return this.#part.length + (this.#state === "body" ? TAG_HEADER_SIZE : 0);
  }

  /** Bytes of the file header and of all whole tags: where the tag begins that is being read. */
  get position(): number {
    return this.#position;
  }

  /**
   * @param data the next piece; nobody may write to it afterwards
   * @throws ProtocolError if it is not FLV or a tag is larger than allowed
   */
  push(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      const end = Math.min(data.length, at + this.#wanted - this.#part.length);
      const piece = data.subarray(at, end);
      at = end;
      if (this.#part.length === 0 && piece.length === this.#wanted) this.#complete(piece);
      else this.#part.add(piece, this.#wanted);
      if (this.#part.length === this.#wanted) this.#complete(this.#part.take());
    }
  }

  #expect(state: "skip" | "tag" | "body", length: number): void {
    this.#state = state;
    this.#wanted = length;
  }

  #complete(bytes: Uint8Array): void {
    switch (this.#state) {
      case "file":
        return this.#fileHeader(new Reader(bytes));
      case "skip":
        this.#position = FIXED_HEADER + bytes.length;
        return this.#expect("tag", TAG_HEADER_SIZE);
      case "tag": {
        const tag = readTagHeader(new Reader(bytes));
        if (tag.size > this.#maxBody) throw new ProtocolError("limit", `FLV tag of ${tag.size} bytes, ${this.#maxBody} allowed`);
        this.#tag = tag;
        return this.#expect("body", tag.size + TAG_TRAILER_SIZE);
      }
      case "body": {
        const { type, timestamp, size } = this.#tag!;
        this.#expect("tag", TAG_HEADER_SIZE);
        this.#sink.tag({ type, timestamp, body: bytes.subarray(0, size) });
        this.#position += TAG_HEADER_SIZE + bytes.length;
      }
    }
  }

  #fileHeader(reader: Reader): void {
    const [f, l, v] = reader.bytes(3);
    if (f !== 0x46 || l !== 0x4c || v !== 0x56) throw new ProtocolError("malformed", "not FLV: the signature is missing");
    const version = reader.u8();
    if (version !== 1) throw new ProtocolError("unsupported", `FLV version ${version}`);
    const flags = reader.u8();
    const length = reader.u32();
    if (length < FIXED_HEADER) throw new ProtocolError("malformed", `FLV header of ${length} bytes`);
    if (length > MAX_FILE_HEADER) throw new ProtocolError("limit", `FLV header of ${length} bytes, ${MAX_FILE_HEADER} allowed`);
    this.#expect("skip", length - FIXED_HEADER + TAG_TRAILER_SIZE);
    this.#sink.header({ hasAudio: (flags & 4) !== 0, hasVideo: (flags & 1) !== 0 });
  }
}
