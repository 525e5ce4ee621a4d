import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlayerState } from "../player/states.ts";
import type { Answer } from "./api.ts";
import type { StreamFacts, StreamState } from "./facts.ts";
import { watchStatus } from "./watch-status.ts";

function stream(state: StreamState): Answer<StreamFacts> {
  return {
    kind: "ok",
    value: {
      name: "live/cam",
      state,
      since: "2026-01-01T00:00:00.000Z",
      bitrate: 0,
      viewers: 0,
      publisher: null,
      tracks: [],
      containers: [],
    },
  };
}

const notLive = { kind: "refused", status: 404, code: "not-live", message: "Nobody." } as const;
const unreachable = { kind: "unreachable" } as const;

test("what the page says of a stream", () => {
  const cases: [answer: Answer<StreamFacts> | undefined, player: PlayerState | undefined, label: string, advice: RegExp, publish?: true][] =
    [
      [undefined, "connecting", "Connecting", /^$/],
      [stream("live"), "playing", "Live", /^$/],
      [stream("live"), "paused", "Live", /^$/],
      [stream("waiting"), "waiting", "Starting", /starts by itself/],
      [stream("reconnecting"), "waiting", "Reconnecting", /same key/],
      [notLive, "waiting", "Offline", /Leave the page open/, true],
      [notLive, "ended", "Offline", /publish it like this/, true],
      [notLive, "playing", "Live", /^$/],
      [unreachable, "reconnecting", "No connection", /Is it running/],
      [unreachable, "playing", "Live", /^$/],
      [{ kind: "refused", status: 403, code: "", message: "The link has run out." }, "connecting", "Refused", /run out\. Ask whoever/],
      [
        { kind: "refused", status: 400, code: "name-refused", message: "It is too long." },
        "connecting",
        "No such name",
        /too long\. Check/,
      ],
      [{ kind: "refused", status: 502, code: "", message: "" }, "reconnecting", "Server trouble", /status 502/],
      [stream("live"), "refused", "Refused", /Ask whoever/],
      [stream("live"), "unsupported", "Not playable here", /another browser/],
      [stream("live"), "error", "Error", /Reload/],
      [stream("live"), undefined, "No player", /Reload/],
    ];
  for (const [answer, player, label, advice, publish] of cases) {
    const status = watchStatus("live/cam", answer, player);
    assert.equal(status.label, label);
    assert.match(status.advice, advice, label);
    assert.equal(status.showPublish, publish === true, label);
  }
});
