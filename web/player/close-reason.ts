/** Why a connection ended, in terms of what the player does next. */
export const CloseReason = {
  /** The publisher ended the stream. */
  ended: "ended",
  /** The server shuts down or restarts. */
  goingAway: "going-away",
  /** The server does not let this viewer in. */
  refused: "refused",
  /** Nobody published within the time that the server lets viewers wait. */
  notLive: "not-live",
  /** This viewer could not keep up. */
  tooSlow: "too-slow",
  /** The stream's codecs do not fit into MP4. */
  notCarried: "not-carried",
  /** A response that ended in order after it carried media: a new configuration, or the end of the stream. */
  finished: "finished",
  /** Never got through: a network or a proxy without WebSocket, or no server. */
  blocked: "blocked",
  /** Broke off. */
  lost: "lost",
} as const;
export type CloseReason = (typeof CloseReason)[keyof typeof CloseReason];

/** The end of one connection. */
export interface Closed {
  readonly reason: CloseReason;
  /** The server's own words; may be empty. */
  readonly detail: string;
}

/** The close codes of a stream's WebSocket (RFC 6455 7.4; 4000 to 4999 are ours and follow HTTP's numbers). */
export function reasonOfCloseCode(code: number, opened: boolean): CloseReason {
  switch (code) {
    case 1000:
      return CloseReason.ended;
    case 1001:
    case 1012:
    case 1013:
      return CloseReason.goingAway;
    case 4401:
    case 4403:
      return CloseReason.refused;
    case 4404:
      return CloseReason.notLive;
    case 4408:
      return CloseReason.tooSlow;
    case 4415:
      return CloseReason.notCarried;
    default:
      return opened ? CloseReason.lost : CloseReason.blocked;
  }
}

/** The HTTP statuses with which a stream's response begins where it does not carry media. */
export function reasonOfStatus(status: number): CloseReason {
  switch (status) {
    case 401:
    case 403:
      return CloseReason.refused;
    case 404:
    case 410:
      return CloseReason.notLive;
    case 408:
      return CloseReason.tooSlow;
    case 415:
      return CloseReason.notCarried;
    case 503:
      return CloseReason.goingAway;
    default:
      return CloseReason.lost;
  }
}
