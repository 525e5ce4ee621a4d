/** The page of one stream: player, state and what to do about it, figures, addresses. */
import { aboutServer } from "./about-server.ts";
import type { Answer } from "./api.ts";
import { fetchStream, fetchStreams } from "./api.ts";
import { byId, setText } from "./element.ts";
import type { ServerFacts, StreamFacts } from "./facts.ts";
import { asPlayer, createPlayer } from "./live-player.ts";
import { playerQuery } from "./player-query.ts";
import { poll } from "./poll.ts";
import { publishHelp } from "./publish-help.ts";
import { namePath, pageAddress, shownRoots, watchUrls } from "./stream-urls.ts";
import { audienceText, WatchFigures } from "./watch-figures.ts";
import { watchStatus } from "./watch-status.ts";
import { watchUrlFields } from "./watch-urls.ts";

/** Milliseconds between two questions. Thousands may have this page open: while pictures come, the player itself sees trouble first. */
const askWhilePlaying = 5000;
const askElse = 2000;
const figuresEvery = 500;
/** The player's script has this long to come. Milliseconds. */
const playerWithin = 10_000;

const { root, name, query } = pageAddress(location.href, document.baseURI);
const { muted, controls, rest } = playerQuery(query);
const player = createPlayer({ src: namePath(name) + rest, muted, controls });
const figures = new WatchFigures(byId("figures"));
const openedAt = performance.now();
let answer: Answer<StreamFacts> | undefined;
let server: ServerFacts | undefined;
/** The addresses that are shown, so that they are made anew only when they change: somebody may be copying one. */
let shownUrls = "";

document.title = `${name} - Millrace`;
setText(byId("name"), name);
byId("screen").append(player);
showUrls(undefined);

const askNow = poll(async () => {
  if (server === undefined) await learnServer();
  answer = await fetchStream(namePath(name));
  // It may come back as another one, on other ports.
  if (answer.kind === "unreachable") server = undefined;
  show();
  return asPlayer(player)?.state === "playing" ? askWhilePlaying : askElse;
});
player.addEventListener("statechange", () => {
  show();
  askNow();
});
poll(async () => {
  show();
  return Promise.resolve(figuresEvery);
});

async function learnServer(): Promise<void> {
  const listing = await fetchStreams();
  if (listing.kind !== "ok") return;
  ({ server } = listing.value);
  byId("ways")
    .querySelector(".ways")
    ?.replaceChildren(publishHelp(root, server, name));
}

function show(): void {
  const now = Date.now();
  const stream = answer?.kind === "ok" ? answer.value : undefined;
  const ready = asPlayer(player);
  figures.show(ready?.stats() ?? undefined, stream, now);
  byId("figures").parentElement?.classList.toggle("idle", stream === undefined && ready?.state !== "playing");
  setText(byId("audience"), audienceText(stream, now));
  if (server) setText(byId("about"), aboutServer(server, now));
  showUrls(stream);
  shapeScreen(stream);
  const isLate = performance.now() - openedAt > playerWithin;
  showStatus(ready ? ready.state : isLate ? undefined : "connecting");
}

/** Of a stream whose tracks are known only the containers that can carry any of them. */
function showUrls(stream: StreamFacts | undefined): void {
  const isKnown = stream !== undefined && stream.tracks.length > 0;
  const containers = (server?.containers ?? []).filter((container) => !isKnown || stream.containers.includes(container.name));
  const roots = server === undefined ? { web: root, rtmp: undefined } : shownRoots(root, server);
  const urls = watchUrls(roots, name, { containers, hls: server?.hls ?? false });
  const text = JSON.stringify(urls);
  if (text === shownUrls) return;
  shownUrls = text;
  byId("urls").replaceChildren(watchUrlFields(urls));
}

function showStatus(state: Parameters<typeof watchStatus>[2]): void {
  const status = watchStatus(name, answer, state);
  const pill = byId("state");
  setText(pill, status.label);
  pill.dataset["state"] = status.tone;
  const advice = byId("advice");
  advice.hidden = status.advice === "";
  advice.dataset["tone"] = status.tone;
  setText(advice, status.advice);
  byId("ways").hidden = !(status.showPublish && server);
}

/** The player takes the shape of the picture, so that a portrait one is large too. */
function shapeScreen(stream: StreamFacts | undefined): void {
  const picture = stream?.tracks.find((track) => track.kind === "video");
  if (picture && picture.width > 0 && picture.height > 0) {
    byId("screen").style.setProperty("--shape", String(picture.width / picture.height));
  }
}
