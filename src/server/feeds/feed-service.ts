import type { IncomingMessage, ServerResponse } from "node:http";
import type { Hub } from "../../hub/hub.ts";
import type { AccessStep } from "../access/access-chain.ts";
import type { Config } from "../config/schema.ts";
import { AccessLog } from "../http/access-log.ts";
import type { Log } from "../log.ts";
import { Bandwidth } from "./bandwidth.ts";
import { ConnectionList } from "./connection-list.ts";
import { FeedDirectory } from "./feed-directory.ts";
import { FeedStep } from "./feed-step.ts";
import { Launched } from "./launcher.ts";

export interface FeedServiceOptions {
  readonly config: Config;
  readonly log: Log;
  /** To be asked only once the server is put together. */
  readonly hub: () => Hub;
}

/** What one server has of feeds: their names, who may have them, how much of them goes out, the programs that publish to them. */
export class FeedService {
  readonly directory: FeedDirectory;
  readonly bandwidth: Bandwidth;
  readonly connections: ConnectionList;
  readonly maxViewers: number;
  readonly log: Log;
  readonly #options: FeedServiceOptions;
  readonly #accessLog: AccessLog | undefined;
  readonly #launched = new Map<string, Launched>();

  constructor(options: FeedServiceOptions) {
    const { config, log, hub } = options;
    const now = (): number => hub().scheduler.now();
    this.#options = options;
    this.log = log;
    this.directory = new FeedDirectory({ ...config, log, now });
    this.bandwidth = new Bandwidth(config.viewers.maxBandwidth);
    this.connections = new ConnectionList(now);
    this.maxViewers = config.viewers.max;
    const file = config.log.access;
    this.#accessLog = file === "" ? undefined : new AccessLog({ file, now: () => hub().scheduler.wallClock(), log });
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

  /** Notes a request for the access log. */
  note(request: IncomingMessage, response: ServerResponse, address: () => string): void {
    this.#accessLog?.watch(request, response, address());
  }

  /** The process of the program that publishes to a feed; undefined where there is none. */
  pidOf(feed: string): number | undefined {
    return this.#launched.get(feed)?.pid;
  }

  /** Starts the programs of the feeds. @param http where HTTP is listened for; undefined where it is not on a port of ours */
  start(http: { readonly port: number } | undefined): void {
    const { config, log, hub } = this.#options;
    if (!config.launch || http === undefined) return;
    const everywhere = ["*", "0.0.0.0", "::"].includes(config.http.host);
    const host = everywhere ? "127.0.0.1" : config.http.host.includes(":") ? `[${config.http.host}]` : config.http.host;
    for (const [name, { settings }] of this.directory.feeds) {
      if (settings.launch.length === 0) continue;
      const path = name.split("/").map(encodeURIComponent).join("/");
      const url = `http://${host}:${http.port}${config.http.basePath}/${path}`;
      this.#launched.set(name, new Launched({ name, words: settings.launch, url, scheduler: hub().scheduler, log }));
    }
  }

  /** Ends the programs, within so many milliseconds. */
  async close(within: number): Promise<void> {
    await Promise.all([...this.#launched.values()].map((launched) => launched.stop(within)));
    this.#accessLog?.[Symbol.dispose]();
  }
}
