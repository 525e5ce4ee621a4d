/** What a clip is made of: the entries of a stream, from what is kept of it or from a recording. */
import { setImmediate } from "node:timers/promises";
import type { Place } from "../../hub/replay-place.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import type { ReadEntry } from "../../hub/timeline-reader.ts";
import { leadingIndexed } from "../../media/media-index.ts";
import { MediaWalk, walkStart } from "../../media/media-walk.ts";
import type { Generation } from "../../media/track.ts";
import type { FileClock, RecordedFile } from "../recording/recorded.ts";
import type { MediaLibrary } from "../vod/media-library.ts";
import type { VodFile } from "../vod/vod-folders.ts";

/** Milliseconds that are waited for what is on its way: the newest frames of a stream, or a disk. */
const patience = 2000;
/** Milliseconds that a stream's own times and the wall clock may have drifted apart from one file to the next. */
const slip = 5000;
/** Entries after which others get a turn. */
const turn = 1000;

/** The entries from a place on until the newest, which is waited for a little. */
export async function* pastEntries(place: Place, scheduler: Scheduler): AsyncGenerator<ReadEntry, undefined> {
  let wake: (isThere: boolean) => void = () => undefined;
  const reader = place.open(() => wake(true));
  try {
    for (let count = 1; ; count++) {
      const entry = reader.read();
      if (count % turn === 0) await setImmediate();
      if (entry !== undefined) yield entry;
      else if (reader.over || !(await woken())) return undefined;
    }
  } finally {
    reader.close();
  }

  async function woken(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    wake = resolve;
    const cancel = scheduler.after(patience, () => resolve(false));
    return promise.finally(cancel);
  }
}

/** Recorded files, and how they are looked into. */
export interface RecordedSource {
  readonly library: MediaLibrary;
  /** @throws {Refusal} `not-found` where it is gone */
  open(file: RecordedFile): Promise<VodFile>;
}

/**
 * The entries of files of one recording that follow one another, on the stream's own times.
 *
 * @param from Unix milliseconds: they begin at the key frame before it
 * @throws {ProtocolError} where a file cannot be read, {Refusal} where it is gone
 */
export async function* recordedEntries(
  files: readonly RecordedFile[],
  from: number,
  source: RecordedSource,
): AsyncGenerator<ReadEntry, undefined> {
  for (const [i, row] of files.entries()) {
    const before = files[i - 1];
    if (before !== undefined && !follows(row, before)) return undefined;
    const file = await source.open(row);
    try {
      yield* fileEntries(row, file, { source, i, from });
    } finally {
      await file.close();
    }
  }
  return undefined;
}

async function* fileEntries(
  row: RecordedFile,
  file: VodFile,
  { source, i, from }: { readonly source: RecordedSource; readonly i: number; readonly from: number },
): AsyncGenerator<ReadEntry, undefined> {
  const index = await source.library.index(file);
  const tracks = index.tracks.map(({ track }) => track);
  const scales = new Map(tracks.map(({ id, timescale }) => [id, timescale]));
  const shift = row.timeline + index.startMs;
  const generation: Generation = { id: i + 1, tracks, metadata: index.metadata };
  const clocks = row.clocks.length > 0 ? row.clocks : [{ from: 0, utc: row.start }];
  const begin = i === 0 ? wallClockToFile(clocks, from) - index.startMs : 0;
  const leading = leadingIndexed(index.tracks).track;
  const walk = new MediaWalk(index, file.read, walkStart(index, Math.max(0, begin)));
  let clock: FileClock | undefined;
  let isTold = false;
  for (let frames = await walk.next(); frames !== undefined; frames = await walk.next()) {
    for (const { frame, micros } of frames) {
      const at = micros / 1000 + index.startMs;
      const next = clocks.findLast((each) => each.from <= at) ?? clocks[0]!;
      if (next !== clock && (clock === undefined || frame.track === leading.id)) {
        clock = next;
        yield { kind: "discontinuity", discontinuity: { reason: "jump", utcOffset: next.utc - next.from - row.timeline } };
      }
      if (!isTold) yield { kind: "generation", generation };
      isTold = true;
      const ticks = Math.round((shift * scales.get(frame.track)!) / 1000);
      const placed = { ...frame, dts: frame.dts + ticks, pts: frame.pts + ticks, arrived: 0 };
      yield { kind: "frame", frame: placed, micros: micros + shift * 1000 };
    }
  }
  return undefined;
}

/** Another run of the server began the stream's times anew. */
function follows(row: RecordedFile, before: RecordedFile): boolean {
  const step = row.timeline - before.timeline;
  return step > 0 && Math.abs(row.start - before.start - step) < slip;
}

/** Where in a file a moment is. */
function wallClockToFile(clocks: readonly FileClock[], utc: number): number {
  const clock = clocks.findLast((each) => each.utc <= utc) ?? clocks[0]!;
  return clock.from + (utc - clock.utc);
}
