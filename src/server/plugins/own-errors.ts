import { ProtocolError, ProtocolErrorCode } from "../../bytes/protocol-error.ts";
import { NotCarried } from "../../media/muxer.ts";

/**
 * An error of a plug-in as one of ours. A plug-in may have brought a Millrace of its own, whose classes are others than these: they are
 * known by their names.
 */
export function asOwnError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "NotCarried") return error instanceof NotCarried ? error : new NotCarried(error.message);
  if (error.name !== "ProtocolError" || error instanceof ProtocolError) return error;
  const code = Object.values(ProtocolErrorCode).find((known) => "code" in error && known === error.code);
  return code === undefined ? error : new ProtocolError(code, error.message);
}
