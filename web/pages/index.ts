/** The first page: what is live, and how to publish. */
import { aboutServer, troubleText } from "./about-server.ts";
import type { Answer } from "./api.ts";
import { fetchStreams } from "./api.ts";
import { byId, setText } from "./element.ts";
import type { ServerFacts, StreamFacts, StreamList as Listing } from "./facts.ts";
import { bitRate, count } from "./format.ts";
import { poll } from "./poll.ts";
import { publishHelp } from "./publish-help.ts";
import { RefusalPanel } from "./refusals.ts";
import { filtered, StreamList } from "./stream-list.ts";
import { pageAddress } from "./stream-urls.ts";

/** Milliseconds between two questions. */
const askEvery = 2000;
/** From so many streams on there is a filter. */
const filterFrom = 8;
const exampleName = "live/cam";

const { root } = pageAddress(location.href, document.baseURI);
const list = new StreamList(byId("streams"));
const filter = byId("filter");
const filterInput = filter.querySelector("input") as HTMLInputElement;
let streams: readonly StreamFacts[] = [];
let helpFor = "";

new RefusalPanel(byId("refused") as HTMLDetailsElement).start();
filterInput.addEventListener("input", showStreams);
poll(async () => {
  const answer = await fetchStreams();
  showTrouble(answer);
  if (answer.kind === "ok") showServer(answer.value);
  return askEvery;
});

function showServer(listing: Listing): void {
  ({ streams } = listing);
  const isEmpty = streams.length === 0;
  byId("empty").hidden = !isEmpty;
  byId("publish").hidden = isEmpty;
  filter.hidden = streams.length < filterFrom && filterInput.value === "";
  showStreams();
  showHelp(listing.server, isEmpty);
  setText(byId("about"), aboutServer(listing.server, Date.now()));
}

function showStreams(): void {
  const shown = filtered(streams, filterInput.value);
  list.show(shown, Date.now());
  setText(byId("summary"), summary(shown));
}

function summary(shown: readonly StreamFacts[]): string {
  if (streams.length === 0) return "";
  if (shown.length < streams.length) return `${shown.length} of ${count(streams.length, "stream", "streams")}`;
  const viewers = shown.reduce((sum, stream) => sum + stream.viewers, 0);
  const rate = shown.reduce((sum, stream) => sum + stream.bitrate, 0);
  const parts = [count(shown.length, "stream", "streams"), count(viewers, "viewer", "viewers")];
  if (rate > 0) parts.push(`${bitRate(rate)} in`);
  return parts.join(" · ");
}

/** Open where nothing is live, else behind a heading. Made anew only when it would say something else: somebody may be copying. */
function showHelp(server: ServerFacts, isEmpty: boolean): void {
  const ways = byId("ways");
  const place = isEmpty ? byId("publish").parentElement : byId("publish");
  // What stands in its place is not touched: moving it would take the focus and the selection away.
  if (ways.parentElement !== place) place?.append(ways);
  ways.hidden = false;
  const key = JSON.stringify([server.rtmpPort, server.httpPort, server.rtmpUrl, server.httpUrl, server.open, server.needsKey]);
  if (key === helpFor) return;
  helpFor = key;
  ways.replaceChildren(publishHelp(root, server, exampleName));
}

/** What was there stays readable, but pale. */
function showTrouble(answer: Answer<Listing>): void {
  const text = troubleText(answer);
  byId("trouble").hidden = text === undefined;
  setText(byId("trouble"), text ?? "");
  byId("streams").classList.toggle("stale", text !== undefined);
  if (text !== undefined) setText(byId("summary"), streams.length > 0 ? "as it was when the server last answered" : "");
}
