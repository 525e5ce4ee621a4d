import { Fifo } from "../bytes/fifo.ts";
import type { ReadAt } from "../bytes/read-at.ts";
import type { MediaIndex } from "../media/media-index.ts";
import { MediaWalk, type WalkStart, walkStart } from "../media/media-walk.ts";
import type { Discontinuity } from "../media/muxer.ts";
import type { Generation, Recorded } from "../media/track.ts";
import type { Hub } from "./hub.ts";
import type { ReplayPace } from "./replay-place.ts";
import { Replay } from "./replay.ts";
import type { EntryReader, ReadEntry } from "./timeline-reader.ts";

/** Milliseconds that a viewer of a file may take nothing: who pauses a film comes back. */
const patience = 600_000;
/** Milliseconds between two looks at who takes nothing. */
const sweepInterval = 1000;

/** A file that is open, and what is in it. */
export interface RecordedFile {
  /** `vod/NAME/PATH`. */
  readonly name: string;
  readonly index: MediaIndex;
  /** Bytes. */
  readonly size: number;
  readonly read: ReadAt;
  /** Unix milliseconds at which its media begin, as far as anybody knows. */
  readonly utc: number;
  /** Nobody reads it any more. Called once. */
  close(): void;
}

/** How a viewer is shown a file. */
export interface FilePlace {
  /** Milliseconds from its beginning; the key frame shown at or before it comes first. */
  readonly from: number;
  readonly pace: ReplayPace;
  /** Milliseconds of media that are sent ahead of their time, where the pace is `real`. */
  readonly ahead?: number;
  /** Milliseconds of media after which it ends. */
  readonly maxTime?: number;
  /** What the file is said to be: its length, its key frames. */
  readonly recorded: Recorded;
}

/** Shows files to viewers: closed timelines, each read at its viewer's pace. */
export class FileReplays {
  readonly #hub: Hub;
  readonly #replays = new Set<Replay>();
  #isSweeping = false;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Viewers now. */
  get viewers(): number {
    return this.#replays.size;
  }

  /** The file is closed when the viewer has gone, also where it is refused. */
  view(file: RecordedFile, { from, pace, ahead = 0, maxTime, recorded }: FilePlace): Replay {
    const start = walkStart(file.index, from);
    const discontinuity = { reason: "start", utcOffset: file.utc } as const;
    const generation = { id: 1, tracks: file.index.tracks.map(({ track }) => track), metadata: file.index.metadata, recorded };
    const place = {
      start: { sequence: 0, micros: start.micros, generation, discontinuity },
      due: start.micros + ahead * 1000,
      open: (wake: () => void) =>
        new FilePast(file, start, { generation, discontinuity }, wake, (error) => this.#hub.replayFailed(file.name, error)),
    };
    const options = { from: { behind: 0 }, pace, ...(maxTime !== undefined && { maxTime }) };
    const replay = new Replay(file.name, this.#hub, place, options, () => {
      this.#replays.delete(replay);
      file.close();
    });
    this.#replays.add(replay);
    this.#sweepLater();
    return replay;
  }

  #sweepLater(): void {
    const { scheduler } = this.#hub;
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    scheduler.after(sweepInterval, () => {
      this.#isSweeping = false;
      const now = scheduler.now();
      for (const { playhead } of this.#replays) playhead?.sweep(now, patience);
      if (this.#replays.size > 0) this.#sweepLater();
    });
  }
}

/** Bytes of payload that are read before somebody wants them. */
const readAhead = 256 * 1024;

/** A file read from a place on, a little ahead of whoever reads. */
class FilePast implements EntryReader {
  readonly #walk: MediaWalk;
  readonly #wake: () => void;
  readonly #fault: (error: unknown) => void;
  readonly #entries = new Fifo<ReadEntry>();
  #bytes = 0;
  #reading = false;
  #ended = false;

  constructor(
    { index, read }: RecordedFile,
    start: WalkStart,
    { generation, discontinuity }: { readonly generation: Generation; readonly discontinuity: Discontinuity },
    wake: () => void,
    fault: (error: unknown) => void,
  ) {
    this.#walk = new MediaWalk(index, read, start);
    this.#wake = wake;
    this.#fault = fault;
    this.#entries.push({ kind: "discontinuity", discontinuity });
    this.#entries.push({ kind: "generation", generation });
  }

  get over(): boolean {
    return this.#ended && this.#entries.length === 0;
  }

  read(): ReadEntry | undefined {
    const entry = this.#entries.shift();
    if (entry?.kind === "frame") this.#bytes -= entry.frame.data.length;
    if (!this.#ended && !this.#reading && this.#bytes < readAhead) void this.#load();
    return entry;
  }

  close(): void {
    this.#ended = true;
    this.#entries.clear();
  }

  /** What cannot be read ends it there, as the end of the file does. */
  async #load(): Promise<void> {
    this.#reading = true;
    try {
      const frames = await this.#walk.next();
      if (frames === undefined) this.#ended = true;
      if (this.#ended) return;
      for (const { frame, micros } of frames ?? []) {
        this.#entries.push({ kind: "frame", frame: { ...frame, arrived: 0 }, micros });
        this.#bytes += frame.data.length;
      }
    } catch (error) {
      this.#ended = true;
      this.#fault(error);
    } finally {
      this.#reading = false;
      this.#wake();
    }
  }
}
