import type { AccessRequest } from "../../hub/access.ts";
import type { Refusal } from "../../hub/refusal.ts";
import type { Intent } from "./access-chain.ts";
import { type PublishKey, withoutKeys } from "./publish-key.ts";

/** Somebody who was told no, as it may be shown: no key is in it. */
export interface RefusedAttempt {
  readonly intent: Intent;
  readonly protocol: string;
  /** As it was asked for. */
  readonly stream: string;
  readonly address: string;
  readonly client: string;
  /** Stable, for programs. */
  readonly code: string;
  /** For people. */
  readonly reason: string;
  /** The last time, in Unix milliseconds. */
  readonly at: number;
  /** How often the same was refused for the same reason in a row. */
  readonly count: number;
}

/** Attempts that are kept. */
export const keptRefusals = 200;
/** Characters kept of what a peer says of itself. */
const longestText = 200;

/** What `RefusalList` needs to know of a request. */
export type RefusedFacts = Pick<AccessRequest, "stream" | "protocol" | "address" | "client">;

/** The last attempts to publish or play that were refused, in memory. Encoders hide what a server says to them. */
export class RefusalList {
  /** By what makes two attempts the same; the order is that of the last time. */
  readonly #attempts = new Map<string, RefusedAttempt>();
  readonly #keys: () => readonly PublishKey[];

  /** @param keys what must not be shown */
  constructor(keys: () => readonly PublishKey[]) {
    this.#keys = keys;
  }

  /** The newest first. */
  get attempts(): readonly RefusedAttempt[] {
    return [...this.#attempts.values()].toReversed();
  }

  /** An encoder that tries again every second stays one entry, and does not push the others out. */
  add(intent: Intent, request: RefusedFacts, { code, message }: Pick<Refusal, "code" | "message">, now: number): void {
    const shown = (text: string) => withoutKeys(text, this.#keys()).slice(0, longestText);
    const facts = {
      intent,
      protocol: request.protocol,
      stream: shown(request.stream),
      address: request.address,
      client: shown(request.client),
      code,
      reason: shown(message),
    };
    const same = JSON.stringify(facts);
    const count = (this.#attempts.get(same)?.count ?? 0) + 1;
    this.#attempts.delete(same);
    this.#attempts.set(same, { ...facts, at: now, count });
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > keptRefusals && oldest !== undefined) this.#attempts.delete(oldest);
  }
}
