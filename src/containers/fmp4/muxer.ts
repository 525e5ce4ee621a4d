/**
 * Live fragmented MP4: an init segment, then single-track fragments as soon as there is something to put in them,
 * a video frame each, a few audio frames each. What WebSocket-fMP4, HTTP-fMP4 and low-latency parts share.
 */
import { sameBytes } from "../../bytes/same-bytes.ts";
import { NotCarried } from "../../media/muxer.ts";
import type { Discontinuity, Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import type { Frame } from "../../media/frame.ts";
import { toMicros } from "../../media/time.ts";
import { TrackKind } from "../../media/track.ts";
import type { Generation, Track } from "../../media/track.ts";
import { AudioLane } from "./audio-lane.ts";
import { carriedByFmp4 } from "./carried.ts";
import { describe } from "./description.ts";
import type { LeftOut } from "./description.ts";
import { fragmentParts } from "./fragment.ts";
import { fmp4Init } from "./init.ts";
import type { MediaTrack } from "./init.ts";
import type { Lane, Ready } from "./lane.ts";
import { VideoLane } from "./video-lane.ts";

/** What goes into an output, and how often. */
export interface Fmp4Options {
  /** Audio frames in one fragment; by default 3 beside video and 2 without. Never more than 60 ms of them. */
  readonly audioFramesPerFragment?: number;
  /** False leaves all video tracks out. */
  readonly video?: boolean;
  /** False leaves all audio tracks out. */
  readonly audio?: boolean;
}

/**
 * Makes muxers of live fragmented MP4. Tracks that MP4 cannot carry are left out; `generation` throws `NotCarried` where
 * none is left.
 */
export function fmp4Muxer(options: Fmp4Options = {}): MuxerFactory {
  return (sink) => new Fmp4Muxer(options, sink);
}

class Fmp4Muxer implements Muxer {
  readonly #options: Fmp4Options;
  readonly #sink: MuxerSink;
  #lanes: ReadonlyMap<number, Lane> = new Map();
  #init: Uint8Array = new Uint8Array(0);
  #hasVideo = false;
  #sequence = 0;
  /** Tracks that had a fragment since the newest random-access point, or the newest discontinuity. */
  readonly #placed = new Set<number>();
  #utcOffset = 0;

  constructor(options: Fmp4Options, sink: MuxerSink) {
    this.#options = options;
    this.#sink = sink;
  }

  /** Throws `NotCarried` where no track is left to carry; what was carried before goes on. */
  generation(next: Generation): void {
    this.flush();
    const { carried, leftOut } = this.#choose(next.tracks);
    if (carried.length === 0) throw new NotCarried(refusal(leftOut, this.#options));
    this.#hasVideo = carried.some((track) => track.kind === TrackKind.video);
    const main = carried.find((track) => track.kind === TrackKind.video && track.isDefault) ?? carried[0]!;
    this.#lanes = new Map(carried.map((track) => [track.id, this.#lane(track, track === main)]));
    const bytes = fmp4Init(carried);
    if (sameBytes(bytes, this.#init)) return;
    this.#init = bytes;
    this.#sink.init({ bytes, change: bytes, changeIsAnnounced: true, description: describe(carried, leftOut) });
  }

  frame(frame: Frame): void {
    const lane = this.#lanes.get(frame.track);
    // A frame without bytes decodes to nothing, and some players stop at an empty sample.
    if (lane === undefined || frame.data.length === 0) return;
    for (const ready of lane.add(frame, this.#utcOffset)) this.#emit(lane, ready);
  }

  discontinuity(entry: Discontinuity): void {
    this.flush();
    this.#utcOffset = entry.utcOffset;
    this.#placed.clear();
    for (const lane of this.#lanes.values()) lane.interrupt();
  }

  flush(): void {
    for (const lane of this.#lanes.values()) for (const ready of lane.flush()) this.#emit(lane, ready);
  }

  #choose(tracks: readonly Track[]): { carried: MediaTrack[]; leftOut: LeftOut[] } {
    const carried: MediaTrack[] = [];
    const leftOut: LeftOut[] = [];
    for (const track of tracks) {
      if (track.kind === TrackKind.data || this.#options[track.kind] === false) continue;
      const reason = carriedByFmp4(track);
      if (reason === undefined) carried.push(track);
      else leftOut.push({ id: track.id, kind: track.kind, codec: track.codec, reason });
    }
    return { carried, leftOut };
  }

  /** Clocks go on from one generation to the next: a new configuration is no reason for a step. */
  #lane(track: MediaTrack, isMain: boolean): Lane {
    const before = this.#lanes.get(track.id);
    if (track.kind === TrackKind.video) {
      return new VideoLane(track, isMain, before instanceof VideoLane ? before : undefined);
    }
    const frames = this.#options.audioFramesPerFragment ?? (this.#hasVideo ? 3 : 2);
    return new AudioLane(track, { frames, alone: !this.#hasVideo }, before instanceof AudioLane ? before : undefined);
  }

  #emit(lane: Lane, ready: Ready): void {
    const parts = fragmentParts({ ...ready, sequence: this.#nextSequence(lane, ready), trackId: lane.track.id });
    const urgent = lane.track.kind === TrackKind.video || !this.#hasVideo;
    this.#sink.chunk({ parts, dts: toMicros(ready.dts, lane.track.timescale), randomAccess: ready.randomAccess, urgent });
  }

  /**
   * VLC 3 believes a fragment's tfdt only where the sequence number jumps, else it goes on from what it had of that track: 0 for one whose
   * first fragment is not the first it sees. Sound of who joins after ten seconds would be ten seconds late and dropped. So every track
   * skips a number after each place where one may join (numbers have to grow, not by one: ISO/IEC 14496-12 8.8.5).
   */
  #nextSequence(lane: Lane, ready: Ready): number {
    if (ready.randomAccess) this.#placed.clear();
    const skips = this.#lanes.size > 1 && !this.#placed.has(lane.track.id);
    this.#placed.add(lane.track.id);
    this.#sequence = ((this.#sequence + (skips ? 1 : 0)) % 0xffff_ffff) + 1;
    return this.#sequence;
  }
}

function refusal(leftOut: readonly LeftOut[], options: Fmp4Options): string {
  if (leftOut.length > 0) return [...new Set(leftOut.map((track) => track.reason))].join("; ");
  if (options.video === false) return "the stream has no audio";
  if (options.audio === false) return "the stream has no video";
  return "the stream has neither video nor audio";
}
