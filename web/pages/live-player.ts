import type { PlayerState } from "../player/states.ts";
import type { PlayerStats } from "../player/stats.ts";

/** What the pages use of `<millrace-player>`; its script is a file of its own, `player.js`. */
export interface LivePlayer extends HTMLElement {
  readonly state: PlayerState;
  stats(): PlayerStats;
}

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

/** The element as a player; undefined while its script has not come. */
export function asPlayer(player: HTMLElement): LivePlayer | undefined {
  return "stats" in player ? (player as LivePlayer) : undefined;
}
