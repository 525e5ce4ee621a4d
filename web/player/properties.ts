import type { MillracePlayer } from "./element.ts";
import type { MillracePlayerEventMap } from "./events.ts";

type Settable = "src" | "autoplay" | "controls" | "muted" | "poster" | "volume" | "latency" | "engine" | "transport" | "getToken";

/** What can be set on the player, by the names of its properties: for JSX and templates. */
export type MillracePlayerProperties = { readonly [Name in Settable]?: MillracePlayer[Name] | undefined };

/** Listeners to its events, `onstatechange` and so on: for JSX and templates. */
export type MillracePlayerListeners = {
  readonly [Type in keyof MillracePlayerEventMap as `on${Type}`]?:
    | ((event: MillracePlayerEventMap[Type] & { readonly currentTarget: MillracePlayer }) => unknown)
    | undefined;
};
