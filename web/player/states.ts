/** What the player is doing, as the viewer understands it. */
export const PlayerState = {
  /** Nothing asked for yet: no `src`, or waiting for a press of play. */
  idle: "idle",
  connecting: "connecting",
  /** Connected, or asking again and again: nobody publishes, or the publisher is silent. */
  waiting: "waiting",
  playing: "playing",
  paused: "paused",
  /** The connection is gone; trying again. */
  reconnecting: "reconnecting",
  /** The publisher ended the stream. */
  ended: "ended",
  /** The server says no. */
  refused: "refused",
  /** This browser lacks a codec, or the stream does not fit into MP4. */
  unsupported: "unsupported",
  error: "error",
} as const;
export type PlayerState = (typeof PlayerState)[keyof typeof PlayerState];

/** What a state says to the viewer. */
export interface StateText {
  /** A few words; also read out by screen readers. */
  readonly title: string;
  /** What to do about it, or what happens by itself. */
  readonly hint: string;
  /** The label of a button that starts over, where pressing one helps. */
  readonly action?: string;
}

/**
 * @param detail what is known beyond the state itself: the server's or the browser's own words, the codec that lacks.
 */
export function stateText(state: PlayerState, detail: string): StateText {
  switch (state) {
    case PlayerState.idle:
      return { title: "", hint: detail };
    case PlayerState.connecting:
      return { title: "Connecting…", hint: detail, ...(detail === "" ? {} : { action: "Try now" }) };
    case PlayerState.waiting:
      return { title: "Waiting for the stream", hint: or(detail, "Nobody is publishing here right now. It starts by itself.") };
    case PlayerState.playing:
      return { title: "Playing live", hint: detail };
    case PlayerState.paused:
      return { title: "Paused", hint: detail };
    case PlayerState.reconnecting:
      return { title: "Reconnecting…", hint: or(detail, "The connection was lost. It is tried again by itself."), action: "Try now" };
    case PlayerState.ended:
      return { title: "The stream has ended", hint: or(detail, "If it comes back it starts here by itself.") };
    case PlayerState.refused:
      return {
        title: "You may not watch this stream",
        hint: `${sentence(detail)}Ask whoever gave you the link for a new one, or sign in and try again.`,
        action: "Try again",
      };
    case PlayerState.unsupported:
      return { title: "This browser cannot play this stream", hint: capitalised(detail) };
    case PlayerState.error:
      return { title: "The stream cannot be played", hint: or(capitalised(detail), "Reload the page to start over."), action: "Try again" };
  }
}

function or(text: string, otherwise: string): string {
  return text === "" ? otherwise : text;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Text with a full stop and a space behind it, or nothing. */
function sentence(text: string): string {
  if (text === "") return "";
  return /[.!?…]$/.test(text) ? `${capitalised(text)} ` : `${capitalised(text)}. `;
}
