import { ProtocolError } from "../../bytes/protocol-error.ts";
import { FfmDemuxer } from "../../containers/ffm/demuxer.ts";
import type { FfmHeader } from "../../containers/ffm/header.ts";
import { MAX_HEADER } from "../../containers/ffm/header.ts";
import type { FileRange } from "../../containers/ffm/page.ts";
import { PAGE_SIZE, readPage, ringOrder } from "../../containers/ffm/page.ts";
import type { FrameSink } from "../../media/demuxer.ts";
import type { DiskFile } from "../storage/disk.ts";

/** Pages of one read. */
const PAGES = 64;

/** An FFM file that is only read: its header, and its pages numbered from the oldest. */
export class FfmPages {
  readonly #file: DiskFile;
  readonly #header: Uint8Array;
  readonly #ranges: readonly FileRange[];
  /** Pages that are there, or up to the first place where nothing can be read on. */
  count: number;
  /** What is wrong with it, though it can be read; undefined where nothing is. */
  readonly fault: string | undefined;

  private constructor(file: DiskFile, header: Uint8Array, ranges: readonly FileRange[], fault: string | undefined) {
    this.#file = file;
    this.#header = header;
    this.#ranges = ranges;
    this.fault = fault;
    this.count = ranges.reduce((sum, { from, to }) => sum + (to - from) / PAGE_SIZE, 0);
  }

  /** @throws ProtocolError where it is no FFM, or its header cannot be read */
  static async open(file: DiskFile, size: number): Promise<FfmPages> {
    let header: FfmHeader | undefined;
    const nothing = { announce: () => undefined, metadata: () => undefined, track: () => undefined, frame: () => undefined };
    const demuxer = new FfmDemuxer(nothing, { header: (read) => (header = read) });
    const bytes = new Uint8Array(Math.min(size, MAX_HEADER));
    const length = await file.read(bytes, 0);
    for (let at = 0; header === undefined && at + PAGE_SIZE <= length; at += PAGE_SIZE) demuxer.push(bytes.subarray(at, at + PAGE_SIZE));
    if (header === undefined) throw new ProtocolError("truncated", "it ends within the header of FFM");
    const own = bytes.slice(0, header.length);
    try {
      const isCut = size % PAGE_SIZE !== 0;
      return new FfmPages(file, own, ringOrder(header.writeIndex, header.length, size), isCut ? "its last page is cut off" : undefined);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // Whatever its oldest page is: what follows its header can be played.
      return new FfmPages(file, own, ringOrder(0, header.length, size), error.message);
    }
  }

  /** Begins to read at a page. */
  from(page: number, sink: FrameSink): FfmWalk {
    return new FfmWalk(this, this.#header, page, sink);
  }

  /** Up to 64 pages from one on, none behind the last. */
  async read(page: number): Promise<Uint8Array> {
    let at = page;
    for (const { from, to } of this.#ranges) {
      const pages = (to - from) / PAGE_SIZE;
      if (at < pages) {
        const bytes = new Uint8Array(Math.min(PAGES, pages - at, this.count - page) * PAGE_SIZE);
        const length = await this.#file.read(bytes, from + at * PAGE_SIZE);
        return bytes.subarray(0, length - (length % PAGE_SIZE));
      }
      at -= pages;
    }
    return new Uint8Array(0);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** A position in an FFM file. */
export class FfmWalk {
  readonly #pages: FfmPages;
  readonly #demuxer: FfmDemuxer;
  #page: number;
  #anchor: number;
  #nextAnchor: number;

  constructor(pages: FfmPages, header: Uint8Array, page: number, sink: FrameSink) {
    this.#pages = pages;
    this.#page = page;
    this.#anchor = page;
    this.#nextAnchor = page;
    this.#demuxer = new FfmDemuxer(sink, { resync: true });
    this.#demuxer.push(header);
  }

  /** A page from which on the frame that is told now can be read. */
  get anchor(): number {
    return this.#anchor;
  }

  /** Pages and frames that were damaged, or could not be placed by their codec. */
  get lost(): number {
    return this.#demuxer.lost + this.#demuxer.dropped;
  }

  /** Reads on, and tells the sink what comes. @returns false at the end. @throws ProtocolError where nothing can be read on */
  async next(): Promise<boolean> {
    const bytes = this.#page < this.#pages.count ? await this.#pages.read(this.#page) : undefined;
    if (bytes === undefined || bytes.length === 0) return false;
    for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
      const page = bytes.subarray(at, at + PAGE_SIZE);
      this.#anchor = this.#nextAnchor;
      if (beginsFrame(page)) this.#nextAnchor = this.#page;
      this.#demuxer.push(page);
      this.#page += 1;
    }
    return true;
  }

  /** Number of the page that comes next, or that could not be read. */
  get page(): number {
    return this.#page;
  }
}

function beginsFrame(page: Uint8Array): boolean {
  try {
    return readPage(page).firstFrame !== 0;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
