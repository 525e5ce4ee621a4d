/** Why a publisher's WebSocket was closed (RFC 6455 7.4; 4000 to 4999 are ours and follow HTTP's numbers). */
import { ProtocolError, type ProtocolErrorCode } from "../../bytes/protocol-error.ts";
import { Refusal, type RefusalCode } from "../../hub/refusal.ts";

export const CloseCode = {
  /** All was taken. */
  ended: 1000,
  /** This server is closing. */
  goingAway: 1001,
  /** Our own fault. */
  failed: 1011,
  /** A limit of this server is reached; later it may do. */
  full: 1013,
  /** Whoever decides about publishers says no. */
  denied: 4401,
  /** The name or the query cannot be used, or the page is of a site that may not publish. */
  refused: 4403,
  /** Nothing came for too long. */
  stalled: 4408,
  /** Somebody else is publishing under this name, or has taken over. */
  busy: 4409,
  /** A format or codec that is not known. */
  unsupported: 4415,
  /** Media that break the rules of their format. */
  broken: 4422,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** The code and words for what ended a publisher; undefined is the good end. */
export function closeOf(error: unknown): readonly [CloseCode, string] {
  if (error === undefined) return [CloseCode.ended, "the stream has ended"];
  if (error instanceof Refusal) return [codeOfRefusal(error.code), error.message];
  if (error instanceof ProtocolError) return [codeOfMistake(error.code), error.message];
  return [CloseCode.failed, "this server failed"];
}

function codeOfRefusal(code: RefusalCode): CloseCode {
  switch (code) {
    case "name-refused":
      return CloseCode.refused;
    case "denied":
      return CloseCode.denied;
    case "busy":
      return CloseCode.busy;
    case "not-live":
    case "not-found":
    case "not-carried":
      return CloseCode.unsupported;
    case "full":
      return CloseCode.full;
    case "closing":
      return CloseCode.goingAway;
  }
}

function codeOfMistake(code: ProtocolErrorCode): CloseCode {
  switch (code) {
    case "unsupported":
      return CloseCode.unsupported;
    case "timeout":
      return CloseCode.stalled;
    case "truncated":
    case "limit":
    case "malformed":
    case "order":
    case "wrong-protocol":
      return CloseCode.broken;
  }
}
