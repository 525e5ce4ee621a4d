import { ConfigError } from "./config/problem.ts";
import type { ConfigInput } from "./config/schema.ts";
import type { ExistingHttpServer } from "./http/http-mount.ts";
import type { PluginEntry } from "./plugins/plugin.ts";
import type { ServerOptions } from "./millrace-server.ts";

/** What a program passed, taken apart: settings as anybody writes them, and what no file can hold. */
interface TakenApart {
  readonly settings: ConfigInput;
  readonly httpServer: ExistingHttpServer | false | undefined;
  readonly plugins: readonly PluginEntry[];
}

/** @throws ConfigError for settings of a port of our own where there is to be none */
export function takeApart({ logger: _logger, clock: _clock, http = {}, plugins = [], ...settings }: ServerOptions): TakenApart {
  const { server, ...rest } = http;
  if (server === undefined) return { settings: { ...settings, http: rest }, httpServer: server, plugins };
  const idle = (["listen", "host", "port", "maxConnections"] as const).filter((key) => rest[key] !== undefined);
  if (idle.length > 0) {
    const message = "means nothing with http.server: requests come on a port that is not ours";
    throw new ConfigError(idle.map((key) => ({ key: `http.${key}`, message })));
  }
  // No port of ours can be in the way of RTMP's.
  return { settings: { ...settings, http: { ...rest, port: 0 } }, httpServer: server, plugins };
}
