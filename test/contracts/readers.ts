/** What a container's bytes say, as a strict reader of ours reads them: shared by the suites. */
import { FfmDemuxer } from "../../src/containers/ffm/demuxer.ts";
import { Fmp4Reader } from "../../src/containers/fmp4/reader.ts";
import { fragmentSamples } from "../../src/containers/fmp4/samples.ts";
import { FlvReader } from "../../src/containers/flv/reader.ts";
import { TagDemuxer } from "../../src/containers/flv/tag-demuxer.ts";
import { MatroskaDemuxer } from "../../src/containers/matroska/demuxer.ts";
import { TsDemuxer } from "../../src/containers/mpegts/demuxer.ts";
import { STAMPS_AHEAD } from "../../src/containers/mpegts/muxer.ts";
import { STAMP_TURN } from "../../src/containers/mpegts/packet.ts";
import type { FrameSink } from "../../src/media/demuxer.ts";
import type { Metadata, Track } from "../../src/media/track.ts";
import { ChunkReader } from "../../src/protocols/rtmp/chunk-reader.ts";
import { setChunkSize } from "../../src/protocols/rtmp/control.ts";
import { MessageType, sentChunkSize, type Message } from "../../src/protocols/rtmp/message.ts";

/** A frame as it was read. */
export interface ReadFrame {
  readonly kind: "video" | "audio";
  /** Milliseconds. */
  readonly dts: number;
  readonly pts: number;
  readonly isKey: boolean;
  /** The payload, in hexadecimal. */
  readonly data: string;
  /** The decoder configuration in force, in hexadecimal. */
  readonly config: string;
}

/** Reads bytes, in any pieces. */
export interface StreamReader {
  readonly frames: ReadFrame[];
  /** All decoder configurations that came, repeated ones too. */
  readonly configs: string[];
  /** All metadata that came. */
  readonly metadata: Metadata[];
  push(bytes: Uint8Array): void;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

class FrameCollector implements FrameSink {
  readonly frames: ReadFrame[] = [];
  readonly configs: string[] = [];
  readonly metadataSeen: Metadata[] = [];
  readonly #tracks = new Map<number, Track>();

  announce(): void {}
  metadata(values: Metadata): void {
    this.metadataSeen.push(values);
  }
  track(track: Track): void {
    this.configs.push(hex(track.config));
    this.#tracks.set(track.id, track);
  }
  frame({ track: id, dts, pts, sap, data }: Parameters<FrameSink["frame"]>[0]): void {
    const track = this.#tracks.get(id)!;
    if (track.kind === "data") return;
    this.frames.push({ kind: track.kind, dts, pts, isKey: sap !== 0, data: hex(data), config: hex(track.config) });
  }
}

export function flvReader(): StreamReader {
  const collector = new FrameCollector();
  const demuxer = new TagDemuxer(collector);
  const reader = new FlvReader({ header: () => undefined, tag: (tag) => demuxer.tag(tag) });
  return reading(collector, (bytes) => reader.push(bytes));
}

/** Takes messages of RTMP apart; the first of a stream's bytes need not be a chunk size. */
export function rtmpReader(): StreamReader {
  const collector = new FrameCollector();
  const take = rtmpMessages(collector);
  const budget = { messageBytes: 0xffffff, partialBytes: 1 << 26, partialMessages: 64, chunkStreams: 64 };
  const reader = new ChunkReader(budget, take);
  reader.push(setChunkSize(sentChunkSize));
  return reading(collector, (bytes) => reader.push(bytes));
}

/** The same of messages that somebody else put together. */
export function rtmpMessageReader(): { readonly frames: ReadFrame[]; readonly configs: string[]; take(message: Message): void } {
  const collector = new FrameCollector();
  return { frames: collector.frames, configs: collector.configs, take: rtmpMessages(collector) };
}

function rtmpMessages(collector: FrameCollector): (message: Message) => void {
  const demuxer = new TagDemuxer(collector);
  return ({ type, timestamp, body }) => {
    if (type === MessageType.video) demuxer.video(timestamp, body);
    if (type === MessageType.audio) demuxer.audio(timestamp, body);
    if (type === MessageType.dataAmf0) demuxer.data(timestamp, body);
  };
}

export function matroskaReader(): StreamReader {
  const collector = new FrameCollector();
  const demuxer = new MatroskaDemuxer(collector);
  return reading(collector, (bytes) => demuxer.push(bytes));
}

export function fmp4Reader(): StreamReader {
  const frames: ReadFrame[] = [];
  const configs: string[] = [];
  const reader = new Fmp4Reader();
  const current = new Map<number, string>();
  const push = (bytes: Uint8Array): void => {
    for (const event of reader.push(bytes)) {
      for (const track of event.movie.tracks) {
        if (event.type !== "init") continue;
        const record = track.entryBoxes.find(({ type }) => type === "avcC" || type === "esds")!;
        const config = hex(record.type === "esds" ? audioConfig(record.payload) : record.payload);
        configs.push(config);
        current.set(track.id, config);
      }
      if (event.type === "init") continue;
      for (const { track, dts, pts, isSync, data } of fragmentSamples(event)) {
        const ms = (ticks: number): number => (ticks * 1000) / track.timescale;
        const kind = track.kind as "video";
        frames.push({ kind, dts: ms(dts), pts: ms(pts), isKey: isSync, data: hex(data), config: current.get(track.id)! });
      }
    }
  };
  return { frames, configs, metadata: [], push };
}

export function ffmReader(): StreamReader {
  const collector = new FrameCollector();
  const demuxer = new FfmDemuxer(inMilliseconds(collector));
  return reading(collector, (bytes) => demuxer.push(bytes));
}

/** Tells a sink the times of a source that counts microseconds. */
function inMilliseconds(sink: FrameSink): FrameSink {
  return {
    announce: (kinds) => sink.announce(kinds),
    metadata: (values) => sink.metadata(values),
    track: (track) => sink.track(track),
    frame: (frame) => sink.frame({ ...frame, dts: frame.dts / 1000, pts: frame.pts / 1000 }),
  };
}

/** The AudioSpecificConfig of an `esds` box: the last descriptor with tag 5 (ISO/IEC 14496-1 7.2.6.7), before the one with tag 6. */
function audioConfig(esds: Uint8Array): Uint8Array {
  const at = esds.lastIndexOf(5, esds.length - 4);
  const length = esds[at + 1] === 0x80 ? { from: at + 5, bytes: esds[at + 4]! } : { from: at + 2, bytes: esds[at + 1]! };
  return esds.subarray(length.from, length.from + length.bytes);
}

/** Takes the time by which stamps are ahead off, and adds the turns that they have made before. */
export function tsReader(near = 0): StreamReader {
  const collector = new FrameCollector();
  let start: number | undefined;
  const ms = (ticks: number): number => {
    start ??= Math.round((near * 90 - ticks) / STAMP_TURN) * STAMP_TURN - STAMPS_AHEAD;
    return (ticks + start) / 90;
  };
  const demuxer = new TsDemuxer({
    announce: () => undefined,
    metadata: (values) => collector.metadata(values),
    track: (track) => collector.track(track),
    frame: (frame) => collector.frame({ ...frame, dts: ms(frame.dts), pts: ms(frame.pts) }),
  });
  return reading(collector, (bytes) => demuxer.push(bytes));
}

function reading(collector: FrameCollector, push: (bytes: Uint8Array) => void): StreamReader {
  return { frames: collector.frames, configs: collector.configs, metadata: collector.metadataSeen, push };
}
