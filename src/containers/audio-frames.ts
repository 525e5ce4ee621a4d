import { joined } from "../bytes/joined.ts";
import { ProtocolError } from "../bytes/protocol-error.ts";
import { sameBytes } from "../bytes/same-bytes.ts";
import type { AudioFormat, AudioUnit } from "../media/audio-format.ts";
import type { Demuxer, FrameSink } from "../media/demuxer.ts";
import { Sap } from "../media/frame.ts";
import { TrackKind } from "../media/track.ts";
import type { AudioTrack } from "../media/track.ts";

/** Bytes between two frames that are no frame, at most. An APE tag and the rest of a frame that was cut have less. */
const MAX_SKIPPED = 64 * 1024;
/** Bytes of an ID3 tag, at most: pictures have a few megabytes. */
const MAX_TAG = 64 * 1024 * 1024;
const TAG_HEADER = 10;
const AUDIO_TRACK = 2;

export interface AudioFrames {
  /** The container in words: `ADTS`. */
  readonly name: string;
  readonly format: AudioFormat;
  /** Whether a frame at the beginning, or behind a tag, is one that holds no sound but says something of it. */
  isHeader?(frame: Uint8Array): boolean;
}

/**
 * Reads audio frames one after the other, each behind a header that says how long it is, with nothing around them: one track, of which frames
 * say all. It has no times but those that follow from the samples, from 0. Tags (ID3 version 2, id3.org) are passed over.
 *
 * At the beginning, and after bytes that are no frame, one is believed in only if another comes right behind it: relays of radio stations begin
 * anywhere. Where none comes for 64 KiB, it was none of these.
 */
export class AudioFramesDemuxer implements Demuxer {
  readonly #sink: FrameSink;
  readonly #frames: AudioFrames;
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes of a tag still to come. */
  #tag = 0;
  /** What comes next has to be a frame. */
  #isSure = false;
  #isFirst = true;
  #skipped = 0;
  #track: AudioTrack | undefined;
  /** Time of the next frame, in ticks of the track. */
  #next = 0;

  constructor(sink: FrameSink, frames: AudioFrames) {
    this.#sink = sink;
    this.#frames = frames;
  }

  push(piece: Uint8Array): void {
    this.#read(this.#rest.length === 0 ? piece : joined([this.#rest, piece]), false);
  }

  end(): void {
    this.#read(this.#rest, true);
    if (this.#track === undefined) throw new ProtocolError("truncated", `the input ended before a frame of ${this.#frames.name}`);
    if (this.#isSure && this.#rest.length > 0)
      throw new ProtocolError("truncated", `the input ended within a frame of ${this.#frames.name}`);
  }

  #read(data: Uint8Array, isLast: boolean): void {
    let at = 0;
    while (at < data.length) {
      const tag = this.#tag > 0 ? this.#tag : tagLength(data, at, isLast);
      if (tag === undefined) break;
      if (tag > 0) {
        const length = Math.min(tag, data.length - at);
        this.#tag = tag - length;
        this.#isFirst = true;
        at += length;
        continue;
      }
      const end = this.#endOf(data, at, isLast);
      if (end === 0) break;
      if (end === undefined) {
        at += 1;
        this.#skip();
      } else {
        this.#frame(data.subarray(at, end));
        at = end;
      }
    }
    this.#rest = data.subarray(at);
  }

  /** Where the frame at an offset ends; 0 where more has to come to tell. Undefined where there is none. */
  #endOf(data: Uint8Array, at: number, isLast: boolean): number | undefined {
    const { format } = this.#frames;
    const more = isLast && !this.#isSure ? undefined : 0;
    if (data.length - at < format.headerLength) return more;
    const length = format.length(data, at);
    if (length === undefined) return undefined;
    const end = at + length;
    if (length === 0 || end > data.length) return more;
    if (this.#isSure || (isLast && end === data.length)) return end;
    if (data.length - end < format.headerLength) return more;
    return format.length(data, end) === undefined ? undefined : end;
  }

  #skip(): void {
    this.#isSure = false;
    this.#skipped += 1;
    if (this.#skipped > MAX_SKIPPED) throw new ProtocolError("malformed", `no frame of ${this.#frames.name} in ${MAX_SKIPPED} bytes`);
  }

  #frame(frame: Uint8Array): void {
    const isHeader = this.#isFirst && this.#frames.isHeader?.(frame) === true;
    this.#isSure = true;
    this.#isFirst = false;
    this.#skipped = 0;
    if (isHeader) return;
    for (const unit of this.#frames.format.read(frame)) {
      const track = this.#trackOf(unit);
      const { data, samples } = unit;
      this.#sink.frame({ track: track.id, dts: this.#next, pts: this.#next, sap: Sap.closed, discardable: false, data });
      this.#next += samples;
    }
  }

