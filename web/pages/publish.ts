/** The page that publishes a camera, a screen or a microphone by this browser. */
import { aboutServer, troubleText } from "./about-server.ts";
import type { Answer } from "./api.ts";
import { fetchStream, fetchStreams } from "./api.ts";
import { capture, captureTrouble, Source, stopCapture, whyNoDevices } from "./capture.ts";
import { copyField } from "./copy-field.ts";
import { byId, element, setText } from "./element.ts";
import type { ServerFacts, StreamFacts } from "./facts.ts";
import { bitRate, count, duration, tracksText } from "./format.ts";
import { poll } from "./poll.ts";
import { PublishForm } from "./publish-form.ts";
import { Publisher } from "./publisher.ts";
import { type RecordingType, recordingType } from "./recording-type.ts";
import { namePath, pageAddress, pushUrl, shownRoots } from "./stream-urls.ts";

/** Milliseconds between two questions, and between two looks at what is sent. */
const askEvery = 2000;
const figuresEvery = 500;
/** Seconds that may wait to be sent before that is said. */
const muchBehind = 1.5;

const { root, name } = pageAddress(location.href, document.baseURI);
const form = new PublishForm(typeof navigator.mediaDevices?.getDisplayMedia === "function");
const preview = byId("preview") as HTMLVideoElement;
const go = byId("go") as HTMLButtonElement;
const mute = byId("mute") as HTMLButtonElement;
const impossible = whyNoDevices({
  isSecure: globalThis.isSecureContext,
  hasDevices: "mediaDevices" in navigator && "MediaRecorder" in globalThis,
  url: new URL(location.href),
});
let server: ServerFacts | undefined;
let answer: Answer<StreamFacts> | undefined;
let captured: MediaStream | undefined;
let type: RecordingType | undefined;
let publisher: Publisher | undefined;
let sentKey = "";
/** What went wrong before anything was sent. */
let trouble = "";
let isBusy = false;

document.title = `Publish ${name} - Millrace`;
setText(byId("name"), name);
form.onSubmit(() => void press());
form.onCaptureChange(() => void recapture());
mute.addEventListener("click", toggleSound);
window.addEventListener("pagehide", () => stopCapture(captured));
showAddresses();
show();
poll(async () => {
  if (server === undefined) await learnServer();
  answer = await fetchStream(namePath(name));
  show();
  return askEvery;
});
poll(async () => {
  show();
  return Promise.resolve(figuresEvery);
});

async function learnServer(): Promise<void> {
  const listing = await fetchStreams();
  if (listing.kind !== "ok") {
    trouble = troubleText(listing) ?? "";
    return;
  }
  ({ server } = listing.value);
  trouble = "";
  form.showKey(server.needsKey, false);
  showAddresses();
}

/** The one button: on with the camera, on air, off air. */
async function press(): Promise<void> {
  if (isBusy || impossible !== undefined) return;
  if (publisher !== undefined && publisher.state !== "off") publisher.stop();
  else if (captured === undefined) await turnOn();
  else startPublishing(captured);
  show();
}

async function turnOn(): Promise<void> {
  isBusy = true;
  trouble = "";
  show();
  const wishes = form.wishes();
  try {
    captured = await capture(wishes);
    type = recordingType(captured.getVideoTracks().length > 0, (mimeType) => MediaRecorder.isTypeSupported(mimeType));
    if (type === undefined) trouble = "This browser records nothing that the server could pass on.";
    for (const track of captured.getTracks()) track.addEventListener("ended", () => sourceEnded(track));
    preview.srcObject = captured;
    preview.classList.toggle("mirror", wishes.source === Source.camera);
    await form.showDevices();
  } catch (error) {
    trouble = captureTrouble(error instanceof Error ? error.name : "Error", wishes.source);
  }
  isBusy = false;
}

/** Another source, device or picture was chosen: while it is on, it changes at once. A screen is asked for by the button only. */
async function recapture(): Promise<void> {
  if (captured === undefined || isBusy) return show();
  turnOff();
  if (form.source !== Source.screen) await turnOn();
  show();
}

function turnOff(): void {
  stopCapture(captured);
  captured = undefined;
  preview.srcObject = null;
}

function startPublishing(stream: MediaStream): void {
  if (type === undefined) return;
  sentKey = form.key;
  publisher = new Publisher({ url: pushUrl(root, name, sentKey), capture: stream, type, videoRate: form.videoRate, changed });
  publisher.start();
}

function changed(): void {
  if (publisher?.wantsKey === true) form.showKey(true, true);
  else if (publisher?.state === "live") form.showKey(server?.needsKey ?? false, false);
  show();
}

