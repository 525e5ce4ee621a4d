import type { ContainerFormat } from "../containers/container-format.ts";
import type { DemuxerFormat } from "../containers/demuxer-format.ts";
import type { Log } from "../log.ts";
import type { MillraceServer } from "../millrace-server.ts";
import type { OptionsSchema } from "./options-schema.ts";
import type { PeerPublisher, PeerRequest } from "./peer-publisher.ts";
import type { PeerViewer, PlayOptions } from "./peer-viewer.ts";
import type { PluginRoute } from "./plugin-route.ts";

/** Extends a server from outside: containers, protocols, routes. docs/plugins.md shows how. One object may serve several servers. */
export interface Plugin<Options = unknown> {
  /** Lower-case letters and digits, with dashes between. Its routes are below `/plugins/NAME`. */
  readonly name: string;
  /** How its options are read. A plug-in without it takes none. */
  readonly options?: OptionsSchema<Options>;
  /**
   * Called once for each server, when that is made: the plug-in adds what it has to offer. It answers at once; what takes time is for
   * `onStart`. What it throws, `createServer` throws as a `PluginError`.
   */
  setup(context: PluginContext<Options>): void;
}

/** A plug-in, or a function that makes one. */
export type PluginSource = Plugin | (() => Plugin);

/** A plug-in as a program gives it to `createServer`, with the options that it is to read; `{}` where there are none. */
export type PluginEntry = PluginSource | { readonly plugin: PluginSource; readonly options?: unknown };

/** The server as plug-ins see it: they do not open or close it. */
export type PluginServer = Omit<MillraceServer, "listen" | "close" | typeof Symbol.asyncDispose>;

/** What a plug-in may do with one server. */
export interface PluginContext<Options = unknown> {
  /** The plug-in's own name. */
  readonly name: string;
  /** As the plug-in's `options` read them; undefined where it has none. */
  readonly options: Options;
  /** A log of its own: what it writes carries its name. */
  readonly log: Log;
  readonly server: PluginServer;
  /** Aborted when the server begins to close. */
  readonly signal: AbortSignal;
  /**
   * Adds a container: streams are at `/APP/STREAM.EXTENSION` in it from now on. Its muxers are told only of the tracks that go in, and of
   * their frames. One that throws ends the viewers of its output and nothing else. With the name of a container of the server's own it takes
   * the place of that.
   *
   * @throws TypeError for what is none, or a name or extension that is taken
   */
  addContainer(format: ContainerFormat): void;
  /**
   * Adds a container that can be published, over HTTP and by `server.publish`, or takes the place of one of the server's own that has its name.
   *
   * @throws TypeError for what is none, or a name, extension or media type that is taken
   */
  addDemuxer(format: DemuxerFormat): void;
  /**
   * Answers HTTP requests below `/plugins/NAME`. What it throws is answered with 500 and logged, a `Refusal` with the status that streams
   * have for it.
   *
   * @throws TypeError for what is none, or a path that it has added already
   */
  addRoute(route: PluginRoute): void;
  /** Called by `listen()` before any port is open, and waited for: 30 seconds at most. What it throws, `listen()` throws as a `PluginError`. */
  onStart(hook: () => unknown): void;
  /**
   * Called when the server closes, once, whether it has listened or not, and waited for as long as `close()` gives. Publishers and
   * viewers have been told by then. What it throws is logged.
   */
  onClose(hook: () => unknown): void;
  /**
   * Lets a peer publish: asks those who decide (keys, hooks), then takes the name.
   *
   * Rejects with a `Refusal`, whose `code` and words are for the peer: `name-refused`, `denied`, `busy`, `full`, `closing`.
   */
  publish(peer: PeerRequest): Promise<PeerPublisher>;
  /**
   * Lets a peer watch: asks those who decide, takes one of `viewers.max` places, and waits for a publisher.
   *
   * Rejects with a `Refusal`: `name-refused`, `denied`, `not-live`, `full`, `closing`; with the reason of `peer.signal` where that is aborted.
   */
  play(peer: PeerRequest, options?: PlayOptions): Promise<PeerViewer>;
}

/** A plug-in did what it must not: `cause` has its own error. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  /** The plug-in's name. */
  readonly plugin: string;

  constructor(plugin: string, message: string, cause: unknown) {
    super(`the plug-in "${plugin}" ${message}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.plugin = plugin;
  }
}
