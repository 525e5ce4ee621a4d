/** The public API of Millrace as a library. */
export type { AccessRequest } from "./hub/access.ts";
export { AccessDenied } from "./server/access/access-denied.ts";
export type { AccessAnswer, AccessHook } from "./server/access/hooks.ts";
export { ConfigError, type ConfigProblem, type SettingPlace } from "./server/config/problem.ts";
export type { Config, ConfigInput } from "./server/config/schema.ts";
export { ListenError, type ListenFailure } from "./server/listen-error.ts";
export type { Log } from "./server/log.ts";
export { createServer, type MillraceServer, type ServerOptions } from "./server/server.ts";
