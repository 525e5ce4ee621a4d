import { element, icon } from "./dom.ts";
import { Icons } from "./icons.ts";
import { SeekBar } from "./seek-bar.ts";
import type { SeekBarListener } from "./seek-bar.ts";
import { PlayerState, stateText } from "./states.ts";

/** What the viewer asks for by buttons. */
export interface ControlsListener extends SeekBarListener {
  togglePlay(): void;
  toggleMute(): void;
  setVolume(volume: number): void;
  toggleFullscreen(): void;
  togglePictureInPicture(): void;
  /** The button of a state: start over. */
  retry(): void;
}

/** All that the controls show. */
export interface ControlsView {
  readonly state: PlayerState;
  readonly detail: string;
  readonly isBuffering: boolean;
  readonly isPaused: boolean;
  readonly muted: boolean;
  readonly volume: number;
  /** The browser insists on silence. */
  readonly mutedByBrowser: boolean;
  readonly atLive: boolean;
  /** Seconds that one may go back, and that what is shown is behind. */
  readonly past: number;
  readonly behind: number;
  readonly hasPicture: boolean;
  readonly hasAudio: boolean;
  /** What of the stream is not played. */
  readonly missing: string;
  readonly showBar: boolean;
  readonly isFullscreen: boolean;
  readonly canFullscreen: boolean;
  readonly canPictureInPicture: boolean;
}

/** Milliseconds without a sign of the viewer after which the bar goes away. */
const idleAfter = 2600;

function tool(part: string, listener: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: "tool", part: `button ${part}` });
  button.addEventListener("click", listener);
  return button;
}

