/** Audio whose frames follow one another with no regard to PES packets, ISO/IEC 13818-1 2.4.3.7. */
import { joined } from "../../bytes/joined.ts";
import { ProtocolError } from "../../bytes/protocol-error.ts";
import { sameBytes } from "../../bytes/same-bytes.ts";
import type { AudioFormat, AudioUnit } from "../../media/audio-format.ts";
import { Access } from "../../media/frame.ts";
import { Codec, TrackKind } from "../../media/track.ts";
import type { Elementary, ElementarySink } from "./elementary.ts";
import { TIMESCALE } from "./elementary.ts";
import type { Stamps } from "./pes.ts";

/** Bytes of a frame that may wait for its end: more than any codec has. */
const MAX_REST = 64 * 1024;

/**
 * Cuts an elementary stream into frames. The stamps of a packet are those of the first frame that begins in it; the others follow by their samples.
 *
 * After a loss, and after bytes that are no frame, one is believed in only if another, or the end of the packet, comes right behind it.
 */
export class AudioElementary implements Elementary {
  readonly #format: AudioFormat;
  readonly #sink: ElementarySink;
  /** What waits for its end. */
  #rest: Uint8Array = new Uint8Array(0);
  /** What comes next has to be a frame. */
  #isSure = true;
  /** Time of the next frame, in ticks and parts of one; undefined where nothing tells. */
  #next: number | undefined;
  #track: AudioUnit | undefined;

  constructor(format: AudioFormat, sink: ElementarySink) {
    this.#format = format;
    this.#sink = sink;
  }

  packet(payload: Uint8Array, stamps: Stamps | undefined): void {
    const begin = this.#rest.length;
    const data = begin === 0 ? payload : joined([this.#rest, payload]);
    let due = stamps?.pts;
    let at = 0;
    while (at < data.length) {
      const end = this.#endOf(data, at);
      if (end === undefined) {
        at += 1;
        continue;
      }
      if (at >= begin) {
        this.#next = due ?? this.#next;
        due = undefined;
      }
      if (end > data.length) break;
      this.#frame(data.subarray(at, end));
      at = end;
    }
    this.#keep(data.subarray(at));
  }

  interrupted(): void {
    if (this.#rest.length > 0) this.#sink.dropped();
    this.#rest = new Uint8Array(0);
    this.#isSure = false;
    this.#next = undefined;
  }

  flush(): void {
    this.interrupted();
  }

  /** Where the frame at an offset ends: beyond the data where that cannot be told, or believed, yet. Undefined where there is none. */
  #endOf(data: Uint8Array, at: number): number | undefined {
    const unknown = data.length + 1;
    if (data.length - at < this.#format.headerLength) return unknown;
    const length = this.#format.length(data, at);
    if (length === undefined) return this.#noFrame();
    const end = at + length;
    if (length === 0 || end > data.length) return unknown;
    if (this.#isSure || end === data.length) return end;
    if (data.length - end < this.#format.headerLength) return unknown;
    return this.#format.length(data, end) === undefined ? undefined : end;
  }

  #noFrame(): undefined {
    if (this.#isSure) this.#sink.dropped();
    this.#isSure = false;
  }

  #keep(rest: Uint8Array): void {
    this.#rest = new Uint8Array(rest.length > MAX_REST ? [] : rest);
    if (rest.length > MAX_REST) this.#noFrame();
  }

  #frame(frame: Uint8Array): void {
    this.#isSure = true;
    for (const unit of this.#units(frame)) {
      if (this.#track === undefined || !isSame(this.#track, unit)) this.#declare(unit);
      if (this.#next === undefined) this.#sink.dropped();
      else this.#emit(this.#next, unit);
      this.#advance(unit);
    }
  }

  #units(frame: Uint8Array): readonly AudioUnit[] {
    try {
      return this.#format.read(frame);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#sink.dropped();
      if (this.#track !== undefined) this.#advance(this.#track);
      return [];
    }
  }

  #emit(time: number, unit: AudioUnit): void {
    const dts = Math.round(time);
    this.#sink.frame({ dts, pts: dts, ...Access.closed, data: new Uint8Array(unit.data) });
  }

  #advance({ samples, sampleRate }: AudioUnit): void {
    if (this.#next !== undefined && sampleRate > 0) this.#next += (samples * TIMESCALE) / sampleRate;
  }

  #declare(unit: AudioUnit): void {
    this.#track = { ...unit, data: new Uint8Array(0) };
    const { codec, sampleRate, channels, samplesPerFrame, codecString } = unit;
    const config = new Uint8Array(unit.config);
    this.#sink.track({
      kind: TrackKind.audio,
      codec,
      config,
      sampleRate,
      channels,
      samplesPerFrame,
      codecString,
    });
  }
}

/** Whether two frames are of one track. The records of AC-3, E-AC-3 also say the bit rate, which may vary. */
function isSame(a: AudioUnit, b: AudioUnit): boolean {
  if (a.codec !== b.codec) return false;
  if (a.codec === Codec.aac) return a.config === b.config || sameBytes(a.config, b.config);
  return a.sampleRate === b.sampleRate && a.channels === b.channels && a.codecString === b.codecString;
}
