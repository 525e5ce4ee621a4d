/** `millrace/player/svelte`: the player, and `<millrace-player>` in the templates of Svelte 5. */
import type { HTMLAttributes } from "svelte/elements";
import type { MillracePlayer, MillracePlayerListeners, MillracePlayerProperties } from "../player/index.ts";

export * from "../player/index.ts";

/** What the element takes in a template: its properties, listeners to its events (`onstatechange`), and what all elements take. */
export type MillracePlayerProps = Omit<HTMLAttributes<MillracePlayer>, keyof MillracePlayerListeners> &
  MillracePlayerProperties &
  MillracePlayerListeners;

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "millrace-player": MillracePlayerProps;
  }
}
