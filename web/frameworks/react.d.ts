/** `millrace/player/react`: the player, and `<millrace-player>` in the JSX of React 19. */
import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { MillracePlayer, MillracePlayerListeners, MillracePlayerProperties } from "../player/index.ts";

export * from "../player/index.ts";

/** What the element takes in JSX: its properties, listeners to its events (`onstatechange`), and what all elements take. */
export type MillracePlayerProps = DetailedHTMLProps<HTMLAttributes<MillracePlayer>, MillracePlayer> &
  MillracePlayerProperties &
  MillracePlayerListeners;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "millrace-player": MillracePlayerProps;
    }
  }
}
