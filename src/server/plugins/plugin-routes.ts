import type { Log } from "../log.ts";
import type { PluginRoute } from "./plugin-route.ts";

/** A route as it was added. */
export interface AddedRoute {
  readonly plugin: string;
  /** Where all of it lies, with a slash at its end: `/plugins/NAME/snapshots/`. */
  readonly root: string;
  readonly route: PluginRoute;
  readonly methods: readonly string[];
  readonly maxBodySize: number;
  readonly log: Log;
}

/** The first segment of all of them. */
export const pluginSegment = "plugins";

/** The routes of one server's plug-ins. */
export class PluginRoutes {
  readonly #routes: AddedRoute[] = [];

  /** @throws {TypeError} for what is no route, or a path that the plug-in has already */
  add(plugin: string, route: PluginRoute, log: Log): void {
    const { path = "/", methods = ["GET"], maxBodySize = 0 } = route;
    if (typeof route.handle !== "function") throw new TypeError("a route needs a function handle");
    if (typeof path !== "string" || !/^\/([\w.~-]+(\/[\w.~-]+)*\/?)?$/.test(path)) {
      throw new TypeError("a route's path is / or /words/between/slashes");
    }
    if (methods.length === 0 || [...methods].some((method) => !allowedMethods.has(method))) {
      throw new TypeError(`methods are some of ${[...allowedMethods].join(", ")}`);
    }
    if (!Number.isSafeInteger(maxBodySize) || maxBodySize < 0) throw new TypeError("maxBodySize is a number of bytes");
    const root = `/${pluginSegment}/${plugin}${path.replace(/\/$/, "")}/`;
    if (this.#routes.some((other) => other.root === root)) throw new TypeError(`there is a route ${root} already`);
    this.#routes.push({ plugin, root, route, methods, maxBodySize, log });
    this.#routes.sort((a, b) => b.root.length - a.root.length);
  }

  /** The route that a request's path belongs to, and what follows it. */
  find(path: string): { readonly added: AddedRoute; readonly rest: string } | undefined {
    const added = this.#routes.find(({ root }) => `${path}/` === root || path.startsWith(root));
    return added && { added, rest: path.slice(added.root.length) };
  }
}

const allowedMethods: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);
