import type { EngineKind, EngineStats } from "./engine-stats.ts";
import type { TransportName } from "./media-url.ts";

/** Figures for people and for monitoring. */
export interface PlayerStats {
  /**
   * Seconds from the server's (or, where it sends one, the encoder's) wall clock to the screen. As exact as the two
   * clocks agree; null where the stream carries no wall clock or nothing is shown.
   */
  readonly latency: number | null;
  /** Seconds of media ahead of the playhead. */
  readonly buffer: number;
  /** Seconds of buffer aimed at now; rises after underruns. */
  readonly targetBuffer: number;
  readonly playbackRate: number;
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** Bits per second over the last seconds. */
  readonly bitrate: number;
  /** Pixels; 0 without a picture. */
  readonly width: number;
  readonly height: number;
  /** Codec strings (RFC 6381); "" without such a track. */
  readonly videoCodec: string;
  readonly audioCodec: string;
  /** How often the player moved the playhead: over holes, back to its latency, out of stalls. */
  readonly seeks: number;
  /** How often playback waited for media. */
  readonly waitings: number;
  /** How often the connection was made anew. */
  readonly reconnects: number;
  readonly transport: TransportName | null;
  readonly engine: EngineKind | null;
}

/** Bytes over the last seconds. Time is passed in, in seconds. */
export class BitrateMeter {
  readonly #window = 3;
  #entries: { readonly at: number; readonly bytes: number }[] = [];

  add(now: number, bytes: number): void {
    const last = this.#entries.at(-1);
    // Tenths of a second are fine enough, and few.
    if (last !== undefined && now - last.at < 0.1) this.#entries[this.#entries.length - 1] = { at: last.at, bytes: last.bytes + bytes };
    else this.#entries.push({ at: now, bytes });
    this.#forget(now);
  }

  /** Bits per second; 0 when nothing has come for the length of the window. */
  rate(now: number): number {
    this.#forget(now);
    const first = this.#entries[0];
    if (first === undefined) return 0;
    // The first entry opens the window: its bytes came before the time that is measured.
    const bytes = this.#entries.slice(1).reduce((sum, entry) => sum + entry.bytes, 0);
    return now - first.at < 0.2 ? 0 : (bytes * 8) / (now - first.at);
  }

  #forget(now: number): void {
    while (this.#entries.length > 0 && now - this.#entries[0]!.at > this.#window) this.#entries.shift();
  }
}

/** How late the picture is, from the stream's map to UTC. */
export class LatencyMeter {
  #utcOffset: number | undefined;
  /** How much this machine's clock must be behind the server's: media cannot arrive before it was made. */
  #skew = 0;

  /**
   * @param utcOffset Unix milliseconds of time zero of the stream's clock.
   * @param newest end of what arrived, in seconds of the stream's clock.
   * @param now Unix milliseconds.
   */
  arrived(utcOffset: number | undefined, newest: number, now: number): void {
    if (utcOffset !== undefined) this.#utcOffset = utcOffset;
    if (this.#utcOffset !== undefined) this.#skew = Math.min(this.#skew, now - this.#utcOffset - newest * 1000);
  }

  /** A new connection: perhaps another clock. */
  reset(): void {
    this.#utcOffset = undefined;
    this.#skew = 0;
  }

  /** Unix milliseconds, on the clock that the stream carries, of what is shown; undefined where that is not known. */
  date(position: number | undefined): number | undefined {
    return position === undefined || this.#utcOffset === undefined ? undefined : this.#utcOffset + position * 1000;
  }

  /** Seconds, or null where it is not known. */
  latency(position: number | undefined, now: number): number | null {
    if (position === undefined || this.#utcOffset === undefined) return null;
    return (now - this.#skew - this.#utcOffset) / 1000 - position;
  }
}

/** What an engine that is not there would say. */
export const noEngineStats: EngineStats = {
  buffer: 0,
  playbackRate: 1,
  decodedFrames: 0,
  droppedFrames: 0,
  width: 0,
  height: 0,
  position: undefined,
};
