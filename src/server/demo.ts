import { readFile } from "node:fs/promises";
import { FlvDemuxer } from "../containers/flv/demuxer.ts";
import type { Hub } from "../hub/hub.ts";
import type { Publication } from "../hub/publication.ts";
import type { FrameSink, SourceFrame } from "../media/demuxer.ts";
import { toMicros } from "../media/time.ts";
import type { Metadata, Track } from "../media/track.ts";
import type { Log } from "./log.ts";
import { Pacer } from "./publishing/pacer.ts";

/** The name that `--demo` publishes under. */
export const demoStream = "live/demo";

const clipFile = new URL("../../assets/demo.flv", import.meta.url);

/** A clip in memory: what a publisher would send, to be sent again and again. */
export interface Clip {
  readonly metadata: Metadata;
  readonly tracks: readonly Track[];
  /** In the order in which they are due. */
  readonly frames: readonly { readonly due: number; readonly frame: SourceFrame }[];
  /** Microseconds from the first frame to where it begins again. */
  readonly length: number;
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

interface DemoOptions {
  readonly hub: Hub;
  readonly log: Log;
  readonly name: string;
}

/** Publishes a clip in a loop, in real time, with timestamps that go on; inside this process. */
export class Demo {
  readonly #publication: Publication;
  readonly #clip: Clip;
  readonly #hub: Hub;
  readonly #pacer: Pacer;
  #loop = 0;
  #next = 0;
  #cancel: (() => void) | undefined;

  /** Publishes the built-in clip. @throws {Refusal} if the name is taken */
  static async start(options: DemoOptions): Promise<Demo> {
    const flv = await readFile(clipFile).catch((cause: unknown) => {
      throw new Error("the demo clip assets/demo.flv cannot be read", { cause });
    });
    return new Demo(options, readClip(flv));
  }

  constructor({ hub, log, name }: DemoOptions, clip: Clip) {
    this.#hub = hub;
    this.#clip = clip;
    this.#pacer = new Pacer(() => hub.scheduler.now());
    this.#publication = hub.publish(name, { protocol: "demo", address: "", encoder: "Millrace demo" });
    this.#publication.signal.addEventListener("abort", () => {
      this.#cancel?.();
      if (this.#publication.end === "replaced") log.info({ stream: name }, "somebody took over the demo stream; the demo clip has stopped");
    });
    const tracks = clip.tracks;
    const has = (kind: Track["kind"]) => tracks.some((track) => track.kind === kind);
    this.#publication.announce({ video: has("video"), audio: has("audio") });
    this.#publication.metadata(clip.metadata);
    for (const track of tracks) this.#publication.track(track);
    this.#send();
  }

  close(): void {
    this.#publication.close("unpublished");
  }

  /** Sends what is due and comes back when the next frame is. */
  #send(): void {
    const { frames, length } = this.#clip;
    while (this.#publication.end === undefined) {
      const { due, frame } = frames[this.#next]!;
      const wait = this.#pacer.wait((this.#loop * length + due) / 1000);
      if (wait > 0) {
        this.#cancel = this.#hub.scheduler.after(Math.ceil(wait), () => this.#send());
        return;
      }
      this.#publication.frame(this.#shifted(frame));
      this.#next += 1;
      if (this.#next === frames.length) {
        this.#next = 0;
        this.#loop += 1;
      }
    }
  }

  /** The frame at its place in this round. */
  #shifted(frame: SourceFrame): SourceFrame {
    const { timescale } = this.#clip.tracks.find((track) => track.id === frame.track)!;
    const ticks = Math.round((this.#loop * this.#clip.length * timescale) / 1e6);
    return { ...frame, dts: frame.dts + ticks, pts: frame.pts + ticks };
  }
}