/** A camera was unplugged, or the sharing of the screen ended by the browser's own button. */
function sourceEnded(track: MediaStreamTrack): void {
  if (captured?.getTracks().includes(track) !== true) return;
  if (publisher !== undefined && publisher.state !== "off") publisher.stop();
  turnOff();
  trouble = form.source === Source.screen ? "The screen is not shared any more." : `${track.label} has gone.`;
  show();
}

function toggleSound(): void {
  const isMuted = mute.getAttribute("aria-pressed") !== "true";
  mute.setAttribute("aria-pressed", String(isMuted));
  show();
}

function show(): void {
  const state = publisher?.state ?? "off";
  const isOn = state !== "off";
  form.lock(isOn || isBusy || impossible !== undefined);
  go.disabled = isBusy || impossible !== undefined || (captured !== undefined && type === undefined);
  go.dataset["action"] = isOn ? "stop" : captured === undefined ? "capture" : "start";
  setText(go, isOn ? "Stop" : captured === undefined ? turnOnWords() : "Go live");
  showSound();
  setText(byId("placeholder"), placeholderWords());
  showState(state);
  showAdvice();
  showFigures();
  if (server) setText(byId("about"), aboutServer(server, Date.now()));
}

function showSound(): void {
  const sounds = captured?.getAudioTracks() ?? [];
  const isMuted = mute.getAttribute("aria-pressed") === "true";
  for (const track of sounds) track.enabled = !isMuted;
  mute.hidden = sounds.length === 0;
  setText(mute, isMuted ? "Unmute" : "Mute");
}

function turnOnWords(): string {
  switch (form.source) {
    case "camera":
      return "Turn on the camera";
    case "screen":
      return "Choose the screen";
    case "sound":
      return "Turn on the microphone";
  }
}

/** In place of a picture. */
function placeholderWords(): string {
  if (captured !== undefined) return captured.getVideoTracks().length === 0 ? "The microphone is on." : "";
  return impossible === undefined ? "Nobody sees anything before you go live." : "";
}

function showState(state: Publisher["state"]): void {
  const words = {
    off: ["Off", "off"],
    connecting: ["Connecting", "reconnecting"],
    live: ["Live", "live"],
    waiting: ["Reconnecting", "reconnecting"],
  } as const;
  const pill = byId("state");
  const isFailed = state === "off" && (publisher?.words ?? "") !== "";
  setText(pill, isFailed ? "Stopped" : words[state][0]);
  pill.dataset["state"] = isFailed ? "bad" : words[state][1];
}

/** What is to be known now: the worst first. */
function showAdvice(): void {
  const behind = publisher?.behind ?? 0;
  const [text, tone] = ((): readonly [string, string] => {
    if (impossible !== undefined) return [impossible, "bad"];
    if (trouble !== "") return [trouble, "bad"];
    if (publisher?.wantsKey === true && sentKey === "") return ["Publishing needs a key. Put it in, and go live.", "bad"];
    if (publisher !== undefined && publisher.words !== "") return [publisher.words, publisher.state === "off" ? "bad" : "reconnecting"];
    if (behind > muchBehind) return [`The connection is slow: ${behind.toFixed(1)} s of it wait to be sent.`, "reconnecting"];
    if (type !== undefined && type.caveat !== "") return [type.caveat, "reconnecting"];
    if (captured !== undefined && type?.isPrompt === false) return [latencyWords, ""];
    return ["", ""];
  })();
  const advice = byId("advice");
  advice.hidden = text === "";
  advice.dataset["tone"] = tone;
  setText(advice, text);
}

const latencyWords = "This browser hands over what it records once a second: viewers are about two seconds behind.";

function showFigures(): void {
  const stream = answer?.kind === "ok" ? answer.value : undefined;
  const isLive = publisher?.state === "live";
  const rows: readonly (readonly [string, string])[] = [
    ["On air", isLive ? duration(publisher!.onAir) : "–"],
    ["Sent", isLive ? bitRate(publisher!.bitrate) : "–"],
    ["Picture", (stream && tracksText(stream.tracks, "video")) || "–"],
    ["Sound", (stream && tracksText(stream.tracks, "audio")) || "–"],
    ["Viewers", stream ? count(stream.viewers, "viewer", "viewers") : "–"],
  ];
  const list = byId("figures");
  list.parentElement?.classList.toggle("idle", !isLive);
  if (list.childElementCount === 0) list.append(...rows.map(([term]) => element("div", {}, element("dt", {}, term), element("dd"))));
  for (const [index, value] of [...list.querySelectorAll("dd")].entries()) setText(value, rows[index]![1]);
}

/** Where viewers watch it. */
function showAddresses(): void {
  const { web } = server === undefined ? { web: root } : shownRoots(root, server);
  const page = new URL(`watch/${namePath(name)}`, web).href;
  byId("urls").replaceChildren(copyField("Watch page", page));
  byId("urls").append(element("p", {}, element("a", { href: `watch/${namePath(name)}`, target: "_blank" }, "Open it in another tab")));
}
