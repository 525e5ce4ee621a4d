/** Numbers in memory that is hardly larger than they are: 8 bytes each. */
export class NumberList {
  #values = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(index: number): number {
    return this.#values[index < 0 ? this.#length + index : index]!;
  }

  setLast(value: number): void {
    this.#values[this.#length - 1] = value;
  }
}
