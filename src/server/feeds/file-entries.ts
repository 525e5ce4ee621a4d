import { open } from "node:fs/promises";
import { Publication } from "../../hub/publication.ts";
import type { Scheduler } from "../../hub/scheduler.ts";
import { TimelineClock } from "../../hub/timeline-clock.ts";
import { type ReadEntry, ReadFrom, TimelineReader } from "../../hub/timeline-reader.ts";
import { Timeline } from "../../hub/timeline.ts";
import { fileBytes } from "./file-bytes.ts";
import type { Demuxer, FrameSink } from "../../media/demuxer.ts";

/** What one piece may bring, as much as it lasts: it is read from the ring before the next one comes. */
const retention = { beforeNewestStart: 600_000, maxBytes: 16 * 1024 * 1024 };

/**
 * The entries of a file's timeline, read as they are asked for: first what is in force, then every frame from the first random-access point on.
 *
 * @param demuxer made for the sink that it is given
 * @throws ProtocolError for what is no file of media that can be read, and what the file system throws
 */
export async function* fileEntries(path: string, demuxer: (sink: FrameSink) => Demuxer): AsyncGenerator<ReadEntry, void, undefined> {
  await using handle = await open(path, "r");
  const timeline = new Timeline(retention);
  const clock = new FileClock();
  const owner = { timeline, clock: new TimelineClock(), ready: () => undefined, received: () => undefined, ended: () => undefined };
  const publication = new Publication(owner, clock, { protocol: "file", address: "", encoder: "" }, "start");
  const input = demuxer(clock.timing(publication));
  const reader = new TimelineReader(timeline, ReadFrom.oldest, () => undefined);
  try {
    for await (const piece of fileBytes(handle)) {
      input.push(piece);
      yield* readable(reader);
    }
    input.end();
    publication.tracksAreComplete();
    yield* readable(reader);
  } finally {
    reader.close();
  }
}

function* readable(reader: TimelineReader): Generator<ReadEntry, void, undefined> {
  for (let entry = reader.read(); entry !== undefined; entry = reader.read()) yield entry;
}

/** Frames of a file arrive when they are due by their own times: nothing in it comes too early. */
class FileClock implements Scheduler {
  #now = 0;

  now(): number {
    return this.#now;
  }

  wallClock(): number {
    return Date.now();
  }

  immediate(): void {
    throw new Error("nothing in a file waits for a turn");
  }

  /** There is all the time in the world to find out which tracks a file has. */
  after(): () => void {
    return () => undefined;
  }

  /** Passes on to a sink, and goes with the times of the frames. */
  timing(sink: FrameSink): FrameSink {
    const timescales = new Map<number, number>();
    return {
      announce: (kinds) => sink.announce(kinds),
      metadata: (values) => sink.metadata(values),
      track: (track) => {
        timescales.set(track.id, track.timescale);
        sink.track(track);
      },
      frame: (frame) => {
        const time = (frame.dts * 1000) / (timescales.get(frame.track) ?? 1000);
        this.#now = Math.max(this.#now, time);
        sink.frame(frame);
      },
    };
  }
}
