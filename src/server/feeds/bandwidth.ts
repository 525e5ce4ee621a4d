/** Adds up what the viewers of a server are taken to need, in kbit/s. */
export class Bandwidth {
  /** 0 for no limit. */
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** @returns what gives it back, or what is used with it where that is too much */
  take(kilobits: number): (() => void) | { readonly total: number } {
    const total = this.#used + kilobits;
    if (this.limit > 0 && total > this.limit) return { total };
    this.#used = total;
    let mine = true;
    return () => {
      if (mine) this.#used -= kilobits;
      mine = false;
    };
  }
}
