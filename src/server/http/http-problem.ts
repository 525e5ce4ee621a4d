import { ProtocolError, type ProtocolErrorCode } from "../../bytes/protocol-error.ts";
import type { RefusalCode } from "../../hub/refusal.ts";
import { Refusal } from "../../hub/refusal.ts";
import { HlsMistake } from "../../protocols/hls/hls-mistake.ts";

/** A request that is answered with an error; `message` is for the person at the other end. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The answer to anything that was thrown; undefined for what is our own fault. */
export function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error;
  if (error instanceof Refusal) return new HttpProblem(statusOfRefusal(error.code), error.code, error.message, retryHeaders(error.code));
  if (error instanceof HlsMistake) return new HttpProblem(hlsStatus[error.code], error.code, error.message);
  if (error instanceof ProtocolError) return new HttpProblem(statusOfMistake(error.code), error.code, wordsOfMistake(error));
  return undefined;
}

const hlsStatus = { "not-found": 404, "bad-query": 400, "too-late": 503 } as const satisfies Record<HlsMistake["code"], number>;

/** Where a publisher broke the rules of what it sent. */
function statusOfMistake(code: ProtocolErrorCode): number {
  switch (code) {
    case "unsupported":
      return 415;
    case "timeout":
      return 408;
    case "truncated":
    case "limit":
    case "malformed":
    case "order":
    case "wrong-protocol":
      return 422;
  }
}

function wordsOfMistake({ code, message }: ProtocolError): string {
  return code === "timeout" ? `The stream was ended: ${message}.` : `What was sent cannot be read: ${message} (${code}).`;
}

export function statusOfRefusal(code: RefusalCode): number {
  switch (code) {
    case "name-refused":
      return 400;
    case "denied":
      return 403;
    case "not-live":
    case "not-found":
      return 404;
    case "busy":
      return 409;
    case "not-carried":
      return 415;
    case "full":
    case "closing":
      return 503;
  }
}

function retryHeaders(code: RefusalCode): Record<string, string> {
  return code === "full" || code === "closing" ? { "Retry-After": "5" } : {};
}