/** The player's surface: pictures below, messages and buttons above. */
export class Controls {
  readonly video = element("video", { part: "video", playsinline: "", disableremoteplayback: "", tabindex: "-1" });
  readonly canvas = element("canvas", { part: "canvas", class: "canvas" });
  readonly still = element("canvas", { class: "still", "aria-hidden": "true" });
  readonly root: HTMLElement;
  readonly #poster = element("div", { class: "poster", part: "poster" });
  readonly #title = element("p", { class: "title", part: "title" });
  readonly #hint = element("p", { class: "hint", part: "hint" });
  readonly #spinner = element("div", { class: "spinner", "aria-hidden": "true" });
  readonly #action = element("button", { type: "button", class: "action", part: "button action" });
  readonly #message = element("div", { class: "message", part: "message" }, this.#spinner, this.#title, this.#hint, this.#action);
  readonly #listening = element("div", { class: "listening", part: "listening" }, icon(...Icons.sound), "Sound only");
  readonly #buffering = element("div", { class: "buffering", part: "buffering", "aria-hidden": "true" });
  readonly #start = element("button", { type: "button", class: "start", part: "button start", "aria-label": "Play" }, icon(...Icons.play));
  readonly #unmute = element("button", { type: "button", class: "unmute", part: "button unmute" }, icon(...Icons.muted), "Tap to unmute");
  readonly #notice = element("p", { class: "notice", part: "notice" });
  readonly #status = element("div", { class: "status", role: "status", "aria-live": "polite" });
  readonly #play: HTMLButtonElement;
  readonly #seek: SeekBar;
  readonly #mute: HTMLButtonElement;
  readonly #volume = element("input", {
    type: "range",
    class: "volume",
    part: "volume",
    min: "0",
    max: "1",
    step: "0.05",
    "aria-label": "Volume",
  });
  readonly #inset: HTMLButtonElement;
  readonly #fullscreen: HTMLButtonElement;
  readonly #bar: HTMLElement;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #mayIdle = false;
  #shown = "";

  constructor(listener: ControlsListener) {
    this.#play = tool("play", () => listener.togglePlay());
    this.#mute = tool("mute", () => listener.toggleMute());
    this.#inset = tool("pip", () => listener.togglePictureInPicture());
    this.#fullscreen = tool("fullscreen", () => listener.toggleFullscreen());
    this.#seek = new SeekBar(listener);
    const tools = [
      this.#seek.slider,
      this.#play,
      this.#seek.live,
      element("div", { class: "space" }),
      this.#mute,
      this.#volume,
      this.#inset,
      this.#fullscreen,
    ];
    this.#bar = element("div", { class: "bar", part: "controls", role: "group", "aria-label": "Player controls" }, ...tools);
    const pictures = [this.#poster, this.video, this.canvas, this.still];
    const overlays = [this.#listening, this.#buffering, this.#notice, this.#bar, this.#message, this.#start, this.#unmute, this.#status];
    this.root = element("div", { class: "root", part: "root" }, ...pictures, ...overlays);
    this.still.hidden = true;
    this.canvas.hidden = true;
    this.#listen(listener);
  }

  setPoster(url: string): void {
    this.#poster.style.backgroundImage = url === "" ? "" : `url(${JSON.stringify(url)})`;
  }

  show(view: ControlsView): void {
    const words = stateText(view.state, view.detail);
    const text = view.state === PlayerState.playing && view.behind > 0 ? { ...words, title: "Playing what was live before" } : words;
    const quiet = view.state === PlayerState.playing || view.state === PlayerState.idle || view.state === PlayerState.paused;
    const { classList } = this.root;
    classList.toggle("picture", view.hasPicture);
    classList.toggle("still-hidden", view.hasPicture && view.state !== PlayerState.idle);
    classList.toggle("at-live", view.atLive);
    classList.toggle("has-past", view.past > 0);
    classList.toggle("asks-unmute", view.mutedByBrowser);
    classList.toggle("says", !quiet);
    this.#message.hidden = quiet;
    this.#listening.hidden = !(view.state === PlayerState.playing && !view.hasPicture && view.hasAudio && view.missing === "");
    this.#title.textContent = text.title;
    this.#hint.textContent = text.hint;
    this.#spinner.hidden =
      view.state !== PlayerState.connecting && view.state !== PlayerState.reconnecting && view.state !== PlayerState.waiting;
    this.#action.hidden = text.action === undefined;
    this.#action.textContent = text.action ?? "";
    this.#buffering.hidden = !(view.isBuffering && view.state === PlayerState.playing);
    this.#start.hidden = !(view.state === PlayerState.idle || view.state === PlayerState.paused);
    this.#unmute.hidden = !(view.mutedByBrowser && view.state === PlayerState.playing);
    this.#notice.hidden = view.missing === "" || !quiet;
    this.#notice.textContent = view.missing;
    this.#showBar(view, quiet);
    this.#announce(
      quiet && view.state !== PlayerState.paused && view.missing !== "" ? `${text.title}. ${view.missing}` : text.title,
      text.hint,
    );
    this.#mayIdle = view.state === PlayerState.playing;
    if (!this.#mayIdle) this.active();
  }

  /** The viewer is there: the bar is shown for a while. */
  active(): void {
    this.root.classList.remove("idle");
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.root.classList.toggle("idle", this.#mayIdle && !this.#hasFocus()), idleAfter);
  }

  close(): void {
    clearTimeout(this.#idleTimer);
    this.#seek.close();
  }

  /** Goes so many seconds further back, or forward. @returns whether there is a past to go to */
  step(seconds: number): boolean {
    this.#seek.step(seconds);
    return this.#seek.canSeek;
  }

  #listen(listener: ControlsListener): void {
    this.#start.addEventListener("click", () => listener.togglePlay());
    this.#unmute.addEventListener("click", () => listener.toggleMute());
    this.#action.addEventListener("click", () => listener.retry());
    this.#volume.addEventListener("input", () => listener.setVolume(Number(this.#volume.value)));
    for (const surface of [this.video, this.canvas]) {
      surface.addEventListener("dblclick", () => listener.toggleFullscreen());
      surface.addEventListener("click", (event) => {
        // A tap brings the bar; only a mouse says "pause" by a click on the picture.
        if ((event as PointerEvent).pointerType === "mouse") listener.togglePlay();
      });
    }
    for (const type of ["pointermove", "pointerdown", "focusin", "keydown"]) {
      this.root.addEventListener(type, () => this.active(), { passive: true });
    }
    this.root.addEventListener("pointerleave", ({ pointerType }) => {
      // A finger leaves with every tap.
      if (pointerType === "mouse") this.root.classList.toggle("idle", this.#mayIdle && !this.#hasFocus());
    });
  }

  /** Whether somebody is on the controls by keyboard. */
  #hasFocus(): boolean {
    return this.root.querySelector(":focus-visible") !== null;
  }

  /** @param isQuiet no message is shown: beside one there is nothing to do but to leave or fill the screen. */
  #showBar(view: ControlsView, isQuiet: boolean): void {
    this.#bar.hidden = !view.showBar || view.state === PlayerState.idle;
    this.#play.hidden = !isQuiet;
    this.#seek.show(view.past, view.behind, view.atLive);
    this.#seek.slider.hidden = !isQuiet || !this.#seek.canSeek;
    this.#seek.live.hidden = !isQuiet && view.behind === 0;
    label(this.#play, view.isPaused ? "Play (k)" : "Pause (k)", view.isPaused ? Icons.play : Icons.pause);
    label(this.#mute, view.muted ? "Unmute (m)" : "Mute (m)", view.muted ? Icons.muted : Icons.sound);
    label(
      this.#fullscreen,
      view.isFullscreen ? "Leave full screen (f)" : "Full screen (f)",
      view.isFullscreen ? Icons.window : Icons.fullscreen,
    );
    label(this.#inset, "Picture in picture", Icons.inset);
    this.#mute.hidden = !view.hasAudio || !isQuiet;
    this.#volume.hidden = !view.hasAudio || !isQuiet;
    this.#volume.value = String(view.muted ? 0 : view.volume);
    this.#inset.hidden = !view.canPictureInPicture || !isQuiet;
    this.#fullscreen.hidden = !view.canFullscreen;
  }

  /** Tells screen readers, once for each change. */
  #announce(title: string, hint: string): void {
    const text = hint === "" ? title : `${title} ${hint}`;
    if (text === this.#shown) return;
    this.#shown = text;
    this.#status.textContent = text;
  }
}

function label(button: HTMLButtonElement, text: string, paths: readonly string[]): void {
  if (button.title === text) return;
  button.title = text;
  button.setAttribute("aria-label", text.replace(/ \(.\)$/, ""));
  button.replaceChildren(icon(...paths));
}