  #trackOf(unit: AudioUnit): AudioTrack {
    const before = this.#track;
    const { codec, config, codecString, sampleRate, channels, samplesPerFrame } = unit;
    if (
      before !== undefined &&
      before.codec === codec &&
      before.sampleRate === sampleRate &&
      before.channels === channels &&
      sameBytes(before.config, config)
    )
      return before;
    if (sampleRate === 0) throw new ProtocolError("malformed", `a frame of ${this.#frames.name} without a sampling rate`);
    const sound = { codec, config: new Uint8Array(config), codecString, sampleRate, channels, samplesPerFrame };
    const track: AudioTrack = { kind: TrackKind.audio, id: AUDIO_TRACK, ...sound, timescale: sampleRate, isDefault: true };
    if (before === undefined) this.#sink.announce({ video: false, audio: true });
    else this.#next = Math.ceil((this.#next * sampleRate) / before.timescale);
    this.#track = track;
    this.#sink.track(track);
    return track;
  }
}

/**
 * Bytes of the ID3 tag at an offset, its header and footer included; 0 where there is none. Undefined where more has to come to tell.
 *
 * @throws ProtocolError where it is too long to be one
 */
function tagLength(data: Uint8Array, at: number, isLast: boolean): number | undefined {
  const [i, d, three] = data.subarray(at, at + 3);
  if (i !== 0x49 || (d ?? 0x44) !== 0x44 || (three ?? 0x33) !== 0x33) return 0;
  if (data.length - at < TAG_HEADER) return isLast ? 0 : undefined;
  const sizes = data.subarray(at + 6, at + TAG_HEADER);
  if (sizes.some((byte) => byte >= 0x80)) return 0;
  const footer = (data[at + 5]! & 0x10) === 0 ? 0 : TAG_HEADER;
  const length = TAG_HEADER + footer + sizes.reduce((sum, byte) => sum * 128 + byte, 0);
  if (length > MAX_TAG) throw new ProtocolError("limit", `ID3 tag of ${length} bytes, ${MAX_TAG} allowed`);
  return length;
}

/** Bytes of a tag that has more than words in it: a picture, as files of music have. */
const LONG_TAG = 2048;
/** What every frame begins with. */
const SYNC = 0xff;

/**
 * Whether input begins with two such frames, a tag passed over; undefined where more has to come to tell.
 *
 * @param longTag the answer where it begins with a tag that is too long to wait for its end
 */
export function beginsWithFrames(head: Uint8Array, format: AudioFormat, longTag: boolean): boolean | undefined {
  const tag = tagLength(head, 0, false);
  if (tag === undefined) return undefined;
  if (tag > LONG_TAG) return longTag;
  if (head.length > tag && head[tag] !== SYNC) return false;
  if (head.length - tag < format.headerLength) return undefined;
  const length = format.length(head, tag);
  if (length === undefined) return false;
  const next = tag + length;
  if (length === 0 || head.length - next < format.headerLength) return undefined;
  return format.length(head, next) !== undefined;
}
