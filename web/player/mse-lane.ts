import type { Range } from "./gaps.ts";
import { rangesOf } from "./gaps.ts";
import { silence } from "./silence.ts";
import { SourceBufferQueue } from "./source-buffer-queue.ts";
import type { QueueListener } from "./source-buffer-queue.ts";
import { sameDecoding } from "./stream.ts";
import type { StreamFragment, StreamTrack } from "./stream.ts";

/** Media this far behind the playhead is given up, some at a time. Seconds. */
const keepBehind = 10;
const trimAtOnce = 10;
/** Fragments that lie farther apart than this do not follow on one another. Seconds. */
const adjacent = 0.05;
/** A frame is sent this much before those that are shown before it, at most. Seconds. */
const outOfOrder = 0.4;
/** What begins this much before the end of what there is repeats it, and is no rounding. Seconds. */
const repetition = 0.01;
/** Key frames remembered, to cut at. */
const mostKeys = 256;

export interface LaneListener {
  changed(): void;
  failed(message: string): void;
  /** Where the playhead is, in seconds of the media element's clock. */
  currentTime(): number;
}

/** One track's way into its SourceBuffer: what was given to it, what can be taken away again. Times as the element's. */
export class MseLane {
  #track: StreamTrack;
  readonly #queue: SourceBufferQueue;
  readonly #listener: LaneListener;
  #offset = 0;
  #end: number | undefined;
  #decodeEnd = Number.NEGATIVE_INFINITY;
  /** What begins before this has been given to the browser already. */
  #repeatedTo = Number.NEGATIVE_INFINITY;
  #runStart = 0;
  #keys: number[] = [];
  /** Media was thrown away: all is dropped up to the next key frame. */
  #needsSync = true;

  constructor(source: MediaSource, track: StreamTrack, listener: LaneListener) {
    this.#track = track;
    this.#listener = listener;
    const queueListener: QueueListener = {
      changed: () => listener.changed(),
      failed: (message) => listener.failed(message),
      dropped: () => (this.#needsSync = true),
      full: () => this.#expendable(1),
    };
    this.#queue = new SourceBufferQueue(source.addSourceBuffer(track.mimeType), queueListener);
    this.#queue.append([track.init], true);
  }

  get track(): StreamTrack {
    return this.#track;
  }
  get idle(): boolean {
    return this.#queue.idle;
  }
  /** End of the newest media that was given to it; undefined before the first. */
  get end(): number | undefined {
    return this.#end;
  }
  /** Since when media has come without a hole. */
  get runStart(): number {
    return this.#runStart;
  }
  get ranges(): readonly Range[] {
    const buffered = this.#queue.buffered;
    return buffered === undefined ? [] : rangesOf(buffered);
  }

  /** A new configuration. An equal one changes nothing: an init segment would cost the pictures up to the next key frame. */
  reconfigure(track: StreamTrack): void {
    const before = this.#track;
    this.#track = track;
    if (sameDecoding(before, track)) return;
    if (before.codec !== track.codec) this.#queue.changeType(track.mimeType);
    this.#queue.append([track.init], true);
    this.#needsSync = true;
  }

  /**
   * What follows repeats some of what came, from a key frame on. Only what goes beyond is given to the browser: pictures
   * that replace those being played stop it up to the next key frame.
   */
  resume(): void {
    this.#repeatedTo = this.#decodeEnd;
  }

  /** What follows is shown `seconds` later than it says, and begins anew. */
  restart(seconds: number): void {
    this.#needsSync = true;
    this.#repeatedTo = Number.NEGATIVE_INFINITY;
    this.shift(seconds);
  }

  /** What follows is shown `seconds` later than it says. */
  shift(seconds: number): void {
    if (seconds === this.#offset) return;
    this.#offset = seconds;
    this.#queue.setOffset(seconds);
  }

  /** Whether this fragment does not follow on what came. */
  isHoleBefore(fragment: StreamFragment): boolean {
    const step = fragment.decodeStart + this.#offset - this.#decodeEnd;
    // Decoding times do not step where presentation does, in the middle of a GOP; frames out of order reach less far.
    return Math.abs(step) > adjacent || (this.#end !== undefined && fragment.start + this.#offset - this.#end > outOfOrder);
  }

  append(fragment: StreamFragment): void {
    const decodeStart = fragment.decodeStart + this.#offset;
    if (decodeStart < this.#repeatedTo - repetition) return;
    this.#repeatedTo = Number.NEGATIVE_INFINITY;
    if (this.#needsSync && !fragment.sync) return;
    this.#needsSync = false;
    const start = fragment.start + this.#offset;
    if (this.isHoleBefore(fragment)) this.#runStart = start;
    this.#decodeEnd = fragment.decodeEnd + this.#offset;
    if (fragment.sync && this.#track.kind === "video") this.#keys = [...this.#keys.slice(1 - mostKeys), start];
    this.#end = fragment.sync ? fragment.end + this.#offset : Math.max(this.#end ?? 0, fragment.end + this.#offset);
    this.#queue.append(fragment.parts);
  }

  /** Fills with silence up to about `end`. @returns whether there is silence for this codec. */
  fillSilence(start: number, end: number): boolean {
    const filler = silence(this.#track, start - this.#offset, end - this.#offset);
    if (filler === undefined) return false;
    this.#needsSync = false;
    if (Math.abs(start - this.#decodeEnd) > adjacent) this.#runStart = start;
    this.#end = filler.end + this.#offset;
    this.#decodeEnd = this.#end;
    this.#queue.append(filler.parts);
    return true;
  }

  /** Gives up what lies well behind the playhead. */
  trim(): void {
    const old = this.#expendable(keepBehind);
    const first = this.ranges[0]?.[0];
    if (old !== undefined && first !== undefined && old.end - first > trimAtOnce) this.#queue.remove(0, old.end);
  }

  close(): void {
    this.#queue.close();
  }

  /**
   * Media to remove that ends at least `behind` seconds before the playhead. For video it must end at a key frame:
   * removing takes everything with it that depends on what is removed, even what is still to be shown.
   */
  #expendable(behind: number): { start: number; end: number } | undefined {
    const latest = this.#listener.currentTime() - behind;
    const end = this.#track.kind === "video" ? this.#keys.findLast((key) => key <= latest) : latest;
    return end === undefined || end <= 0 ? undefined : { start: 0, end };
  }
}
