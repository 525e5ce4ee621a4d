import type { AccessRequest, Grant } from "../../hub/access.ts";
import { RESERVED_SEGMENTS } from "../../hub/identity.ts";
import { Refusal } from "../../hub/refusal.ts";
import { type AccessStep, Intent } from "../access/access-chain.ts";
import type { FeedDirectory } from "./feed-directory.ts";

export interface FeedStepOptions {
  readonly directory: FeedDirectory;
  /** Nothing but feeds is published. */
  readonly feedsOnly: boolean;
  /** Publishers of other streams need somebody who decides. */
  readonly auth: boolean;
  /** Who decides about publishers of other streams, where keys do. */
  readonly keys: AccessStep | undefined;
  /** Whether somebody else is asked about publishers. */
  readonly othersDecide: () => boolean;
  /** Whether a stream is there. */
  readonly isThere: (stream: string) => boolean;
}

/** Access lists of feeds and outputs, in every protocol: they stand in the place of the publish key. Who asks for an output gets its feed. */
export class FeedStep implements AccessStep {
  readonly #options: FeedStepOptions;

  constructor(options: FeedStepOptions) {
    this.#options = options;
  }

  decides(intent: Intent): boolean {
    return intent === Intent.publish || !this.#options.directory.isEmpty;
  }

  decide(intent: Intent, request: AccessRequest): Promise<Grant> {
    return intent === Intent.publish ? this.#publish(request) : this.#play(request);
  }

  async #publish(request: AccessRequest): Promise<Grant> {
    const { directory, feedsOnly, auth, keys, othersDecide } = this.#options;
    const { stream, address } = request;
    const feed = directory.feeds.get(stream);
    if (feed?.mayPublish !== undefined) {
      if (await feed.mayPublish(address)) return { stream };
      throw new Refusal("denied", `The access list of "${stream}" does not let ${address} publish.`);
    }
    if (feedsOnly) throw new Refusal("name-refused", "Nothing is published here but the feeds that this server was set up with.");
    if (keys?.decides(Intent.publish) === true) return keys.decide(Intent.publish, request);
    if (!auth || othersDecide()) return { stream };
    throw new Refusal("denied", "This server has not been told who may publish: it needs a publishKey, or an access list of the feed.");
  }

  async #play({ stream, address }: AccessRequest): Promise<Grant> {
    const { directory, feedsOnly, isThere } = this.#options;
    const found = directory.find(stream);
    // Nobody will come and publish it. Files of folders have names too, below words of ours.
    const isFile = RESERVED_SEGMENTS.has(stream.split("/", 1)[0]!);
    if (feedsOnly && found?.kind !== "feed" && found?.kind !== "output" && !isFile && !isThere(stream))
      throw new Refusal("not-live", `There is no stream "${stream}".`);
    if (found === undefined || found.kind === "redirect") return { stream };
    if (!(await found.mayPlay(address))) throw new Refusal("denied", `The access list of "${stream}" does not let ${address} watch.`);
    return { stream: found.kind === "feed" ? stream : (found.feed?.name ?? stream) };
  }
}
