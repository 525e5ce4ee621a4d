import { Gathering } from "../../bytes/gathering.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { largestBox, readBoxHeader } from "./box-reader.ts";
import { Fmp4Demuxer } from "./demuxer.ts";
import { ProgressiveDemuxer } from "./progressive-demuxer.ts";
import { isFragmented } from "./read-moov.ts";

const behindWords =
  "the MP4 is not fragmented, and its moov box comes behind the media: move it to the front (ffmpeg -c copy -movflags +faststart)";

/** Reads any MP4 that can be read while it comes: fragmented, or a file whose moov box is before its media. */
export class Mp4Demuxer implements Demuxer {
  readonly #sink: FrameSink;
  /** What comes before it is known which of the two it is, from the first byte on. */
  readonly #head = new Gathering();
  /** Where in it the box begins that was not looked at. */
  #at = 0;
  #inner: Demuxer | undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get position(): number | undefined {
    return this.#inner === undefined ? this.#at : this.#inner.position;
  }

  push(piece: Uint8Array): void {
    if (this.#inner !== undefined) return this.#inner.push(piece);
    this.#head.add(piece, largestBox);
    const inner = this.#look();
    if (inner === undefined) return;
    this.#inner = inner;
    inner.push(this.#head.take());
  }

  end(): void {
    if (this.#inner === undefined) throw new ProtocolError("truncated", "the input ended before a moov box");
    this.#inner.end();
  }

  /** Which it is, once the moov box is there. */
  #look(): Demuxer | undefined {
    const bytes = this.#head.view;
    for (;;) {
      const header = readBoxHeader(bytes.subarray(this.#at));
      if (header === undefined) return undefined;
      const { type, size, headerSize } = header;
      if (type === "mdat") throw new ProtocolError("unsupported", behindWords);
      if (type === "moof") return new Fmp4Demuxer(this.#sink);
      if (size < headerSize) throw new ProtocolError("malformed", `box of ${size} bytes`);
      const end = this.#at + size;
      if (end > largestBox) throw new ProtocolError("limit", `${end} bytes before the media, ${largestBox} allowed`);
      if (bytes.length < end) return undefined;
      if (type === "moov") {
        const moov = bytes.slice(this.#at + headerSize, end);
        return isFragmented(moov) ? new Fmp4Demuxer(this.#sink) : new ProgressiveDemuxer(moov, this.#sink);
      }
      this.#at = end;
    }
  }
}
