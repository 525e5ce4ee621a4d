import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";
import { FlvReader } from "./reader.ts";
import { TagDemuxer } from "./tag-demuxer.ts";

/** Reads an FLV file or stream: the reader and the demuxer of its tags together. */
export class FlvDemuxer implements Demuxer {
  readonly #reader: FlvReader;
  #begun = false;

  constructor(sink: FrameSink) {
    const tags = new TagDemuxer(sink);
    this.#reader = new FlvReader({ header: () => void (this.#begun = true), tag: (tag) => tags.tag(tag) });
  }

  get position(): number {
    return this.#reader.position;
  }

  push(piece: Uint8Array): void {
    this.#reader.push(piece);
  }

  end(): void {
    if (!this.#begun) throw new ProtocolError("truncated", "the input ended before an FLV header");
    if (this.#reader.pending > 0) throw new ProtocolError("truncated", "the input ended within an FLV tag");
  }
}
