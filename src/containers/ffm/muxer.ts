import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import { codecNames } from "../../media/codec-name.ts";
import type { Frame } from "../../media/frame.ts";
import { isRandomAccess } from "../../media/frame.ts";
import { samplesIn } from "../../media/frame-samples.ts";
import type { Discontinuity, Muxer, MuxerFactory, MuxerSink } from "../../media/muxer.ts";
import { NotCarried } from "../../media/muxer.ts";
import { rescale } from "../../media/time.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { Generation, Track } from "../../media/track.ts";
import { notCarriedByFfm } from "./carried.ts";
import { MAX_FRAME } from "./frame-header.ts";
import { MAX_STREAMS, writeHeader } from "./header.ts";
import { PageWriter } from "./page-writer.ts";
import type { FfmTrack } from "./track-info.ts";
import { payloadOf, streamOf } from "./track-info.ts";

const MICROSECONDS = 1_000_000;
/** Media that one chunk holds back, in microseconds: each ends with a page that is not full. */
const MAX_HELD = 200_000;
/** Pages after which a chunk ends sooner: what the last one wastes is little then. */
const MAX_HELD_PAGES = 8;

/** What goes into an output, and when it is. */
export interface FfmOptions {
  /** False leaves all video tracks out. */
  readonly video?: boolean;
  /** False leaves all audio tracks out. */
  readonly audio?: boolean;
  /**
   * True counts times from 1970, as ffserver's encoders did, by the UTC at the output's beginning; else they are the timeline's.
   */
  readonly wallClock?: boolean;
}

/**
 * FFM2 of one timeline, for whoever still reads it: the header as `init`, then chunks of whole pages with whole frames in them, so that a viewer
 * may begin at any of them and loses nothing but frames where it is moved on.
 *
 * Tracks that FFM cannot carry are left out; `generation` throws `NotCarried` where none is left. Another configuration of H.264 or HEVC goes on
 * within the frames; any other change of the header ends a response.
 */
export function ffmMuxer(options: FfmOptions = {}): MuxerFactory {
  return (sink) => new FfmMuxer(options, sink);
}

/** A track and its place in the header. */
interface Carried {
  readonly track: FfmTrack;
  readonly index: number;
}

class FfmMuxer implements Muxer {
  readonly #options: FfmOptions;
  readonly #sink: MuxerSink;
  readonly #writer = new PageWriter();
  #carried: ReadonlyMap<number, Carried> = new Map();
  /** The track at whose key frames viewers start; undefined without video. */
  #main: FfmTrack | undefined;
  #header: Uint8Array = new Uint8Array(0);
  /** Configurations were told within the stream: whoever was there before needs them at every key frame. */
  #tellsSets = false;
  /** Milliseconds added to all times. */
  #epoch: number | undefined;
  /** Decoding time of the first frame held back, on the timeline's clock and in microseconds; undefined where none is. */
  #held: { readonly dts: number; readonly randomAccess: boolean } | undefined;

  constructor(options: FfmOptions, sink: MuxerSink) {
    this.#options = options;
    this.#sink = sink;
  }

