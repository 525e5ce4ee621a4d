/** Frames as MPEG-TS: ISO/IEC 13818-1. */
import { joined } from "../../bytes/joined.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import type { Frame } from "../../media/frame.ts";
import { toMicros } from "../../media/time.ts";
import { TrackKind } from "../../media/track.ts";
import type { Generation, Track } from "../../media/track.ts";
import { carriageOf, notCarriedByTs } from "./carried.ts";
import type { MediaTrack } from "./carried.ts";
import { TIMESCALE } from "./elementary.ts";
import { AudioLane, VideoLane } from "./lane.ts";
import type { Lane, Ready } from "./lane.ts";
import { STAMP_TURN } from "./packet.ts";
import { PacketWriter } from "./packet-writer.ts";
import { pesHeader } from "./pes.ts";
import { ProgramTables } from "./program-tables.ts";
import { LAST_PID } from "./tables.ts";

/**
 * Ticks by which stamps are ahead of the clock reference beside them, and so of the timeline: time for tracks that come later than the others, and
 * for players to have a frame before they need it. FFmpeg's is 700 ms.
 */
export const STAMPS_AHEAD = TIMESCALE / 2;
/** Ticks between tables where no picture to start at comes: ETSI TR 101 290 counts 500 ms as an error. */
const TABLE_INTERVAL = (TIMESCALE * 4) / 10;
/** Ticks between clock references: 40 ms by ETSI TR 101 290, 100 ms by ISO/IEC 13818-1 2.7.2. */
const CLOCK_INTERVAL = (TIMESCALE * 4) / 100;
/** Milliseconds of audio from which on a PES packet is full: beside video, and without, where each packet has tables before it. */
const AUDIO_FULL = { besideVideo: 60, alone: 80 } as const;

/** Ticks that audio may be held back while others go on, where the frames that would fill its packet do not come. */
const LONGEST_WAIT = TIMESCALE / 10;

/** PID of the PMT. Those of the tracks are this and their ids. */
const PMT_PID = 0x100;
/** Tracks that one PMT has room for. */
const MAX_TRACKS = 32;

export interface TsOptions {
  /** False leaves all video tracks out. */
  readonly video?: boolean;
  /** False leaves all audio tracks out. */
  readonly audio?: boolean;
  /** Milliseconds of audio from which on a PES packet is full. */
  readonly audioFull?: number;
}

/** A track on its way. */
interface TsStream {
  readonly lane: Lane;
  readonly pid: number;
  readonly streamId: number;
  /** What the clock said when its lane last held nothing. */
  heldSince: number;
}

export function tsMuxer(options: TsOptions = {}): MuxerFactory {
  return (sink) => new TsMuxer(options, sink);
}

/**
 * A chunk is a PES packet, with what has to come before it. One that a viewer may start at begins with PAT and PMT and has the parameter sets, so that
 * there is nothing to send before it: the init has no bytes. Viewers start at random-access points of the default video track, gradual ones too;
 * without video at any chunk of the default audio track.
 *
 * Continuity counters go on whatever happens; where the timeline breaks, the first packet of each track says so.
 */
export class TsMuxer implements Muxer {
  readonly #options: TsOptions;
  readonly #sink: MuxerSink;
  readonly #packets = new PacketWriter();
  readonly #tables = new ProgramTables(PMT_PID);
  /** By the id of the track. */
  #streams: ReadonlyMap<number, TsStream> = new Map();
  /** The stream that viewers start at, and that has the clock. */
  #main: TsStream | undefined;
  /** What newcomers could not do without, by which a change is known. */
  #said: Uint8Array = new Uint8Array(0);
  /** The newest decoding time, in ticks: what the clock says. */
  #clock = -Infinity;
  #clockSent = -Infinity;
  #tablesSent = -Infinity;
  /** PIDs whose next packet does not follow from the one before. */
  readonly #broken = new Set<number>();

  constructor(options: TsOptions, sink: MuxerSink) {
    this.#options = options;
    this.#sink = sink;
  }

