import type { Log } from "../log.ts";
import { checkedContainer } from "./checked-container.ts";
import { checkedDemuxer } from "./checked-demuxer.ts";
import { type Plugin, type PluginContext, PluginError } from "./plugin.ts";
import { unlessAborted } from "../../hub/wait.ts";
import type { ReadyPlugin } from "./plugin-entries.ts";
import { playFor, type PluginHost, publishFor, viewerHostOf } from "./plugin-host.ts";

/** Milliseconds that a plug-in's `onStart` may take. */
const startTimeout = 30_000;

/** What a plug-in wants to be told. */
interface Hooks {
  readonly plugin: string;
  readonly log: Log;
  readonly start: (() => unknown)[];
  readonly close: (() => unknown)[];
}

/** The plug-ins of one server, from their setup to its end. */
export class Plugins {
  readonly #hooks: Hooks[] = [];
  readonly #closing = new AbortController();
  #starting: Promise<void> = Promise.resolve();

  /** Sets them up in their order. @throws PluginError where one fails; those before it are closed */
  constructor(plugins: readonly ReadyPlugin[], host: PluginHost, log: Log) {
    try {
      for (const { plugin, options } of plugins) this.#setUp(plugin, options, host, log.child({ plugin: plugin.name }));
    } catch (error) {
      void this.close(0);
      throw error;
    }
  }

  /** Rejects with a `PluginError` where one fails or takes too long, and at once when the server closes meanwhile. */
  start(): Promise<void> {
    const running = this.#start();
    this.#starting = running.catch(() => undefined);
    return unlessAborted(running, this.#closing.signal);
  }

  /** Tells them that the server closes, and waits for them, at most `limit` milliseconds. */
  async close(limit: number): Promise<void> {
    this.#closing.abort(new Error("the server was closed while it opened its ports"));
    const deadline = performance.now() + limit;
    // What a plug-in was about to open is open when it is told to close.
    await within(limit, () => this.#starting).catch(() => undefined);
    const hooks = this.#hooks.splice(0).flatMap(({ close, log }) => close.map((hook) => ({ hook, log })));
    await Promise.all(
      hooks.map(async ({ hook, log }) => {
        const left = Math.max(0, deadline - performance.now());
        await within(left, hook).catch((err: unknown) => log.error({ err }, "a plug-in failed to close"));
      }),
    );
  }

  async #start(): Promise<void> {
    for (const { plugin, start } of this.#hooks) {
      for (const hook of start) {
        this.#closing.signal.throwIfAborted();
        try {
          await within(startTimeout, hook, this.#closing.signal);
        } catch (error) {
          throw new PluginError(plugin, "failed to start", error);
        }
      }
    }
  }

  #setUp(plugin: Plugin, options: unknown, host: PluginHost, log: Log): void {
    const hooks: Hooks = { plugin: plugin.name, log, start: [], close: [] };
    this.#hooks.push(hooks);
    try {
      const result: unknown = plugin.setup(this.#context(plugin.name, options, host, hooks));
      if (!(result instanceof Promise)) return;
      result.catch(() => undefined);
    } catch (error) {
      throw new PluginError(plugin.name, "failed in its setup", error);
    }
    throw new PluginError(plugin.name, "cannot be set up", "its setup is asynchronous; what takes time is for onStart");
  }

  #context(name: string, options: unknown, host: PluginHost, { log, start, close }: Hooks): PluginContext {
    const viewerHost = viewerHostOf(host, name, log);
    return {
      name,
      options,
      log,
      server: host.server,
      signal: this.#closing.signal,
      addContainer: (format) => host.containers.add(checkedContainer(name, format, log)),
      addDemuxer: (format) => host.demuxers.add(checkedDemuxer(format, log)),
      addRoute: (route) => host.routes.add(name, route, log),
      onStart: (hook) => void start.push(hook),
      onClose: (hook) => void close.push(hook),
      publish: (peer) => publishFor(host, name, peer),
      play: (peer, play) => playFor(host, viewerHost, peer, play),
    };
  }
}

/** Calls a hook and waits for it. Rejects with what it throws, and after `ms` milliseconds of real time: what it waits for is outside of streams. */
async function within(ms: number, hook: () => unknown, signal?: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took longer than ${Math.round(ms)} ms`)), ms);
  // Nobody waits any more: the hook may still go on, the process need not.
  const stopWaiting = (): void => clearTimeout(timer);
  signal?.addEventListener("abort", stopWaiting, { once: true });
  try {
    await Promise.race([Promise.resolve().then(hook), promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stopWaiting);
  }
}
