/** The tracks of an FLV file while its index is made: what their tags say, and where their frames are. */
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { SourceFrame } from "../../media/demuxer.ts";
import { Access } from "../../media/frame.ts";
import type { FoundTrack } from "../../media/index-of.ts";
import { type IndexedTrack, ptsOf, SampleFlag, type SampleList } from "../../media/media-index.ts";
import { type SampleBudget, SampleCollector } from "../../media/sample-collector.ts";
import type { Codec, Metadata, Track } from "../../media/track.ts";
import { AudioSource } from "./audio-source.ts";
import type { AudioItem } from "./audio-tag.ts";
import { scriptTrack } from "./tag-demuxer.ts";
import { VideoSource } from "./video-source.ts";
import { VideoFrameType, type VideoItem } from "./video-tag.ts";

/** A configuration or a frame as a tag has it. */
export type LaneItem<Item> = Extract<Item, { kind: "config" | "frame" }>;

/** Where a payload is in the file. */
export interface PayloadPlace {
  readonly offset: number;
  readonly size: number;
}

/** Milliseconds: FLV counts in nothing else. */
const timescale = 1000;

/** One track. */
export abstract class FileLane<Item extends LaneItem<VideoItem | AudioItem>> {
  readonly samples: SampleCollector;
  #config: { readonly codec: Codec; readonly bytes: Uint8Array } | undefined;

  constructor(budget: SampleBudget) {
    this.samples = new SampleCollector(budget, timescale);
  }

  /** Undefined until enough is known of it. */
  abstract get track(): Track | undefined;
  /** @throws ProtocolError if it is broken */
  protected abstract setUp(item: Extract<Item, { kind: "config" }>, metadata: Metadata): void;
  /** Makes the track known from a frame, where a frame says it. @param item with its whole payload */
  abstract learn(item: Extract<Item, { kind: "frame" }>, metadata: Metadata): void;
  protected abstract read(samples: SampleList, sample: number, payload: Uint8Array): SourceFrame | undefined;

  /** Takes a configuration. @returns false for another than the one that its frames so far have */
  configure(item: Extract<Item, { kind: "config" }>, metadata: Metadata): boolean {
    const { codec, config } = item;
    const before = this.#config;
    if (before !== undefined && before.codec === codec && sameBytes(before.bytes, config)) return true;
    if (this.samples.count > 0) return before === undefined;
    this.#config = { codec, bytes: new Uint8Array(config) };
    this.setUp(item, metadata);
    return true;
  }

  add(dts: number, place: PayloadPlace, compositionOffset: number, flags: number): void {
    this.samples.add({ ...place, dts, compositionOffset, flags }, 0);
  }

  get found(): FoundTrack {
    const { samples } = this;
    return { samples, timescale, offset: 0, make: (list) => this.#indexed(list) };
  }

  #indexed(samples: SampleList): IndexedTrack {
    return { track: this.track!, samples, frame: (sample, payload) => this.read(samples, sample, payload) };
  }
}

export class VideoFileLane extends FileLane<LaneItem<VideoItem>> {
  readonly #source: VideoSource;

  constructor(budget: SampleBudget, id: number, isDefault: boolean) {
    super(budget);
    this.#source = new VideoSource(id, isDefault);
  }

  get track(): Track | undefined {
    return this.#source.track;
  }

  learn(item: Extract<VideoItem, { kind: "frame" }>, metadata: Metadata): void {
    this.#source.frame(item, metadata);
  }

  protected setUp({ codec, config }: Extract<VideoItem, { kind: "config" }>, metadata: Metadata): void {
    this.#source.configure(codec, config, metadata);
  }

  protected read(samples: SampleList, sample: number, data: Uint8Array): SourceFrame | undefined {
    const { id, codec } = this.#source.track!;
    const frameType = frameTypeOf(samples.flags[sample]!);
    const found = this.#source.frame({ kind: "frame", trackId: 0, codec, frameType, compositionTime: 0, nanoseconds: 0, data }, {});
    if (found === undefined || found.data.length === 0) return undefined;
    return { track: id, dts: samples.dts[sample]!, pts: ptsOf(samples, sample), ...found };
  }
}

export class AudioFileLane extends FileLane<LaneItem<AudioItem>> {
  readonly #source: AudioSource;

  constructor(budget: SampleBudget, id: number, isDefault: boolean) {
    super(budget);
    this.#source = new AudioSource(id, isDefault);
  }

  get track(): Track | undefined {
    return this.#source.track;
  }

  learn(item: Extract<AudioItem, { kind: "frame" }>): void {
    this.#source.frame(item);
  }

  protected setUp({ codec, config }: Extract<AudioItem, { kind: "config" }>): void {
    this.#source.configure(codec, config);
  }

  protected read(samples: SampleList, sample: number, data: Uint8Array): SourceFrame {
    return { track: this.#source.track!.id, dts: samples.dts[sample]!, pts: ptsOf(samples, sample), ...Access.closed, data };
  }
}

/** Script messages other than metadata. */
export class ScriptFileLane extends FileLane<never> {
  get track(): Track {
    return scriptTrack;
  }

  learn(): void {}

  protected setUp(): void {}

  protected read(samples: SampleList, sample: number, data: Uint8Array): SourceFrame {
    return { track: scriptTrack.id, dts: samples.dts[sample]!, pts: ptsOf(samples, sample), ...Access.closed, data };
  }
}

/** What an index keeps of a frame type, and back. */
export function flagsOf(frameType: number): number {
  if (frameType === VideoFrameType.key || frameType === VideoFrameType.generatedKey) return SampleFlag.sync;
  return frameType === VideoFrameType.disposable ? SampleFlag.disposable : 0;
}

function frameTypeOf(flags: number): number {
  if ((flags & SampleFlag.sync) !== 0) return VideoFrameType.key;
  return (flags & SampleFlag.disposable) === 0 ? VideoFrameType.inter : VideoFrameType.disposable;
}
