import type { Frame } from "./frame.ts";
import type { Generation } from "./track.ts";

/** The start of a timeline, or a break in it: what comes after does not follow from what came before. */
export interface Discontinuity {
  readonly reason: "start" | "reconnect" | "takeover" | "jump";
  /**
   * Unix milliseconds of the timeline's time zero, until the next discontinuity: UTC = utcOffset + time in ms.
   */
  readonly utcOffset: number;
}

/**
 * Turns frames into the bytes of one container. Pure: no sockets, no clock, nothing of Node. It is fed the entries
 * of one timeline in order, starting at a random-access point, and calls the sink it was made with.
 *
 * The first two calls are always `discontinuity` (the one in force at that point) and `generation`.
 */
export interface Muxer {
  /** Tracks or metadata changed (or begin). Frames that follow belong to it. */
  generation(next: Generation): void;
  frame(frame: Frame): void;
  discontinuity(entry: Discontinuity): void;
  /** Emits what is held back (audio waiting to be grouped, say). No more audio may come for a while, or ever. */
  flush(): void;
}

/** What newcomers and old-timers are sent when a container's header changes. */
export interface MuxedInit {
  /** Everything a new viewer needs before its first chunk (FLV header and sequence headers; ftyp and moov). */
  readonly bytes: Uint8Array;
  /**
   * What a viewer who has an earlier init is sent instead when it crosses to this one: complete, since it may have
   * missed those between. Undefined: nobody can go on, responses end here cleanly (an FLV stream that gains a track).
   */
  readonly change?: Uint8Array;
  /**
   * True: `change` may go only to clients that are told `description` before it (message-framed transports); a plain
   * body, whose reader could not tell a new header from more of the same, ends here instead (HTTP-fMP4).
   */
  readonly changeIsAnnounced?: boolean;
  /** A text that describes this init to clients of message-framed transports (JSON), sent before the bytes. */
  readonly description?: string;
}

/** Bytes of a container that are sent together: a tag, a fragment. */
export interface MuxedChunk {
  /**
   * The bytes, in pieces that may be views of frames: the sink copies or keeps them, nobody writes to them.
   */
  readonly parts: readonly Uint8Array[];
  /** Decoding time in microseconds on the timeline's clock. */
  readonly dts: number;
  /** A viewer may start here. */
  readonly randomAccess: boolean;
  /** Reaching viewers can wait for the next urgent chunk (audio beside video). */
  readonly urgent: boolean;
}

/** Where a muxer puts what it makes. */
export interface MuxerSink {
  /** From here on chunks need this init. Called before the first chunk. */
  init(init: MuxedInit): void;
  chunk(chunk: MuxedChunk): void;
}

/** Thrown by a muxer when a generation holds nothing its container can carry; the words are shown to the viewer. */
export class NotCarried extends Error {
  override readonly name = "NotCarried";
}

/** Makes a muxer for a sink. */
export type MuxerFactory = (sink: MuxerSink) => Muxer;
