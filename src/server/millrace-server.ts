import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Scheduler } from "../hub/scheduler.ts";
import type { AccessHook } from "./access/hooks.ts";
import type { Config, ConfigInput } from "./config/schema.ts";
import type { Listener, ListenOptions } from "./events.ts";
import type { ExistingHttpServer } from "./http/http-mount.ts";
import type { Log } from "./log.ts";
import type { PluginEntry } from "./plugins/plugin.ts";
import type { MediaInput } from "./publishing/byte-source.ts";
import type { FramePublisher, PublishFramesOptions } from "./publishing/frame-publisher.ts";
import type { PublishOptions } from "./publishing/publish-bytes.ts";
import type { ServerEvents } from "./server-events.ts";
import type { StreamHandle } from "./stream-handle.ts";

/** The settings of HTTP, and where its requests come from. */
export interface HttpOptions extends NonNullable<ConfigInput["http"]> {
  /**
   * An HTTP or HTTPS server of the program's own, to be mounted on below `basePath` by `listen()`: it keeps its port, its settings and all
   * other requests and upgrades, and `close()` leaves it open. `false`: none at all, requests come by `handler` and `upgrade`. Both
   * leave `host`, `port` and `maxConnections` without a meaning. By default the server listens on a port of its own.
   */
  readonly server?: ExistingHttpServer | false;
}

/** What a program may set besides the settings of docs/config.md. */
export interface ServerOptions extends Omit<ConfigInput, "http"> {
  readonly http?: HttpOptions;
  /** What extends it from outside (docs/plugins.md), set up in this order. */
  readonly plugins?: readonly PluginEntry[];
  /** Where the server writes what happens; by default nowhere. */
  readonly logger?: Log;
  /**
   * The time that streams live in: grace periods, waits for publishers and hooks, stalls, paces. By default the process's own;
   * tests give a `FakeClock` of `millrace/testing`. Time limits of sockets themselves are always real.
   */
  readonly clock?: Scheduler;
}

/**
 * Answers requests below `basePath`, as Node's `request` event and as middleware of Express and Connect. Others go to
 * `next`, or are answered 404 where there is none.
 */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void;

/** Takes WebSockets below `basePath`, as Node's `upgrade` event tells of them. False: it is none of ours and was left alone. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/** A live media server. Several in one process do not know of each other. */
export interface MillraceServer extends AsyncDisposable {
  /**
   * Opens the ports, and takes requests of an `http.server`. Once only.
   *
   * @throws ListenError naming every port that could not be opened; then none is open. FeedFileError for a feed's file that cannot be
   * used. Error when it was closed meanwhile
   */
  listen(): Promise<void>;
  /**
   * Ends everything, in each protocol's words: takes no more, tells publishers and viewers, ends streams. What does not end by
   * itself is cut after `within` milliseconds (`shutdownTimeout`). An `http.server` stays open. Calling it again changes nothing.
   */
  close(within?: number): Promise<void>;
  /** For frameworks: `app.use(server.handler)`. Works from the beginning; after `close()` it passes everything on. */
  readonly handler: HttpHandler;
  /** For servers whose requests come by `handler`: `httpServer.on("upgrade", server.upgrade)`. */
  readonly upgrade: UpgradeHandler;
  /**
   * Has a say in who publishes: asked before each publisher is taken, see `AccessHook`. Until there is one, or the setting
   * `publishKey`, publishers are refused, unless the setting `auth` is off. Several are asked in the order in which they
   * came, after the key, and all have to grant.
   *
   * @returns a function that takes the hook away; who publishes already stays
   * @throws TypeError for what is no function
   */
  onPublish(hook: AccessHook): () => void;
  /** The same for those who want to watch, by any protocol. Without one everybody may. */
  onPlay(hook: AccessHook): () => void;
  /**
   * Listens to what happens. The listener is called soon after, in order; what it throws is logged and hurts nobody.
   *
   * @returns a function that takes the listener away, as aborting `signal` does
   * @throws TypeError for a name that is none, or what is no function
   */
  on<Name extends keyof ServerEvents>(name: Name, listener: Listener<ServerEvents[Name]>, options?: ListenOptions): () => void;
  /**
   * A stream by its name, live or not: its state, tracks, viewers, publisher, and its frames. Programs are not asked by hooks.
   *
   * @throws Refusal `name-refused`, where no stream can have that name
   */
  stream(name: string): StreamHandle;
  /** The streams that are there at this moment: live, waiting for their tracks, or for a publisher that was lost. */
  streams(): StreamHandle[];
  /**
   * Publishes an input of this program: a file, a pipe, the body of a request. Resolves when the input has ended, and the
   * stream with it. The input belongs to it from now on: whatever happens it is closed.
   *
   * Rejects with a `ProtocolError` where the input is not of that format or ends within something, a `Refusal` (`busy` where the
   * name is taken, also later by somebody who takes over; `full`, `closing`, `name-refused`), the input's own error (then the
   * stream waits for a publisher as after a lost connection), the signal's reason, or a `TypeError` for what is no input.
   */
  publish(name: string, input: MediaInput, options?: PublishOptions): Promise<void>;
  /**
   * Publishes frames that this program makes or reads elsewhere: the counterpart of `stream(name).frames()`.
   *
   * @throws Refusal `busy`, `full`, `closing`, `name-refused`; TypeError for tracks that are none
   */
  publishFrames(name: string, options: PublishFramesOptions): FramePublisher;
  /** Where a protocol is listened for; undefined where it is not. */
  address(role: "rtmp" | "http"): { readonly host: string; readonly port: number } | undefined;
  /** The settings, complete with their defaults. */
  readonly config: Config;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
