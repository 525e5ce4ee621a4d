/** Why a stream's WebSocket was closed (RFC 6455 7.4; 4000 to 4999 are ours and follow HTTP's numbers). */
import type { PlayheadEnd } from "../../hub/playhead.ts";
import type { RefusalCode } from "../../hub/refusal.ts";

export const CloseCode = {
  /** The stream is over, or has a new container header: connecting again may show more. */
  ended: 1000,
  /** This server is closing. */
  goingAway: 1001,
  /** Our own fault. */
  failed: 1011,
  /** Whoever decides about viewers says no. */
  denied: 4401,
  /** The name or the query cannot be used. */
  refused: 4403,
  /** Nobody published within the time a viewer may wait. */
  notLive: 4404,
  /** The viewer took nothing for too long, or answered no ping. */
  tooSlow: 4408,
  /** The container has no use for the stream's tracks. */
  notCarried: 4415,
  /** A limit of this server is reached; later it may do. */
  full: 1013,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

export function closeCodeOfRefusal(code: RefusalCode): CloseCode {
  switch (code) {
    case "name-refused":
    case "busy":
      return CloseCode.refused;
    case "denied":
      return CloseCode.denied;
    case "not-live":
    case "not-found":
      return CloseCode.notLive;
    case "not-carried":
      return CloseCode.notCarried;
    case "full":
      return CloseCode.full;
    case "closing":
      return CloseCode.goingAway;
  }
}

/** The code and words for a viewer whose stream came to its end. */
export function closeOfEnd(end: PlayheadEnd): readonly [CloseCode, string] {
  switch (end) {
    case "ended":
    case "left":
      return [CloseCode.ended, "the stream has ended"];
    case "new-tracks":
      return [CloseCode.ended, "the stream's tracks have changed; connect again"];
    case "not-carried":
      return [CloseCode.notCarried, "the stream's tracks have changed to what this container cannot carry"];
    case "no-start":
      return [CloseCode.notCarried, "no picture that this container can start at has come; this stream can be joined over FLV and RTMP"];
    case "stalled":
      return [CloseCode.tooSlow, "nothing was taken for too long"];
    case "closing":
      return [CloseCode.goingAway, "this server is closing"];
  }
}

/** Bytes of a close frame's reason at most: 125 of a control frame less the code. */
export const reasonLimit = 123;
