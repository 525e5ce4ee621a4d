import type { ListenAddress } from "./config/values.ts";

/** One listener that could not be opened. */
export interface ListenFailure {
  readonly role: "rtmp" | "http";
  readonly address: ListenAddress;
  /** The system's code: `EADDRINUSE`, `EACCES` … */
  readonly code: string;
  readonly message: string;
}

/** `listen()` failed; nothing listens any more. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly failures: readonly ListenFailure[];

  constructor(failures: readonly ListenFailure[]) {
    super(failures.map(({ role, message }) => `${role}: ${message}`).join("; "));
    this.failures = failures;
  }
}
