import { element } from "./dom.ts";

/** Keys and steps that follow one another so closely are one wish. Milliseconds. */
const settledAfter = 250;

export interface SeekBarListener {
  /** The viewer wants to be so many seconds behind live; 0 is live. */
  seekBehind(seconds: number): void;
}

/** How far back one is, and the ways to another moment: a slider over the stream's past, and the button LIVE. */
export class SeekBar {
  readonly slider = element("input", { type: "range", class: "seek", part: "seek", step: "1", "aria-label": "Position in the stream" });
  readonly live = element("button", { type: "button", class: "live", part: "button live" }, "LIVE");
  readonly #listener: SeekBarListener;
  readonly #distance = element("span", { class: "behind", part: "behind" });
  #past = 0;
  #behind = 0;
  /** What the viewer asks for and has not been given yet, seconds behind live. */
  #wanted: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: SeekBarListener) {
    this.#listener = listener;
    this.live.append(this.#distance);
    this.live.addEventListener("click", () => {
      this.#drop();
      listener.seekBehind(0);
    });
    this.slider.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#wanted = -Number(this.slider.value);
      this.#draw();
    });
    this.slider.addEventListener("change", () => this.#settle());
  }

  /** Whether there is a past to go to. */
  get canSeek(): boolean {
    return this.#past > 0;
  }

  /** Goes further back by so many seconds, or forward. Steps add up. */
  step(seconds: number): void {
    if (!this.canSeek) return;
    this.#wanted = Math.min(this.#past, Math.max(0, (this.#wanted ?? this.#behind) + seconds));
    this.#draw();
    this.#settle();
  }

  /**
   * @param past seconds that one may go back; 0 where there is nothing to go back to
   * @param behind seconds that what is shown is behind; 0 for live
   */
  show(past: number, behind: number, isLive: boolean): void {
    this.#past = past;
    this.#behind = behind;
    if (!this.canSeek) this.#drop();
    this.#draw();
    const isBehind = behind > 0;
    this.live.setAttribute("aria-label", isLive ? "Live" : `Jump to live${isBehind ? `, you are ${clockText(behind)} behind` : ""}`);
    this.live.title = isLive ? "You see the newest there is" : "Jump to live (l)";
  }

  close(): void {
    this.#drop();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const wanted = this.#wanted;
      this.#drop();
      if (wanted !== undefined) this.#listener.seekBehind(wanted);
    }, settledAfter);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#wanted = undefined;
  }

  #draw(): void {
    const { slider } = this;
    const behind = this.#wanted ?? this.#behind;
    // Whole seconds: a slider counts its steps from its lower end.
    const past = Math.floor(Math.max(this.#past, behind));
    slider.min = String(-past);
    slider.max = "0";
    slider.value = String(-Math.round(behind));
    slider.style.setProperty("--at", `${past === 0 ? 100 : 100 - (Math.min(behind, past) / past) * 100}%`);
    slider.setAttribute("aria-valuetext", behind === 0 ? "Live" : `${clockText(behind)} behind live`);
    this.#distance.textContent = behind === 0 ? "" : `-${clockText(behind)}`;
  }
}

/** `0:42`, `1:02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${String(minutes).padStart(2, "0")}:${rest}`;
}