  /** Throws `NotCarried` where no track is left to carry; what was carried before goes on. */
  generation(next: Generation): void {
    this.flush();
    const carried = this.#choose(next.tracks);
    const hasVideo = carried.some((track) => track.kind === TrackKind.video);
    const of = (kind: TrackKind): MediaTrack | undefined => carried.find((track) => track.kind === kind && track.isDefault);
    const main = of(TrackKind.video) ?? carried.find(({ kind }) => kind === TrackKind.video) ?? of(TrackKind.audio) ?? carried[0]!;
    const full = this.#options.audioFull ?? (hasVideo ? AUDIO_FULL.besideVideo : AUDIO_FULL.alone);
    const streams = carried.map((track) => {
      const lane = track.kind === TrackKind.video ? new VideoLane(track) : new AudioLane(track, full);
      return { ...carriageOf(track)!, pid: pidOf(track), lane, heldSince: this.#clock };
    });
    this.#streams = new Map(streams.map((stream) => [stream.lane.track.id, stream]));
    this.#main = this.#streams.get(main.id)!;
    if (this.#tables.change({ pcrPid: this.#main.pid, descriptors: [], streams })) this.restart();
    const said = joined([this.#tables.pmt, ...carried.map(({ config }) => config)]);
    if (sameBytes(said, this.#said)) return;
    this.#said = said;
    this.#sink.init({ bytes: new Uint8Array(0), change: new Uint8Array(0) });
  }

  frame(frame: Frame): void {
    const stream = this.#streams.get(frame.track);
    if (stream === undefined || frame.data.length === 0) return;
    for (const ready of stream.lane.add(frame)) this.#emit(stream, ready);
    for (const other of this.#streams.values()) {
      if (!other.lane.isHolding) other.heldSince = this.#clock;
      else if (this.#clock - other.heldSince >= LONGEST_WAIT) for (const ready of other.lane.flush()) this.#emit(other, ready);
    }
  }

  discontinuity(): void {
    this.flush();
    if (this.#clock > -Infinity) for (const { pid } of this.#streams.values()) this.#broken.add(pid);
  }

  flush(): void {
    for (const stream of this.#streams.values()) for (const ready of stream.lane.flush()) this.#emit(stream, ready);
  }

  /** The next chunk begins with tables, whatever it is. */
  restart(): void {
    this.#tablesSent = -Infinity;
  }

  #choose(tracks: readonly Track[]): MediaTrack[] {
    const wanted = tracks.filter((track): track is MediaTrack => track.kind !== TrackKind.data && this.#options[track.kind] !== false);
    const carried = wanted.filter((track) => notCarriedByTs(track) === undefined && pidOf(track) <= LAST_PID).slice(0, MAX_TRACKS);
    if (carried.length === 0) throw new NotCarried(refusal(wanted, this.#options));
    return carried;
  }

  #emit(stream: TsStream, { stamps, payload, isStart, dts }: Ready): void {
    const { lane, pid, streamId } = stream;
    const main = this.#main!;
    const isMain = stream === main;
    this.#clock = Math.max(this.#clock, stamps.dts);
    const parts: Uint8Array[] = [];
    if ((isMain && isStart) || this.#clock - this.#tablesSent >= TABLE_INTERVAL) {
      parts.push(...this.#tables.packets(this.#packets));
      this.#tablesSent = this.#clock;
    }
    if (!isMain && this.#clock - this.#clockSent >= CLOCK_INTERVAL) parts.push(this.#packets.clock(main.pid, this.#clockFields(main.pid)));
    const ahead = { dts: stamps.dts + STAMPS_AHEAD, pts: stamps.pts + STAMPS_AHEAD };
    const length = payload.reduce((sum, part) => sum + part.length, 0);
    const header = pesHeader(streamId, ahead, length);
    const fields = isMain ? this.#clockFields(pid) : { discontinuity: this.#broken.delete(pid) };
    parts.push(this.#packets.pes(pid, [header, ...payload], { ...fields, randomAccess: isStart }));
    const urgent = lane.track.kind === TrackKind.video || main.lane.track.kind === TrackKind.audio;
    this.#sink.chunk({ parts, dts: toMicros(dts, lane.track.timescale), randomAccess: isMain && isStart, urgent });
  }

  /** The clock for a packet that is about to be written. */
  #clockFields(pid: number): { pcr: number; discontinuity: boolean } {
    this.#clockSent = this.#clock;
    const base = ((this.#clock % STAMP_TURN) + STAMP_TURN) % STAMP_TURN;
    return { pcr: base * 300, discontinuity: this.#broken.delete(pid) };
  }
}

function pidOf({ id }: Track): number {
  return PMT_PID + id;
}

function refusal(wanted: readonly MediaTrack[], options: TsOptions): string {
  const reasons = wanted.flatMap((track) => notCarriedByTs(track) ?? []);
  if (reasons.length > 0) return [...new Set(reasons)].join("; ");
  if (options.video === false) return "the stream has no audio";
  if (options.audio === false) return "the stream has no video";
  return "the stream has neither video nor audio";
}
