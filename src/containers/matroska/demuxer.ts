import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { Demuxer, FrameSink, SourceFrame } from "../../media/demuxer.ts";
import { isRandomAccess } from "../../media/frame.ts";
import { samplesIn } from "../../media/frame-samples.ts";
import { TrackKind } from "../../media/track.ts";
import type { Track } from "../../media/track.ts";
import { AudioSource } from "./audio-source.ts";
import { readBlockGroup, readSimpleBlock } from "./block.ts";
import type { Block } from "./block.ts";
import { readCodec } from "./codec-id.ts";
import { DecodeTimes } from "./decode-times.ts";
import { checkEbmlHeader, readInfo, ticksOf } from "./document.ts";
import type { Info } from "./document.ts";
import { unsigned } from "./ebml.ts";
import { ElementId } from "./ids.ts";
import { MatroskaReader } from "./reader.ts";
import type { SourceBase } from "./source.ts";
import { readTracks, TrackType } from "./track-entry.ts";
import type { TrackEntry } from "./track-entry.ts";
import { VideoSource } from "./video-source.ts";

/** Tracks of one publisher. */
export const MAX_TRACKS = 32;
/** Seconds back that are taken for another clock by whoever gets the frames; less is taken for disorder. */
const LEAST_JUMP = 1;
/** Ids of the first track of a kind; the n-th further one has the second number plus n. The same tracks have the same ids in every document. */
const trackIds = { video: [1, 256], audio: [2, 512] } as const;

/** A track on its way to the sink. */
interface Lane {
  readonly source: VideoSource | AudioSource;
  readonly entry: TrackEntry;
  readonly times: DecodeTimes;
  /** Ticks to subtract from the times of blocks. */
  readonly delay: number;
}

/** What is known of the segment that is being read. */
interface Segment {
  info: Info;
  /** The body of its Tracks, by which a repetition is known. */
  tracks: Uint8Array | undefined;
  /** By track number. */
  lanes: ReadonlyMap<number, Lane>;
  /** Ticks of the segment; undefined until the cluster has said it. */
  cluster: number | undefined;
  /** Decoding time of its first frame, ticks of its tracks; undefined before. */
  begin: number | undefined;
  /** Ticks added to all times of it; undefined where they jump back from those of the segment before. */
  shift: number | undefined;
}

/**
 * Reads live Matroska and WebM (RFC 9559) from bytes in any pieces: what FFmpeg and GStreamer send and browsers record.
 *
 * - Presentation times are exactly those of the blocks, less the CodecDelay of their tracks, in ticks of the segment's own grid (or of the
 *   coarsest that has a whole number a second). Decoding times are made from them: `DecodeTimes` says how. No frame waits for another.
 * - Tracks of codecs that we do not carry are left out (`leftOut`); encrypted and compressed ones are refused. Frames before the first one that
 *   tells what their track is are dropped, and counted.
 * - A second EBML header, or a second Segment, begins a new stream of the same tracks: recordings of a browser, one after another. Its times are
 *   passed on as they are, which is a jump back; where that is less than a second, and nobody would take it for one, they follow on what was.
 *
 * Frame data are views of what was pushed where nothing had to be rewritten; configurations are copies.
 */
