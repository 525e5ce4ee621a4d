import type { IncomingMessage } from "node:http";
import type { AccessQuestion } from "../../hub/access.ts";
import type { PublishSession } from "./publish-session.ts";

/** Milliseconds that the next part of a publication is waited for. */
const patience = 3000;

/** Which part of something larger a request brings (RFC 9110 14.5). */
export interface Part {
  /** Bytes that came before it. */
  readonly from: number;
}

/**
 * The part that a request brings, undefined where it brings all. GStreamer's `souphttpclientsink` puts every buffer in a request of its
 * own, on whatever connection; the first has nothing to tell it by but its sender.
 */
export function partOf({ method, headers }: IncomingMessage): Part | undefined {
  const range = /^bytes (\d+)-\d+\/\*$/.exec(headers["content-range"] ?? "");
  if (range !== null) return { from: Number(range[1]) };
  const isFirst = method === "PUT" && headers["content-length"] !== undefined && /\bsouphttpclientsink\b/.test(headers["user-agent"] ?? "");
  return isFirst ? { from: 0 } : undefined;
}

/** Publications that come in several requests, while none of them is under way. */
export class PartedPublications {
  readonly #waiting = new Map<string, { readonly session: PublishSession; readonly giveUp: NodeJS.Timeout }>();

  /** The publication that a part continues: of the same publisher, who has shown the same key, and up to that byte. */
  take(question: AccessQuestion, { from }: Part): PublishSession | undefined {
    const key = keyOf(question);
    const found = this.#waiting.get(key);
    if (found === undefined || from === 0 || found.session.received !== from) return undefined;
    this.#waiting.delete(key);
    clearTimeout(found.giveUp);
    return found.session;
  }

  /** Keeps a publication for its next part. Without one it ends as if it were complete. */
  keep(question: AccessQuestion, session: PublishSession): void {
    const key = keyOf(question);
    const forget = (): void => {
      clearTimeout(giveUp);
      if (this.#waiting.get(key)?.session === session) this.#waiting.delete(key);
    };
    const giveUp = setTimeout(() => session.finish(), patience);
    giveUp.unref();
    session.rest(forget);
    this.#waiting.set(key, { session, giveUp });
  }
}

function keyOf({ stream, address, client, key, query, headers }: AccessQuestion): string {
  return JSON.stringify([stream, address, client, key, query.toString(), headers["authorization"]]);
}
