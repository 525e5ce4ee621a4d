import type { Hub } from "../../hub/hub.ts";
import type { AccessStep } from "../access/access-chain.ts";
import type { Config } from "../config/schema.ts";
import type { Log } from "../log.ts";
import { Bandwidth } from "./bandwidth.ts";
import { FeedDirectory } from "./feed-directory.ts";
import { FeedStep } from "./feed-step.ts";

export interface FeedServiceOptions {
  readonly config: Config;
  readonly log: Log;
  /** To be asked only once the server is put together. */
  readonly hub: () => Hub;
}

/** What one server has of feeds: their names, who may have them, how much of them goes out. */
export class FeedService {
  readonly directory: FeedDirectory;
  readonly bandwidth: Bandwidth;
  readonly maxViewers: number;
  readonly #options: FeedServiceOptions;

  constructor(options: FeedServiceOptions) {
    const { config, log, hub } = options;
    this.#options = options;
    this.directory = new FeedDirectory({ ...config, log, now: () => hub().scheduler.now() });
    this.bandwidth = new Bandwidth(config.viewers.maxBandwidth);
    this.maxViewers = config.viewers.max;
  }

  /**
   * Who decides about publishers and viewers first: the keys, and where there are feeds their access lists.
   *
   * @param keys decides by keys, where there are some
   * @param othersDecide whether somebody is asked about publishers after them
   */
  steps(keys: AccessStep | undefined, othersDecide: () => boolean): AccessStep[] {
    const { config, hub } = this.#options;
    const { auth, feedsOnly } = config;
    if (this.directory.isEmpty && !feedsOnly) return keys === undefined ? [] : [keys];
    const isThere = (stream: string): boolean => hub().streams.has(stream);
    return [new FeedStep({ directory: this.directory, feedsOnly, auth, keys, othersDecide, isThere })];
  }
}
