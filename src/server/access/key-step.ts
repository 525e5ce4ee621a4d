import type { AccessRequest, Grant } from "../../hub/access.ts";
import { Refusal } from "../../hub/refusal.ts";
import { type AccessStep, Intent } from "./access-chain.ts";
import type { KeyRing } from "./key-ring.ts";
import { withoutKeys } from "./publish-key.ts";

/** Different keys that one request may bring along: in the name, the app, the URL. */
const mostKeys = 4;

/**
 * Lets publishers in who have a key. A key that is bound to a name may stand in the place of the name. Viewers are not
 * asked: a name that is a key is to them a name like any other, which nobody publishes.
 */
export class KeyStep implements AccessStep {
  readonly #keys: KeyRing;
  readonly #required: boolean;

  /** @param required whether publishers need a key at all */
  constructor(keys: KeyRing, required: boolean) {
    this.#keys = keys;
    this.#required = required;
  }

  decides(intent: Intent): boolean {
    return this.#required && intent === Intent.publish;
  }

  /** @throws {Refusal} `denied`, in words without a key */
  async decide(_intent: Intent, { stream, key, query }: AccessRequest): Promise<Grant> {
    const keys = await this.#keys.current();
    const named = this.#keys.find(stream.slice(stream.lastIndexOf("/") + 1));
    if (named?.stream !== undefined) return { stream: named.stream };
    // Such a stream would show its key in every link to it.
    if (withoutKeys(stream, keys) !== stream) throw new Refusal("denied", keyForName);
    const sent = [...new Set([key ?? "", ...query.getAll("key")])].filter((text) => text !== "").slice(0, mostKeys);
    if (sent.length === 0) throw new Refusal("denied", keyMissing);
    const valid = sent.map((text) => this.#keys.find(text)).filter((found) => found !== undefined);
    if (valid.length === 0) throw new Refusal("denied", keyWrong);
    if (!valid.some((found) => found.stream === undefined || found.stream === stream)) throw new Refusal("denied", keyOfAnother);
    return { stream };
  }
}

const keyMissing =
  "Publishing needs a key: write NAME?key=KEY as the stream key. An encoder with a user and the key as password needs ?login behind the server's address.";
const keyWrong = "This is not a valid publish key.";
const keyOfAnother = "This key publishes another stream.";
const keyForName = "A key stands where the stream's name belongs, and it is not bound to a stream: write NAME?key=KEY as the stream key.";
