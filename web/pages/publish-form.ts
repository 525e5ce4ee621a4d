import { type CaptureWishes, devices, noDevice, Source } from "./capture.ts";
import { byId, element } from "./element.ts";

/** Lines of the picture, and bits per second that do for them. */
const qualities = [
  { height: 360, rate: 800_000, label: "360p, 0.8 Mb/s" },
  { height: 540, rate: 1_500_000, label: "540p, 1.5 Mb/s" },
  { height: 720, rate: 2_500_000, label: "720p, 2.5 Mb/s" },
  { height: 1080, rate: 5_000_000, label: "1080p, 5 Mb/s" },
] as const;
const usualQuality = 2;

/** What the publisher chooses: source, devices, picture, key. */
export class PublishForm {
  readonly #form = byId("form") as HTMLFormElement;
  readonly #camera = byId("camera") as HTMLSelectElement;
  readonly #microphone = byId("microphone") as HTMLSelectElement;
  readonly #quality = byId("quality") as HTMLSelectElement;
  readonly #key = byId("key") as HTMLInputElement;

  /** @param canShareScreen whether this browser gives pages a screen at all; phones do not */
  constructor(canShareScreen: boolean) {
    this.#quality.append(...qualities.map(({ label }, index) => element("option", { value: String(index) }, label)));
    this.#quality.value = String(usualQuality);
    byId("screen-choice").hidden = !canShareScreen;
    this.#fill(this.#camera, [], []);
    this.#fill(this.#microphone, [], [[noDevice, "None"]]);
    this.#form.addEventListener("change", () => this.#showFields());
    this.#showFields();
  }

  get source(): Source {
    // A form's data lack what is locked.
    return this.#form.querySelector<HTMLInputElement>('input[name="source"]:checked')!.value as Source;
  }

  /** Without spaces around it; "" where none is given. */
  get key(): string {
    return this.#key.value.trim();
  }

  /** Bits per second of the picture. */
  get videoRate(): number {
    return qualities[Number(this.#quality.value)]!.rate;
  }

  wishes(): CaptureWishes {
    const { height } = qualities[Number(this.#quality.value)]!;
    return { source: this.source, camera: this.#camera.value, microphone: this.#microphone.value, height };
  }

  /** Calls back when something else is to be captured. */
  onCaptureChange(changed: () => void): void {
    this.#form.addEventListener("change", (event) => {
      if (event.target !== this.#key) changed();
    });
  }

  onSubmit(submitted: () => void): void {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      submitted();
    });
  }

  /** Offers the devices that there are, by name; what was chosen stays chosen. */
  async showDevices(): Promise<void> {
    const { cameras, microphones } = await devices();
    const options = (list: typeof cameras, what: string) =>
      list.map(({ id, label }, index) => [id, label === "" ? `${what} ${index + 1}` : label] as const);
    this.#fill(this.#camera, options(cameras, "Camera"), []);
    this.#fill(this.#microphone, options(microphones, "Microphone"), [[noDevice, "None"]]);
  }

  /** What is chosen cannot be changed while it is published. */
  lock(isLocked: boolean): void {
    for (const field of this.#form.querySelectorAll("input, select")) (field as HTMLInputElement).disabled = isLocked;
  }

  /** @param isWrong the server refused the key, or that there was none */
  showKey(isShown: boolean, isWrong: boolean): void {
    byId("key-field").hidden = !isShown;
    if (isWrong) this.#key.setAttribute("aria-invalid", "true");
    else this.#key.removeAttribute("aria-invalid");
    if (isWrong) this.#key.focus();
  }

  #fill(
    select: HTMLSelectElement,
    found: readonly (readonly [id: string, label: string])[],
    more: readonly (readonly [id: string, label: string])[],
  ): void {
    const before = select.value;
    const all = [...(found.length === 0 ? [["", "The browser's choice"] as const] : found), ...more];
    select.replaceChildren(...all.map(([value, label]) => element("option", { value }, label)));
    if (all.some(([value]) => value === before)) select.value = before;
  }

  #showFields(): void {
    const { source } = this;
    for (const field of this.#form.querySelectorAll<HTMLElement>("[data-for]")) {
      field.hidden = field.dataset["for"] === "camera" ? source !== Source.camera : source === Source.sound;
    }
  }
}
