import { beginsInPast } from "./media-url.ts";
import type { Beginning } from "./media-url.ts";
import { Past } from "./past.ts";

/** Nearer to live than this is live. Seconds. */
const nearLive = 2;

/** Where the viewer is: live, or at a moment of the past, which a new connection goes on from. Times are Unix milliseconds of the server's clock. */
export class Place {
  readonly past = new Past();
  #beginning: Beginning | undefined;
  #isPast: boolean;
  #isMoving = false;
  #shown: number | undefined;

  constructor(src: string, base: string) {
    this.#isPast = beginsInPast(src, base);
  }

  get isPast(): boolean {
    return this.#isPast;
  }
  /** The viewer has gone elsewhere, and nothing has come from there yet. */
  get isMoving(): boolean {
    return this.#isMoving;
  }
  /** Where the next connection begins; undefined: where `src` says. */
  get beginning(): Beginning | undefined {
    return this.#beginning;
  }
  /** Of what is shown, or was last; undefined where that is not known. */
  get shown(): number | undefined {
    return this.#shown ?? (typeof this.#beginning === "number" ? this.#beginning : undefined);
  }
  /** Seconds that what is shown is behind now; 0 for live. */
  get behind(): number {
    const { shown } = this;
    return this.#isPast && shown !== undefined ? Math.max(0, (this.past.now() - shown) / 1000) : 0;
  }

  /** The moment so many seconds further back than what is shown. */
  before(seconds: number): number {
    return this.past.now() - (this.behind + seconds) * 1000;
  }

  /** Goes elsewhere, as far back as that is possible. @returns false where it is live and stays so */
  moveTo(wanted: number): boolean {
    const now = this.past.now();
    const isPast = now - wanted > nearLive * 1000 && this.past.seconds() > 0;
    if (!isPast && !this.#isPast) return false;
    this.#isPast = isPast;
    this.#beginning = isPast ? Math.max(wanted, now - this.past.seconds() * 1000) : "live";
    this.#shown = undefined;
    this.#isMoving = true;
    return true;
  }

  /** What is shown now; undefined while that is not known. */
  saw(shown: number | undefined): void {
    if (this.#isPast) this.#shown = shown ?? this.#shown;
  }

  /** The connection is made anew: in the past it goes on with what was shown. */
  reconnect(): void {
    if (this.#isPast) this.#beginning = this.shown ?? this.#beginning;
  }

  arrived(): void {
    this.#isMoving = false;
  }

  /** All of the past was seen: what comes next is live. */
  ended(): void {
    if (!this.#isPast) return;
    this.#isPast = false;
    this.#beginning = "live";
    this.#shown = undefined;
  }
}
