import type { FfmFrame } from "./reader.ts";
import { writeFrameHeader } from "./frame-header.ts";
import { PAGE_HEADER, PAGE_SIZE, writePage } from "./page.ts";

/** Bytes of a page that frames have. */
export const PAGE_PAYLOAD = PAGE_SIZE - PAGE_HEADER;

/** Lays frames out in pages, one behind the other. Where a page is begun anew, the next frame stands at its start: readers can begin there. */
export class PageWriter {
  #parts: Uint8Array[] = [];
  #length = 0;
  /** Where in the page the first frame header is that starts in it, and that frame's time. */
  #firstFrame = 0;
  #dts = 0;
  #isFirst = true;
  readonly #pages: Uint8Array[] = [];

  /** Bytes in the page that is not full yet. */
  get unfinished(): number {
    return this.#length;
  }

  /** Whole pages that wait to be taken. */
  get ready(): number {
    return this.#pages.length;
  }

  add(frame: FfmFrame): void {
    if (this.#firstFrame === 0) {
      this.#firstFrame = PAGE_HEADER + this.#length;
      this.#dts = frame.dts;
    }
    this.#append(writeFrameHeader(frame));
    this.#append(frame.data);
  }

  /** Fills the page that is not full with zeros, and takes all pages. */
  flush(): Uint8Array[] {
    if (this.#length > 0) this.#finish();
    return this.#pages.splice(0);
  }

  #append(data: Uint8Array): void {
    for (let at = 0; at < data.length;) {
      const to = Math.min(data.length, at + PAGE_PAYLOAD - this.#length);
      this.#parts.push(data.subarray(at, to));
      this.#length += to - at;
      at = to;
      if (this.#length === PAGE_PAYLOAD) this.#finish();
    }
  }

  #finish(): void {
    this.#pages.push(writePage({ dts: this.#dts, firstFrame: this.#firstFrame, discontinuity: this.#isFirst }, this.#parts));
    this.#parts = [];
    this.#length = 0;
    this.#firstFrame = 0;
    this.#isFirst = false;
  }
}
