import type { IncomingMessage, ServerResponse } from "node:http";
import type { PublishAnswer } from "../../protocols/http-publish/http-publishers.ts";
import type { Target } from "../http/target.ts";

/** One request for a feed, an output or a redirect, on its way. */
export interface FeedExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  /** IP address of who asks. */
  readonly address: string;
  /** Headers that every answer has. */
  readonly headers: Readonly<Record<string, string>>;
  /** How an error is told to a publisher. */
  readonly answer: (error: unknown) => PublishAnswer;
}