export class MatroskaDemuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #reader: MatroskaReader;
  #segment: Segment = newSegment();
  /** The last decoding time of each track, in seconds, by its id; and where the segments before this one end, if there are any. */
  readonly #lasts = new Map<number, number>();
  #end = -Infinity;
  #leftOut: string[] = [];
  #dropped = 0;

  /** @param maxBlock bytes of a block, at most */
  constructor(sink: FrameSink, maxBlock?: number) {
    this.#sink = sink;
    this.#reader = new MatroskaReader({ begins: (id) => this.#begins(id), element: (id, data) => this.#element(id, data) }, maxBlock);
  }

  /** Tracks of the current segment that we do not carry, in words. */
  get leftOut(): readonly string[] {
    return this.#leftOut;
  }

  /** Frames dropped because nothing had said yet what their track is. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @throws ProtocolError also where nothing of it is ours to carry */
  push(piece: Uint8Array): void {
    this.#reader.push(piece);
  }

  end(): void {
    this.#reader.end();
  }

  #begins(id: typeof ElementId.segment | typeof ElementId.cluster): void {
    if (id === ElementId.cluster) {
      this.#segment.cluster = undefined;
      return;
    }
    this.#end = Math.max(...this.#lasts.values());
    this.#segment = newSegment();
  }

  #element(id: number, data: Uint8Array): void {
    const segment = this.#segment;
    switch (id) {
      case ElementId.ebml:
        return checkEbmlHeader(data);
      case ElementId.info:
        segment.info = readInfo(data);
        return this.#sink.metadata(segment.info.metadata);
      case ElementId.tracks:
        return this.#tracks(data);
      case ElementId.timestamp:
        segment.cluster = unsigned(data);
        return;
      case ElementId.simpleBlock:
        return this.#block(readSimpleBlock(data));
      case ElementId.blockGroup: {
        const block = readBlockGroup(data);
        if (block !== undefined) this.#block(block);
      }
    }
  }

  #tracks(data: Uint8Array): void {
    const segment = this.#segment;
    if (segment.tracks !== undefined && sameBytes(segment.tracks, data)) return;
    segment.tracks = data;
    this.#leftOut = [];
    const lanes = new Map<number, Lane>();
    const entries = readTracks(data);
    for (const entry of entries) {
      const lane = this.#lane(entry, entries, [...lanes.values()]);
      if (lane === undefined) continue;
      if (lanes.size === MAX_TRACKS) throw new ProtocolError("limit", `Matroska: more than ${MAX_TRACKS} tracks`);
      lanes.set(entry.number, lane);
    }
    if (lanes.size === 0)
      throw new ProtocolError("unsupported", `Matroska without a track that we carry: ${this.#leftOut.join(", ") || "no tracks"}`);
    segment.lanes = lanes;
    const types = new Set([...lanes.values()].map(({ entry }) => entry.type));
    this.#sink.announce({ video: types.has(TrackType.video), audio: types.has(TrackType.audio) });
    for (const { source } of lanes.values()) if (source.track !== undefined) this.#sink.track(source.track);
  }

  #lane(entry: TrackEntry, entries: readonly TrackEntry[], before: readonly Lane[]): Lane | undefined {
    const { type, codecId } = entry;
    const isMedia = type === TrackType.video || type === TrackType.audio;
    const found = isMedia ? readCodec(entry) : undefined;
    if (found === undefined || (type === TrackType.video) !== codecId.startsWith("V_")) {
      this.#leftOut.push(inWords(entry));
      return undefined;
    }
    const { refusal } = entry.encoding;
    if (refusal !== undefined) throw new ProtocolError("unsupported", `Matroska: ${inWords(entry)} is ${refusal}`);
    const { grid } = this.#segment.info;
    const kind = type === TrackType.video ? TrackKind.video : TrackKind.audio;
    const nth = before.filter((lane) => lane.entry.type === type).length;
    const base: SourceBase = {
      id: nth === 0 ? trackIds[kind][0] : trackIds[kind][1] + nth,
      timescale: grid.timescale,
      isDefault: entry === preferred(entries.filter((each) => each.type === type && readsAs(each))),
      ...(entry.language === undefined ? {} : { language: entry.language }),
    };
    const source = type === TrackType.video ? new VideoSource(base, entry, found) : new AudioSource(base, entry, found);
    const times = new DecodeTimes(grid.timescale);
    times.expect(source.reorderDepth);
    return { source, entry, times, delay: ticksOf(entry.codecDelay, grid) };
  }

  #block(block: Block): void {
    const { cluster, tracks, lanes, info } = this.#segment;
    if (tracks === undefined) throw new ProtocolError("order", "Matroska: a block before the tracks");
    if (cluster === undefined) throw new ProtocolError("order", "Matroska: a block before its cluster's time");
    const lane = lanes.get(block.track);
    if (lane === undefined) return;
    const at = (cluster + block.time) * info.grid.factor - lane.delay;
    let into = 0;
    for (const bare of block.frames) {
      const { prefix } = lane.entry.encoding;
      const data = prefix.length === 0 ? bare : withPrefix(prefix, bare);
      if (data.length === 0) continue;
      this.#frame(lane, data, at + Math.round(into), block);
      if (block.frames.length > 1) into += this.#frameTicks(lane, block, data);
    }
  }

  /** Ticks that a frame of a lace lasts: what its track says, its group, or its codec. */
  #frameTicks({ entry, source }: Lane, block: Block, data: Uint8Array): number {
    const { timescale, factor } = this.#segment.info.grid;
    if (entry.defaultDuration > 0) return (entry.defaultDuration * timescale) / 1e9;
    if (block.duration !== undefined) return (block.duration * factor) / block.frames.length;
    const { track } = source;
    if (track?.kind !== TrackKind.audio || track.sampleRate === 0) return 0;
    return (samplesIn(track, data) * timescale) / track.sampleRate;
  }

  #frame(lane: Lane, bare: Uint8Array, time: number, block: Block): void {
    const { source, times } = lane;
    const before = source.track;
    const frame = source.frame(bare, block.isKey, block.discardable);
    const { track } = source;
    if (track !== undefined && track !== before) {
      times.expect(source.reorderDepth);
      this.#sink.track(track);
    }
    if (frame === undefined || track === undefined) {
      this.#dropped += 1;
      return;
    }
    if (frame.data.length === 0) return;
    const isStart = isRandomAccess(frame);
    this.#emit(track, {
      ...frame,
      track: track.id,
      dts: times.next(time, isStart, this.#interval(lane), this.#segment.begin ?? -Infinity),
      pts: time,
    });
  }

  /** @param frame with the times of its segment */
  #emit({ id, timescale }: Track, frame: SourceFrame): void {
    const segment = this.#segment;
    if (segment.begin === undefined) {
      segment.begin = frame.dts;
      segment.shift = this.#shiftOf(frame.dts / timescale, timescale);
    }
    const { shift } = segment;
    const dts = shift === undefined ? frame.dts : this.#risen(id, frame.dts + shift, timescale);
    this.#lasts.set(id, dts / timescale);
    this.#sink.frame({ ...frame, dts, pts: frame.pts + (shift ?? 0) });
  }

  /**
   * Ticks to add to a segment that begins here, so that it follows on the one before: none, unless it begins a little before the end of that.
   * Undefined where it begins so far back that its times jump.
   */
  #shiftOf(begin: number, timescale: number): number | undefined {
    const back = this.#end - begin;
    if (back > LEAST_JUMP) return undefined;
    return back >= 0 ? Math.round(back * timescale) + 1 : 0;
  }

  /** A decoding time that rises over that of the segment before, where the tracks of this one did not begin together. */
  #risen(id: number, dts: number, timescale: number): number {
    const last = this.#lasts.get(id) ?? -Infinity;
    const isBehind = dts / timescale <= last && dts / timescale >= last - LEAST_JUMP;
    return isBehind ? Math.round(last * timescale) + 1 : dts;
  }

  /** Ticks from frame to frame, as far as the track says; a twenty-fifth of a second where it does not. */
  #interval({ entry, source }: Lane): number {
    const { timescale } = this.#segment.info.grid;
    const rate = source.track?.kind === TrackKind.video ? source.track.frameRate : 0;
    const ticks = entry.defaultDuration > 0 ? (entry.defaultDuration * timescale) / 1e9 : timescale / (rate > 0 ? rate : 25);
    return Math.max(1, Math.round(ticks));
  }
}

function newSegment(): Segment {
  return { info: readInfo(new Uint8Array(0)), tracks: undefined, lanes: new Map(), cluster: undefined, begin: undefined, shift: 0 };
}

function inWords({ number, codecId, audio }: TrackEntry): string {
  const bits = audio !== undefined && audio.bitDepth > 0 ? `, ${audio.bitDepth} bits` : "";
  return `track ${number} (${codecId || "no codec"}${bits})`;
}

function readsAs(entry: TrackEntry): boolean {
  return readCodec(entry) !== undefined;
}

/** The first that calls itself default; none but the first does in most streams, all do in those that say nothing. */
function preferred(entries: readonly TrackEntry[]): TrackEntry | undefined {
  return entries.find(({ isDefault }) => isDefault) ?? entries[0];
}

function withPrefix(prefix: Uint8Array, data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(prefix.length + data.length);
  whole.set(prefix);
  whole.set(data, prefix.length);
  return whole;
}
