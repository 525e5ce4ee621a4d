/**
 * A peer broke the rules of its protocol or format. It ends that peer's session and nothing else.
 *
 * `code` is stable and documented in docs/errors.md; `message` is for the log.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Every way a peer can break the rules. docs/errors.md lists the same codes; a test compares them. */
export const ProtocolErrorCode = {
  /** Fewer bytes than the format's own length fields promise. */
  truncated: "truncated",
  /** A length or count beyond the named limit that guards it. */
  limit: "limit",
  /** A value that the format does not allow. */
  malformed: "malformed",
  /** Well formed, but something we do not speak. */
  unsupported: "unsupported",
  /** A message that is not allowed at this point of the conversation. */
  order: "order",
  /** The peer took longer than the time limit of the step. */
  timeout: "timeout",
  /** The bytes belong to another protocol (HTTP or TLS on an RTMP port). */
  wrongProtocol: "wrong-protocol",
} as const;
export type ProtocolErrorCode = (typeof ProtocolErrorCode)[keyof typeof ProtocolErrorCode];
