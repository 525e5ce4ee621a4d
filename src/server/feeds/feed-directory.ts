import type { Config } from "../config/schema.ts";
import type { FeedSettings, OutputSettings } from "../config/feed-settings.ts";
import { type AskedEncoding, feedHeader } from "../ffserver/feed-streams.ts";
import { AddressCheck, type CheckLog, isLoopback } from "./address-check.ts";

/** A stream that encoders publish as to ffserver. */
export interface Feed {
  readonly kind: "feed";
  readonly name: string;
  readonly settings: FeedSettings;
  /** What its encoder is asked to make, in the order in which FFM numbers them. */
  readonly encodings: readonly AskedEncoding[];
  /** FFM that says so; undefined where nothing is asked for. */
  readonly header: Uint8Array | undefined;
  /** Whether an address may publish. Undefined where no list says so, nor `feedsOnly`: whoever has a key may. */
  readonly mayPublish: ((address: string) => Promise<boolean>) | undefined;
  /**
   * Whether it may read what is published, under the feed's own name. Where no list says so, `feedsOnly` keeps it to this machine: with ffserver
   * nobody could read a feed while it was received, and its streams may have lists of their own.
   */
  mayPlay(address: string): Promise<boolean>;
}

/** What is served at one address: a view of a feed, a file, the status page. */
export interface FeedOutput {
  readonly kind: "output";
  readonly name: string;
  readonly settings: OutputSettings;
  readonly feed: Feed | undefined;
  /** Places in the feed's encodings that it takes, from 0; all of them where undefined. */
  readonly places: readonly number[] | undefined;
  /** What it is taken to need, in kbit/s: the sum of what its encodings ask for. */
  readonly bandwidth: number;
  mayPlay(address: string): Promise<boolean>;
}

/** An address that leads elsewhere. */
export interface Redirect {
  readonly kind: "redirect";
  readonly name: string;
  readonly url: string;
}

export interface FeedDirectoryOptions extends Pick<Config, "feeds" | "outputs" | "redirects" | "feedsOnly"> {
  readonly log: CheckLog;
  readonly now: () => number;
}

/** The feeds, outputs and redirects of one server, by the exact names that they have in URLs. */
export class FeedDirectory {
  readonly feeds: ReadonlyMap<string, Feed>;
  readonly outputs: ReadonlyMap<string, FeedOutput>;
  readonly redirects: ReadonlyMap<string, Redirect>;

  constructor(options: FeedDirectoryOptions) {
    this.feeds = new Map(Object.entries(options.feeds).map(([name, settings]) => [name, feedOf(name, settings, options)]));
    this.outputs = new Map(
      Object.entries(options.outputs).map(([name, settings]) => [name, outputOf(name, settings, this.feeds, options)] as const),
    );
    this.redirects = new Map(Object.entries(options.redirects).map(([name, url]) => [name, { kind: "redirect", name, url }]));
  }

  /** Nothing of all this was configured. */
  get isEmpty(): boolean {
    return this.feeds.size + this.outputs.size + this.redirects.size === 0;
  }

  /** What has a name; a stream goes before a redirect, as it did with ffserver. */
  find(name: string): Feed | FeedOutput | Redirect | undefined {
    return this.feeds.get(name) ?? this.outputs.get(name) ?? this.redirects.get(name);
  }

  /** What a URL's path means: as it stands there, or decoded. */
  findPath(path: string): Feed | FeedOutput | Redirect | undefined {
    const name = path.slice(1) || indexName;
    return this.find(name) ?? this.find(decoded(name));
  }
}

/** What the root means where something has this name. */
const indexName = "index.html";

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function feedOf(name: string, settings: FeedSettings, { feedsOnly, log, now }: FeedDirectoryOptions): Feed {
  const encodings = settings.encodings.map(({ codec, options }) => {
    const bitRate = Number(options["b"] ?? 0);
    return { codec, options: new Map(Object.entries(options)), bitRate: Number.isSafeInteger(bitRate) && bitRate > 0 ? bitRate : 0 };
  });
  const check = settings.acl && new AddressCheck({ rows: settings.acl, log, now });
  const ownMachine = feedsOnly ? (address: string) => Promise.resolve(isLoopback(address)) : undefined;
  return {
    kind: "feed",
    name,
    settings,
    encodings,
    header: encodings.length === 0 ? undefined : feedHeader(encodings),
    mayPublish: check ? (address) => check.allows(address) : ownMachine,
    mayPlay: (address) => check?.allows(address) ?? ownMachine?.(address) ?? Promise.resolve(true),
  };
}

function outputOf(
  name: string,
  settings: OutputSettings,
  feeds: ReadonlyMap<string, Feed>,
  { log, now }: FeedDirectoryOptions,
): FeedOutput {
  const feed = settings.feed === undefined ? undefined : feeds.get(settings.feed);
  const places = settings.encodings?.map((number) => number - 1);
  const taken = places?.map((place) => feed?.encodings[place]) ?? feed?.encodings ?? [];
  const bits = taken.reduce((sum, encoding) => sum + (encoding?.bitRate ?? 0), 0);
  const { acl: rows, dynamicAcl: file } = settings;
  const check = rows.length > 0 || file !== undefined ? new AddressCheck({ rows, file, log, now }) : undefined;
  return {
    kind: "output",
    name,
    settings,
    feed,
    places,
    bandwidth: Math.ceil(bits / 1000),
    mayPlay: (address) => check?.allows(address) ?? Promise.resolve(true),
  };
}
