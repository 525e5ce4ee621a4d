import type { PlayerState } from "../player/states.ts";
import type { Answer } from "./api.ts";
import type { StreamFacts } from "./facts.ts";

/** What the page says of its stream. */
export interface WatchStatus {
  /** Colours the badge. */
  readonly tone: "live" | "reconnecting" | "waiting" | "off" | "bad";
  /** The badge: one word or two. */
  readonly label: string;
  /** What is the matter and what to do about it; "" when all is well. */
  readonly advice: string;
  /** Whether to show how to publish this stream. */
  readonly showPublish: boolean;
}

/**
 * The state of a stream in the viewer's words, from what the API says and what the player does. The player knows better whether
 * pictures come; the API knows better why they do not.
 *
 * @param answer undefined before the first
 * @param player undefined where the player's script did not load
 */
export function watchStatus(name: string, answer: Answer<StreamFacts> | undefined, player: PlayerState | undefined): WatchStatus {
  if (player === undefined) {
    return bad(
      "No player",
      "The player could not be loaded. Reload the page; if that does not help, the server's web pages may not have been built.",
    );
  }
  const ofPlayer = statusOfPlayer(player);
  if (ofPlayer !== undefined) return ofPlayer;
  if (answer === undefined) return { tone: "waiting", label: "Connecting", advice: "", showPublish: false };
  switch (answer.kind) {
    case "unreachable":
      if (player === "playing") return live;
      return bad(
        "No connection",
        "The server does not answer. Is it running, and is your network there? The page and the player try again by themselves.",
      );
    case "refused":
      // The server may show a viewer another stream than the one it asked for, of which the API does not know by that name.
      if (player === "playing" && answer.status === 404) return live;
      return statusOfRefusal(name, answer.status, answer.message);
    case "ok":
      return statusOfStream(answer.value, player);
  }
}

const live: WatchStatus = { tone: "live", label: "Live", advice: "", showPublish: false };

function bad(label: string, advice: string): WatchStatus {
  return { tone: "bad", label, advice, showPublish: false };
}

/** What only the player can know, and what outweighs the API. */
function statusOfPlayer(player: PlayerState): WatchStatus | undefined {
  switch (player) {
    case "refused":
      return bad("Refused", "The server does not let you watch this stream. Ask whoever gave you the link for a new one.");
    case "unsupported":
      return bad(
        "Not playable here",
        "This browser lacks a codec of this stream. Try another browser, or open one of the addresses below in VLC or mpv.",
      );
    case "error":
      return bad("Error", "The player gave up. Reload the page to start over; other players can use the addresses below.");
    case "idle":
    case "connecting":
    case "waiting":
    case "playing":
    case "paused":
    case "reconnecting":
    case "ended":
      return undefined;
  }
}

function statusOfRefusal(name: string, status: number, message: string): WatchStatus {
  if (status === 404) {
    const advice = `Nobody is publishing ${name} at the moment. Leave the page open: it starts by itself. If the stream is yours, publish it like this.`;
    return { tone: "off", label: "Offline", advice, showPublish: true };
  }
  const words = message === "" ? `It answered with status ${status}.` : message;
  switch (status) {
    case 400:
      return bad("No such name", `${words} Check the address.`);
    case 401:
    case 403:
      return bad("Refused", `${words} Ask whoever gave you the link for a new one.`);
    default:
      return bad("Server trouble", `The server, or a proxy before it, cannot help at the moment. ${words} It is tried again by itself.`);
  }
}

function statusOfStream(stream: StreamFacts, player: PlayerState): WatchStatus {
  switch (stream.state) {
    case "live":
      return live;
    case "waiting":
      return {
        tone: "waiting",
        label: "Starting",
        advice: player === "playing" ? "" : "A publisher is connected and has not sent picture or sound yet. It starts by itself.",
        showPublish: false,
      };
    case "reconnecting":
      return {
        tone: "reconnecting",
        label: "Reconnecting",
        advice:
          "The publisher was lost. Viewers are kept for a while and need not do anything. If the stream is yours, start publishing again with the same key.",
        showPublish: false,
      };
  }
}
