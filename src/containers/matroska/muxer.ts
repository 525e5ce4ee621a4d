/**
 * Live Matroska and WebM: EBML header, Segment, Info and Tracks as the init, then a SimpleBlock for every frame, at once. The Segment is of
 * unknown size; so are Clusters, which begin wherever a viewer may start.
 */
import { sameBytes } from "../../bytes/same-bytes.ts";
import { withoutFlashTagByte } from "../../media/flash-video.ts";
import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import { rescale, toMicros } from "../../media/time.ts";
import { TrackKind } from "../../media/track.ts";
import type { Generation, Track } from "../../media/track.ts";
import { MAX_TRACK_NUMBER, simpleBlockHead } from "./block.ts";
import { carriedByMatroska } from "./carried.ts";
import { closedClusterHead, openClusterHead, reaches } from "./cluster.ts";
import { DocType, ticksOf } from "./document.ts";
import { codecDelayOf, matroskaInit } from "./init.ts";
import type { MediaTrack } from "./init.ts";

export interface MatroskaOptions {
  /** `webm` carries what browsers play from it and leaves the rest out; default `matroska`. */
  readonly docType?: DocType;
  /** False leaves all video tracks out. */
  readonly video?: boolean;
  /** False leaves all audio tracks out. */
  readonly audio?: boolean;
}

/** Seconds of a cluster, at most. */
const LONGEST_CLUSTER = 5;
/** Ticks per second where the times of video are whole milliseconds, and where they are not: fine enough to tell 1/90000 s apart. */
const MILLISECONDS = 1000;
const FINE = 100_000;
/** Ticks: a cluster's own time is never below 0, and a block's not further before it. */
const LEAST_TIME = -0x8000;

/**
 * A response ends where its tracks change: no player takes a second header. A viewer may start at every random-access point, gradual
 * refreshes too, of the default video track; without video, at any audio frame, which is a Cluster of its own then.
 *
 * Blocks lie in the order in which frames come. Players that take times in rising order only (Chromium) want that within a Cluster: in WebM a
 * block that belongs before the one ahead of it begins another.
 */
export function matroskaMuxer(options: MatroskaOptions = {}): MuxerFactory {
  return (sink) => new MatroskaMuxer(options, sink);
}

/** A track as its blocks have it. */
interface Lane {
  readonly number: number;
  readonly track: MediaTrack;
  /** Ticks that its blocks are stamped ahead. */
  readonly delay: number;
}

class MatroskaMuxer implements Muxer {
  readonly #options: MatroskaOptions;
  readonly #docType: DocType;
  readonly #sink: MuxerSink;
  #lanes: ReadonlyMap<number, Lane> = new Map();
  #ticksPerSecond = MILLISECONDS;
  #init: Uint8Array = new Uint8Array(0);
  /** The track at whose random-access points viewers start; undefined where there is no video. */
  #lead: number | undefined;
  /** Time of the open cluster in ticks; undefined where there is none. */
  #cluster: number | undefined;
  /** Time of the last block in it. */
  #last = 0;

  constructor(options: MatroskaOptions, sink: MuxerSink) {
    this.#options = options;
    this.#docType = options.docType ?? DocType.matroska;
    this.#sink = sink;
  }

  /** Throws `NotCarried` where no track is left to carry; what was carried before goes on. */
  generation(next: Generation): void {
    const carried = this.#choose(next.tracks);
    const videos = carried.filter(({ kind }) => kind === TrackKind.video);
    const ticksPerSecond = videos.every(({ timescale }) => MILLISECONDS % timescale === 0) ? MILLISECONDS : FINE;
    const bytes = matroskaInit(this.#docType, ticksPerSecond, carried);
    const lanes = carried.map((track, i): Lane => {
      return { number: i + 1, track, delay: ticksOf(codecDelayOf(track), { timescale: ticksPerSecond }) };
    });
    this.#lanes = new Map(lanes.map((lane) => [lane.track.id, lane]));
    this.#lead = (videos.find(({ isDefault }) => isDefault) ?? videos[0])?.id;
    if (sameBytes(bytes, this.#init)) return;
    this.#init = bytes;
    this.#ticksPerSecond = ticksPerSecond;
    this.#cluster = undefined;
    this.#sink.init({ bytes });
  }

  /** Time goes on over a discontinuity; its new configuration, if any, comes as a generation. */
  discontinuity(): void {}

  frame(frame: Frame): void {
    const lane = this.#lanes.get(frame.track);
    const data = lane === undefined ? frame.data : withoutFlashTagByte(lane.track.codec, frame.data);
    if (lane === undefined || data.length === 0) return;
    const { track } = lane;
    const time = Math.max(LEAST_TIME, rescale(frame.pts, track.timescale, this.#ticksPerSecond) + lane.delay);
    const isKey = isRandomAccess(frame);
    const isStart = this.#lead === undefined || (track.id === this.#lead && isKey);
    const isFirst = this.#beginsCluster(time, isStart);
    const place = { track: lane.number, time: time - this.#cluster!, isKey, discardable: frame.discardable };
    const block = simpleBlockHead(place, data.length);
    this.#sink.chunk({
      parts: isFirst ? [this.#clusterHead(block.length + data.length), block, data] : [block, data],
      dts: toMicros(frame.dts, track.timescale),
      randomAccess: isStart,
      urgent: track.kind === TrackKind.video,
    });
  }

  /** Nothing is held back. */
  flush(): void {}

  /** Begins a cluster with the next block where one is due. */
  #beginsCluster(time: number, isStart: boolean): boolean {
    const now = this.#cluster;
    const isBack = this.#docType === DocType.webm && time < this.#last;
    this.#last = time;
    if (now !== undefined && !isStart && !isBack && reaches(time - now) && time - now < LONGEST_CLUSTER * this.#ticksPerSecond)
      return false;
    this.#cluster = Math.max(0, time);
    return true;
  }

  /** @param length bytes of its first block */
  #clusterHead(length: number): Uint8Array {
    return this.#lead === undefined ? closedClusterHead(this.#cluster!, length) : openClusterHead(this.#cluster!);
  }

  #choose(tracks: readonly Track[]): MediaTrack[] {
    const carried: MediaTrack[] = [];
    const reasons = new Set<string>();
    for (const track of tracks) {
      if (track.kind === TrackKind.data || this.#options[track.kind] === false) continue;
      const reason = carriedByMatroska(track, this.#docType);
      if (reason !== undefined) reasons.add(reason);
      else if (carried.length < MAX_TRACK_NUMBER) carried.push(track);
    }
    if (carried.length === 0) throw new NotCarried(reasons.size > 0 ? [...reasons].join("; ") : missing(this.#options));
    return carried;
  }
}

function missing({ video, audio }: MatroskaOptions): string {
  if (video === false) return "the stream has no audio";
  return audio === false ? "the stream has no video" : "the stream has neither video nor audio";
}
