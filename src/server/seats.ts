import { Refusal } from "../hub/refusal.ts";

/** Counts the viewers that may be there at once. */
export class Seats {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @returns what gives the seat back; calling it again changes nothing. @throws {Refusal} `full` */
  take(): () => void {
    if (this.#taken >= this.#max) throw new Refusal("full", `This server has ${this.#max} viewers, which is as many as it takes.`);
    this.#taken += 1;
    let mine = true;
    return () => {
      if (mine) this.#taken -= 1;
      mine = false;
    };
  }
}
