import { ProtocolError } from "../../bytes/protocol-error.ts";
import type { Archive, ArchiveEntry, ArchivePoint, ArchiveReader } from "../../hub/archive.ts";
import type { TimelineOrigin } from "../../hub/timeline.ts";
import type { FfmPages, FfmWalk } from "./ffm-pages.ts";
import { FfmPlacer, type FfmStart } from "./ffm-placer.ts";
import type { WantedTime } from "./ring-index.ts";

/** Random-access points that are kept in memory; of a file with more, every second, fourth … one. */
const MAX_POINTS = 4096;

interface FfmPoint extends ArchivePoint {
  readonly start: FfmStart;
  /** The page from which on it can be read. */
  readonly page: number;
}

/** The past of a feed out of a file of ffserver's. */
export class FfmArchive implements Archive {
  readonly origin: TimelineOrigin;
  /** What is wrong with the file, though it can be played; undefined where nothing is. */
  readonly fault: string | undefined;
  readonly #pages: FfmPages;
  readonly #points: readonly FfmPoint[];
  /** Unix milliseconds of the file's time zero. */
  readonly #epoch: number;

  private constructor(pages: FfmPages, { points, epoch, end, fault }: Found) {
    this.#pages = pages;
    this.#epoch = epoch;
    this.#points = points;
    this.fault = fault;
    const utc = Math.max(end.utc, ...points.map((point) => point.utc));
    this.origin = { sequence: end.sequence, generation: end.generation, micros: end.micros, utc };
  }

  /**
   * Reads all of a file once, to know where it can be begun.
   *
   * @param modified Unix milliseconds of its last write: its end, where its times do not count from 1970
   * @returns undefined where there is nothing to begin at
   */
  static async read(pages: FfmPages, modified: number): Promise<FfmArchive | undefined> {
    const found = await scan(pages, modified);
    return found.points.length === 0 ? undefined : new FfmArchive(pages, found);
  }

  get oldest(): ArchivePoint {
    return this.#points[0]!;
  }

  find(time: WantedTime): ArchivePoint {
    const points = this.#points;
    if ("micros" in time) return points.findLast((point) => point.micros <= time.micros) ?? points[0]!;
    if (time.utc === Infinity) return points.at(-1)!;
    // Where the encoder's clock was set back, the point nearest before the time need not be the last one that lies before it.
    const nearest = (best: FfmPoint | undefined, point: FfmPoint): FfmPoint | undefined =>
      point.utc <= time.utc && point.utc >= (best?.utc ?? -Infinity) ? point : best;
    return points.reduce(nearest, undefined as FfmPoint | undefined) ?? points[0]!;
  }

  open(from: ArchivePoint): ArchiveReader {
    const point = this.#points.findLast(({ sequence }) => sequence <= from.sequence) ?? this.#points[0]!;
    return new FfmArchiveReader(this.#pages, point, this.#epoch);
  }
}

/** A position in the file: it sees all that follows, and then the end. */
class FfmArchiveReader implements ArchiveReader {
  readonly #walk: FfmWalk;
  #entries: ArchiveEntry[] = [];
  #over = false;

  constructor(pages: FfmPages, { start, page }: FfmPoint, epoch: number) {
    const placer = new FfmPlacer({ entry: (entry) => void this.#entries.push(entry), start: () => undefined }, epoch, start);
    this.#walk = pages.from(page, placer);
  }

  async read(): Promise<readonly ArchiveEntry[] | undefined> {
    while (!this.#over) {
      this.#over = await isOver(this.#walk);
      const entries = this.#entries;
      this.#entries = [];
      if (entries.length > 0) return entries;
    }
    return undefined;
  }

  close(): void {
    this.#over = true;
  }
}

/** What a scan of a file found. */
interface Found {
  readonly points: readonly FfmPoint[];
  readonly epoch: number;
  readonly end: { readonly sequence: number; readonly micros: number; readonly generation: number; readonly utc: number };
  readonly fault: string | undefined;
}

async function scan(pages: FfmPages, modified: number): Promise<Found> {
  const starts = new ThinnedStarts();
  let page = 0;
  const placer = new FfmPlacer({ entry: () => undefined, start: (start) => starts.add({ start, page }) }, 0);
  const walk = pages.from(0, {
    announce: (kinds) => placer.announce(kinds),
    timesAreUnix: () => placer.timesAreUnix(),
    metadata: () => undefined,
    track: (track) => placer.track(track),
    frame: (frame) => {
      page = walk.anchor;
      placer.frame(frame);
    },
  });
  while (!(await isOver(walk))) continue;
  const isShort = walk.page < pages.count;
  if (isShort) pages.count = walk.page;
  const { end } = placer;
  const epoch = placer.isUnix ? 0 : modified - end.dts / 1000;
  const lost = walk.lost + placer.dropped;
  const faults = [
    pages.fault,
    isShort ? `it cannot be read behind page ${walk.page}` : undefined,
    lost > 0 ? `${lost} of its pages and frames are damaged or have times that cannot be` : undefined,
  ].filter((fault) => fault !== undefined);
  return {
    points: starts.all.map(({ start, page: at }) => {
      const { sequence, micros, dts } = start;
      return { sequence, micros, utc: epoch + dts / 1000, start, page: at };
    }),
    epoch,
    end: { ...end, utc: epoch + end.dts / 1000 },
    fault: faults.length > 0 ? faults.join("; ") : undefined,
  };
}

/** Reads on, and says whether that was all: what is damaged beyond passing over ends a file. */
async function isOver(walk: FfmWalk): Promise<boolean> {
  try {
    return !(await walk.next());
  } catch (error) {
    if (error instanceof ProtocolError) return true;
    throw error;
  }
}

/** Random-access points, evenly thinned out where they are too many. */
class ThinnedStarts {
  all: { readonly start: FfmStart; readonly page: number }[] = [];
  #stride = 1;
  #seen = 0;

  add(start: { readonly start: FfmStart; readonly page: number }): void {
    if (this.#seen++ % this.#stride !== 0) return;
    this.all.push(start);
    if (this.all.length < MAX_POINTS) return;
    this.all = this.all.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
  }
}
