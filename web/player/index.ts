/** The player: importing this module defines `<millrace-player>` where there is a document, and does nothing in Node. */
import { MillracePlayer } from "./element.ts";

export { EngineChoice } from "./capabilities.ts";
export { TransportChoice } from "./connection.ts";
export { EngineKind } from "./engine-stats.ts";
export { TransportKind, TransportName } from "./media-url.ts";
export { PlayerState } from "./states.ts";
export { MillracePlayer };
export type { MillracePlayerEventMap } from "./events.ts";
export type { MillracePlayerListeners, MillracePlayerProperties } from "./properties.ts";
export type { PlayerStats } from "./stats.ts";

/** Defines the element; a name that is taken already stays as it is. */
export function definePlayer(name = "millrace-player"): void {
  const registry = globalThis.customElements as CustomElementRegistry | undefined;
  // A class can be registered once; under another name it needs a class of its own.
  if (registry === undefined || registry.get(name) !== undefined) return;
  registry.define(name, registry.getName(MillracePlayer) === null ? MillracePlayer : class extends MillracePlayer {});
}

definePlayer();

declare global {
  interface HTMLElementTagNameMap {
    "millrace-player": MillracePlayer;
  }
}
