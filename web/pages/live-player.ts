import type { MillracePlayer } from "../player/element.ts";

/** How a page wants its player. */
export interface PlayerWish {
  /** The stream's URL without extension, relative to the page's base. */
  readonly src: string;
  readonly muted: boolean;
  readonly controls: boolean;
}

/** A player that starts by itself. It is a plain element until `player.js` has come. */
export function createPlayer({ src, muted, controls }: PlayerWish): HTMLElement {
  const player = document.createElement("millrace-player");
  player.setAttribute("src", src);
  player.setAttribute("autoplay", "");
  if (muted) player.setAttribute("muted", "");
  if (controls) player.setAttribute("controls", "");
  return player;
}

/** The element as a player; undefined while its script, a file of its own, has not come. */
export function asPlayer(player: HTMLElement): MillracePlayer | undefined {
  return "stats" in player ? (player as MillracePlayer) : undefined;
}
