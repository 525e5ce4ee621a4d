import { ProtocolError } from "../bytes/protocol-error.ts";
import type { ReadAt } from "../bytes/read-at.ts";
import type { SampleList } from "./media-index.ts";

/** Bytes of a file that are read at once for the samples in them. */
const runBytes = 256 * 1024;

/** Reads payloads of a track in order, several of them at once. */
export class SampleReader {
  readonly #samples: SampleList;
  readonly #read: ReadAt;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(samples: SampleList, read: ReadAt) {
    this.#samples = samples;
    this.#read = read;
  }

  /** A payload that was read along with an earlier one, as a view. */
  buffered(sample: number): Uint8Array | undefined {
    const from = this.#samples.offsets[sample]! - this.#at;
    const size = this.#samples.sizes[sample]!;
    return from >= 0 && from + size <= this.#bytes.length ? this.#bytes.subarray(from, from + size) : undefined;
  }

  /**
   * Reads a payload, and those after it that lie near behind it.
   *
   * @throws ProtocolError("truncated") for a file that has become shorter; what reading throws
   */
  async load(sample: number): Promise<Uint8Array> {
    const { offsets, sizes, count } = this.#samples;
    const at = offsets[sample]!;
    let end = at + sizes[sample]!;
    for (let i = sample + 1; i < count; i++) {
      const [offset, size] = [offsets[i]!, sizes[i]!];
      if (offset < end || offset + size - at > runBytes) break;
      end = offset + size;
    }
    this.#bytes = await this.#read(at, end - at);
    this.#at = at;
    const payload = this.buffered(sample);
    if (payload === undefined) throw new ProtocolError("truncated", "the file has become shorter");
    return payload;
  }
}