  generation(next: Generation): void {
    const tracks = this.#choose(next.tracks);
    const header = writeHeader(tracks.map(streamOf));
    const before = [...this.#carried.values()].map(({ track }) => track);
    if (sameBytes(header, this.#header)) {
      this.#carry(tracks);
      return;
    }
    this.flush();
    const goesOn = before.length > 0 && changesInStream(before, tracks);
    this.#tellsSets ||= goesOn;
    this.#header = header;
    this.#carry(tracks);
    // Who has an earlier header reads what is new in the frames: nothing is sent instead of this one.
    this.#sink.init({ bytes: header, ...(goesOn && { change: new Uint8Array(0) }) });
  }

  #carry(tracks: readonly FfmTrack[]): void {
    this.#carried = new Map(tracks.map((track, index) => [track.id, { track, index }]));
    const videos = tracks.filter(({ kind }) => kind === TrackKind.video);
    this.#main = videos.find(({ isDefault }) => isDefault) ?? videos[0];
  }

  discontinuity({ utcOffset }: Discontinuity): void {
    this.flush();
    this.#epoch ??= this.#options.wallClock === true ? Math.round(utcOffset) : 0;
  }

  frame(frame: Frame): void {
    const carried = this.#carried.get(frame.track);
    if (carried === undefined || frame.data.length === 0) return;
    const { track, index } = carried;
    const start = this.#isStart(track, frame);
    if (start) this.flush();
    const data = payloadOf(track, frame, this.#tellsSets && start);
    if (data.length > MAX_FRAME) return;
    const dts = rescale(frame.dts, track.timescale, MICROSECONDS);
    const pts = rescale(frame.pts, track.timescale, MICROSECONDS);
    this.#held ??= { dts, randomAccess: start };
    const epoch = this.#epoch! * 1000;
    const duration = durationOf(track, frame);
    const isKey = isRandomAccess(frame);
    this.#writer.add({ stream: index, isKey, dts: epoch + dts, pts: epoch + pts, duration, size: data.length, data });
    const isLong = dts - this.#held.dts >= MAX_HELD || this.#writer.ready >= MAX_HELD_PAGES;
    if (isLong) this.#emit(track.kind === TrackKind.video || this.#main === undefined);
  }

  flush(): void {
    if (this.#held !== undefined) this.#emit(true);
  }

  /** Viewers start at the key frames of one track, and without video wherever a page begins. */
  #isStart(track: FfmTrack, frame: Frame): boolean {
    if (this.#main === undefined) return this.#held === undefined;
    return track.id === this.#main.id && isRandomAccess(frame);
  }

  #emit(urgent: boolean): void {
    const { dts, randomAccess } = this.#held!;
    this.#held = undefined;
    this.#sink.chunk({ parts: this.#writer.flush(), dts, randomAccess, urgent });
  }

  #choose(tracks: readonly Track[]): FfmTrack[] {
    const wanted = tracks.filter((track) => track.kind !== TrackKind.data && this.#options[track.kind] !== false) as FfmTrack[];
    const carried = wanted.filter((track) => notCarriedByFfm(track) === undefined && isReadable(track)).slice(0, MAX_STREAMS);
    if (carried.length > 0) return carried;
    throw new NotCarried(this.#refusal(wanted));
  }

  #refusal(wanted: readonly FfmTrack[]): string {
    const reasons = wanted.map(
      (track) => notCarriedByFfm(track) ?? `the decoder configuration of its ${codecNames[track.codec]} is damaged`,
    );
    if (reasons.length > 0) return [...new Set(reasons)].join("; ");
    if (this.#options.video === false) return "the stream has no audio";
    return this.#options.audio === false ? "the stream has no video" : "the stream has neither video nor audio";
  }
}

/** Configurations are taken apart: one that cannot be read is none. */
function isReadable(track: FfmTrack): boolean {
  try {
    streamOf(track);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

/** Whether all that changed are the configurations of tracks whose frames can say it. */
function changesInStream(before: readonly FfmTrack[], next: readonly FfmTrack[]): boolean {
  if (before.length !== next.length) return false;
  return next.every((track, i) => {
    const old = before[i]!;
    if (old.id !== track.id || old.codec !== track.codec) return false;
    return (
      track.codec === Codec.avc || track.codec === Codec.hevc || sameBytes(writeHeader([streamOf(old)]), writeHeader([streamOf(track)]))
    );
  });
}

/** Microseconds that a frame lasts; 0 where nobody knows. */
function durationOf(track: FfmTrack, { data }: Frame): number {
  if (track.kind === TrackKind.video) return track.frameRate > 0 ? Math.round(MICROSECONDS / track.frameRate) : 0;
  return track.sampleRate > 0 ? Math.round((samplesIn(track, data) * MICROSECONDS) / track.sampleRate) : 0;
}
