import { readFile } from "node:fs/promises";
import { FlvDemuxer } from "../../containers/flv/demuxer.ts";
import type { FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { toMicros } from "../../media/time.ts";
import type { Metadata, Track } from "../../media/track.ts";

const demoFile = new URL("../../../assets/demo.flv", import.meta.url);

/** A clip in memory: what a publisher would send, to be sent again and again. */
export interface Clip {
  readonly metadata: Metadata;
  readonly tracks: readonly Track[];
  /** In the order in which they are due. */
  readonly frames: readonly { readonly due: number; readonly frame: SourceFrame }[];
  /** Microseconds from the first frame to where it begins again. */
  readonly length: number;
}

/** What is of one kind in a clip. @throws Error if there is nothing of it */
export function clipOf({ tracks, frames, length }: Clip, kind: Track["kind"]): Clip {
  const kept = tracks.filter((track) => track.kind === kind);
  if (kept.length === 0) throw new Error(`the clip has no ${kind}`);
  // What its metadata say is of both.
  return { metadata: {}, tracks: kept, frames: frames.filter(({ frame }) => kept.some(({ id }) => id === frame.track)), length };
}

/** The clip that comes with the package: assets/README.md tells what is in it. */
export async function builtInClip(): Promise<Clip> {
  const flv = await readFile(demoFile).catch((cause: unknown) => {
    throw new Error("the demo clip assets/demo.flv cannot be read", { cause });
  });
  return readClip(flv);
}

/** Reads a whole FLV file. @throws ProtocolError if it is none, Error if nothing in it can be shown */
export function readClip(flv: Uint8Array): Clip {
  const collector = new ClipCollector();
  new FlvDemuxer(collector).push(flv);
  return collector.clip();
}

class ClipCollector implements FrameSink {
  #metadata: Metadata = {};
  readonly #tracks = new Map<number, Track>();
  readonly #frames: SourceFrame[] = [];

  announce(): void {}
  metadata(values: Metadata): void {
    this.#metadata = values;
  }
  track(track: Track): void {
    this.#tracks.set(track.id, track);
  }
  frame(frame: SourceFrame): void {
    if (this.#tracks.get(frame.track)?.kind !== "data") this.#frames.push(frame);
  }

  clip(): Clip {
    const tracks = [...this.#tracks.values()].filter((track) => track.kind !== "data");
    const micros = (frame: SourceFrame) => toMicros(frame.dts, this.#tracks.get(frame.track)!.timescale);
    const start = Math.min(...this.#frames.map(micros));
    const frames = this.#frames.map((frame) => ({ due: micros(frame) - start, frame })).toSorted((a, b) => a.due - b.due);
    const length = Math.max(
      0,
      ...tracks.map((track) => trackEnd(frames.filter(({ frame }) => frame.track === track.id).map(({ due }) => due))),
    );
    if (length === 0) throw new Error("the clip has fewer than two frames");
    return { metadata: this.#metadata, tracks, frames, length };
  }
}

/** Where a track ends, its last frame taken to be as long as those before it on average. */
function trackEnd(times: readonly number[]): number {
  const last = times.at(-1) ?? 0;
  return times.length < 2 ? last : last + (last - times[0]!) / (times.length - 1);
}
